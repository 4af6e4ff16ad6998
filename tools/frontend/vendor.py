"""Fetch the front-end libraries that package.json pins into static/vendor and build the icons.

Run it after changing a version there or the list of icons here:

    make vendor                                    # refuses a package whose hash is not on record
    python -m tools.frontend.vendor --accept     # records the hashes of new versions

Tabler's style sheet is kept without the rules for classes that no page of ours has: a quarter of
its weight. So run it too when a page begins to use one of those; a test says when.

It needs the npm client; the portal itself does not.
"""

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tools.frontend.trim_styles import trimmed, words_of_ours

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
VENDOR = STATIC / "vendor"
RECORD = VENDOR / "VENDOR.json"
SPRITE = STATIC / "icons.svg"
# The classes of Tabler that no page of ours used when it was fetched.
LEFT_OUT = VENDOR / "tabler" / "LEFT-OUT.txt"

SOURCE_MAP = re.compile(rb"\n?(/\*[#@] ?sourceMappingURL=.*?\*/|//[#@] ?sourceMappingURL=[^\n]*)")
XML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# Leaflet's own markers and layer switch: the portal draws its markers itself and has one layer, and
# hashed static files would look for these pictures.
PICTURE = re.compile(rb"\n[ \t]*background-image: url\(images/[^)]*\);")

MIT_TEXT = """\
MIT License

{holders}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


@dataclass(frozen=True, slots=True)
class Package:
    """A library and what we take of it.

    `files` maps paths inside the package to paths under static/vendor. A package that ships no
    licence text names its holders, as its own banner does, in `holders`.
    """

    name: str
    licence: str
    folder: str
    files: dict[str, str]
    licence_file: str = ""
    holders: str = ""

    @property
    def version(self) -> str:
        return pinned()[self.name]


@cache
def pinned() -> dict[str, str]:
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    return {**wanted["dependencies"], **wanted["devDependencies"]}


PACKAGES = [
    Package(
        name="htmx.org",
        licence="0BSD",
        folder="htmx",
        files={"dist/htmx.min.js": "htmx/htmx.min.js"},
        licence_file="LICENSE",
    ),
    Package(
        name="@tabler/core",
        licence="MIT",
        folder="tabler",
        files={"dist/css/tabler.min.css": "tabler/tabler.min.css"},
        holders=(
            "Copyright 2018-2026 The Tabler Authors\nCopyright 2018-2026 codecalm.net Paweł Kuna"
        ),
    ),
    Package(
        name="leaflet",
        licence="BSD-2-Clause",
        folder="leaflet",
        files={
            "dist/leaflet.js": "leaflet/leaflet.js",
            "dist/leaflet.css": "leaflet/leaflet.css",
        },
        licence_file="LICENSE",
    ),
    Package(
        name="leaflet.markercluster",
        licence="MIT",
        folder="leaflet.markercluster",
        files={
            "dist/leaflet.markercluster.js": "leaflet.markercluster/leaflet.markercluster.js",
            "dist/MarkerCluster.css": "leaflet.markercluster/MarkerCluster.css",
        },
        licence_file="MIT-LICENCE.txt",
    ),
    Package(
        name="@tabler/icons",
        licence="MIT",
        folder="tabler-icons",
        files={},
        licence_file="LICENSE",
    ),
]

ICON_NAMES = """
    adjustments-horizontal alarm alert-circle alert-triangle arrow-back-up arrow-left
    arrow-right arrows-exchange ban battery-charging bell bolt building calendar
    calendar-cancel calendar-check calendar-event calendar-off calendar-plus calendar-time
    calendar-week calendar-x car car-garage charging-pile chart-bar check chevron-down
    chevron-left chevron-right chevron-up circle-check circle-dashed circle-x clock
    clock-exclamation
    clock-pause command copy crosshair device-desktop device-mobile door-enter download edit
    external-link eye filter filter-off help-circle history home hourglass id info-circle key
    keyboard layout-list link link-off list lock login logout mail mail-forward mail-off map
    map-pin menu-2 minus moon parking pencil phone plug plug-connected plug-connected-x
    plug-off plus printer receipt refresh route rss search send settings shield-lock star
    sun switch-horizontal table-export trash truck user user-check user-off
    user-plus users wifi-off x zoom-exclamation
"""


def fetch(package: Package, folder: Path) -> Path:
    named = f"{package.name}@{package.version}"
    words = ["npm", "pack", "--json", named, "--pack-destination", str(folder)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return folder / json.loads(done.stdout)[0]["filename"]


def integrity_of(path: Path) -> str:
    """Return the hash of an archive in the form that npm's lock files use."""
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def read_member(archive: tarfile.TarFile, path: str) -> bytes:
    member = archive.extractfile(f"package/{path}")
    if member is None:
        raise FileNotFoundError(path)
    return member.read()


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def symbol(name: str, svg: str) -> str:
    """Return an icon as a symbol of the sprite.

    Colour and line come from the page, through the <svg> that uses the symbol.
    """
    body = XML_COMMENT.sub("", svg).split(">", 1)[1].rsplit("</svg>", 1)[0]
    shapes = [line.strip() for line in body.splitlines() if line.strip()]
    drawn = "".join(shape for shape in shapes if 'd="M0 0h24v24H0z"' not in shape)
    return f'<symbol id="{name}" viewBox="0 0 24 24">{drawn.replace(" />", "/>")}</symbol>'


def build_sprite(archive: tarfile.TarFile, names: Iterable[str]) -> bytes:
    """Return one SVG document with a symbol for each name."""
    symbols = [
        symbol(name, read_member(archive, f"icons/outline/{name}.svg").decode())
        for name in sorted(set(names))
    ]
    lines = ['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""]
    return "\n".join(lines).encode()


def take(package: Package, archive: tarfile.TarFile) -> dict[str, str]:
    """Copy what we use of a package and return the SHA-256 of each file, by path under static/."""
    written: dict[Path, bytes] = {
        VENDOR / target: PICTURE.sub(b"", SOURCE_MAP.sub(b"", read_member(archive, source)))
        for source, target in package.files.items()
    }
    written[VENDOR / package.folder / "LICENSE"] = (
        read_member(archive, package.licence_file)
        if package.licence_file
        else MIT_TEXT.format(holders=package.holders).encode()
    )
    if package.name == "@tabler/core":
        sheet = VENDOR / "tabler" / "tabler.min.css"
        text, left_out = trimmed(written[sheet].decode(), words_of_ours(ROOT))
        written[sheet] = text.encode()
        written[LEFT_OUT] = "".join(f"{name}\n" for name in sorted(left_out)).encode()
    if package.name == "@tabler/icons":
        written[SPRITE] = build_sprite(archive, ICON_NAMES.split())
    for path, content in written.items():
        write(path, content)
    return {
        path.relative_to(STATIC).as_posix(): hashlib.sha256(content).hexdigest()
        for path, content in sorted(written.items())
    }


def read_record() -> dict[str, Any]:
    if not RECORD.exists():
        return {}
    return {entry["name"]: entry for entry in json.loads(RECORD.read_text())["packages"]}


def is_known(package: Package, integrity: str, recorded: dict[str, Any]) -> bool:
    entry = recorded.get(package.name, {})
    return entry.get("version") == package.version and entry.get("integrity") == integrity


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--accept", action="store_true", help="record hashes of new versions")
    accept: bool = parser.parse_args().accept
    recorded = read_record()
    entries = []
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            path = fetch(package, Path(folder))
            integrity = integrity_of(path)
            if not accept and not is_known(package, integrity, recorded):
                print(f"{package.name} {package.version} is not what VENDOR.json records.")
                return 1
            with tarfile.open(path) as archive:
                files = take(package, archive)
            entries.append(
                {
                    "name": package.name,
                    "version": package.version,
                    "licence": package.licence,
                    "integrity": integrity,
                    "files": files,
                }
            )
            print(f"{package.name} {package.version}: {len(files)} files")
    write(RECORD, (json.dumps({"packages": entries}, indent=2) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
