"""``xinyong windows`` and ``xinyong notices`` on the command line."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import click
import pytest
import time_machine
from click.testing import CliRunner, Result

from tests.intake import made
from xinyong.intake import duties
from xinyong.kernel import clock
from xinyong.operations import command
from xinyong.operations.notices import notices
from xinyong.operations.windows import windows
from xinyong.security.identity import SourceUnit
from xinyong.workflow.models import Message

ITEM = "admin-penalty-org"
pytestmark = pytest.mark.django_db


@pytest.fixture
def unit(monkeypatch: pytest.MonkeyPatch) -> Iterator[SourceUnit]:
    monkeypatch.setattr(command, "with_database", lambda: None)  # the suite has it open, inside a transaction
    with time_machine.travel(made.NOW, tick=True):
        unit = made.department()
        duties.assign(
            item_id=ITEM, source_code=unit.code, starts_on=date(2026, 5, 1), by=made.SYSTEM,
            at=datetime(2026, 4, 30, tzinfo=clock.ZONE),
        )  # fmt: skip
        yield unit


def said(group: click.Group, *arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(group, arguments)
    assert done.exit_code == code, done.output
    return done


def document(group: click.Group, *arguments: str, code: int = 0) -> Any:
    return json.loads(said(group, *arguments, "--json", code=code).output)


def test_windows_are_listed_set_opened_and_closed(unit: SourceUnit) -> None:
    said(windows, "set", unit.code, ITEM, "--since", "2026-05-01", "--due", "3", "--lock", "1")
    (locked,) = document(windows, "list", "--state", "locked")
    assert list(locked) == [
        "source_code", "item_id", "name", "state", "due_on", "grace_until", "open_until", "days_left", "arrived", "said",
        "exception", "until",
    ]  # fmt: skip
    assert (locked["source_code"], locked["name"], locked["open_until"]) == (unit.code, "2026-05", "2026-06-04")
    opened = ("grant", unit.code, ITEM, "--period", "2026-05-01", "--until", "2026-06-30", "--reason", "系统迁移耽误")
    assert "继续处理 taken up again: 0" in said(windows, *opened).output
    (excepted,) = document(windows, "list", "--state", "excepted")
    assert f"(#{excepted['exception']})" in said(windows, "list").output
    said(windows, "withdraw", str(excepted["exception"]))
    assert document(windows, "list", "--state", "excepted") == []
    assert [one["kind"] for one in document(notices, "list")] == ["exception-withdrawn", "exception-granted"]


def test_reminders_channels_and_what_was_not_delivered(unit: SourceUnit) -> None:
    assert document(notices, "remind") == {"near": 0, "overdue": 1, "tasks_near": 0, "tasks_overdue": 0}
    assert "报送已" not in said(notices, "list", "--unread", "--source", unit.code).output
    assert "现已逾期" in said(notices, "list").output
    kept = document(notices, "channels", unit.code, "--mail", "daily", "--address", "office@example.cn")
    assert kept == {"source_code": unit.code, "mail": "daily", "addresses": ["office@example.cn"], "webhook": ""}
    assert "全部送达" in said(notices, "undelivered").output
    lost = Message.objects.create(
        ref="b" * 32, department_id=unit.id, channel="mail", state="given-up", attempts=8, due_at=made.NOW, made_at=made.NOW,
        failure={"zh": "没有应答", "en": "no answer"},
    )  # fmt: skip
    (one,) = document(notices, "undelivered", code=1)
    assert (one["id"], one["failure_zh"]) == (lost.pk, "没有应答")
    said(notices, "resend", str(lost.pk))
    assert document(notices, "deliver", code=1) == {"sent": 0, "failed": 1}, "no server is configured"
