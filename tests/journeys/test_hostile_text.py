"""Text that departments supply is text, whatever it holds: every page that links lead to, for each role, in a real Chromium
under the content policy. A sample; every page is walked by tools/evidence/portal.py (S3-8, S3-28)."""

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import City
from tests.intake import made
from tests.intake.made import Organisation
from tests.journeys import crawling, hostile_text
from tests.journeys.acts import unit_code
from tests.journeys.doors import state

pytestmark = pytest.mark.browser

STARTS: dict[str, tuple[str, ...]] = {
    "": ("/", "/search?q=云溪市〔"),
    "market": ("/office/",),
    "operator": ("/office/", "/office/links/"),
    "auditor": ("/office/",),
}


def plant(city: City, folder: Path) -> list[dict[str, Any]]:
    """Hands the hostile files in for the market administration; the counts of each."""
    unit = made.SourceUnit(0, unit_code(), "云溪市市场监督管理局", "", "", frozenset())
    hits = city.json("search", "云溪市")["hits"]
    known = [Organisation(one["code"], one["name"]) for one in hits if one["code"].startswith("91")][:6]
    told = []
    for path, item in hostile_text.files(folder, unit, known, document=made.document):
        told.append(city.json("submit", str(path), "--item", item, "--source", unit.code, code=None))
    return told


def test_no_planted_text_runs_loads_or_asks_anything_on_any_kind_of_page(
    city: City, browser: Any, tmp_path: Path
) -> None:
    told = plant(city, tmp_path)
    assert all(one["rows_read"] >= len(hostile_text.PAYLOADS) for one in told)
    assert sum(one["accepted"] for one in told) >= 2 * len(hostile_text.PAYLOADS)
    planted = set()
    for who, starts in STARTS.items():
        seen = crawling.walk(
            browser, city.url, starts, state=state(city, browser, who) if who else None, pages=8, of_a_kind=2
        )
        assert seen.faults == [], who
        assert seen.pages >= 4
        planted |= seen.planted
    reflected = crawling.walk(browser, city.url, hostile_text.addresses()[::3], pages=5, of_a_kind=8)
    assert reflected.faults == []
    assert len(planted) >= len(hostile_text.PAYLOADS) * 0.7


def test_the_watch_itself_sees_what_it_looks_for(city: City, browser: Any) -> None:
    seen = crawling.negative_control(browser, city.url)
    assert any("img-src" in one for one in seen.violations)
    assert any("style-src" in one for one in seen.violations)
    assert seen.dialogs
    assert seen.ran
    assert any("evil.example" in one for one in seen.elsewhere)
