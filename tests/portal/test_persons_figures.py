"""Public figures about natural persons: counts by item, county and month, and nothing about few people."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from tests.intake import made
from xinyong.analytics import persons_figures
from xinyong.kernel import clock
from xinyong.security import identity
from xinyong.security.access import system

ITEM = "admin-penalty-person"


@pytest.fixture(scope="module")
def county(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """Two counties, three months: May has 14 in one and 3 in the other, April 12 and 11, March 13 of one person alone."""
    from tests.conftest import _empty

    with django_db_blocker.unblock(), time_machine.travel(made.NOW, tick=True) as day:  # type: ignore[attr-defined]
        identity.load_regions(
            [{"code": "990102", "name": "云东区", "level": 3}, {"code": "990103", "name": "云西区", "level": 3}],
            source="test",
            by=made.SYSTEM,
        )
        units = [
            identity.register_department(
                code=made.code_of("11"), name=f"云溪市{name}示例局", region_code=region, by=system("test")
            )
            for name, region in (("东", "990102"), ("西", "990103"))
        ]
        day.shift(timedelta(days=-20))  # what June brings is not counted yet
        folder = tmp_path_factory.mktemp("persons")
        one = made.person()
        for number, unit in enumerate(units):
            months = {"2026-05-06": (14, 3), "2026-04-07": (12, 11), "2026-03-04": (13, 15)}
            rows = []
            for decided, counts in months.items():
                for _ in range(counts[number]):
                    who = one if (decided, number) == ("2026-03-04", 0) else made.person()
                    rows.append(made.person_row(who, unit, CF_JDRQ=decided))
            sent = made.hand_in(made.csv_file(folder / f"{number}.csv", rows), ITEM, unit, at=clock.now())
            assert sent.counts.accepted == len(rows)
        day.shift(timedelta(days=20))
        late = [made.person_row(made.person(), units[0], CF_JDRQ="2026-05-08") for _ in range(30)]
        made.hand_in(made.csv_file(folder / "late.csv", late), ITEM, units[0])
        cache.clear()
        yield Client()
        _empty()


def test_what_is_about_few_persons_is_not_shown_and_cannot_be_worked_out(county: Client) -> None:
    (table,) = [one for one in persons_figures.figures(today=clock.today()).tables if one.item_id == ITEM]
    rows = {
        row.code: dict(zip([*(f"{m:%m}" for m in table.months), "total"], row.figures, strict=True))
        for row in table.rows
    }
    assert rows["990103"]["05"] is None  # three persons
    assert rows["990102"]["03"] is None  # thirteen records of one
    assert rows["990102"]["01"] == 0
    for month in ("03", "05"):
        assert [rows[code][month] for code in rows].count(None) >= 2
    for code in ("990102", "990103"):
        assert list(rows[code].values()).count(None) >= 2
    assert table.shown == table.cells - sum(figure is None for row in table.rows for figure in row.figures)


def test_page_csv_and_json_show_the_same_figures(county: Client) -> None:
    found = persons_figures.figures(today=clock.today())
    said = county.get("/statistics/persons.json").json()
    assert said == persons_figures.plain(found)
    assert said["least"] == 10
    file = county.get("/statistics/persons.csv")
    lines = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    read = [line[5] for line in lines[1:-1] if line[1] == ITEM]
    table = next(one for one in found.tables if one.item_id == ITEM)
    assert read == ["*" if figure is None else str(figure) for row in table.rows for figure in row.figures]
    page = county.get("/statistics/persons/").content.decode()
    assert "涉及不足 10 人的数字不显示" in page
    assert f"显示 {table.shown} 个" in page
    assert "云东区" in page
    assert county.get("/statistics/persons.xml").status_code == 404


def test_figures_are_as_they_were_known_when_the_month_began(county: Client) -> None:
    """Thirty more were reported on the fifteenth: nobody sees a difference before the first of July."""
    table = next(one for one in persons_figures.figures(today=clock.today()).tables if one.item_id == ITEM)
    assert all(
        figure is None or figure < 30 for row in table.rows if row.code == "990102" for figure in row.figures[:-1]
    )
    july = persons_figures.figures(today=clock.today().replace(month=7, day=1))
    later = next(one for one in july.tables if one.item_id == ITEM)
    assert {row.code: row.figures[-2 - 1] for row in later.rows}["990102"] in (None, 44)
    assert later.months[-1].month == 6


def test_a_greater_smallest_number_hides_more(county: Client, settings: object, tmp_path: Path) -> None:
    before = next(one for one in persons_figures.figures(today=clock.today()).tables if one.item_id == ITEM)
    settings.SMALL_CELL = 13  # type: ignore[attr-defined]
    after = next(one for one in persons_figures.figures(today=clock.today()).tables if one.item_id == ITEM)
    assert after.shown < before.shown
    persons_figures.csv(persons_figures.figures(today=clock.today()), to=tmp_path / "a.csv")
    assert "不足 13 人" in (tmp_path / "a.csv").read_text(encoding="utf-8-sig")
