"""Persons claim organisations: by the provider's word at once, else by proof and somebody's word; agents end with whom they are of."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.db.utils import DatabaseError
from django.test import Client

from tests.intake import declaring, made
from tests.signing import signed_in, stale
from xinyong.kernel import clock
from xinyong.records import claiming, erasure
from xinyong.security import gate, identity, mandates, oidc, persons, proofs
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.models import Account, AuditEntry, Mandate, PersonAccount
from xinyong.subjects import claims
from xinyong.subjects.claims import ClaimView
from xinyong.subjects.mandates import BadTerm, NotForThisSubject, begins
from xinyong.subjects.models import Claim, ClaimAct
from xinyong.subjects.registry import UnknownSubject

pytestmark = pytest.mark.usefixtures("lasting_db")
UNTIL = made.TODAY + timedelta(days=300)


@pytest.fixture(autouse=True)
def _on_the_day() -> Iterator[None]:
    with time_machine.travel(made.NOW, tick=True):
        yield


@pytest.fixture
def who() -> made.Organisation:
    one = made.organisation()
    made.register(one)
    return one


def person(one: made.Person | None = None) -> Actor:
    """Somebody with an account of their own."""
    one = one or made.person()
    view, _ = persons.admit(
        persons.identity(one.name, one.number, today=clock.today()), by=made.OPERATOR, at=clock.now()
    )
    return gate.actor_for(Account.objects.get(pk=view.account_id), address=None)


def vouched(who: made.Organisation) -> Actor:
    """Somebody of whom the provider says that they are the legal representative."""
    one = made.person()
    account = persons.admit_outside(
        persons.identity(one.name, one.number, today=clock.today()), issuer="https://id.example", outside="7",
        represents=[who.code], by=Actor(role=Role.PUBLIC, name="public"), at=clock.now(),
    )  # fmt: skip
    return gate.actor_for(account, address=None)


def claim(
    who: made.Organisation, by: Actor, folder: Path, *, kind: str = mandates.LEGAL, with_proof: bool = True
) -> ClaimView:
    proof = declaring.picture(folder / "proof.png") if with_proof else None
    return claiming.claim(
        who.code, kind=kind, last_on=UNTIL, proof=proof, proof_name="营业执照.png", by=by, at=clock.now()
    )


def speaking(by: Actor, who: made.Organisation) -> Actor:
    """The same account, acting for the organisation."""
    held = next(one for one in mandates.of_account(by.account_id or 0, at=clock.now()) if one.subject_code == who.code)
    return gate.actor_for(Account.objects.get(pk=by.account_id), address=None, mandate=held.id)


def test_a_claim_waits_with_its_proof_and_grants_a_mandate_that_ends(who: made.Organisation, tmp_path: Path) -> None:
    by = person()
    made_one = claim(who, by, tmp_path)
    assert (made_one.state, made_one.way, made_one.register_says) == ("waiting", "paper", "unknown")
    assert mandates.of_account(by.account_id or 0, at=clock.now()) == []
    (waits,) = claims.listing(seen_by=made.OPERATOR)
    assert waits.claimant.endswith("**")
    name, content_type = claims.proof(waits.id, to=tmp_path / "opened", seen_by=made.OPERATOR)
    assert (name, content_type) == ("营业执照.png", "image/png")
    given = claims.grant(waits.id, by=made.OPERATOR, at=clock.now())
    assert given.last_on == UNTIL
    acting = speaking(by, who)
    assert (acting.role, acting.subject_code) == (Role.SUBJECT, who.code)
    assert claims.own(by=by)[0].state == "granted"
    assert claims.listing(seen_by=made.OPERATOR) == []
    with pytest.raises(claims.ClaimDecided):
        claims.refuse(waits.id, reason="已经办结了", by=made.OPERATOR, at=clock.now())
    events = list(
        AuditEntry.objects.filter(event__in=["claim-made", "mandate-given"])
        .order_by("id")
        .values_list("event", flat=True)
    )
    assert events == ["claim-made", "mandate-given"]


def test_a_refused_claim_says_why_and_can_be_made_anew(who: made.Organisation, tmp_path: Path) -> None:
    by = person()
    one = claim(who, by, tmp_path)
    with pytest.raises(claims.ClaimWaits):
        claim(who, by, tmp_path)
    with pytest.raises(claims.ClaimReason):
        claims.refuse(one.id, reason="不", by=made.OPERATOR, at=clock.now())
    claims.refuse(one.id, reason="营业执照看不清楚", by=made.OPERATOR, at=clock.now())
    assert (claims.own(by=by)[0].state, claims.own(by=by)[0].reason) == ("refused", "营业执照看不清楚")
    assert claim(who, by, tmp_path).state == "waiting"


def test_the_providers_word_grants_at_once_and_is_kept(who: made.Organisation, tmp_path: Path) -> None:
    by = vouched(who)
    assert claims.represented(by=by, at=clock.now()) == [who.code]
    one = claim(who, by, tmp_path, with_proof=False)
    assert (one.state, one.way, one.decided_by) == ("granted", "provider", "citizens")
    kept = mandates.proof(one.mandate_id or 0, to=tmp_path / "word", seen_by=made.OPERATOR)
    assert kept == ("provider.json", "application/json")
    assert json.loads((tmp_path / "word").read_text())["organisation"] == who.code
    other = made.organisation()
    made.register(other)
    with pytest.raises(claims.ProofMissing):
        claim(other, by, tmp_path, with_proof=False)


def test_the_word_is_of_a_day_and_of_legal_representatives(who: made.Organisation, tmp_path: Path) -> None:
    by = vouched(who)
    assert claim(who, by, tmp_path, kind=mandates.AGENT).state == "waiting"
    PersonAccount.objects.update(represents_at=clock.now() - timedelta(hours=25))
    assert claims.represented(by=by, at=clock.now()) == []
    again = made.organisation()
    made.register(again)
    with pytest.raises(claims.ProofMissing):
        claim(again, by, tmp_path, with_proof=False)


@pytest.mark.parametrize(("named", "says"), [("same", "same"), ("other", "differs")])
def test_whether_the_register_has_the_claimants_name_stands_beside_the_proof(
    tmp_path: Path, named: str, says: str
) -> None:
    # A legal representative's name is public: it is no canary's.
    somebody = made.Person("示例代表人", made.person().number)
    who, unit = made.organisation(), made.department()
    representative = f" {somebody.name} " if named == "same" else "另一个示例人"
    row = made.register_row(who, unit, FDDBR=representative)
    made.hand_in(made.csv_file(tmp_path / "register.csv", [row]), "organisation-register", unit)
    assert claim(who, person(somebody), tmp_path).register_says == says


def test_what_cannot_be_claimed_is_said(who: made.Organisation, tmp_path: Path) -> None:
    by = person()
    proof = declaring.picture(tmp_path / "proof.png")
    for day in (made.TODAY - timedelta(days=1), made.TODAY + timedelta(days=4 * 366)):
        with pytest.raises(BadTerm):
            claiming.claim(
                who.code, kind=mandates.LEGAL, last_on=day, proof=proof, proof_name="a", by=by, at=clock.now()
            )
    with pytest.raises(UnknownSubject):
        claim(made.organisation(), by, tmp_path)
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.4 /JavaScript (x)")
    with pytest.raises(proofs.UnfitProof):
        claiming.claim(who.code, kind=mandates.LEGAL, last_on=UNTIL, proof=bad, proof_name="a", by=by, at=clock.now())
    for role in (Role.PUBLIC, Role.SUBJECT, Role.SOURCE_UNIT, Role.OPERATOR):
        with pytest.raises(NotAllowed):
            claim(who, Actor(role=role, name="somebody", account_id=1), tmp_path)
    from xinyong.subjects.models import Subject

    Subject.objects.filter(code=who.code).update(status="cancelled")
    with pytest.raises(NotForThisSubject):
        claim(who, by, tmp_path)
    assert not Claim.objects.exists()


def test_claims_are_only_added(who: made.Organisation, tmp_path: Path) -> None:
    one = claim(who, person(), tmp_path)
    claims.refuse(one.id, reason="营业执照看不清楚", by=made.OPERATOR, at=clock.now())
    for rows in (Claim.objects.all(), ClaimAct.objects.all()):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(kind="legal")
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.delete()


class TestAgents:
    @pytest.fixture
    def legal(self, who: made.Organisation, tmp_path: Path) -> Actor:
        by = vouched(who)
        claim(who, by, tmp_path, with_proof=False)
        return speaking(by, who)

    def appoint(self, legal: Actor, agent: Actor, folder: Path, days: int = 100) -> mandates.MandateView:
        return mandates.appoint(
            agent.name, valid_to=begins(made.TODAY + timedelta(days=days + 1)),
            proof=declaring.picture(folder / "letter.png"), proof_name="授权委托书.png", today=made.TODAY, by=legal,
            at=clock.now(),
        )  # fmt: skip

    def test_one_acts_until_dismissed(self, who: made.Organisation, legal: Actor, tmp_path: Path) -> None:
        agent = person()
        one = self.appoint(legal, agent, tmp_path)
        assert speaking(agent, who).role is Role.SUBJECT
        assert [each.username for each in mandates.agents(by=legal, at=clock.now())] == [agent.name]
        mandates.dismiss(one.id, reason="经办人离职", by=legal, at=clock.now())
        assert mandates.of_account(agent.account_id or 0, at=clock.now()) == []

    def test_one_ends_with_the_legal_representative(self, who: made.Organisation, legal: Actor, tmp_path: Path) -> None:
        agent = person()
        self.appoint(legal, agent, tmp_path)
        own = next(one for one in mandates.of_account(legal.account_id or 0, at=clock.now()))
        mandates.end(own.id, reason="法定代表人变更", by=made.OPERATOR, at=clock.now())
        assert mandates.of_account(agent.account_id or 0, at=clock.now()) == []
        states = {one.kind: one.state for one in mandates.listing(seen_by=made.OPERATOR, at=clock.now())}
        assert states == {"legal": "ended", "agent": "ended"}

    def test_one_ends_when_the_legal_representative_gives_up_the_account(
        self, who: made.Organisation, legal: Actor, tmp_path: Path
    ) -> None:
        agent = person()
        self.appoint(legal, agent, tmp_path)
        erasure.on_request(by=gate.actor_for(Account.objects.get(pk=legal.account_id), address=None), at=clock.now())
        assert mandates.of_account(agent.account_id or 0, at=clock.now()) == []

    def test_nobody_appoints_beyond_their_own_term_or_somebody_without_an_account(
        self, legal: Actor, tmp_path: Path
    ) -> None:
        with pytest.raises(mandates.AgentTerm):
            self.appoint(legal, person(), tmp_path, days=301)
        for name in ("nobody", legal.name):
            with pytest.raises(mandates.UnknownAgent):
                self.appoint(legal, Actor(role=Role.PERSON, name=name), tmp_path)

    def test_an_agent_appoints_nobody_and_another_organisations_agent_is_not_seen(
        self, who: made.Organisation, legal: Actor, tmp_path: Path
    ) -> None:
        agent = person()
        one = self.appoint(legal, agent, tmp_path)
        with pytest.raises(mandates.NotLegal):
            self.appoint(speaking(agent, who), person(), tmp_path)
        other = made.organisation()
        made.register(other)
        stranger = declaring.speaks_for(other, tmp_path)
        Mandate.objects.filter(subject_code=other.code)
        with pytest.raises(mandates.NotLegal):
            mandates.dismiss(one.id, reason="不归我管的人", by=stranger, at=clock.now())


def test_by_the_pages_from_claim_to_acting(who: made.Organisation, tmp_path: Path) -> None:
    by = person()
    client = signed_in(Client(), by.name)
    with declaring.picture(tmp_path / "licence.png").open("rb") as file:
        form = {"code": who.code, "kind": "legal", "last_on": UNTIL.isoformat(), "proof": file}
        assert client.post("/own/claims/new", form).headers["Location"] == "/own/claims/"
    assert "待核验" in client.get("/own/claims/").content.decode()
    assert client.post("/own/claims/new", {"code": who.code, "kind": "legal", "last_on": "x"}).status_code == 400
    identity.create_account(
        username="op", password=None, display_name="op", role="operator", department=None, by=made.SYSTEM
    )
    desk = signed_in(Client(), "op")
    assert who.name in desk.get("/office/claims/").content.decode()
    one = Claim.objects.get().pk
    opened = desk.get(f"/office/claims/{one}/proof")
    assert b"".join(opened.streaming_content).startswith(b"\x89PNG")
    opened.close()
    assert desk.post(f"/office/claims/{one}/refuse", {"reason": ""}).status_code == 400
    desk.post(f"/office/claims/{one}/grant")
    assert "已认领" in desk.get(f"/office/claims/{one}/").content.decode()
    mandate = Mandate.objects.get().pk
    assert client.post("/own/act-for", {"mandate": mandate}).headers["Location"] == "/own/"
    assert who.name in client.get("/own/").content.decode()
    assert "经办人" in client.get("/own/agents/").content.decode()
    assert client.post("/own/act-for", {"mandate": 0}).headers["Location"] == "/own/"
    assert "本人专区" in client.get("/own/").content.decode(), "as oneself again"
    assert client.get("/own/declarations/").status_code == 403
    stale(by.name)
    assert client.get("/own/claims/new").headers["Location"].startswith("/office/confirm")


def test_the_codes_a_provider_says_are_read_whatever_their_form(monkeypatch: pytest.MonkeyPatch) -> None:
    from xinyong.security import citizens

    codes = [made.code_of(), made.code_of()]
    for said in (codes, " ".join(codes), f"{codes[0]},{codes[1]}"):
        assert citizens._organisations(said) == tuple(codes)
    assert citizens._organisations(["x", None, 7]) == ()
    assert citizens._organisations(None) == ()
    monkeypatch.setattr(settings, "CITIZEN_OIDC", settings.CITIZEN_OIDC | {"issuer": ""})
    with pytest.raises(oidc.NoProvider):
        citizens.begin(back_to="http://testserver/")
