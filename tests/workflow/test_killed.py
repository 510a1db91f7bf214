"""A worker that is killed between sending and noting it loses nothing; what comes twice comes under one id."""

import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.intake import made
from tests.workflow.receivers import mail_server
from xinyong.kernel import clock
from xinyong.security.access import Actor, Role
from xinyong.workflow import channels, notices, outbox
from xinyong.workflow.kinds import Kind
from xinyong.workflow.models import Message

_WORKER = """
import sys
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "xinyong.config.settings"
import django
from django.conf import settings
django.setup()
from django.db import connection
settings.MAIL = {**settings.MAIL, "host": "127.0.0.1", "port": int(sys.argv[1]), "security": "off", "from": "city@example.cn"}
connection.settings_dict["NAME"] = sys.argv[2]
from xinyong.kernel import clock
from xinyong.security import scope
from xinyong.security.access import system
from xinyong.workflow import outbox
scope.stand_as(system("worker"))
outbox.deliver_due(now=clock.now(), by=system("worker"))
"""
FACTS = {"period": "2026-05", "due": "2026-06-09", "item_zh": "行政处罚", "item_en": "Penalties"}


@pytest.mark.usefixtures("lasting_db")
def test_killed_between_sending_and_noting_it_is_sent_again_under_its_id(settings: Any) -> None:
    from django.db import connection

    unit = made.department()
    by = Actor(role=Role.UNIT_ADMIN, name="admin", department=unit.code)
    channels.set_up(
        unit.code, mail="immediate", addresses=["office@example.cn"], webhook="", by=by, at=clock.now()
    )  # fmt: skip
    workers: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        workers[0].send_signal(signal.SIGKILL)
        workers[0].wait()

    with mail_server() as box:
        settings.MAIL = {
            **settings.MAIL,
            "host": "127.0.0.1",
            "port": box.port,
            "security": "off",
            "from": "city@example.cn",
        }
        notices.tell(
            Kind.OVERDUE,
            department_id=unit.id,
            facts=FACTS,
            link="/office/windows/",
            key="1",
            by=made.SYSTEM,
            at=clock.now(),
        )
        box.at_data = kill
        command = [sys.executable, "-c", _WORKER, str(box.port), str(connection.settings_dict["NAME"])]
        workers.append(subprocess.Popen(command, cwd=ROOT))
        assert workers[0].wait(60) == -signal.SIGKILL
        assert [(one.state, one.attempts) for one in Message.objects.all()] == [("due", 0)], "it is not noted"
        box.at_data = _nothing
        assert _until_free(lambda: outbox.deliver_due(now=clock.now(), by=made.SYSTEM)) == outbox.Delivered(1, 0)
    first, second = (mail["Message-ID"] for _, mail in box.mails)
    assert first == second
    assert Message.objects.get().state == "sent"


def _nothing() -> None:
    """The server goes on."""


def _until_free(deliver: Callable[[], outbox.Delivered]) -> outbox.Delivered:
    """The database lets go of a killed process's lock when it notices, a moment later."""
    import time

    for _ in range(100):
        done = deliver()
        if done.sent or done.failed:
            return done
        time.sleep(0.05)
    return done
