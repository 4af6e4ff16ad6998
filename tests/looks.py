"""Pages in both colours, at desk and phone width: checked by axe, and for overflow.

Structure does not depend on colours, nor contrast on anything else: each width is looked at whole
in one scheme, and the contrast of each in both.
"""

import pytest

from tests.browser_fixture import page_width

expect = pytest.importorskip(
    "playwright.sync_api", reason="needs the e2e dependency group (playwright)"
).expect
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="needs the e2e dependency group"
)

DESK, PHONE = 1280, 360
# Details of what it finds; it would spend more than half its time on those of what is well. It is
# not in the frames of a page, and would wait for an answer from there.
WHOLE = {"resultTypes": ["violations"], "iframes": False}
ONLY_CONTRAST = {**WHOLE, "runOnly": ["color-contrast"]}
LOOKS = (
    ("light", DESK, WHOLE),
    ("light", PHONE, ONLY_CONTRAST),
    ("dark", PHONE, WHOLE),
    ("dark", DESK, ONLY_CONTRAST),
)
RUN = """
async (options) => (await axe.run(options)).violations.flatMap(({ id, nodes }) =>
  nodes.map(({ html, failureSummary }) => `${id}: ${html}\\n${failureSummary}`))
"""


def check(page) -> None:
    """Check the page as it is, in both colours and both widths."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe.Axe().axe_script)
    found = []
    for scheme, width, options in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        settle(page, scheme)
        where = f"{page.url} in {scheme} at {width} px"
        found += [f"{where}: {each}" for each in page.evaluate(RUN, options)]
        wide = page_width(page)
        if wide > width:
            found.append(f"{where}: the page is {wide} px wide")
    assert not found, "\n".join(found)


def settle(page, scheme: str) -> None:
    """Wait until a page of the portal has its colours, and none is on its way to another one."""
    if page.locator("html[data-bs-theme]").count():
        expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
    page.evaluate("Promise.allSettled(document.getAnimations().map(each => each.finished))")
