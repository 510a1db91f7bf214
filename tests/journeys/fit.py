"""What every page must pass in a browser: nothing is lost at its side, and axe finds nothing."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe

PHONE = {"width": 360, "height": 780}
DESK = {"width": 1280, "height": 900}
LAPTOP = {"width": 1366, "height": 768}
#: 1280 px at 400 % zoom (WCAG 1.4.10).
ZOOMED = {"width": 320, "height": 256}
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOCUSABLE = "a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']"
_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def is_wide(page: Any) -> bool:
    """Whether one would have to scroll sideways. Waits for the page that a click has begun to open: until it is there, it
    has no elements to measure."""
    page.wait_for_load_state()
    return bool(page.evaluate(_WIDE))


def faults(page: Any) -> list[tuple[str, str]]:
    """What axe finds: the rule, and the first element that breaks it."""
    page.wait_for_load_state()
    found = Axe().run(page, options={"runOnly": STANDARDS, "resultTypes": ["violations"]}).response["violations"]
    return [(one["id"], one["nodes"][0]["html"][:160]) for one in found]


def is_fit(page: Any) -> None:
    """Nothing sticks out at the side, and axe finds nothing."""
    assert not is_wide(page), page.url
    assert faults(page) == [], page.url


def follow(target: Any) -> None:
    """Clicks what leads to a page, and goes on when that is there."""
    with target.page.expect_navigation():
        target.click()
