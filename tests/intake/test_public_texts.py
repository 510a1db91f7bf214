"""Persons' numbers in texts that would be published keep the row from publicity; other numbers do not (security.md T21)."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.intake import made
from tests.intake.made import HandIn
from tests.security import planted
from xinyong.records import dossier
from xinyong.security.access import PUBLIC
from xinyong.security.scanner import Kind

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")

HELD, REFUSED = "V12-personal-number-in-public-text", "V12-person-in-text"


def test_a_persons_number_keeps_a_row_from_publicity(hand_in: HandIn) -> None:
    chance = random.Random(7)
    unit, who = made.department(), made.organisation()
    made.register(who)
    number, old, phone, card = (planted.number_of(kind, chance) for kind in Kind)
    rows = [
        made.penalty_row(who, unit),
        made.penalty_row(who, unit, CF_SY=f"向顾客（电话 {phone}）售卖过期食品"),
        made.penalty_row(who, unit, CF_NR=f"罚款0.2万元，缴至 {card}"),
        made.penalty_row(who, unit, CF_SY=f"负责人身份证{old}，未按规定公示价格"),
        made.penalty_row(who, unit, CF_SY=f"负责人 {' '.join(number)} 未按规定公示价格"),
        made.penalty_row(who, unit, CF_SY="负责人" + number.translate(planted._WIDE)),
        made.penalty_row(who, unit, CF_WSH=f"云示罚〔2026〕{phone}号"),
        made.penalty_row(who, unit, CF_WSH=phone),
        made.penalty_row(who, unit, CF_NR=f"依据 {who.code} 的申报，自2026-05-01至2026-06-01，罚款0.2万元"),
    ]
    view = hand_in(rows, "admin-penalty-org", unit)
    found = made.rules(view)
    assert {row: rules & {HELD, REFUSED} for row, rules in found.items() if rules & {HELD, REFUSED}} == {
        3: {HELD}, 4: {HELD}, 5: {HELD}, 6: {REFUSED}, 7: {REFUSED},
    }  # fmt: skip
    assert (view.counts.accepted, view.counts.doubtful, view.counts.rejected) == (4, 3, 2)
    shown = repr(dossier.of(who.code, as_of=made.TODAY, seen_by=PUBLIC))
    assert not any(secret in shown for secret in (number, old, card, f"（电话 {phone}"))
    assert not any(one.value for one in made.found(view) if one.rule in {HELD, REFUSED})


def test_a_person_s_own_row_may_hold_their_number(hand_in: HandIn) -> None:
    unit, who = made.department(), made.person()
    phone = planted.number_of(Kind.PHONE, random.Random(8))
    view = hand_in([made.person_row(who, unit, CF_SY=f"电话 {phone}")], "admin-penalty-person", unit)
    assert HELD not in made.rules(view).get(2, set())


def test_a_held_number_does_not_stand_in_clear_in_what_waits(hand_in: HandIn) -> None:
    from django.db import connection

    unit, who = made.department(), made.organisation()
    made.register(who)
    phone = planted.number_of(Kind.PHONE, random.Random(9))
    hand_in([made.penalty_row(who, unit, CF_SY=f"电话 {phone[:3]} {phone[3:]}")], "admin-penalty-org", unit)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM intake_waitingrow t WHERE t::text LIKE %s", [f"%{phone[3:]}%"])
        assert cursor.fetchone()[0] == 0


def test_the_column_check_finds_what_the_scanner_finds(file: Callable[..., Path]) -> None:
    """One look at whole columns, the same answer as value by value."""
    import pyarrow as pa

    from xinyong.intake import _columns
    from xinyong.security import scanner

    texts = [one.content.decode() for one in planted.documents(200, 100, seed=11, files=False)]
    strange = _columns.strange(pa.array(texts)).tolist()
    assert [
        text for text, is_strange in zip(texts, strange, strict=True) if scanner.holds_any(text) and not is_strange
    ] == []
