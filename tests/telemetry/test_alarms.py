"""The rules for Prometheus name what there is, and each leads to its page."""

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from config.metrics import Everything
from telemetry.measures import MEASURES, Timer

DOCS = Path(settings.BASE_DIR) / "docs"
PAGE = DOCS / "operating.md"
NAME = re.compile(r"\bchargebook_\w+")
RULES = [
    rule
    for group in yaml.safe_load((DOCS / "alarms.yml").read_text())["groups"]
    for rule in group["rules"]
]


def anchors() -> set[str]:
    """Return the anchors of the page's headings, as hosts of Markdown make them."""
    headings = re.findall(r"^#+ (.+)$", PAGE.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.fixture
def samples(db) -> set[str]:
    """The names of all samples that there can be."""
    names = {family.name for family in Everything().collect() if family.type == "gauge"}
    for measure in MEASURES:
        ends = ("_bucket", "_count", "_sum") if isinstance(measure, Timer) else ("_total",)
        names |= {f"{measure.name}{end}" for end in ends}
    return names


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_each_rule_watches_something_and_leads_somewhere(rule, samples):
    watched = set(NAME.findall(rule["expr"]))
    assert watched or "node_" in rule["expr"]
    assert watched <= samples
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert page == PAGE.name
    assert anchor in anchors()
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert f"`{rule['alert']}`" in PAGE.read_text()


def test_label_values_in_rules_are_those_of_the_code():
    from upstream.calls import Outcome

    outcomes = {str(outcome) for outcome in Outcome} | {"sent", "put-off", "given-up"}
    named = {
        value
        for rule in RULES
        for values in re.findall(r'outcome(?:=~|!=|=)"([^"]+)"', rule["expr"])
        for value in values.split("|")
    }
    assert named
    assert named <= outcomes


def test_the_page_tells_of_every_metric_and_of_no_other(samples):
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in samples}
    told = set(NAME.findall(PAGE.read_text()))
    assert told == families
