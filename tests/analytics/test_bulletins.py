"""The bulletin: the province's printed digits, frozen editions, three months in the last place."""

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from xml.etree import ElementTree as ET

import pypdf
import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.analytics import world
from tests.analytics.world import LICENCE, PENALTY
from tests.intake import made
from xinyong.analytics import bulletins, layout, rates, render
from xinyong.analytics.rates import By
from xinyong.kernel import clock, periods
from xinyong.kernel.periods import Period
from xinyong.security import identity, separation
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit

FEBRUARY = periods.month("2026-02")


@pytest.fixture
def db(lasting_db: None) -> Iterator[None]:
    with time_machine.travel(made.NOW, tick=True):
        yield


def _unit(name: str, region: str = "990100") -> SourceUnit:
    return identity.register_department(code=made.code_of("11"), name=name, region_code=region, by=made.SYSTEM)


def _month(history: world.Made, unit: SourceUnit, month: Period, *, in_time: int, late: int) -> None:
    received = datetime(month.start.year, month.start.month, 20, 10, 0, tzinfo=clock.ZONE)
    handed = world.Handed(len(history.submissions) + 1, unit.id, PENALTY, received)
    history.submissions.append(handed)
    for n in range(in_time + late):
        history.versions.append(
            world.Version(
                len(history.versions) + 1, 1, handed.id, n + 2, PENALTY, unit.id, unit.code, month.start, n >= in_time, 1,
                received, 3,
            )
        )  # fmt: skip


def test_the_provincial_bulletin_of_february_2024_to_the_printed_digits(db: None) -> None:
    """Qinghai: 128,854 = 9,220 + 119,634 reported and stored; late 3.6 %, 0.08 %, together 0.34 % (domain rules §5.1)."""
    unit = _unit("示例省直单位")
    received = datetime(2026, 2, 25, 10, 0, tzinfo=clock.ZONE)
    world.put(
        world.Made([unit], [world.Handed(1, unit.id, LICENCE, received), world.Handed(2, unit.id, PENALTY, received)])
    )
    with separation.as_owner(), connection.cursor() as cursor:
        for submission, item, count, late in ((1, LICENCE, 9_220, 332), (2, PENALTY, 119_634, 100)):
            cursor.execute(
                "INSERT INTO record (subject_id, key_digest, version, content_digest, state, item_id, item_version, source_id,"
                " submission_id, row_no, disclosure, decided_on, is_late, payload, known_from)"
                " SELECT n, decode(md5(n::text || %s), 'hex'), 1, decode(md5(n::text), 'hex'), 1, %s, 1, %s, %s, n + 1,"
                " 'public', '2026-02-10', n <= %s, '{\"X\": \"y\"}', %s FROM generate_series(1, %s) AS n",
                [item, item, unit.id, submission, late, received, count],
            )
    found = rates.overview(FEBRUARY, by=By.ITEM, as_of=clock.now(), seen_by=made.SYSTEM)
    items = {line.key: line.figures for line in found.lines}
    licences, penalties, total = items[LICENCE], items[PENALTY], found.total.figures
    assert [one["compliance"].denominator for one in (licences, penalties, total)] == [9_220, 119_634, 128_854]
    assert {one["compliance"].percent for one in (licences, penalties, total)} == {"100.00%"}
    assert [one["late"].percent for one in (licences, penalties, total)] == ["3.60%", "0.08%", "0.34%"]
    assert total["late"].value + total["timeliness"].value == 1
    issued = bulletins.issue(FEBRUARY, by=made.SYSTEM, at=clock.now())
    printed = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(render.pdf(issued))).pages)
    for text in ("128,854", "9,220", "119,634", "3.60%", "0.08%", "0.34%"):
        assert text in printed


def test_an_edition_gives_the_same_bytes_months_later(db: None) -> None:
    unit, other = _unit("云溪市甲局"), _unit("云溪市乙局")
    history = world.Made([unit, other])
    _month(history, unit, FEBRUARY, in_time=9, late=1)
    _month(history, other, FEBRUARY, in_time=5, late=5)
    world.put(history)
    first = bulletins.issue(FEBRUARY, by=made.SYSTEM, at=clock.now())
    pdf, docx = render.pdf(first), render.docx(first)
    with time_machine.travel(made.NOW + timedelta(days=150), tick=True):
        identity.register_department(code=unit.code, name="云溪市改名局", region_code="990100", by=made.SYSTEM)
        again = bulletins.find(FEBRUARY, seen_by=made.SYSTEM)
        assert (again.digest, again.edition) == (first.digest, 1)
        assert render.pdf(again) == pdf
        assert render.docx(again) == docx
        second = bulletins.issue(FEBRUARY, by=made.SYSTEM, at=clock.now())
        assert (second.edition, second.digest != first.digest) == (2, True)
        assert bulletins.find(FEBRUARY, edition=1, seen_by=made.SYSTEM).content == first.content
    assert pdf.startswith(b"%PDF")
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        assert package.testzip() is None
        text = "".join(ET.fromstring(package.read("word/document.xml")).itertext())
        assert all(ET.fromstring(package.read(name)) is not None for name in package.namelist())
    for block in layout.blocks(first):
        if isinstance(block, layout.Text | layout.Heading):
            assert block.text in text
        else:
            assert all(cell in text for row in block.rows for cell in row)


def test_three_months_in_the_last_place_lead_to_an_interview(db: None) -> None:
    good, bad, once = _unit("云溪市良局"), _unit("云溪市差局"), _unit("云溪市忽局")
    history = world.Made([good, bad, once])
    months = [periods.month(text) for text in ("2026-01", "2026-02", "2026-03")]
    for month, (bad_late, once_late) in zip(months, ((9, 5), (9, 5), (9, 9)), strict=True):
        _month(history, good, month, in_time=10, late=0)
        _month(history, bad, month, in_time=10 - bad_late, late=bad_late)
        _month(history, once, month, in_time=10 - once_late, late=once_late)
    world.put(history)
    frozen = bulletins.issue(months[0], by=made.SYSTEM, at=clock.now())
    assert frozen.content["interviews"] == [], "nothing is known of the two months before"
    found = bulletins.issue(months[2], by=made.SYSTEM, at=clock.now()).content
    assert [(one["group"], one["name"]) for one in found["interviews"]] == [("city-departments", "云溪市差局")]
    last = {one["name"] for one in found["places"] if one["is_last"]}
    assert last == {"云溪市差局", "云溪市忽局"}, "a tie at the end is the end for both"
    ranks = {one["name"]: one["rank"] for one in found["places"]}
    assert ranks == {"云溪市良局": 1, "云溪市差局": 2, "云溪市忽局": 2}
    assert found["moved"][f"city-departments/{bad.code}"] == 1


def test_a_bulletin_waits_for_the_end_of_its_month(db: None) -> None:
    with pytest.raises(bulletins.MonthNotOver):
        bulletins.issue(periods.month("2026-06"), by=made.SYSTEM, at=clock.now())
    with pytest.raises(bulletins.UnknownBulletin):
        bulletins.find(FEBRUARY, seen_by=made.SYSTEM)
    with pytest.raises(NotAllowed):
        bulletins.issue(FEBRUARY, by=made.AUDITOR, at=clock.now())


def test_an_issued_bulletin_is_never_changed(db: None) -> None:
    bulletins.issue(FEBRUARY, by=made.SYSTEM, at=clock.now())
    for statement in ("UPDATE analytics_bulletin SET digest = 'x'", "DELETE FROM analytics_bulletin"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        with separation.as_owner(), pytest.raises(DatabaseError, match="only added"), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_source_unit_reads_bulletins_and_issues_none(db: None) -> None:
    unit = _unit("云溪市读局")
    bulletins.issue(FEBRUARY, by=made.SYSTEM, at=clock.now())
    clerk = Actor(role=Role.SOURCE_UNIT, name="clerk", department=unit.code)
    assert bulletins.find(FEBRUARY, seen_by=clerk).period == date(2026, 2, 1)
    with pytest.raises(NotAllowed):
        bulletins.issue(FEBRUARY, by=clerk, at=clock.now())
