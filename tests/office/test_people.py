"""The pages of people, rights, consent, exports and explanations: each flow as its people press it."""

import re
from dataclasses import dataclass, replace
from datetime import date

import pytest

from tests.office.conftest import PASSWORD, Office, Reader
from tests.signing import signed_in
from xinyong.catalogue import load, publish
from xinyong.intake import impact, jobs
from xinyong.kernel import clock
from xinyong.security import approvals, audit, identity, passwords
from xinyong.security.access import POLICY, Action, Actor, Role, may, system
from xinyong.security.explain import Thing, role
from xinyong.security.models import Account, Grant

OWNER = system("test")


@dataclass(slots=True)
class Staff:
    """Clients by user name."""

    office: Office
    clients: dict[str, Reader]

    def __getitem__(self, name: str) -> Reader:
        return self.clients[name]

    def id(self, name: str) -> int:
        """The account's number."""
        return Account.objects.get(username=name).pk


@pytest.fixture(scope="module")
def hired(office: Office) -> Office:
    """One more of each who administers, and a second operator."""
    for name, which in (
        ("root", "system_admin"), ("safety", "security_admin"), ("safety2", "security_admin"), ("operator2", "operator"),
    ):  # fmt: skip
        identity.create_account(
            username=name, password=PASSWORD, display_name=name, role=which, department=None, by=OWNER
        )
    identity.create_account(
        username="chief",
        password=PASSWORD,
        display_name="chief",
        role="unit_admin",
        department=office.unit.code,
        by=OWNER,
    )
    return office


@pytest.fixture
def staff(hired: Office, browsers: Office) -> Staff:
    names = ("root", "safety", "safety2", "chief", "operator2")
    clients = {name: Reader() for name in names}
    for name, client in clients.items():
        signed_in(client, name)
    return Staff(hired, browsers.clients | clients)


def said(answer: object) -> str:
    text = answer.content.decode()  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def enter(client: Reader, account: int) -> None:
    signed_in(client, Account.objects.get(pk=account).username)


def hire(staff: Staff, name: str, place: str) -> int:
    answer = staff["root"].post(
        "/office/people/new", {"username": name, "display_name": f"{name} 先生", "place": place}
    )
    assert answer.status_code == 200, said(answer)
    assert "链接只显示这一次" in said(answer)
    passwords.put(Account.objects.get(username=name), PASSWORD, now=clock.now())
    return staff.id(name)


def give(staff: Staff, by: str, to: int, **what: object) -> object:
    return staff[by].post(f"/office/people/{to}/give", {"reason": "工作需要"} | what)


def test_an_account_is_made_by_one_given_rights_by_another_and_seen_by_a_third(staff: Staff) -> None:
    unit = staff.office.unit
    account = hire(staff, "zhang", unit.code)
    assert staff["root"].get(f"/office/people/{account}/give").status_code == 403
    answer = give(staff, "chief", account, role="reader", until="2026-12-31")
    assert answer.status_code == 302
    page = said(staff["auditor"].get(f"/office/people/{account}/"))
    assert "查询员" in page
    assert "chief 授予" in page
    assert "工作需要" in page
    newcomer = Reader()
    enter(newcomer, account)
    assert newcomer.get("/office/exports/").status_code == 200
    moved = staff["root"].post(f"/office/people/{account}/move", {"place": staff.office.other.code, "reason": "轮岗"})
    assert moved.status_code == 302
    refused = newcomer.get("/office/exports/")
    assert refused.status_code == 403
    assert "security.no-grant" in said(refused)
    assert newcomer.post("/office/sign-out").status_code == 302
    page = said(staff["auditor"].get(f"/office/people/{account}/"))
    assert "已终止" in page
    assert "轮岗" in page


def test_what_a_form_cannot_do_it_says_above_its_fields(staff: Staff) -> None:
    account = hire(staff, "li", staff.office.unit.code)
    for by, what, sentence in (
        ("chief", {"role": "operator"}, "有效的选项"), ("safety", {"role": ""}, "请选择角色"),
        ("chief", {"role": "reader", "until": "x"}, "日期写成"), ("chief", {"role": "reader", "until": "2020-01-01"}, "晚于开始"),
    ):  # fmt: skip
        answer = give(staff, by, account, **what)
        assert answer.status_code == 400
        assert sentence in said(answer) or by == "chief"
    answer = give(staff, "safety", staff.id("auditor"), role="operator")
    assert answer.status_code == 400
    assert "须分设" in said(answer)
    again = staff["root"].post("/office/people/new", {"username": "li", "display_name": "x", "place": "-"})
    assert again.status_code == 400
    assert "正在使用" in said(again)


def test_an_administrator_is_made_by_two(staff: Staff) -> None:
    account = hire(staff, "wang", "-")
    answer = give(staff, "safety", account, role="auditor")
    address = answer.headers["Location"]
    assert address.startswith("/office/approvals/")
    assert "管理员角色须两人办理" in said(staff["safety"].get(address))
    assert "您的意见" not in said(staff["safety"].get(address))
    assert "wang" in said(staff["safety2"].get("/office/approvals/"))
    assert "您的意见" in said(staff["safety2"].get(address))
    assert staff["operator"].get(address).status_code == 404
    staff["safety2"].post(address + "decide", {"verdict": "refuse"})
    assert "不同意须写明理由" in said(staff["safety2"].get(address))
    staff["safety2"].post(address + "decide", {"verdict": "agree"})
    assert "去办理" in said(staff["safety"].get(address))
    assert give(staff, "safety", account, role="auditor").headers["Location"] == f"/office/people/{account}/"
    auditor = Reader()
    enter(auditor, account)
    assert auditor.get("/office/log/").status_code == 200


def test_a_right_is_passed_on_taken_back_and_chosen(staff: Staff) -> None:
    account = hire(staff, "zhao", staff.office.unit.code)
    give(staff, "chief", account, role="source_unit")
    chiefs = Grant.objects.get(account__username="chief")
    answer = staff["chief"].post(
        f"/office/grants/{chiefs.pk}/delegate", {"to": account, "until": "2026-07-01", "reason": "休假"}
    )
    assert answer.status_code == 302
    stand_in = Reader()
    enter(stand_in, account)
    assert stand_in.get("/office/people/").status_code == 403
    page = said(stand_in.get("/office/grants/"))
    assert "chief 委托" in page
    passed_on = Grant.objects.get(delegated_from=chiefs)
    stand_in.post("/office/grants/act-as", {"grant": passed_on.pk})
    assert stand_in.get("/office/people/").status_code == 200
    assert stand_in.post("/office/grants/act-as", {"grant": chiefs.pk}).status_code == 404
    staff["chief"].post(f"/office/grants/{passed_on.pk}/end", {"reason": "回来了"})
    assert stand_in.get("/office/people/").status_code == 403
    assert stand_in.get("/office/submissions/").status_code == 200, "their own right is left"


def test_units_offices_and_closing(staff: Staff) -> None:
    code = staff.office.other.code
    root = staff["root"]
    root.post(f"/office/units/{code}/offices", {"name": "信用科"})
    page = said(staff["safety"].get("/office/units/"))
    assert "信用科" in page
    account = hire(staff, "qian", code)
    assert root.post(f"/office/units/{code}/close", {"reason": ""}).status_code == 400
    assert account
    assert root.post("/office/units/new", {"code": "x", "name": "x"}).status_code == 400
    assert root.post("/office/units/not-a-code/close", {"reason": "x"}).status_code == 404


def test_people_are_searched_filtered_and_paged(staff: Staff) -> None:
    auditor = staff["auditor"]
    assert "chief" in said(auditor.get("/office/people/?text=chie"))
    assert "没有符合条件的人员" in said(auditor.get("/office/people/?text=%25"))
    assert "safety" not in said(auditor.get(f"/office/people/?unit={staff.office.unit.code}"))
    assert "stranger" not in said(staff["chief"].get("/office/people/"))
    assert staff["chief"].get(f"/office/people/{staff.id('stranger')}/").status_code == 404
    assert auditor.get("/office/people/?text=%00&after=%00&unit=%00").status_code == 200


def test_a_draft_is_published_by_two(staff: Staff) -> None:
    item = load.library()["honour"]
    publish.draft(replace(item, version=99, effective_from=date(2027, 1, 1)), by=OWNER)
    first, second = staff["operator"], staff["operator2"]
    address = "/office/catalogue/honour/99/publish"
    jobs.recheck_later("honour", 99, by=OWNER)
    impact.run("honour", 99, by=OWNER)
    first.post(address, {"step": "publish"})
    assert "须由另一人复核" in said(first.get("/office/catalogue/"))
    asked = first.post(address, {"step": "ask", "reason": "修订"}).headers["Location"]
    first.post(asked + "decide", {"verdict": "agree"})
    assert approvals.find(int(asked.split("/")[3]), seen_by=OWNER, at=clock.now()).state == "open"
    second.post(asked + "decide", {"verdict": "agree"})
    second.post(address, {"step": "publish"})
    assert next(one for one in publish.versions("honour") if one.version == 99).status == "draft", "the asker publishes"
    first.post(address, {"step": "publish"})
    assert next(one for one in publish.versions("honour") if one.version == 99).status == "published"


def test_a_small_export_comes_at_once_and_only_for_a_purpose(staff: Staff) -> None:
    operator = staff["operator"]
    wanted = {"item": "admin-penalty-org", "year": "", "source": "", "reason": "检查", "form": "csv"}
    assert operator.post("/office/exports/", wanted).status_code == 400
    answer = operator.post("/office/exports/", wanted | {"purpose": "inspection", "matter": "云信查〔2026〕3号"})
    assert answer.status_code == 200
    text = answer.body.decode("utf-8-sig")
    assert text.startswith("仅供 operator")
    assert staff.office.organisation.code in text
    entry = audit.entries(seen_by=OWNER, limit=1)[0]
    assert (entry.event, entry.purpose, entry.facts["rows"]) == ("shared-exported", "inspection: 云信查〔2026〕3号", 1)


def test_a_special_query_by_two_is_shown_once(staff: Staff) -> None:
    operator = staff["operator"]
    sent = {
        "item": "admin-penalty-org", "code": staff.office.organisation.code, "asked": ["CF_WSH"], "purpose": "penalty",
        "matter": "云执立〔2026〕9号", "basis": "协助函〔2026〕2号",
    }  # fmt: skip
    assert operator.post("/office/special/", sent | {"asked": []}).status_code == 400
    assert operator.post("/office/special/", sent | {"code": ""}).status_code == 400
    asked = operator.post("/office/special/", sent).headers["Location"]
    number = int(asked.split("/")[3])
    answer = f"/office/special/{number}/answer"
    assert operator.post(answer).status_code == 403
    staff["operator2"].post(asked + "decide", {"verdict": "agree"})
    assert "查看结果" in said(operator.get("/office/special/"))
    page = said(operator.post(answer))
    assert "行政处罚决定书文号" in page
    assert "罚款金额" not in page
    assert operator.post(answer).status_code == 403


def test_the_log_is_filtered_and_taken_as_a_file(staff: Staff) -> None:
    auditor = staff["auditor"]
    auditor.get("/office/people/?text=findme")
    page = auditor.get(
        "/office/log/?actor=auditor&event=people-viewed&object_kind=people&outcome=done&since=2020-01-01"
    )
    assert {line.entry.event for line in page.context["lines"]} == {"people-viewed"}
    assert not auditor.get("/office/log/?actor=nobody").context["lines"]
    assert not auditor.get("/office/log/?address=10.0.0.1").context["lines"]
    assert auditor.get("/office/log/?until=x&address=x&since=%00").status_code == 200
    answer = auditor.post("/office/log/export", {"form": "csv", "actor": "auditor"})
    lines = answer.body.decode("utf-8-sig").splitlines()
    assert len(lines) > 2
    assert all(",auditor,auditor," in line for line in lines[1:])
    wanted = {
        "event": "people-viewed",
        "object_ref": "x",
        "object_kind": "people",
        "outcome": "done",
        "since": "2026-01-01",
    }
    assert auditor.post("/office/log/export", wanted | {"form": "xlsx"}).body[:2] == b"PK"
    entry = audit.entries(seen_by=OWNER, limit=1)[0]
    assert (entry.event, entry.object_ref) == ("log-exported", "people-viewed")
    assert entry.facts["filters"] == "event,object_kind,object_ref,outcome,since"


def test_access_is_explained_clause_by_clause(staff: Staff) -> None:
    auditor, mine = staff["auditor"], staff.office.submission.id

    def ask(**query: object) -> str:
        answer = auditor.get("/office/explain/", query)
        assert answer.status_code == 200, said(answer)
        return said(answer)

    page = ask(who="clerk", thing=str(mine))
    assert "查看报送 可以" in page
    page = ask(who="stranger", thing=f"/office/submissions/{mine}/")
    assert "不可以" in page
    assert f"对象属于 {staff.office.unit.code}" in page
    page = ask(who="operator", thing="honour", action="export-shared")
    assert "须由另一人（信用中心）复核同意" in page
    assert "5 分钟内验证过第二因素" in page
    assert "允许 信用中心、查询员、系统；此处角色是 审计管理员" in ask(
        who="auditor", thing="honour", action="special-query"
    )
    assert staff.office.organisation.name in ask(who="reader", thing=staff.office.organisation.code)
    assert "使用工作台" in ask(who="public")
    for query in (
        {"who": "nobody", "thing": ""},
        {"who": "clerk", "thing": "999999"},
        {"who": "x", "thing": "/no/page"},
    ):
        assert auditor.get("/office/explain/", query).status_code == 400
    assert staff["operator"].get("/office/explain/").status_code == 403


def test_an_ended_right_is_explained_by_what_ended_it(staff: Staff) -> None:
    account = hire(staff, "sun", staff.office.unit.code)
    give(staff, "chief", account, role="reader")
    staff["root"].post(f"/office/people/{account}/leave", {"reason": "退休"})
    page = said(staff["safety"].get("/office/explain/?who=sun&action=view-shared"))
    assert "账号已停用" in page
    assert "不可以" in page


@pytest.mark.parametrize("which", list(Role))
def test_the_clauses_all_hold_exactly_where_the_policy_says_yes(office: Office, which: Role) -> None:
    asker = Actor(role=Role.SYSTEM, name="test")
    for action in Action:
        for thing in (Thing(), Thing(department="x"), Thing(region="990102"), Thing(item="honour")):
            answer = role(which, action, thing, seen_by=asker)
            expected = may(
                Actor(role=which, name="x"), action, department=thing.department, region=thing.region, item=thing.item
            )
            assert answer.verdict == expected == all(one.holds for one in answer.clauses), (which, action, thing)
    assert POLICY


def test_every_role_begins_its_day_where_it_may_be(staff: Staff) -> None:
    for name, place in (("root", "/office/people/"), ("safety", "/office/people/"), ("chief", "/office/people/"),
                        ("auditor", "/office/log/")):  # fmt: skip
        answer = staff[name].get("/office/", follow=True)
        assert (answer.redirect_chain[-1][0], answer.status_code) == (place, 200)
