"""Where the acts take place: two departments, an organisation, a person, somebody of every role, a program and a node."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import time_machine
from cryptography.hazmat.primitives.asymmetric import ed25519
from django.db import connection
from django.test import Client

from tests.exchange.conftest import ALL, Node, Program, pem
from tests.intake import made
from tests.signing import signed_in
from tools import canaries
from tools.canaries import Canary
from xinyong.intake.views import SubmissionView
from xinyong.kernel import clock
from xinyong.security import clients, gate, identity, partners, people, separation
from xinyong.security.access import Actor, Role
from xinyong.security.identity import SourceUnit
from xinyong.security.models import Account
from xinyong.web import messages

PASSWORD = "correct horse battery staple"
#: Where everybody asks from: an address of documentation (RFC 5737), so that no entry can have it by chance.
HOME = "192.0.2.7"
PARTNER = "city-9902"
#: Numbers of rows begin here, each table's elsewhere: no number of a row is ever a count, a year, or another's number.
_FIRST = 700_000_000
_NUMBERED = (
    "security_account", "security_grant", "security_approval", "security_office", "security_handout", "intake_submission",
    "subjects_judgement", "intake_rowact", "subjects_subject", "intake_windowexception", "workflow_notice",
    "analytics_task", "security_mandate", "workflow_case", "rights_consent", "rights_consentrequest", "rights_alarm",
    "rights_annulment", "records_erasure", "records_erasurerun",
)  # fmt: skip
#: User name → role; whose department is the own one, where the role has a department.
PEOPLE = {
    "clerk": Role.SOURCE_UNIT, "unit-admin": Role.UNIT_ADMIN, "reader": Role.READER, "operator": Role.OPERATOR,
    "second-operator": Role.OPERATOR, "system-admin": Role.SYSTEM_ADMIN, "security-admin": Role.SECURITY_ADMIN,
    "second-security-admin": Role.SECURITY_ADMIN, "auditor": Role.AUDITOR,
}  # fmt: skip
_OF_THE_UNIT = {Role.SOURCE_UNIT, Role.UNIT_ADMIN, Role.READER}


@dataclass(slots=True)
class World:
    """What there is, committed. ``persons``: nobody of them may stand in an entry; ``person`` is on file."""

    folder: Path
    unit: SourceUnit
    other: SourceUnit
    organisation: made.Organisation
    person: Canary
    persons: list[Canary]
    submission: SubmissionView
    accounts: dict[str, int] = field(default_factory=dict)
    program: Program = field(default_factory=lambda: Program("", ""))
    node: Node = field(default_factory=lambda: Node(PARTNER, f"{PARTNER}-1", ed25519.Ed25519PrivateKey.generate()))

    def actor(self, username: str) -> Actor:
        """Somebody signed in, with a second factor shown just now."""
        return gate.actor_for(Account.objects.get(username=username), address=HOME)

    def browser(self, username: str = "") -> Client:
        """A browser, signed in or nobody's. What fails is answered, as it would be in earnest."""
        found = Client(REMOTE_ADDR=HOME, raise_request_exception=False)
        return signed_in(found, username) if username else found

    def newcomer(self) -> Account:
        """Somebody who has an account and a post in the own department, and no right yet."""
        number = people.admit(
            username="newcomer", display_name=self.persons[-1].name, password=PASSWORD, department=self.unit.code,
            by=made.SYSTEM, at=clock.now(),
        )  # fmt: skip
        return Account.objects.get(pk=number)

    def file(self, name: str, rows: list[made.Row], **options: Any) -> Path:
        """A file to hand in."""
        return made.csv_file(self.folder / name, rows, **options)

    def known(self) -> dict[str, object]:
        """What was drawn when the world was made, by the word that stands for it."""
        return {
            "department": self.unit.code, "other department": self.other.code, "organisation": self.organisation.code,
            "client": self.program.client_id, "submission": self.submission.id,
        }  # fmt: skip


def build(folder: Path) -> World:
    """Makes the world; everything is committed."""
    messages.compile_messages()
    _number_rows()
    unit = made.department("云溪市示例市场监督管理局")
    other, who = made.department("云溪市示例税务局"), made.organisation()
    made.register(who)
    persons = [canaries.canary(canaries.COUNT * 9 + number) for number in range(len(PEOPLE) + 2)]
    person = persons[0]
    rows = [made.penalty_row(who, unit, CF_FRDB=person.name), made.penalty_row(who, unit, CF_JDRQ="2026年13月5日")]
    submission = made.hand_in(made.csv_file(folder / "first.csv", rows), "admin-penalty-org", unit)
    world = World(folder, unit, other, who, person, persons, submission)
    about = made.Person(person.name, person.number)
    made.hand_in(world.file("persons.csv", [made.person_row(about, unit)]), "admin-penalty-person", unit)
    for (username, role), one in zip(PEOPLE.items(), persons[1:], strict=False):
        world.accounts[username] = identity.create_account(
            username=username, password=PASSWORD, display_name=one.name, role=role.value,
            department=unit.code if role in _OF_THE_UNIT else None, by=made.SYSTEM,
        )  # fmt: skip
    _machines(world)
    return world


def _machines(world: World) -> None:
    now = clock.now()
    view, secret = clients.register(
        name="示例客户端", department=world.unit.code, scopes=ALL, networks=[f"{HOME}/32"], by=made.SYSTEM, now=now
    )
    world.program = Program(view.client_id, secret, address=HOME)
    partners.register(code=PARTNER, name="示例市信用平台", by=made.SYSTEM, now=now)
    key, since = pem(world.node.key), now - timedelta(days=1)
    partners.add_key(PARTNER, key_id=world.node.key_id, public_pem=key, valid_from=since, by=made.SYSTEM)


def _number_rows() -> None:
    with separation.as_owner(), connection.cursor() as cursor:
        for place, table in enumerate(_NUMBERED):
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, _FIRST + place * 1_000_000])


@contextmanager
def today() -> Iterator[None]:
    """The day the world lives on."""
    with time_machine.travel(made.NOW + timedelta(hours=1), tick=True):
        yield
