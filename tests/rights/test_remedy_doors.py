"""Complaints, appeals and feedback by their doors: what stands on the pages, what a form refuses, what is not there for others."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.rights.complaining import lines
from tests.rights.conftest import Hall
from tests.rights.test_doors import _open, owner, page, somebody
from xinyong.kernel import clock
from xinyong.rights import access_log
from xinyong.security import scope
from xinyong.security.access import system
from xinyong.workflow.models import Case, CaseStep

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
_ = (_open, owner)  # words compiled, no limits of rate; who holds the mandate of the organisation, signed in


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return dict(re.findall(r'name="(after|token)" value="([^"]+)"', text))


def looked(fresh: Hall) -> int:
    fresh.gives("organisation")
    fresh.looks("organisation")
    return lines(fresh, "organisation")[0].id


def lodged(fresh: Hall, client: Client) -> str:
    """A complaint by the page; its address."""
    new = f"/own/complaints/new/{looked(fresh)}/"
    form = hidden(page(client, new)) | {"ground": "not-authorised", "statement": "我没有授权给这家银行查询"}
    done = client.post(new, form)
    assert done.status_code == 302, done.content.decode()[:2000]
    return str(done.headers["Location"])


def step(client: Client, address: str, act: str, **said: str) -> Any:
    return client.post(f"{address}{act}", hidden(page(client, f"{address}{act}")) | said)


def decided(fresh: Hall, client: Client, outcome: str) -> tuple[str, Client]:
    address = lodged(fresh, client)
    desk = somebody("operator")
    at_desk = address.replace("/own/", "/office/")
    assert step(desk, at_desk, "take-up").status_code == 302
    assert step(desk, at_desk, "forward", reason="请附申请材料").status_code == 302
    unit = somebody("source_unit", fresh.bank.code)
    assert "请附申请材料" in page(unit, at_desk)
    assert step(unit, at_desk, "explain", reason="柜面申请，材料已归档").status_code == 302
    assert step(desk, at_desk, "decide", outcome=outcome, reason="核对了归档材料").status_code == 302
    return address, desk


def test_the_line_leads_to_the_complaint_and_the_complaint_to_its_line(fresh: Hall, owner: Client) -> None:
    look = looked(fresh)
    assert f'href="/own/complaints/new/{look}/"' in page(owner, "/own/access-log/")
    bad = owner.post(f"/own/complaints/new/{look}/", hidden(page(owner, f"/own/complaints/new/{look}/")))
    assert bad.status_code == 400
    assert "请选择事由" in bad.content.decode()
    assert page(owner, "/own/complaints/new/999999999/", 404)
    address = lodged(fresh, owner)
    assert "投诉办理中" in page(owner, "/own/access-log/")
    assert address in page(owner, "/own/complaints/")
    assert "还没有申诉" in page(owner, "/own/appeals/")


def test_founded_is_read_on_the_line_and_settled_is_said_on_its_page(fresh: Hall, owner: Client) -> None:
    address, desk = decided(fresh, owner, "founded")
    assert f"投诉成立（{clock.today()}）" in page(owner, "/own/access-log/")
    shown = page(owner, address)
    assert "您的问题解决了吗" in shown
    assert "核对了归档材料" in shown
    assert fresh.program.name not in shown
    place = re.search(r'action="(/own/feedback/complaint/\d+)"', shown)
    assert place is not None
    form = hidden(shown)
    bad = owner.post(place[1], form | {"answer": "unsettled", "text": ""})
    assert (bad.status_code, "请写明还有什么没有解决" in bad.content.decode()) == (400, True)
    for _ in range(2):
        assert owner.post(place[1], form | {"answer": "settled", "text": "谢谢"}).status_code == 302
    assert "您已反馈：已解决" in page(owner, address)
    assert (
        owner.post(
            place[1], hidden(shown) | {"answer": "unsettled", "text": "又没有解决", "token": "x" * 20}
        ).status_code
        == 409
    )
    assert "投诉" in page(desk, "/office/feedback/")


def test_an_unfounded_one_is_appealed_and_examined_by_somebody_else(fresh: Hall, owner: Client) -> None:
    address, desk = decided(fresh, owner, "unfounded")
    number = address.rstrip("/").rpartition("/")[2]
    assert f'href="/own/appeals/new/{number}/"' in page(owner, address)
    new = f"/own/appeals/new/{number}/"
    done = owner.post(new, hidden(page(owner, new)) | {"ground": "facts", "statement": "归档的不是我的申请"})
    assert done.status_code == 302
    appeal = str(done.headers["Location"])
    at_desk = appeal.replace("/own/", "/office/")
    assert "您办过原来的那一件" in page(desk, at_desk)
    other = somebody("operator")
    shown = page(other, at_desk)
    assert "柜面申请，材料已归档" in shown, "the whole course of the first case"
    assert step(other, at_desk, "decide", outcome="uphold", reason="请核对笔迹后重新结论").status_code == 302
    assert "请核对笔迹后重新结论" in page(owner, address)
    assert "申诉成立" in page(owner, appeal)


def test_another_subject_finds_none_of_it_and_neither_do_other_desks(
    fresh: Hall, owner: Client, tmp_path: Path
) -> None:
    address = lodged(fresh, owner)
    stranger = somebody("source_unit", fresh.unit.code)
    assert page(stranger, address.replace("/own/", "/office/"), 404)
    assert page(somebody("auditor"), "/office/complaints/", 403)
    assert page(somebody("reader", fresh.bank.code), "/office/appeals/", 403)
    assert page(stranger, "/own/complaints/", 403)
    assert owner.get("/own/feedback/complaint/1").status_code == 405
    assert owner.post("/own/feedback/nothing/1", {}).status_code == 404
    assert (
        owner.post(
            "/own/feedback/complaint/999999999", {"after": 1, "token": "x" * 20, "answer": "settled"}
        ).status_code
        == 404
    )


def test_pages_speak_english_and_hold_no_person(fresh: Hall, owner: Client) -> None:
    address, desk = decided(fresh, owner, "unfounded")
    for client, path in (
        (owner, "/own/complaints/"), (owner, address), (owner, "/own/access-log/"), (desk, "/office/complaints/?state=ended"),
        (desk, address.replace("/own/", "/office/")), (desk, "/office/appeals/"), (desk, "/office/feedback/"),
    ):  # fmt: skip
        client.cookies["django_language"] = "en"
        text = page(client, path)
        assert 'lang="en"' in text
        assert "Complaint" in text or "complaint" in text or "appeal" in text
    with scope.acting(system("tests")):
        case = Case.objects.get(pk=int(address.rstrip("/").rpartition("/")[2]))
        assert CaseStep.objects.filter(case=case).count() == 5
        assert case.object_ref.startswith(access_log.ref_of(0)[:-1])
