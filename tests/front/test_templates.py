"""What no template may contain, and what each must be able to find."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

TEMPLATES = Path(settings.BASE_DIR) / "templates"
# Mail programs ignore style sheets: mails may style their elements.
PAGES = [
    path
    for path in sorted(TEMPLATES.rglob("*.html"))
    if path.relative_to(TEMPLATES).parts[0] != "mail"
]
COMMENT = re.compile(r"{% comment.*?%}.*?{% endcomment %}|{#.*?#}", re.DOTALL)


def name_of(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


def source_of(path: Path) -> str:
    return COMMENT.sub("", path.read_text())


@pytest.fixture(scope="module")
def symbols() -> set[str]:
    root = ET.parse(Path(settings.BASE_DIR) / "static" / "icons.svg").getroot()
    return {symbol.get("id", "") for symbol in root}


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_template_carries_no_style_and_no_script_of_its_own(path):
    source = source_of(path)
    assert re.findall(r"<style\b|\sstyle\s*=", source) == []
    assert re.findall(r"\s(?:on[a-z]+|hx-on[:\w-]*)\s*=", source) == []
    assert re.findall(r"javascript:|[\"']js:", source) == []
    scripts = re.findall(r"<script\b([^>]*)>", source)
    assert [tag for tag in scripts if "src=" not in tag and "application/json" not in tag] == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_template_loads_nothing_from_elsewhere(path):
    source = source_of(path)
    loaded = re.findall(
        r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\ssrc\s*=\s*[\"']([^\"']*)", source
    )
    loaded += re.findall(r"<(?:link|use|image)\b[^>]*?\shref\s*=\s*[\"']([^\"']*)", source)
    assert [target for target in loaded if re.match(r"\s*(?:\w+:)?//", target)] == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_each_icon_is_in_the_sprite(path, symbols):
    source = source_of(path)
    used = set(re.findall(r"{%\s*icon\s+[\"']([^\"']+)", source))
    used |= set(re.findall(r"\bicon\|default:[\"']([^\"']+)", source))
    used |= set(re.findall(r"_empty\.html[\"'][^%]*\bicon=[\"']([^\"']+)", source))
    assert used - symbols == set()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_template_can_be_read(path):
    assert get_template(name_of(path))
