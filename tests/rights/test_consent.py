"""A subject says who may look, says no, takes back; it counts at once, nobody nags, nothing is ever changed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.intake import declaring, made
from tests.rights.conftest import OF_PERSONS, PENALTY, Hall
from xinyong.kernel import clock
from xinyong.records import dossier, opt_outs
from xinyong.rights import consent, effects, purposes, queries
from xinyong.rights.consent_view import State
from xinyong.rights.models import Consent, ConsentRequest, KeptAnswer
from xinyong.security import scope
from xinyong.security.access import PUBLIC, NotAllowed, Role
from xinyong.security.models import AuditEntry
from xinyong.workflow import subject_notices

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


def test_asked_granted_withdrawn_with_an_entry_for_each_step(fresh: Hall, noted: object) -> None:
    asked = fresh.asks()
    who = fresh.owner("person")
    with scope.acting(who):
        seen = consent.of_subject(by=who, at=clock.now())
        assert [one.id for one in seen.waiting] == [asked.id]
        given = consent.give(asked.id, by=who, at=clock.now())
        assert (given.state, given.items, given.is_asked) == (State.LIVE, (OF_PERSONS,), True)
        done = consent.withdraw(given.id, by=who, at=clock.now())
        assert consent.withdraw(given.id, by=who, at=clock.now()).withdrawn_at == done.withdrawn_at
    assert (done.state, done.number) == (State.WITHDRAWN, given.number)
    assert noted() == ["consent-asked", "consents-viewed", "consent-given", "consent-withdrawn"]  # type: ignore[operator]


def test_a_part_can_be_granted_and_never_more_than_was_asked(fresh: Hall) -> None:
    asked = fresh.asks(items=[OF_PERSONS, "admin-licence-person"], days=60)
    who = fresh.owner("person")
    with scope.acting(who):
        with pytest.raises(consent.BadConsent):
            consent.give(asked.id, items=[OF_PERSONS], days=61, by=who, at=clock.now())
        with pytest.raises(consent.BadConsent):
            consent.give(asked.id, items=[PENALTY], by=who, at=clock.now())
        given = consent.give(asked.id, items=[OF_PERSONS], days=7, by=who, at=clock.now())
        assert given.items == (OF_PERSONS,)
        assert given.valid_to - given.valid_from == timedelta(days=7)
        with pytest.raises(consent.AlreadyAnswered):
            consent.refuse(asked.id, by=who, at=clock.now())


def test_whoever_was_refused_does_not_ask_again_but_the_subject_may_give(fresh: Hall) -> None:
    asked, who = fresh.asks(), fresh.owner("person")
    with pytest.raises(consent.StillOpen):
        fresh.asks()
    with scope.acting(who):
        assert consent.refuse(asked.id, by=who, at=clock.now()).state is State.REFUSED
    with pytest.raises(consent.AskedAgain) as refused:
        fresh.asks()
    assert refused.value.facts["invariant"] == "E_ASKED_AGAIN"
    fresh.asks(purpose="benefit", items=["admin-licence-person"])  # another purpose is another question
    given = fresh.gives()
    with pytest.raises(consent.StillOpen):
        fresh.asks()
    fresh.withdraws(given)
    with pytest.raises(consent.AskedAgain):
        fresh.asks()


def test_an_authorisation_that_ran_out_may_be_asked_for_anew(fresh: Hall) -> None:
    fresh.gives(days=1)
    assert fresh.asks(at=clock.now() + timedelta(days=2)).state is State.WAITING


@pytest.mark.parametrize(
    "wanted",
    [{"days": 0}, {"days": 366}, {"items": []}, {"items": [PENALTY]}, {"items": ["water-fee"]}, {"without": " "}],
)  # fmt: skip
def test_what_is_beyond_the_purpose_is_not_asked(fresh: Hall, wanted: dict[str, object]) -> None:
    with pytest.raises(consent.BadConsent):
        fresh.asks(**wanted)


def test_a_purpose_is_asked_for_by_those_it_is_for_only(fresh: Hall) -> None:
    with pytest.raises(purposes.PurposeNotYours):
        fresh.asks(by=fresh.reader, purpose="loan")
    with pytest.raises(consent.BadConsent):
        fresh.asks(by=fresh.reader, purpose="objection")
    with pytest.raises(consent.BadConsent, match="目的"):
        fresh.gives(recipient=fresh.unit.code)
    with pytest.raises(NotAllowed):
        fresh.asks(by=replace(fresh.program, department=None))


def test_organisations_say_who_may_look_too(fresh: Hall) -> None:
    asked, who = fresh.asks("organisation"), fresh.owner()
    with scope.acting(who):
        given = consent.give(asked.id, by=who, at=clock.now())
        assert consent.receipt(given.id, by=who, at=clock.now()) == given
    entry = AuditEntry.objects.filter(event="consent-asked").latest("id")
    assert entry.facts["subject"] == fresh.organisation.code


def test_a_persons_number_stands_nowhere(fresh: Hall) -> None:
    fresh.asks()
    fresh.gives()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM security_auditentry e WHERE e::text LIKE %s", [f"%{fresh.person.number}%"])
        assert cursor.fetchone() == (0,)


def test_another_subjects_say_looks_absent_and_the_database_holds_it(fresh: Hall, hall: Hall) -> None:
    asked, given = fresh.asks(), fresh.gives(purpose="benefit", items=["admin-licence-person"])
    stranger = hall.owner("person")
    with scope.acting(stranger):
        for deed in (
            lambda: consent.request_of(asked.id, by=stranger, at=clock.now()),
            lambda: consent.give(asked.id, by=stranger, at=clock.now()),
            lambda: consent.refuse(asked.id, by=stranger, at=clock.now()),
            lambda: consent.withdraw(given.id, by=stranger, at=clock.now()),
            lambda: consent.receipt(given.id, by=stranger, at=clock.now()),
        ):
            with pytest.raises(consent.UnknownConsent):
                deed()
        assert not Consent.objects.filter(pk=given.id).exists()
        assert not ConsentRequest.objects.filter(pk=asked.id).exists()
        with pytest.raises(DatabaseError), transaction.atomic():
            Consent.objects.create(
                number="SQ-X", subject_id=fresh.ids["person"], recipient_id=fresh.bank.id, purpose="loan", items=["x"],
                valid_from=clock.now(), valid_to=clock.now() + timedelta(days=1), given_at=clock.now(),
            )  # fmt: skip
    other = replace(fresh.reader, department=fresh.unit.code)
    with scope.acting(other):
        assert not Consent.objects.filter(pk=given.id).exists(), "a recipient sees its own only"
        assert consent.of_unit(by=other, at=clock.now()) == []
    with scope.acting(fresh.program):
        assert asked.id in {one.id for one in consent.of_unit(by=fresh.program, at=clock.now())}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rights_consent SET valid_to = valid_to + interval '1 day'", "DELETE FROM rights_consentrefusal",
        "DELETE FROM rights_consentwithdrawal", "UPDATE rights_consentrequest SET days = 1", "TRUNCATE rights_alarm CASCADE",
        "UPDATE records_optout SET is_out = false",
    ],
)  # fmt: skip
def test_what_was_said_is_never_changed(fresh: Hall, statement: str) -> None:
    fresh.gives()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_withdrawal_erases_what_rests_on_it_alone(fresh: Hall) -> None:
    first, second = fresh.gives(), fresh.gives(purpose="benefit", items=["admin-licence-person"])
    kept, other = fresh.looks(), fresh.looks(purpose="benefit")
    assert kept.ref
    assert fresh.withdraws(first).erased == 1
    assert not KeptAnswer.objects.filter(ref=kept.ref).exists()
    assert KeptAnswer.objects.filter(ref=other.ref).exists()
    with scope.acting(fresh.program), pytest.raises(queries.AnswerGone):
        queries.fetch(kept.ref, seen_by=fresh.program, at=clock.now())
    with scope.acting(fresh.program):
        assert queries.fetch(other.ref, seen_by=fresh.program, at=clock.now()).authorisation == second.number


def test_an_effect_is_declared_once() -> None:
    with pytest.raises(ValueError, match="kept-answers"):
        effects.declare(next(one for one in effects.declared() if one.name == "kept-answers"))


def test_the_receipts_digest_is_of_the_text_that_was_shown(fresh: Hall) -> None:
    import hashlib

    given = fresh.gives()
    assert given.notice_digest == hashlib.sha256(consent.NOTICES[given.notice][0].encode()).hexdigest()


def _honour(hall: Hall, path: Path) -> dict[int, set[str]]:
    row = {
        "ZTMC": hall.organisation.name, "TYSHXYDM": hall.organisation.code, "RYLB": "纳税信用A级",
        "RYMC": f"2025年度纳税信用A级纳税人 {made.document('誉')}", "RDRQ": "2026-06-12", "RDJG": hall.unit.name,
        "RDJGDM": hall.unit.code, "SJLY": hall.unit.name, "SJLYDM": hall.unit.code,
    }  # fmt: skip
    return made.rules(made.hand_in(made.csv_file(path, [row]), "honour", hall.unit))


def _shown(hall: Hall, section: str) -> int:
    file = dossier.of(hall.organisation.code, as_of=clock.today(), seen_by=PUBLIC)
    shared = dossier.of(hall.organisation.code, as_of=clock.today(), seen_by=hall.reader, purpose="licensing: 测试事项")
    counts = {sum(one.total for one in each.sections if one.section.value == section) for each in (file, shared)}
    assert len(counts) == 1, "the public and departments are shown the same"
    return counts.pop()


def test_honours_left_out_are_neither_taken_nor_shown_and_come_back(fresh: Hall, tmp_path: Path) -> None:
    who = fresh.owner()
    assert _honour(fresh, tmp_path / "a.csv") == {}
    assert _shown(fresh, "honour") == 1
    with scope.acting(who):
        assert opt_outs.say("honours", is_out=True, by=who, at=clock.now())
        assert not opt_outs.say("honours", is_out=True, by=who, at=clock.now())
    assert _shown(fresh, "honour") == 0
    assert {rule for found in _honour(fresh, tmp_path / "b.csv").values() for rule in found} == {"E_SUBJECT_OPTOUT"}
    with scope.acting(who):
        opt_outs.say("honours", is_out=False, by=who, at=clock.now())
    assert _shown(fresh, "honour") == 1, "what was refused meanwhile did not come in"
    assert _honour(fresh, tmp_path / "c.csv") == {}
    assert _shown(fresh, "honour") == 2


def test_penalties_cannot_be_left_out_and_kinds_are_apart(fresh: Hall, tmp_path: Path) -> None:
    by = declaring.speaks_for(fresh.organisation, tmp_path)
    values = {"GYLB": "公益捐赠", "HDMC": "图书捐赠", "HDNR": "捐赠图书", "SYDW": "示例学校", "HDRQ": "2026-03-01"}
    declaring.declare(by, tmp_path, values=values, item_id="self-welfare")
    declaring.declare(by, tmp_path, values=values | {"GYLB": "社区服务", "HDMC": "社区清洁"}, item_id="self-welfare")
    assert _shown(fresh, "self-declared") == 2
    with scope.acting(by):
        opt_outs.say("donations", is_out=True, by=by, at=clock.now())
        with pytest.raises(opt_outs.UnknownKind):
            opt_outs.say("penalties", is_out=True, by=by, at=clock.now())
    assert _shown(fresh, "self-declared") == 1
    with pytest.raises(NotAllowed):
        opt_outs.say("honours", is_out=True, by=replace(by, role=Role.OPERATOR), at=clock.now())


def test_who_is_asked_is_told_in_their_account(fresh: Hall) -> None:
    asked = fresh.asks("organisation")
    owner = fresh.owner()
    with scope.acting(owner):
        [told] = subject_notices.inbox(seen_by=owner)
    assert (told.kind.value, told.link) == ("consent-asked", f"/own/consents/asked/{asked.id}/")
