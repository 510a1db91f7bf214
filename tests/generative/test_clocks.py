"""No page, interface, extract or report ever shows what has ended: random histories of the clocks against a naive count of days.

Publicity (by class and by validity), retention, repair and its revocation, on files of random data; on days of
which some are just before and just after an end every way out is asked, and holds what the naive model holds.
"""

import random
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test import Client

from tests.conftest import _empty
from tests.intake import made
from tests.intake.made import Organisation
from xinyong.kernel import clock
from xinyong.records import dossier, listing, repaired
from xinyong.records.models import Record
from xinyong.records.repaired import Ending
from xinyong.reports import compose
from xinyong.security import scope
from xinyong.security.access import PUBLIC, Actor, Role

SEEDS = 3
RECORDS, DAYS = 24, 16
BEGUN = date(2019, 3, 1)
OFFICIAL = Actor(role=Role.OPERATOR, name="official", account_id=7)
#: Class of a penalty → months of publicity at most, by the first day of a rule set (rules.md 4.1).
MONTHS = {
    date(2019, 7, 1): {"minor": 12, "general": 12, "serious": 36},
    date(2023, 5, 1): {"minor": 36, "general": 36, "serious": 36},
    date(2026, 4, 1): {"minor": 0, "general": 12, "serious": 36},
}


@dataclass(slots=True)
class Datum:
    """One datum as the naive model knows it. Days are the first without."""

    ref: str
    number: str
    known_on: date
    published_to: date | None
    retained_to: date | None
    is_published: bool
    repaired_on: date | None = None
    shown_again_on: date | None = None

    def is_used(self, on: date) -> bool:
        """Departments may use it."""
        is_repaired = self.repaired_on is not None and on >= self.repaired_on
        is_again = self.shown_again_on is not None and on >= self.shown_again_on
        return (
            on >= self.known_on
            and (self.retained_to is None or on < self.retained_to)
            and (not is_repaired or is_again)
        )

    def is_public(self, on: date) -> bool:
        """Everybody sees it."""
        return self.is_published and self.is_used(on) and (self.published_to is None or on < self.published_to)


def months_after(day: date, months: int) -> date:
    """The same day so many months on, or the last of a shorter month: counted naively."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def expected(row: Record) -> tuple[date | None, date | None, bool]:
    """Publicity's end, retention's end, whether it is published at all; from what the document says alone."""
    if row.item_id == "admin-penalty-org":
        retained = months_after(row.decided_on, 60)
        rules = [months for first, months in MONTHS.items() if first <= row.decided_on] or [MONTHS[date(2019, 7, 1)]]
        months = rules[-1][str(row.severity)]
        return min(months_after(row.decided_on, months), retained), retained, months > 0
    ends = row.valid_to
    retained = months_after(ends, 60) if ends else None
    return ends, retained, ends is None or ends > row.decided_on


@pytest.fixture(scope="module")
def _whole(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield
        _empty()


def history(seed: int, folder: Path) -> tuple[Organisation, list[Datum], random.Random]:
    """An organisation with random penalties and licences, handed in on three days."""
    chance = random.Random(seed)
    who, unit = made.organisation(), made.department()
    made.register(who)
    data: dict[str, Datum] = {}
    for part in range(3):
        day = BEGUN + timedelta(days=chance.randrange(0, 1500) + 400 * part)
        rows: dict[str, list[made.Row]] = {"admin-penalty-org": [], "admin-licence-org": []}
        for _ in range(RECORDS // 3):
            decided = day - timedelta(days=chance.randrange(0, 900))
            if chance.random() < 0.6:
                fine = chance.choice(["0.1", "0.2", "5", "80"])
                rows["admin-penalty-org"].append(
                    made.penalty_row(who, unit, CF_JDRQ=decided.isoformat(), CF_NR_FK=fine, CF_NR=f"罚款{fine}万元")
                )
            else:
                ends = decided + timedelta(days=chance.randrange(30, 2000))
                last = "2099-12-31" if chance.random() < 0.3 else ends.isoformat()
                rows["admin-licence-org"].append(
                    made.licence_row(who, unit, XK_JDRQ=decided.isoformat(), XK_YXQZ=decided.isoformat(), XK_YXQZI=last)
                )
        with time_machine.travel(datetime(day.year, day.month, day.day, 9, tzinfo=clock.ZONE), tick=True):
            for item, some in rows.items():
                if some:
                    view = made.hand_in(
                        made.csv_file(folder / f"{seed}-{part}-{item}.csv", some), item, unit, at=clock.now()
                    )
                    assert view.counts.accepted == len(some), made.found(view)
                    for row in Record.objects.filter(submission_id=view.id):
                        number = row.payload.get("CF_WSH") or row.payload["XK_WSH"]
                        ref = bytes(row.key_digest).hex()
                        data[ref] = Datum(ref, number, day, *expected(row))
    return who, list(data.values()), chance


@pytest.mark.usefixtures("_whole")
@pytest.mark.parametrize("seed", range(SEEDS))
def test_nothing_that_has_ended_is_shown_anywhere(seed: int, tmp_path: Path) -> None:
    who, data, chance = history(seed, tmp_path)
    with scope.acting(made.SYSTEM):
        subject_id = Record.objects.filter(key_digest=bytes.fromhex(data[0].ref)).values_list("subject_id", flat=True)[
            0
        ]
    ends = sorted({day for one in data for day in (one.published_to, one.retained_to) if day and day > BEGUN})
    days = sorted({chance.choice(ends) + timedelta(days=chance.choice((-1, 0, 1))) for _ in range(DAYS)})
    days = [day for day in days if day > max(one.known_on for one in data)]
    assert days
    shown_once = ended_once = 0
    for number, day in enumerate(days):
        with time_machine.travel(datetime(day.year, day.month, day.day, 12, tzinfo=clock.ZONE), tick=True):
            live = [one for one in data if one.is_public(day)]
            if number % 3 == 1 and live:
                _repair(chance.choice(live), subject_id, day)
            if number % 4 == 3:
                _restore([one for one in data if one.repaired_on and not one.shown_again_on], chance, day)
            public = {one.number for one in data if one.is_public(day)}
            used = {one.number for one in data if one.is_used(day)}
            everything = {one.number for one in data}
            _ask(who, day, everything, public, used)
            shown_once, ended_once = shown_once + len(public), ended_once + len(everything - public)
    assert shown_once
    assert ended_once


def _repair(one: Datum, subject_id: int, day: date) -> None:
    repaired.enter(subject_id, one.ref, case_id=int(one.ref[:8], 16), at=clock.now())
    one.repaired_on, one.shown_again_on = day, None


def _restore(those: list[Datum], chance: random.Random, day: date) -> None:
    if those:
        one = chance.choice(those)
        repaired.revoke(case_id=int(one.ref[:8], 16), reason=Ending.REVOKED, at=clock.now())
        one.shown_again_on = day


def _ask(who: Organisation, day: date, everything: set[str], public: set[str], used: set[str]) -> None:
    """Every way out on a day, each against what it may hold."""

    def numbers(text: str) -> set[str]:
        return {one for one in everything if one in text}

    file = dossier.of(who.code, as_of=day, seen_by=PUBLIC, per_section=500)
    assert {record.document_no for s in file.sections for record in s.records} & everything == public, (day, "the file")
    assert sum(s.total for s in file.sections if s.section.value != "registration") == len(public), (day, "its totals")
    browser = Client()
    assert numbers(browser.get(f"/subject/{who.code}/").content.decode()) <= public, (day, "the page")
    for section in ("penalty", "licence"):
        page = browser.get(f"/subject/{who.code}/{section}/").content.decode()
        assert numbers(page) <= public, (day, section)
    latest = listing.latest(item_ids=("admin-penalty-org", "admin-licence-org"), as_of=day, seen_by=PUBLIC, limit=200)
    assert {each.document_no for each in latest.records if each.subject_code == who.code} == public, (day, "the lists")
    content = compose.compose(who.code, as_of=day, seen_by=PUBLIC)
    assert numbers(str(content.chapters)) == public, (day, "the report")
    shared = dossier.of(who.code, as_of=day, seen_by=OFFICIAL, purpose="日常监管核对", per_section=500)
    assert {record.document_no for s in shared.sections for record in s.records} & everything == used, (
        day,
        "departments",
    )
    with scope.acting(PUBLIC), connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(payload ->> 'CF_WSH', payload ->> 'XK_WSH') FROM record")
        assert {row[0] for row in cursor.fetchall()} & everything == public, (day, "the database's own wall")
