"""异议 An organisation objects to what is on its file and not published."""

from datetime import date
from pathlib import Path

import pytest

from tests.intake import declaring, made
from tests.rights.objecting import CENTRE, Matter, desk, public, token
from xinyong.catalogue import publish
from xinyong.catalogue.schema import Grade
from xinyong.kernel import clock
from xinyong.records import authorised, dossier, own
from xinyong.records.view import Mark
from xinyong.reports import special
from xinyong.rights import objection, objection_desk, reminders
from xinyong.rights.objection import Said
from xinyong.security import scope
from xinyong.security.access import Actor, Role
from xinyong.subjects import registry

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


def test_what_is_not_published_is_objected_to_from_ones_own_page_and_marked_there_and_for_departments(
    tmp_path: Path,
) -> None:
    who, unit = made.organisation(), made.department()
    made.register(who)
    warned = made.penalty_row(who, unit, CF_CFLB="警告", CF_NR="警告", CF_NR_FK="")
    source = Actor(role=Role.SOURCE_UNIT, name="clerk", account_id=900, department=unit.code)
    one = Matter(who, unit, warned, declaring.speaks_for(who, tmp_path), source, tmp_path)
    one.hand_in()
    assert not [each for each in public(who) if each.section.value == "penalty"], "a warning is not published"

    def mine() -> own.OwnRecord:
        with scope.acting(one.by):
            found = own.about(by=one.by, as_of=clock.today()).records
        return next(each for each in found if each.record.section.value == "penalty")

    assert mine().record.marks.count(Mark.NOT_PUBLIC) == 1
    said = Said("wrong", "决定书写的是另一项违法行为", {"CF_SY": "未按规定标明规格"})
    with scope.acting(one.by):
        case, is_new = objection.lodge(mine().handle, said, token=token(), by=one.by, at=clock.now())
    assert is_new
    assert mine().record.is_disputed
    shared = dossier.of(who.code, as_of=clock.today(), seen_by=CENTRE, purpose="objection: 异议")
    assert [each.is_disputed for s in shared.sections for each in s.records if each.ref == mine().record.ref] == [True]
    item = publish.current("admin-penalty-org")
    of = Actor(role=Role.READER, name="reader", department=unit.code)
    wanted = [(item, authorised.fields(item, Grade.SHARED))]
    assert one.by.subject is not None
    told = authorised.records(one.by.subject, wanted, grade=Grade.SHARED, of=of, today=clock.today())
    assert [each.is_disputed for each in told] == [True], "an authorised query says so too"
    asked = special.Wanted(first_day=date(2026, 1, 1), last_day=clock.today())
    content = special.compose(
        registry.subject(who.code, seen_by=made.SYSTEM), asked, as_of=clock.today(), purpose="", by=one.by
    )
    assert "争议中" in str(content), "so does the special report, which lists what is not published"
    seen = desk(CENTRE, lambda i, **how: objection_desk.find(i, seen_by=CENTRE, at=clock.now()), case)
    assert Mark.DISPUTED in seen.record.marks
    case = desk(CENTRE, objection_desk.decide, case, outcome="accept", changes={}, reason="以决定书为准")
    one.hand_in(CF_SY="未按规定标明规格")
    assert reminders.follow(by=made.SYSTEM, at=clock.now()).closed >= 1
    assert not mine().record.is_disputed
