"""`make lighthouse`: what Lighthouse says of the main pages, as a table, from a demo of their own.

It needs Node.js with its npm client, and Chromium. Fails where a page has less than 95 of 100.
`make lighthouse ARGS="--phone"` measures as Lighthouse takes a phone on a slow network to be.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

from tools.demo.own import DemoStack, own_demo
from tools.demo.stack import ROOT
from tools.frontend.browser import chromium_flags, chromium_path
from tools.frontend.vendor import pinned

# Where the npm client keeps it, outside of what is under version control.
FOLDER = ROOT / "var" / "lighthouse"
LEAST = 95
KINDS = ("performance", "accessibility", "best-practices")
MANAGER = "manager@hudson.example"
PAGES = {
    "log-in": "/account/login/",
    "today": "/",
    "sites": "/sites/",
    "site": "/sites/{site}/",
    "day of a site": "/sites/{site}/day/",
    "bookings": "/bookings/",
    "calendar": "/bookings/calendar/",
    "drivers": "/drivers/",
}


def main(words: list[str]) -> int:
    """Measure all pages and print a table; return 1 where something is missing or too little."""
    parser = argparse.ArgumentParser(prog="make lighthouse", description=__doc__)
    parser.add_argument("--phone", action="store_true", help="as a phone on a slow network")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="keep the reports there")
    options = parser.parse_args(words)
    chromium, npm = chromium_path(), shutil.which("npm")
    if chromium is None or npm is None:
        print("Chromium and Node.js with npm are needed.", file=sys.stderr)
        return 1
    program = installed(npm)
    worst = 100
    print(f"{'page':<16}" + "".join(f"{kind:>16}" for kind in KINDS) + f"{'kB':>8}")
    with (
        tempfile.TemporaryDirectory(prefix="chargebook-") as folder,
        own_demo(Path(folder)) as stack,
    ):
        reports = options.keep or Path(folder)
        reports.mkdir(parents=True, exist_ok=True)
        browser = signed_in(stack)
        site = first_site(browser, stack)
        for name, path in PAGES.items():
            cookies = "" if name == "log-in" else cookie_header(browser)
            file = reports / f"{name.replace(' ', '-')}.json"
            measure(program, stack.portal + path.format(site=site), cookies, file, options.phone)
            report = json.loads(file.read_text())
            scores = [round(100 * report["categories"][kind]["score"]) for kind in KINDS]
            weight = report["audits"]["total-byte-weight"]["numericValue"] / 1000
            print(f"{name:<16}" + "".join(f"{score:>16}" for score in scores) + f"{weight:>8.0f}")
            for text in lacking(report):
                print(f"    {text}")
            worst = min(worst, *scores)
    return 0 if worst >= LEAST else 1


def installed(npm: str) -> Path:
    """Return where Lighthouse is, after fetching the pinned version if it is not there."""
    version = pinned()["lighthouse"]
    program = FOLDER / version / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not program.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix"]
        subprocess.run(
            [*command, str(FOLDER / version), f"lighthouse@{version}"], check=True, cwd=FOLDER
        )
    return program


def signed_in(stack: DemoStack) -> OpenerDirector:
    """Return a browser of sorts that is signed in as a manager."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    browser.cookies = jar  # type: ignore[attr-defined]
    login = stack.login(MANAGER)
    page = browser.open(f"{stack.portal}/account/login/").read().decode()
    token = page.split('name="csrfmiddlewaretoken" value="', 1)[1].split('"', 1)[0]
    form = {"login": login["email"], "password": login["password"], "csrfmiddlewaretoken": token}
    answer = browser.open(f"{stack.portal}/account/login/", urlencode(form).encode())
    if answer.url != f"{stack.portal}/":
        raise RuntimeError("The demo's manager could not sign in.")
    return browser


def cookie_header(browser: OpenerDirector) -> str:
    jar: CookieJar = browser.cookies  # type: ignore[attr-defined]
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def first_site(browser: OpenerDirector, stack: DemoStack) -> str:
    """Return the number of the first site that can be booked."""
    page = browser.open(f"{stack.portal}/sites/?current=dc").read().decode()
    found = re.search(r'id="site-(\d+)"', page)
    if found is None:
        raise RuntimeError("The demo has no site that can be booked.")
    return found[1]


def measure(program: Path, address: str, cookies: str, file: Path, phone: bool) -> None:
    flags = ["--headless=new", *chromium_flags()]
    words = [
        *("node", str(program), address, "--quiet", "--output=json", f"--output-path={file}"),
        f"--only-categories={','.join(KINDS)}",
        f"--chrome-flags={' '.join(flags)}",
    ]
    if cookies:
        words.append(f"--extra-headers={json.dumps({'Cookie': cookies})}")
    if not phone:
        words.append("--preset=desktop")
    environment = {**os.environ, "CHROME_PATH": chromium_path() or ""}
    subprocess.run(words, check=True, env=environment, stdout=subprocess.DEVNULL)


def lacking(report: dict[str, object]) -> Iterator[str]:
    """Yield what costs points, in Lighthouse's words."""
    categories, audits = report["categories"], report["audits"]
    assert isinstance(categories, dict) and isinstance(audits, dict)
    for kind in KINDS:
        if categories[kind]["score"] * 100 >= LEAST and kind == "performance":
            continue
        for each in categories[kind]["auditRefs"]:
            audit = audits[each["id"]]
            if each["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                yield f"{kind}: {audit['title']} {audit.get('displayValue', '')}".rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
