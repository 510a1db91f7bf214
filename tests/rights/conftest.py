"""A department, a bank with its program, an organisation and a person with records, and who speaks for them."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from tests.intake import conftest as shared
from tests.intake import made
from tests.intake.made import Organisation, Person
from xinyong.kernel import clock
from xinyong.rights import consent, queries, whose
from xinyong.rights.consent_view import ConsentView
from xinyong.rights.whose import Whose
from xinyong.security import encryption, identity, scope
from xinyong.security.access import Actor, Role
from xinyong.security.identity import SourceUnit
from xinyong.subjects import resolve

module_db = shared.module_db
on_the_day = shared.on_the_day
file = shared.file
hand_in = shared.hand_in
PENALTY, OF_PERSONS = "admin-penalty-org", "admin-penalty-person"
NOTE = "云市监许申〔2026〕12号"
WHY = "个人信息保护法第三十五条，立案前核查，告知将妨碍取证"
_numbers = itertools.count(1)


@dataclass(slots=True)
class Hall:
    """Who asks and who is asked."""

    unit: SourceUnit
    bank: SourceUnit
    reader: Actor
    program: Actor
    organisation: Organisation
    person: Person
    ids: dict[str, int] = field(default_factory=dict)

    def owner(self, of: str = "organisation") -> Actor:
        """Who speaks for the organisation, or the person themselves."""
        code = self.organisation.code if of == "organisation" else None
        return Actor(
            role=Role.SUBJECT, name=f"{of}-account", account_id=9_000_001, subject=self.ids[of], subject_code=code
        )

    def about(self, of: str = "organisation", by: Actor | None = None) -> Whose:
        """The organisation or the person, as somebody names them."""
        who = by or self.reader
        if of == "organisation":
            return whose.find(code=self.organisation.code, by=who)
        return whose.find(certificate=self.person.number, by=who)

    def asks(self, of: str = "person", *, by: Actor | None = None, purpose: str = "loan", **more: Any) -> Any:
        """A unit asks for an authorisation."""
        who = by or self.program
        with scope.acting(who):
            return consent.ask(
                self.about(of, who), purpose=purpose, at=more.pop("at", None) or clock.now(), by=who,
                **{"items": [OF_PERSONS if of == "person" else PENALTY], "days": 30, "without": "改为人工核验"} | more,
            )  # fmt: skip

    def gives(self, of: str = "person", **more: Any) -> ConsentView:
        """The subject authorises, unasked."""
        who = self.owner(of)
        wanted = {
            "purpose": "loan", "items": [OF_PERSONS if of == "person" else PENALTY], "days": 30, "at": clock.now(),
        } | more  # fmt: skip
        recipient = wanted.pop("recipient", self.bank.code)
        with scope.acting(who):
            return consent.give_unasked(recipient, by=who, **wanted)

    def withdraws(self, one: ConsentView, of: str = "person", at: datetime | None = None) -> ConsentView:
        """The subject takes it back."""
        who = self.owner(of)
        with scope.acting(who):
            return consent.withdraw(one.id, by=who, at=at or clock.now())

    def looks(self, of: str = "person", *, by: Actor | None = None, **more: Any) -> queries.Answer:
        """Somebody queries."""
        who = by or self.program
        wanted = {"purpose": "loan", "note": NOTE, "at": clock.now()} | more
        with scope.acting(who):
            return queries.query(self.about(of, who), seen_by=who, **wanted)


def anew(hall: Hall) -> Hall:
    """The same units, another organisation and another person with a penalty each."""
    return build(hall.unit, hall.bank, hall.reader, hall.program)


def build(unit: SourceUnit, bank: SourceUnit, reader: Actor, program: Actor) -> Hall:
    """Makes the subjects, without records."""
    from xinyong.subjects import registry

    who, somebody = made.organisation(), made.person()
    made.register(who)
    digest = encryption.digest(f"身份证\x1f{somebody.number}", kind="person")
    sealed = encryption.seal(f'["{somebody.name}", "身份证", "{somebody.number}"]'.encode(), context="subject.sealed")
    registry.ensure_persons([(digest, sealed)], known_at=made.NOW)
    hall = Hall(unit, bank, reader, program, who, somebody)
    hall.ids = {
        "organisation": registry.subject(who.code, seen_by=made.SYSTEM).id, "person": resolve.by_people([digest])[digest],
    }  # fmt: skip
    return hall


def units() -> tuple[SourceUnit, SourceUnit, Actor, Actor]:
    """A department with its reader, a bank with its program."""
    unit = made.department()
    bank = identity.register_department(code=made.code_of("91"), name=f"云溪示例银行{next(_numbers)}", by=made.SYSTEM)
    username = f"reader-{next(_numbers)}"
    account = identity.create_account(
        username=username, password="a long enough pass", display_name=f"{made.person().name[:1]}示例", role="reader",
        department=unit.code, by=made.SYSTEM,
    )  # fmt: skip
    reader = Actor(role=Role.READER, name=username, account_id=account, department=unit.code)
    program = Actor(role=Role.CLIENT, name=f"xy-{next(_numbers):016}", department=bank.code)
    return unit, bank, reader, program


@pytest.fixture(scope="module")
def hall(module_db: None, on_the_day: object, tmp_path_factory: pytest.TempPathFactory) -> Hall:
    """One for a module, with a penalty of the organisation and one of the person."""
    made_hall, folder = build(*units()), tmp_path_factory.mktemp("rights")
    rows = [made.penalty_row(made_hall.organisation, made_hall.unit)]
    made.hand_in(made.csv_file(folder / "organisations.csv", rows), PENALTY, made_hall.unit)
    rows = [made.person_row(made_hall.person, made_hall.unit)]
    made.hand_in(made.csv_file(folder / "persons.csv", rows), OF_PERSONS, made_hall.unit)
    return made_hall


@pytest.fixture
def fresh(hall: Hall) -> Hall:
    """The hall with subjects nobody has said anything about."""
    return anew(hall)


@pytest.fixture
def noted() -> Callable[[], list[str]]:
    """Events entered in the log since the last call."""
    from xinyong.security.models import AuditEntry

    def last() -> int:
        return AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0

    place = [last()]

    def since() -> list[str]:
        found = list(AuditEntry.objects.filter(id__gt=place[0]).order_by("id").values_list("event", flat=True))
        place[0] = last()
        return found

    return since
