"""The vendored libraries are what the record says, and nothing is fetched from elsewhere."""

import hashlib
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from django.conf import settings

from tools.frontend import vendor
from tools.frontend.trim_styles import trimmed, words_of_ours

STATIC = Path(settings.BASE_DIR) / "static"
VENDOR = STATIC / "vendor"
RECORD = json.loads((VENDOR / "VENDOR.json").read_text())
RECORDED = {
    path: sha256 for package in RECORD["packages"] for path, sha256 in package["files"].items()
}
OWN_SCRIPTS = sorted((STATIC / "js").glob("**/*.js"))
SHEETS = sorted(STATIC.glob("**/*.css"))
# The back office's dresses the pages of a library, and is named in its settings.
OWN_SHEETS = sorted(set((STATIC / "css").glob("*.css")) - {STATIC / "css/back_office.css"})
# Classes that the vendored scripts give to elements.
THEIRS = ("leaflet-", "htmx-")


@pytest.mark.parametrize("path", sorted(RECORDED))
def test_a_vendored_file_is_the_recorded_one(path):
    assert hashlib.sha256((STATIC / path).read_bytes()).hexdigest() == RECORDED[path]


def test_no_vendored_file_goes_unrecorded():
    present = {
        path.relative_to(STATIC).as_posix()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "VENDOR.json"
    }
    assert present == {path for path in RECORDED if path.startswith("vendor/")}


@pytest.mark.parametrize("package", RECORD["packages"], ids=lambda package: package["name"])
def test_a_package_is_pinned_with_its_licence(package):
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
    assert package["integrity"].startswith("sha512-")
    assert any(path.endswith("/LICENSE") for path in package["files"])


def test_the_vendored_packages_are_those_that_package_json_names():
    wanted = json.loads((STATIC.parent / "package.json").read_text())["dependencies"]
    assert {package["name"]: package["version"] for package in RECORD["packages"]} == wanted
    assert {package.name for package in vendor.PACKAGES} == wanted.keys()


@pytest.mark.parametrize(
    "path", [*SHEETS, *STATIC.glob("**/*.js")], ids=lambda path: path.relative_to(STATIC).as_posix()
)
def test_no_source_map_is_asked_for(path):
    assert "sourceMappingURL" not in path.read_text()


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_a_style_sheet_loads_nothing_from_elsewhere(path):
    text = path.read_text()
    targets = re.findall(r"url\(\s*['\"]?([^'\")\s]+)", text)
    assert [target for target in targets if not target.startswith(("data:", "#"))] == []
    assert "@import" not in text


@pytest.mark.parametrize("path", OWN_SCRIPTS, ids=lambda path: path.name)
def test_our_scripts_name_no_other_origin_and_evaluate_no_text(path):
    text = path.read_text()
    assert re.findall(r"https?://", text) == []
    assert re.findall(r"\b(?:eval|Function)\(|\.(?:inner|outer)HTML\s*=|import\(", text) == []


def test_the_sprite_holds_symbols_that_a_page_can_colour():
    root = ET.parse(STATIC / "icons.svg").getroot()
    symbols = list(root)
    assert {symbol.tag.rpartition("}")[2] for symbol in symbols} == {"symbol"}
    names = [symbol.get("id") for symbol in symbols]
    assert len(names) == len(set(names)) > 30
    for symbol in symbols:
        assert symbol.get("viewBox") == "0 0 24 24"
        assert len(symbol) > 0
        assert all(shape.get("stroke") is None for shape in symbol.iter())


def test_no_page_uses_what_was_left_out_of_tabler():
    left_out = set((VENDOR / "tabler" / "LEFT-OUT.txt").read_text().split())
    assert len(left_out) > 1000
    used = left_out & words_of_ours(STATIC.parent)
    assert not used, "Please run `make vendor`: the style sheet lacks these."


@pytest.mark.parametrize("path", OWN_SHEETS, ids=lambda path: path.name)
def test_our_sheets_dress_nothing_that_is_nowhere(path):
    words = words_of_ours(STATIC.parent)
    heads = re.findall(r"[^{};]+(?={)", re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL))
    classes = {name for head in heads for name in re.findall(r"\.([A-Za-z][\w-]*)", head)}
    assert classes
    gone = [
        name
        for name in classes
        if name not in words
        and not name.startswith(THEIRS)
        # One of several looks, whose name is put together.
        and not {name.partition("--")[0] + "--", name.partition("--")[2]} <= words
    ]
    assert gone == []


@pytest.mark.parametrize("path", [*OWN_SHEETS, *OWN_SCRIPTS], ids=lambda path: path.name)
def test_our_files_are_loaded_by_a_page(path):
    templates = (STATIC.parent / "templates").rglob("*.html")
    name = path.relative_to(STATIC).as_posix()
    assert any(f"'{name}'" in template.read_text() for template in templates)


def test_the_back_office_loads_its_sheet(client, staff):
    client.force_login(staff)
    assert "css/back_office.css" in client.get("/back-office/").content.decode()


def test_a_trimmed_sheet_has_what_our_words_ask_for():
    sheet = (
        '/*! ours */@charset "UTF-8";:root{--a:"}";--b:1}.card,.gone:hover{color:red}'
        ".btn:not(.gone) .card{top:0}.gone>.card{top:1px}a:is(.gone,.card),p{left:0}"
        "@media (min-width:1px){.gone{a:b}.btn{a:b}}@media print{.gone{a:b}}"
        "@keyframes spin{to{rotate:1turn}}"
    )
    text, left_out = trimmed(sheet, {"card", "btn"})
    assert text == (
        '/*! ours */@charset "UTF-8";:root{--a:"}";--b:1}.card{color:red}'
        ".btn:not(.gone) .card{top:0}a:is(.gone,.card),p{left:0}"
        "@media (min-width:1px){.btn{a:b}}@keyframes spin{to{rotate:1turn}}"
    )
    # Where it is still named, a page that begins to use it must be told as well.
    assert left_out == set()
    assert trimmed(".gone{a:b}", {"card"}) == ("", {"gone"})
