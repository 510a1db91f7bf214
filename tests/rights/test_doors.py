"""The pages and operations around authorisations, by their doors: what a person sees and presses, what a program sends."""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import translation

from tests.exchange.conftest import Program
from tests.intake import declaring, made
from tests.rights.conftest import NOTE, OF_PERSONS, PENALTY, WHY, Hall
from tests.signing import signed_in
from xinyong.kernel import clock
from xinyong.rights import access_log
from xinyong.rights.models import Alarm, Consent, ConsentRequest
from xinyong.security import clients, identity, scope
from xinyong.security.models import AuditEntry
from xinyong.web import messages

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
PASSWORD = "a long enough pass"
_numbers = itertools.count(1)


@pytest.fixture(scope="module", autouse=True)
def _open() -> Iterator[None]:
    from django.conf import settings

    messages.compile_messages()
    kept, settings.RATE_LIMITS_ON = settings.RATE_LIMITS_ON, False
    with translation.override("zh-hans"):
        yield
    settings.RATE_LIMITS_ON = kept


@pytest.fixture(scope="module")
def bank(hall: Hall) -> Program:
    """The bank's program."""
    view, secret = clients.register(
        department=hall.bank.code, name="授信系统", scopes=["query:authorised", "read:shared"], networks=["127.0.0.0/8"],
        per_minute=10_000, per_day=100_000, by=made.SYSTEM, now=clock.now(),
    )  # fmt: skip
    return Program(view.client_id, secret)


def somebody(role: str, department: str | None = None) -> Client:
    username = f"{role.replace('_', '-')}-at-the-door-{next(_numbers)}"
    identity.create_account(
        username=username, password=PASSWORD, display_name=username, role=role, department=department, by=made.SYSTEM
    )
    return signed_in(Client(), username)


@pytest.fixture
def owner(fresh: Hall, tmp_path: Path) -> Client:
    """Who holds the mandate of the organisation, signed in."""
    from xinyong.security import people

    username = f"boss-{next(_numbers)}"
    with transaction.atomic():
        people.open_account(username=username, display_name=username, password=PASSWORD, is_demo=False)
    declaring.mandate(fresh.organisation, tmp_path, username=username)
    return signed_in(Client(), username)


def page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return str(answer.content.decode())


def wanted(hall: Hall, of: str = "person", **more: Any) -> dict[str, Any]:
    """A bank's query of a person or of the organisation."""
    subject = {"certificate": hall.person.number} if of == "person" else {"code": hall.organisation.code}
    return {"subject": subject, "purpose": "loan", "note": NOTE} | more


def test_asked_on_the_interface_answered_on_the_page_queried_and_withdrawn(
    fresh: Hall, bank: Program, owner: Client
) -> None:
    asked = {
        "subject": {"code": fresh.organisation.code}, "purpose": "loan", "items": [PENALTY, "organisation-register"],
        "days": 90, "without": "改为线下核验",
    }  # fmt: skip
    refused = bank.call("POST", "/queries", wanted(fresh, "organisation"))
    assert (refused.status_code, refused.json()["code"]) == (403, "rights.no-authorisation")
    made_one = bank.call("POST", "/consent-requests", asked)
    assert (made_one.status_code, made_one.json()["state"]) == (200, "waiting"), made_one.content
    assert bank.call("POST", "/consent-requests", asked).json()["code"] == "rights.request-open"
    assert fresh.bank.name in page(owner, "/own/consents/")
    address = f"/own/consents/asked/{made_one.json()['id']}/"
    shown = page(owner, address)
    assert "改为线下核验" in shown
    assert "checked" not in shown, "nothing is ticked beforehand"
    assert owner.post(address, {"what": "give", "days": "90"}).status_code == 400
    given = owner.post(address, {"what": "give", "days": "30", "items": [PENALTY]})
    assert given.status_code == 302
    receipt = given.headers["Location"]
    assert "SQ" in page(owner, receipt)
    file = owner.get(f"{receipt}receipt.json").json()
    assert (file["state"], file["recipient"]["code"], [one["id"] for one in file["items"]]) == (
        "live",
        fresh.bank.code,
        [PENALTY],
    )
    assert bank.get(f"/consent-requests/{made_one.json()['id']}").json()["state"] == "live"
    seen = bank.call("POST", "/queries", wanted(fresh, "organisation"))
    assert (seen.status_code, seen.json()["authorisation"]) == (200, file["number"]), seen.content
    again = bank.get(f"/queries/{seen.json()['ref']}")
    assert again.json()["records"] == seen.json()["records"]
    log = page(owner, "/own/access-log/")
    assert log.count(fresh.bank.name) == 2
    assert "通过数据接口" in log
    assert owner.post(f"{receipt}withdraw").status_code == 302
    assert "已删除 1 份" in page(owner, receipt)
    assert "尚未回执" in page(owner, receipt), "the bank's programs are told to erase what they got"
    todo = [each for each in bank.get("/repairs").json()["todo"] if each["ref"] == file["number"]]
    assert [(each["change"], each["code"]) for each in todo] == [("erase", fresh.organisation.code)]
    assert bank.call("POST", "/repairs/receipts", {"ids": [todo[0]["id"]]}).json() == {"acknowledged": 1}
    assert "尚未回执" not in page(owner, receipt)
    assert "您给" in page(owner, "/own/notices/")
    assert bank.get(f"/queries/{seen.json()['ref']}").json()["code"] == "rights.answer-gone"
    refused = bank.call("POST", "/queries", wanted(fresh, "organisation"))
    assert (refused.json()["code"], refused.json()["invariant"]) == ("rights.authorisation-withdrawn", "E_WITHDRAWN")
    assert bank.call("POST", "/consent-requests", asked).json()["code"] == "rights.asked-again"


def test_a_person_is_looked_up_by_what_stands_in_the_body(fresh: Hall, bank: Program) -> None:
    fresh.gives()
    seen = bank.call("POST", "/queries", wanted(fresh))
    assert (seen.status_code, seen.json()["items"]) == (200, [OF_PERSONS])
    assert fresh.person.number not in seen.content.decode()
    stranger = made.person()
    unknown = bank.call("POST", "/queries", wanted(fresh) | {"subject": {"certificate": stranger.number}})
    assert (unknown.status_code, unknown.json()["code"]) == (403, "rights.no-authorisation")
    both = bank.call(
        "POST", "/queries", wanted(fresh) | {"subject": {"certificate": "1", "code": fresh.organisation.code}}
    )
    assert both.json()["code"] == "rights.one-subject"


def test_a_refused_query_leaves_an_entry_too(fresh: Hall, bank: Program) -> None:
    bank.token()
    bank.call("POST", "/queries", wanted(fresh))
    entry = AuditEntry.objects.latest("id")
    assert (entry.event, entry.facts["code"]) == ("call-refused", "rights.no-authorisation")


def test_a_program_withholds_only_with_the_scope_a_basis_and_within_the_purpose(fresh: Hall, owner: Client) -> None:
    def program(*scopes: str) -> Program:
        view, secret = clients.register(
            department=fresh.unit.code, name="执法办案系统", scopes=["query:authorised", *scopes], networks=["127.0.0.0/8"],
            per_minute=10_000, per_day=100_000, by=made.SYSTEM, now=clock.now(),
        )  # fmt: skip
        return Program(view.client_id, secret)

    asked = wanted(fresh, "organisation", purpose="inspection", withhold={"days": 30, "basis": WHY})
    refused = program().call("POST", "/queries", asked)
    assert (refused.status_code, refused.json()["code"]) == (403, "security.scope-missing")
    may = program("query:withhold")
    assert may.call("POST", "/queries", asked | {"withhold": {"days": 30}}).status_code == 400
    for changed, code in (
        ({"withhold": {"days": 31, "basis": WHY}}, "rights.withheld-too-long"),
        ({"purpose": "licensing"}, "rights.withheld-too-long"),
        ({"withhold": {"days": 30, "basis": "    x   "}}, "rights.withheld-without-basis"),
    ):
        assert may.call("POST", "/queries", asked | changed).json()["code"] == code
    done = may.call("POST", "/queries", asked)
    assert done.status_code == 200, done.content
    entry = AuditEntry.objects.filter(event="authorised-queried").latest("id")
    until = datetime.fromisoformat(str(entry.facts["withheld_until"]))
    assert entry.facts["basis"] == WHY
    assert abs(until - datetime.fromisoformat(done.json()["withheld_until"])) < timedelta(milliseconds=1)
    again = may.get(f"/queries/{done.json()['ref']}")
    assert again.status_code == 200
    assert fresh.unit.name not in page(owner, "/own/access-log/"), "nor does fetching it again tell it"
    who = fresh.owner()
    with scope.acting(who):
        shown, total = access_log.of(by=who, at=until)
    assert total == 2
    assert {one.withheld_until for one in shown} == {until}


def test_a_program_reads_the_purposes_that_are_its_own(bank: Program) -> None:
    found = {one["id"]: one for one in bank.get("/purposes").json()["purposes"]}
    assert set(found) == {"loan", "benefit"}
    assert found["loan"]["needs_authorisation"] is True
    assert PENALTY in found["loan"]["items"]


def test_the_owner_says_no_and_gives_unasked(fresh: Hall, owner: Client) -> None:
    asked = fresh.asks("organisation")
    assert owner.post(f"/own/consents/asked/{asked.id}/", {"what": "refuse"}).status_code == 302
    assert "已于" in page(owner, f"/own/consents/asked/{asked.id}/")
    assert owner.post(f"/own/consents/asked/{asked.id}/", {"what": "refuse"}).status_code == 409
    assert fresh.bank.name in page(owner, "/own/consents/new/loan/")
    assert owner.post("/own/consents/new/loan/", {"recipient": fresh.bank.code}).status_code == 400
    sent = {"recipient": fresh.bank.code, "items": [PENALTY], "days": "10"}
    assert owner.post("/own/consents/new/loan/", sent | {"days": "1000"}).status_code == 400
    assert owner.post("/own/consents/new/loan/", sent).status_code == 302
    assert Consent.objects.filter(subject_id=fresh.ids["organisation"]).count() == 1
    assert page(owner, "/own/consents/new/nothing/", 400)
    assert page(owner, "/own/consents/new/emergency/", 400)
    assert page(owner, "/own/consents/99999999/", 404)


def test_the_owner_leaves_honours_out_and_takes_that_back(owner: Client) -> None:
    assert page(owner, "/own/honours/").count("正常记载") == 3
    assert owner.post("/own/honours/", {"kind": "honours", "what": "out"}).status_code == 302
    assert page(owner, "/own/honours/").count("正常记载") == 2
    owner.post("/own/honours/", {"kind": "honours", "what": "in"})
    assert page(owner, "/own/honours/").count("正常记载") == 3


def test_the_own_area_begins_with_what_waits(fresh: Hall, bank: Program, owner: Client) -> None:
    assert "没有等您处理的事" in page(owner, "/own/")
    asked = {
        "subject": {"code": fresh.organisation.code}, "purpose": "loan", "items": [PENALTY], "days": 30, "without": "线下核验",
    }  # fmt: skip
    assert bank.call("POST", "/consent-requests", asked).status_code == 200
    one = ConsentRequest.objects.latest("id")
    shown = page(owner, "/own/")
    assert shown.count(f'href="/own/consents/asked/{one.pk}/"') == 1, "once: its notice is not shown beside it"
    assert "没有正在办理的事项" in shown
    for place in ("records", "access-log", "consents", "objections", "repairs", "reports", "declarations", "notices"):
        assert f'href="/own/{place}/"' in shown, place
        assert 'aria-current="page"' in page(owner, f"/own/{place}/"), place
    owner.post(f"/own/consents/asked/{one.pk}/", {"what": "refuse"})
    assert "没有等您处理的事" in page(owner, "/own/")
    assert somebody("operator").get("/own/").status_code == 403


def test_the_owner_changes_the_reference(owner: Client) -> None:
    before = page(owner, "/own/access-log/").partition("<code>")[2].partition("</code>")[0]
    assert before.startswith("XY")
    owner.post("/own/access-log/")
    after = page(owner, "/own/access-log/").partition("<code>")[2].partition("</code>")[0]
    assert after.startswith("XY")
    assert after != before


def test_an_official_queries_on_a_page_without_an_address(fresh: Hall) -> None:
    reader = somebody("reader", fresh.unit.code)
    assert "查询目的" in page(reader, "/office/queries/")
    sent = {
        "purpose": "inspection",
        "code": fresh.organisation.code,
        "certificate": "",
        "level": "shared",
        "note": NOTE,
    }
    assert reader.post("/office/queries/", sent | {"note": ""}).status_code == 400
    refused = reader.post("/office/queries/", sent | {"withheld_days": "3"})
    assert (refused.status_code, "依据和理由" in refused.content.decode()) == (400, True)
    answer = reader.post("/office/queries/", sent | {"withheld_days": "3", "withheld_basis": WHY})
    assert (answer.status_code, "没有记录" in answer.content.decode()) == (200, True)
    assert "依法暂缓显示" in answer.content.decode()
    entry = AuditEntry.objects.filter(event="authorised-queried").latest("id")
    assert entry.facts["withheld_until"]
    person = sent | {"purpose": "licensing", "code": "", "certificate": fresh.person.number}
    answer = reader.post("/office/queries/", person)
    assert (answer.status_code, "没有主体对贵单位的授权" in answer.content.decode()) == (400, True)
    assert "目的登记簿" in page(reader, "/office/purposes/")


def test_an_official_asks_for_an_authorisation(fresh: Hall) -> None:
    clerk = somebody("source_unit", fresh.unit.code)
    sent = {
        "purpose": "licensing", "code": "", "certificate": fresh.person.number, "items": [OF_PERSONS], "days": "10",
        "without": "由窗口核验原件",
    }  # fmt: skip
    assert page(clerk, "/office/consents/ask")
    assert clerk.post("/office/consents/ask", sent | {"without": ""}).status_code == 400
    assert clerk.post("/office/consents/ask", sent).status_code == 302
    assert ConsentRequest.objects.filter(subject_id=fresh.about("person").key, recipient_id=fresh.unit.id).exists()
    assert "待答复" in page(clerk, "/office/consents/")
    assert clerk.post("/office/consents/ask", sent).status_code == 400


def test_an_emergency_is_asked_for_warned_of_and_reviewed(fresh: Hall) -> None:
    reader, security = somebody("reader", fresh.unit.code), somebody("security_admin")
    assert "立即告警" in page(reader, "/office/queries/emergency")
    sent = {"code": "", "certificate": fresh.person.number, "items": [OF_PERSONS], "reason": "火灾现场找人"}
    assert reader.post("/office/queries/emergency", sent | {"items": []}).status_code == 400
    assert reader.post("/office/queries/emergency", sent).status_code == 200
    raised = Alarm.objects.filter(kind="emergency").latest("id")
    assert "前复核" in page(security, "/office/alarms/")
    assert "火灾现场找人" in page(security, f"/office/alarms/{raised.id}/")
    assert security.post(f"/office/alarms/{raised.id}/", {"outcome": "in-order", "note": ""}).status_code == 400
    done = security.post(f"/office/alarms/{raised.id}/", {"outcome": "in-order", "note": "核对了接警记录"})
    assert done.status_code == 302
    assert "核对了接警记录" in page(security, f"/office/alarms/{raised.id}/")
    assert "属正常履职" in page(security, "/office/alarms/?all=1")
    assert page(reader, "/office/alarms/", 403)
    assert page(security, "/office/alarms/99999999/", 404)
