"""The inbox and its channels, what could not be delivered, and the windows, in the office."""

from pathlib import Path
from typing import Any

import pytest

from tests.intake import made
from tests.office.conftest import PASSWORD, Office, Reader, faulty
from tests.signing import signed_in
from xinyong.intake import duties, windows
from xinyong.intake.windows import Rule
from xinyong.kernel import clock
from xinyong.security import identity
from xinyong.security.identity import SourceUnit
from xinyong.security.models import Account
from xinyong.workflow.models import Message, Notice, Preference

ITEM = "admin-penalty-org"
pytestmark = pytest.mark.usefixtures("browsers")


def page(office: Office, who: str, address: str, **asked: str) -> str:
    answer = office[who].get(address, asked)
    assert answer.status_code == 200, f"{address} {answer.status_code}"
    return str(answer.content.decode())


@pytest.fixture
def newcomer(office: Office) -> tuple[Reader, SourceUnit]:
    """A clerk of a department that has no history."""
    unit = made.department()
    name = f"clerk-{unit.code}"
    identity.create_account(
        username=name, password=PASSWORD, display_name=name, role="source_unit", department=unit.code, by=made.SYSTEM
    )
    client = Reader()
    signed_in(client, name)
    return client, unit


def seen_by(client: Reader, address: str, **asked: str) -> str:
    return str(client.get(address, asked).content.decode())


@pytest.fixture
def administrator(office: Office) -> Reader:
    if not Account.objects.filter(username="unit-admin").exists():
        identity.create_account(
            username="unit-admin", password=PASSWORD, display_name="unit-admin", role="unit_admin",
            department=office.unit.code, by=made.SYSTEM,
        )  # fmt: skip
    client = Reader()
    signed_in(client, "unit-admin")
    return client


def test_a_submission_with_findings_stands_in_the_inbox_until_it_is_read(
    office: Office, newcomer: tuple[Reader, SourceUnit], tmp_path: Path
) -> None:
    clerk, unit = newcomer
    assert "还没有通知" in seen_by(clerk, "/office/notices/")
    submission = faulty(unit, office.organisation, tmp_path / "a.csv")
    seen = seen_by(clerk, "/office/notices/")
    assert "报送结果有问题" in seen
    assert f'href="/office/submissions/{submission.id}/"' in seen
    assert '<span class="tag caution">1<span class="sr">条未读' in seen
    number = Notice.objects.get(department__code=unit.code).pk
    answer = clerk.post("/office/notices/read", {"back": "?kind=findings"}, follow=True)
    assert answer.redirect_chain == [("/office/notices/?kind=findings", 302)]
    assert office["clerk"].post("/office/notices/read", {"notice": number}).status_code == 302
    assert "条未读" in seen_by(clerk, "/office/submissions/"), "another department's click counts for nothing"
    clerk.post("/office/notices/read", {"notice": number})
    seen = seen_by(clerk, "/office/notices/")
    assert "条未读" not in seen
    assert "已读" in seen
    assert "没有符合条件的通知" in seen_by(clerk, "/office/notices/", state="unread")
    assert unit.name in page(office, "operator", "/office/notices/", source=unit.code)
    assert office["auditor"].get("/office/notices/").status_code == 403


def test_the_inbox_goes_on_on_a_second_page_and_speaks_english(newcomer: tuple[Reader, SourceUnit]) -> None:
    clerk, unit = newcomer
    facts = {"period": "2026-05", "due": "2026-06-09", "item_zh": "处罚", "item_en": "Penalties"}
    Notice.objects.bulk_create(
        Notice(
            department_id=unit.id, kind="overdue", facts=facts | {"period": f"第{n}期"}, link="/office/windows/", key=str(n),
            made_at=made.NOW, made_by="test",
        )
        for n in range(31)
    )  # fmt: skip
    first = seen_by(clerk, "/office/notices/")
    assert "第30期" in first
    assert "第0期" not in first
    after = first.partition("?after=")[2].partition('"')[0]
    assert "第0期" in seen_by(clerk, "/office/notices/", after=after)
    english = clerk.get("/office/notices/", headers={"accept-language": "en"}).content.decode()
    assert "A report is overdue" in english
    answer = clerk.post("/office/notices/read", {"all": "1"}, follow=True)
    assert "31 条通知已标为已读" in answer.content.decode()


def test_the_departments_administrator_says_where_else_it_is_told(office: Office, administrator: Reader) -> None:
    sent = {
        "source": office.unit.code,
        "mail": "daily",
        "addresses": "office@example.cn\nduty@example.cn",
        "webhook": "",
    }
    assert "本平台尚未启用：邮件、回调" in administrator.get("/office/notices/channels").content.decode()
    assert administrator.post("/office/notices/channels", sent).status_code == 302
    assert Preference.objects.get().addresses == ["office@example.cn", "duty@example.cn"]
    for wrong, why in (({"addresses": "x"}, "不是有效的邮箱地址"), ({"webhook": "https://10.0.0.1/"}, "回调没有启用"),
                       ({"addresses": ""}, "请填写接收邮件的地址")):  # fmt: skip
        answer = administrator.post("/office/notices/channels", sent | wrong)
        assert answer.status_code == 400
        assert why in answer.content.decode()
    assert administrator.post("/office/notices/channels", sent | {"source": office.other.code}).status_code == 403
    assert office["clerk"].get("/office/notices/channels").status_code == 403
    assert office.unit.name in page(office, "operator", "/office/notices/channels")


def test_the_operator_sees_what_could_not_be_delivered_and_sends_it_again(office: Office) -> None:
    assert "没有未送达的通知" in page(office, "operator", "/office/notices/undelivered")
    message = Message.objects.create(
        ref="a" * 32, department_id=identity.source_unit(office.unit.code).id, channel="webhook", state="given-up",
        attempts=8, due_at=made.NOW, made_at=made.NOW, failure={"zh": "接收方答复 HTTP 500。", "en": "HTTP 500"},
    )  # fmt: skip
    seen = page(office, "operator", "/office/notices/undelivered")
    assert all(text in seen for text in ("接收方答复 HTTP 500", "未能送达", office.unit.name))
    answer = office["operator"].post("/office/notices/resend", {"message": message.pk}, follow=True)
    assert "随即再次发送" in answer.content.decode()
    message.refresh_from_db()
    assert message.state == "due"
    Message.objects.all().delete()
    answer = office["operator"].post("/office/notices/resend", {"message": message.pk}, follow=True)
    assert "已送达或已取消" in answer.content.decode()
    assert office["clerk"].get("/office/notices/undelivered").status_code == 403


def test_windows_are_seen_set_opened_and_closed_again(office: Office) -> None:
    assert "还没有设定报送责任" in page(office, "clerk", "/office/windows/")
    duties.assign(
        item_id=ITEM,
        source_code=office.unit.code,
        starts_on=made.TODAY.replace(month=5, day=1),
        by=made.SYSTEM,
        at=clock.now(),
    )
    seen = page(office, "clerk", "/office/windows/")
    assert all(text in seen for text in ("2026-05", "2026-06", "2026-07-09", "已逾期", "不锁定"))
    assert "设定</a>" not in seen
    where = {"source": office.unit.code, "item": ITEM}
    form = page(office, "operator", "/office/windows/rule", **where)
    assert 'value="7"' in form
    sent = where | {
        "after": "0",
        "every": "month",
        "due_days": "3",
        "grace_days": "0",
        "lock_days": "1",
        "since": "2026-05-01",
    }
    assert office["operator"].post("/office/windows/rule", sent | {"due_days": "0"}).status_code == 400
    assert office["operator"].post("/office/windows/rule", sent).status_code == 302
    assert (
        "已有" in (stale := office["operator"].post("/office/windows/rule", sent)).content.decode()
        or stale.status_code == 400
    )
    assert "已锁定" in page(office, "clerk", "/office/windows/", state="locked")
    opened = where | {"period": "2026-05-01", "until": "2026-06-30", "reason": "系统迁移，准予补报"}
    assert office["operator"].get("/office/windows/exception", where | {"period": "x"}).status_code == 404
    assert office["operator"].post("/office/windows/exception", opened | {"until": "2026-01-01"}).status_code == 400
    answer = office["operator"].post("/office/windows/exception", opened, follow=True)
    assert "已准予补报，单位会收到通知" in answer.content.decode()
    seen = page(office, "clerk", "/office/windows/")
    assert "补报至 2026年6月30日" in seen
    assert "获准补报" in page(office, "clerk", "/office/notices/")
    assert office["clerk"].post("/office/windows/exception", opened).status_code == 403
    number = windows.one(
        ITEM, office.unit.code, made.TODAY.replace(month=5), seen_by=made.SYSTEM, at=clock.now()
    ).exception
    assert number is not None
    answer = office["operator"].post("/office/windows/withdraw", {"exception": number.id}, follow=True)
    assert "补报许可已撤回" in answer.content.decode()
    answer = office["operator"].post("/office/windows/withdraw", {"exception": number.id}, follow=True)
    assert "没有这项补报许可" in answer.content.decode()


def test_what_a_lock_refused_says_why_and_goes_on_when_it_is_opened(office: Office, tmp_path: Path) -> None:
    made_at = clock.now()
    duties.assign(
        item_id=ITEM,
        source_code=office.other.code,
        starts_on=made.TODAY.replace(month=5, day=1),
        by=made.SYSTEM,
        at=made_at,
    )
    windows.set_rule(
        item_id=ITEM, source_code=office.other.code, rule=Rule(due_days=1, lock_days=0),
        since=made.TODAY.replace(month=5, day=1), by=made.SYSTEM, at=made_at,
    )  # fmt: skip
    row: dict[str, Any] = made.penalty_row(office.organisation, office.other, CF_JDRQ="2026-05-20")
    found = made.hand_in(made.csv_file(tmp_path / "五月.csv", [row]), ITEM, office.other, at=made_at)
    seen = page(office, "stranger", f"/office/submissions/{found.id}/")
    assert "2026-05 的报送窗口已锁定" in seen
    opened = {
        "source": office.other.code,
        "item": ITEM,
        "period": "2026-05-01",
        "until": "2026-06-30",
        "reason": "准予补报五月",
    }
    answer = office["operator"].post("/office/windows/exception", opened, follow=True)
    assert "因锁定被拒收的 1 批随即继续处理" in answer.content.decode()
