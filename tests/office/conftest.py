"""An installation with one person of each role, and what they have handed in; a whole module shares it."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import translation

from tests.conftest import _empty
from tests.intake import made
from tests.intake.made import Organisation
from tests.signing import signed_in
from xinyong.intake.views import SubmissionView
from xinyong.security import identity
from xinyong.security.identity import SourceUnit
from xinyong.security.models import AuditEntry
from xinyong.web import messages

PASSWORD = "correct horse battery staple"
ROLES = ("public", "clerk", "stranger", "operator", "auditor")

_numbers = itertools.count(1)


class Reader(Client):
    """A client that reads what it downloads to its end, as a browser does, and lets go of the file."""

    def request(self, **request: Any) -> Any:
        """The answer; its ``body`` is what was downloaded."""
        answer = super().request(**request)
        answer.body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        answer.close()
        return answer


@dataclass(slots=True)
class Office:
    """Clients by role and the submission each test may look at. ``unit`` is the clerk's."""

    unit: SourceUnit
    other: SourceUnit
    organisation: Organisation
    submission: SubmissionView
    clients: dict[str, Reader] = field(default_factory=dict)

    def __getitem__(self, role: str) -> Reader:
        return self.clients[role]


@pytest.fixture(scope="module")
def office(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A clerk, somebody of another unit, an operator, an auditor; a file of three rows with two faults.

    Writes are committed (intake works on connections of its own), and emptied after the module.
    """
    messages.compile_messages()
    with django_db_blocker.unblock(), time_machine.travel(made.NOW, tick=True):
        _empty()  # the log signs in transactions of its own, also for tests that undo theirs, on other days
        unit, other = made.department("云溪市示例监督管理局"), made.department()
        for name, role, code in (
            ("clerk", "source_unit", unit.code), ("stranger", "source_unit", other.code), ("operator", "operator", None),
            ("auditor", "auditor", None),
        ):  # fmt: skip
            identity.create_account(
                username=name, password=PASSWORD, display_name=name, role=role, department=code, by=made.SYSTEM
            )
        who = made.organisation()
        made.register(who)
        made_office = Office(
            unit, other, who, faulty(unit, who, tmp_path_factory.mktemp("office") / "行政处罚 六月.csv")
        )
        yield made_office
        _empty()


def two_operators() -> dict[str, Client]:
    """Two operators and an auditor, signed in."""
    found = {}
    for name, role in (("first", "operator"), ("second", "operator"), ("auditor", "auditor")):
        identity.create_account(
            username=name, password="correct horse battery staple", display_name=name, role=role, department=None,
            by=made.SYSTEM,
        )  # fmt: skip
        found[name] = signed_in(Client(), name)
    return found


def page_of(client: Client, path: str, status: int = 200) -> str:
    """What somebody sees at an address."""
    answer = client.get(path)
    assert answer.status_code == status, path
    return str(answer.content.decode())


def faulty(unit: SourceUnit, who: Organisation, path: Path) -> SubmissionView:
    """A file with a good row, a row without its date and a row whose code nobody has, handed in and worked on."""
    rows = [
        made.penalty_row(who, unit),
        made.penalty_row(who, unit, CF_JDRQ="2026年13月5日"),
        made.penalty_row(who, unit, CF_XDR_SHXYM=made.registration_number()),
    ]
    return made.hand_in(made.csv_file(path, rows), "admin-penalty-org", unit)


@pytest.fixture
def browsers(office: Office) -> Office:
    """The office with everybody freshly signed in; pages in Chinese."""
    office.clients = {role: Reader() for role in ROLES}
    for role, client in office.clients.items():
        if role != "public":
            signed_in(client, role)
    with translation.override("zh-hans"):
        return office


@pytest.fixture
def noted(office: Office) -> Callable[[], list[str]]:
    """Events entered in the log since the last call."""
    last = [_last_entry()]

    def since() -> list[str]:
        found = list(AuditEntry.objects.filter(id__gt=last[0]).order_by("id").values_list("event", flat=True))
        last[0] = _last_entry()
        return found

    return since


def _last_entry() -> int:
    return AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0


@pytest.fixture
def csv_of(office: Office, tmp_path: Path) -> Callable[..., Path]:
    """A new file of one good row; ``changes`` to the row, ``headers`` renamed."""

    def write(*, headers: dict[str, str] | None = None, **changes: str) -> Path:
        row = made.penalty_row(office.organisation, office.unit, **changes)
        return made.csv_file(tmp_path / f"新文件-{next(_numbers)}.csv", [row], headers=headers)

    return write
