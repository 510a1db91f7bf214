"""后果 One list: what a repair, a correction, a withdrawal, the end of an authorisation sets off; who was told, who lags, what is erased."""

import itertools
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.intake import made
from tests.rights.conftest import OF_PERSONS, PENALTY, Hall
from tests.rights.objecting import CENTRE, SECOND, Matter, desk, forwarded, lodge, matter, paper, token
from xinyong.intake import erasing
from xinyong.kernel import clock
from xinyong.records import erased
from xinyong.rights import (
    consent,
    consent_end,
    effects,
    objection,
    objection_desk,
    purposes,
    queries,
    recipients,
    repair,
    repair_desk,
    supplied,
    whose,
)
from xinyong.rights.consent_view import State
from xinyong.rights.effects import Cause, Effect
from xinyong.rights.models import Consent, ConsentEnd, KeptAnswer, PartnerSupply, Recipient
from xinyong.rights.recipients import Change
from xinyong.rights.repair import Application
from xinyong.security import clients, partners, scope
from xinyong.security.access import Actor, NotAllowed, Role, system
from xinyong.security.models import AuditEntry
from xinyong.workflow import subject_notices
from xinyong.workflow.case_view import CaseView

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
_numbers = itertools.count(1)


@pytest.fixture
def one(tmp_path: Path) -> Matter:
    return matter(tmp_path)


@pytest.fixture(autouse=True)
def _nobody_left() -> Iterator[None]:
    """A recipient of one test is told nothing in another."""
    yield
    for each in [*clients.readers(), *_bank_programs()]:
        clients.disable(each.client_id, by=system("tests"), now=clock.now())
    for node in supplied.all_of():
        partners.disable(node.code, by=system("tests"))


def _bank_programs() -> list[clients.ClientView]:
    return [one for one in clients.clients(seen_by=system("tests")) if one.is_active and not one.is_sandbox]


def on(at: str) -> time_machine.travel:
    return time_machine.travel(datetime.fromisoformat(f"{at}+08:00"), tick=False)


def client(unit: str, *scopes: str) -> Actor:
    view, _ = clients.register(
        name=f"系统{next(_numbers)}", department=unit, scopes=scopes or ("read:shared",), networks=("127.0.0.0/8",),
        by=system("tests"), now=clock.now(),
    )  # fmt: skip
    return Actor(role=Role.CLIENT, name=view.client_id, department=unit)


def node(*items: str, is_supplied: bool = True) -> Actor:
    code = f"city-{next(_numbers):03}"
    partners.register(code=code, name=f"示例市{code}", by=system("tests"), now=clock.now())
    if is_supplied:
        supplied.say(code, items=items or None, by=system("tests"), at=clock.now())
    return Actor(role=Role.PARTNER, name=code)


def granted(one: Matter) -> CaseView:
    with scope.acting(one.by):
        said = Application("restructuring", "重整计划已获批准", "示例法人")
        ref = one.shown.ref
        case, _ = repair.apply(ref, said, papers=[paper(one.folder)], token=token(), by=one.by, at=clock.now())
    return desk(one.source, repair_desk.grant, desk(one.source, repair_desk.accept, case))


def followed(one: Matter, case: CaseView) -> str:
    """Where the case stands after a round of the clock."""
    with scope.acting(system("tests")):
        repair_desk.follow(by=made.SYSTEM, at=clock.now())
    with scope.acting(one.by):
        return repair.find(case.id, by=one.by, at=clock.now()).case.state.id


def todo(by: Actor) -> list[str]:
    return [each.change.value for each in recipients.pending(by=by)]


def acknowledged(by: Actor) -> int:
    return recipients.acknowledge([each.id for each in recipients.pending(by=by)], by=by, at=clock.now())


class TestTheList:
    def test_every_cause_has_its_effects_and_each_is_declared_once(self) -> None:
        names = {cause: [each.name for each in effects.declared(cause)] for cause in Cause}
        assert names == {
            Cause.REPAIRED: ["archive", "kept-answers", "recipients"], Cause.CORRECTED: ["kept-answers", "recipients"],
            Cause.WITHDRAWN: ["kept-answers", "recipients"], Cause.CONSENT_ENDED: ["kept-answers", "recipients"],
        }  # fmt: skip
        for each in (effects.declared()[0], effects.kept()[0]):
            with pytest.raises(ValueError, match="declared already"):
                effects.declare(each)
        with pytest.raises(ValueError, match="answers a cause"):
            effects.declare(Effect("nothing", "无", "Nothing", frozenset(), lambda what: 0))

    def test_what_the_law_keeps_says_by_which_law(self) -> None:
        assert {each.name for each in effects.kept(Cause.CONSENT_ENDED)} == {"log", "receipts"}
        assert all(each.basis_zh and each.basis_en for each in effects.kept())

    def test_a_room_above_declares_its_own_and_it_is_carried_out_and_undone(
        self, one: Matter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[str] = []

        def note(word: str) -> effects.Deed:
            return lambda what: seen.append(f"{word} {what.ref}") or 1  # type: ignore[func-returns-value]

        monkeypatch.setattr(effects, "_EFFECTS", list(effects.declared()))
        effects.declare(
            Effect(
                "measures", "措施解除", "Measures are lifted", frozenset({Cause.REPAIRED}), note("lift"), note("back")
            )
        )
        ref = one.shown.ref
        case = granted(one)
        desk(SECOND, repair_desk.revoke, case, cause="error", reason="决定有误")
        assert seen == [f"lift {ref}", f"back {ref}"]

    def test_an_effect_that_fails_takes_the_decision_with_it(
        self, one: Matter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(what: effects.Happening) -> int:
            raise RuntimeError("no")

        monkeypatch.setattr(effects, "_EFFECTS", list(effects.declared()))
        effects.declare(Effect("failing", "失败", "Fails", frozenset({Cause.REPAIRED}), fail))
        with pytest.raises(RuntimeError):
            granted(one)
        assert one.shown.ref, "the record is shown as before"
        assert not Recipient.objects.filter(case__object_ref=one.shown.ref).exists()

    def test_what_cannot_be_undone_is_not(self) -> None:
        what = effects.Happening(Cause.CONSENT_ENDED, clock.now(), 1)
        with pytest.raises(ValueError, match="undoes"):
            effects.undo(what)


class TestRecipients:
    def test_partners_that_get_records_are_told_and_waited_for_like_programs(self, one: Matter) -> None:
        program, city, other, silent = (
            client(one.unit.code), node(), node("honour"), node(is_supplied=False)
        )  # fmt: skip
        case = granted(one)
        assert case.state.id == "syncing"
        assert [todo(each) for each in (program, city, other, silent)] == [["conceal"], ["conceal"], [], []]
        assert acknowledged(program) == 1
        with pytest.raises(repair_desk.NotAcknowledged) as refused:
            desk(CENTRE, repair_desk.close, case)
        assert "示例市" in refused.value.zh
        assert followed(one, case) == "syncing"
        assert acknowledged(city) == 1
        assert acknowledged(city) == 0
        entry = AuditEntry.objects.filter(event="repair-acknowledged").latest("id")
        assert followed(one, case) == "repaired"
        assert (entry.role, entry.actor, entry.object_kind, entry.object_ref) == (
            "partner",
            city.name,
            "repair",
            str(case.id),
        )

    @pytest.mark.parametrize("how", ["disabled", "gets nothing any more"])
    def test_a_partner_that_was_closed_is_not_waited_for(self, one: Matter, how: str) -> None:
        city = node()
        case = granted(one)
        assert not recipients.is_done(case.id)
        if how == "disabled":
            partners.disable(city.name, by=system("tests"))
        else:
            supplied.say(city.name, items=None, is_on=False, by=system("tests"), at=clock.now())
        assert recipients.is_done(case.id)
        assert [each.is_closed for each in recipients.of_case(case.id, at=clock.now())] == [True]

    def test_who_lags_is_named_in_hours_until_it_acknowledges(self, one: Matter) -> None:
        with on("2026-06-15T23:00:00"):  # a Monday; three working days end with Thursday
            program, city = client(one.unit.code), node()
            case = granted(one)
            acknowledged(program)
        with on("2026-06-18T23:30:00"):
            assert recipients.lagging(seen_by=made.SYSTEM, at=clock.now()) == []
            [_, waits] = recipients.of_case(case.id, at=clock.now())
            assert (waits.due_on, waits.hours_over, waits.is_over) == (date(2026, 6, 18), 0, False)
        with on("2026-06-19T12:10:00"):
            [lag] = recipients.lagging(seen_by=made.SYSTEM, at=clock.now())
            assert (lag.client_name, lag.is_partner, lag.count, lag.hours_over) == (f"示例市{city.name}", True, 1, 12)
            with pytest.raises(NotAllowed):
                recipients.lagging(seen_by=CENTRE, at=clock.now())
            acknowledged(city)
            assert recipients.lagging(seen_by=made.SYSTEM, at=clock.now()) == []
            [_, late] = recipients.of_case(case.id, at=clock.now())
            assert (late.hours_over, late.is_over) == (12, False), "that it was late stays"

    def test_what_an_objection_corrected_flows_to_every_recipient_and_its_page_shows_who_has_it(
        self, one: Matter
    ) -> None:
        program, city = client(one.unit.code), node()
        case = desk(
            one.source, objection_desk.answer, forwarded(one), outcome="accept", changes={}, reason="金额录入有误"
        )
        case = desk(CENTRE, objection_desk.decide, case, outcome="accept", changes={}, reason="经核实，异议属实")
        assert todo(program) == [], "nothing is corrected yet"
        one.hand_in(CF_NR_FK="0.1")
        case = desk(CENTRE, objection_desk.finish, case)
        assert [todo(each) for each in (program, city)] == [["correct"], ["correct"]]
        acknowledged(city)
        with scope.acting(CENTRE):
            seen = objection_desk.find(case.id, seen_by=CENTRE, at=clock.now())
            assert [(r.is_partner, r.change, r.done_at is not None) for r in seen.recipients] == [
                (False, Change.CORRECT, False), (True, Change.CORRECT, True),
            ]  # fmt: skip
        with scope.acting(one.by):
            assert len(objection.find(case.id, by=one.by, at=clock.now()).recipients) == 2

    def test_a_refused_objection_tells_nobody(self, one: Matter) -> None:
        program = client(one.unit.code)
        desk(CENTRE, objection_desk.decide, lodge(one), outcome="refuse", changes={}, reason="与处罚决定书一致")
        assert todo(program) == []

    def test_what_a_partner_gets_is_said_of_items_there_are_by_who_registers_it_and_never_changed(self) -> None:
        city = node("honour")
        with pytest.raises(supplied.UnknownItems):
            supplied.say(city.name, items=["no-such-item"], by=system("tests"), at=clock.now())
        with pytest.raises(NotAllowed):
            supplied.say(city.name, items=None, by=CENTRE, at=clock.now())
        supplied.say(city.name, items=None, by=system("tests"), at=clock.now())
        assert [(each.code, each.items) for each in supplied.all_of()] == [(city.name, None)]
        assert AuditEntry.objects.filter(event="partner-supplied", object_ref=city.name).count() == 2
        with pytest.raises(DatabaseError), transaction.atomic():
            PartnerSupply.objects.update(is_on=False)

    def test_another_partners_things_are_not_ones_own(self, one: Matter) -> None:
        city, other = node(), node("honour")
        granted(one)
        ids = [each.id for each in recipients.pending(by=city)]
        assert recipients.acknowledge(ids, by=other, at=clock.now()) == 0
        same_name = Actor(role=Role.CLIENT, name=city.name)
        assert recipients.acknowledge(ids, by=same_name, at=clock.now()) == 0


class TestTheEndOfAnAuthorisation:
    def test_at_the_end_of_its_term_what_rests_on_it_alone_is_erased_with_proof(self, fresh: Hall) -> None:
        program = client(fresh.bank.code, "query:authorised")
        given, other = fresh.gives(days=1), fresh.gives(purpose="benefit", items=["admin-licence-person"])
        late = clock.now() + timedelta(hours=23)
        kept = fresh.looks(at=late)
        rests_on_other = fresh.looks(purpose="benefit", at=late)
        after = given.valid_to + timedelta(minutes=5)
        with pytest.raises(queries.OtherPurpose), time_machine.travel(after):
            fresh.looks()
        assert KeptAnswer.objects.filter(ref=kept.ref).exists(), "nobody waits for the job, but it has not run"
        assert consent_end.end_due(by=made.SYSTEM, at=after) >= 1
        assert consent_end.end_due(by=made.SYSTEM, at=after) == 0
        assert not KeptAnswer.objects.filter(ref=kept.ref).exists()
        assert KeptAnswer.objects.filter(ref=rests_on_other.ref).exists()
        end = ConsentEnd.objects.get(consent_id=given.id)
        assert (end.way, end.ended_at, end.effects) == ("term", given.valid_to, {"kept-answers": 1, "recipients": 1})
        assert not ConsentEnd.objects.filter(consent_id=other.id).exists()
        assert [(each.change, each.ref) for each in recipients.pending(by=program)] == [(Change.ERASE, given.number)]
        proof = erased.proofs(seen_by=made.SYSTEM)[0]
        assert (proof.what, proof.count) == ("kept-answers", 1)
        assert erasing.check(proof.id, seen_by=made.SYSTEM).holds
        entry = AuditEntry.objects.filter(event="consent-ended").latest("id")
        assert (entry.object_ref, entry.facts["way"], entry.facts["erased"]) == (given.number, "term", 1)

    def test_a_proof_does_not_hold_while_what_it_says_is_gone_is_there(self, fresh: Hall) -> None:
        given = fresh.gives()
        fresh.looks()
        [answer] = KeptAnswer.objects.filter(consent_id=given.id)
        fresh.withdraws(given)
        proof = erased.proofs(seen_by=made.SYSTEM)[0]
        with scope.acting(system("tests")):
            answer.save(force_insert=True)
        assert erasing.check(proof.id, seen_by=made.SYSTEM).left == 1
        with scope.acting(system("tests")):
            answer.delete()

    def test_the_end_of_its_purpose_ends_it_too(self, fresh: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
        from dataclasses import replace

        given = fresh.gives()
        kept = fresh.looks()
        ends = clock.today() + timedelta(days=1)
        shorter = tuple(replace(each, valid_to=ends) if each.id == "loan" else each for each in purposes.register())
        monkeypatch.setattr(purposes, "register", lambda: shorter)
        after = clock.now() + timedelta(days=1)
        who = fresh.owner("person")
        with scope.acting(who):
            assert consent.receipt(given.id, by=who, at=clock.now()).state is State.LIVE
            assert consent.receipt(given.id, by=who, at=after).state is State.ENDED
        with time_machine.travel(after):
            assert consent_end.end_due(by=made.SYSTEM, at=clock.now()) >= 1
        end = ConsentEnd.objects.get(consent_id=given.id)
        assert (end.way, clock.day(end.ended_at)) == ("purpose", ends)
        assert not KeptAnswer.objects.filter(ref=kept.ref).exists()

    def test_a_withdrawal_is_carried_out_at_once_and_never_again(self, fresh: Hall) -> None:
        program = client(fresh.bank.code, "query:authorised")
        given = fresh.gives()
        fresh.looks()
        fresh.withdraws(given)
        assert ConsentEnd.objects.get(consent_id=given.id).way == "withdrawn"
        assert [each.ref for each in recipients.pending(by=program)] == [given.number]
        consent_end.end_due(by=made.SYSTEM, at=given.valid_to + timedelta(days=1))
        assert ConsentEnd.objects.get(consent_id=given.id).way == "withdrawn"
        told = recipients.of_consent(given.id, at=clock.now())
        assert [(each.change, each.is_waited_for) for each in told] == [(Change.ERASE, True)]

    def test_the_subject_is_told_once_that_it_ended(self, fresh: Hall) -> None:
        given, who = fresh.gives("organisation"), fresh.owner()
        fresh.looks("organisation")
        fresh.withdraws(given, "organisation")
        with scope.acting(who):
            told = [each for each in subject_notices.inbox(seen_by=who) if each.kind.value == "consent-ended"]
        assert [(each.link, each.happened[0]) for each in told] == [
            (f"/own/consents/{given.id}/", f"您给 {fresh.bank.name} 的授权已经终止：您已撤回。")
        ]

    def test_what_stays_by_law_is_found_by_no_query(self, fresh: Hall) -> None:
        given = fresh.gives()
        kept = fresh.looks()
        fresh.withdraws(given)
        assert AuditEntry.objects.filter(facts__authorisation=given.number).exists(), "the log stays"
        assert Consent.objects.filter(pk=given.id).exists(), "and the receipt"
        with pytest.raises(queries.AuthorisationWithdrawn):
            fresh.looks()
        with scope.acting(fresh.program), pytest.raises(queries.AnswerGone):
            queries.fetch(kept.ref, seen_by=fresh.program, at=clock.now())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM security_auditentry e WHERE e.facts ->> 'authorisation' = %s AND e::text LIKE %s",
                [given.number, f"%{fresh.person.name}%"],
            )
            assert cursor.fetchone() == (0,), "the log has nothing of what was seen"

    def test_one_that_was_killed_is_taken_up_by_the_next(self, fresh: Hall) -> None:
        given = fresh.gives(days=1)
        after = given.valid_to + timedelta(minutes=1)
        with transaction.atomic():
            assert consent_end.end_due(by=made.SYSTEM, at=after) >= 1
            transaction.set_rollback(True)  # as when it is killed before it is committed
        assert not ConsentEnd.objects.filter(consent_id=given.id).exists()
        assert consent_end.end_due(by=made.SYSTEM, at=after) >= 1
        assert ConsentEnd.objects.filter(consent_id=given.id).exists()

    @pytest.mark.parametrize("table", ["rights_consentend", "rights_annulment", "rights_partnersupply"])
    def test_none_of_it_is_ever_changed(self, fresh: Hall, table: str) -> None:
        for deed in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(deed)


class TestKeptAnswers:
    """An answer that is kept says what was so; when that is no more so, the program asks anew."""

    def kept(self, one: Matter, reader: Actor) -> str:
        with scope.acting(reader):
            about = whose.find(code=one.who.code, by=reader)
            return queries.query(
                about,
                purpose="licensing",
                note="云市监许申〔2026〕12号",
                items=[PENALTY],
                seen_by=reader,
                at=clock.now(),
            ).ref

    def test_a_repair_erases_answers_that_may_say_what_was_repaired(self, one: Matter) -> None:
        program = client(one.unit.code, "query:authorised")
        ref = self.kept(one, program)
        with scope.acting(program):
            assert queries.fetch(ref, seen_by=program, at=clock.now()).rows
        granted(one)
        with scope.acting(program), pytest.raises(queries.AnswerGone):
            queries.fetch(ref, seen_by=program, at=clock.now())
        anew = self.kept(one, program)
        with scope.acting(program):
            assert queries.fetch(anew, seen_by=program, at=clock.now()).rows == ()


def test_a_persons_correction_is_told_by_the_receipts_number_to_whom_it_authorised(fresh: Hall, one: Matter) -> None:
    program, stranger = client(fresh.bank.code, "query:authorised"), client(fresh.unit.code)
    given = fresh.gives()
    what = effects.Happening(
        Cause.CORRECTED, clock.now(), fresh.ids["person"], item_id=OF_PERSONS, ref="0" * 32, case_id=lodge(one).id
    )
    with transaction.atomic():
        assert effects.carry_out(what) == {"kept-answers": 0, "recipients": 1}
    assert [(each.change, each.ref, each.subject_code) for each in recipients.pending(by=program)] == [
        (Change.CORRECT, given.number, "")
    ]
    assert todo(stranger) == []
