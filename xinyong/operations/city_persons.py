"""Persons of the demo city: two accounts of invented people, one of whom claims an organisation and objects to a record; what they are
told."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from xinyong.kernel import clock

if TYPE_CHECKING:
    from xinyong.security.access import Actor

#: user name → which of the city's invented people: the first is penalised, the second licensed (synthetic/people.py).
PEOPLE = {"citizen": 1_000, "driver": 0}


def open_account(username: str, password: str, *, seed: int, today: date, by: "Actor") -> tuple[int, str]:
    """The demo account of one of the city's people; its id, and what it is called."""
    from xinyong.operations.synthetic import people
    from xinyong.security import persons

    name, number = people.person(PEOPLE[username], seed=seed, today=today)
    who = persons.identity(name, number, today=clock.today())
    return persons.admit_demo(who, username=username, password=password, by=by, at=clock.now())


def say(accounts: dict[str, int], *, company: int, by: "Actor") -> None:
    """Claims an organisation, and tells each what a first morning would; said already, nothing is said twice."""
    from xinyong.records import telling
    from xinyong.security import mandates
    from xinyong.security.access import Role
    from xinyong.subjects import persons as register
    from xinyong.workflow import subject_notices
    from xinyong.workflow.subject_kinds import LOOKERS, SubjectKind

    now = clock.now()
    held = mandates.of_account(company, at=now)
    if held:
        _claim(accounts["citizen"], held[0].subject_code)
    is_looked_at = _object(accounts["citizen"])
    telling.tell(today=clock.today(), by=by, at=now)
    citizen = register.settled(_actor(accounts["citizen"])).subject
    if is_looked_at and citizen is not None:
        zh, en = LOOKERS[telling.CATEGORIES[Role.OPERATOR.value]]
        facts: dict[str, str | int] = {
            "on": clock.today().isoformat(), "category_zh": zh, "category_en": en, "count": 1,
        }  # fmt: skip
        subject_notices.tell(
            SubjectKind.LOOKED_AT, subject_id=citizen, facts=facts, link="/own/access-log/", key="demo", by=by, at=now
        )


def _claim(account_id: int, code: str) -> None:
    from xinyong.operations.city_own import picture
    from xinyong.records import claiming
    from xinyong.security import mandates
    from xinyong.subjects import claims

    person = _actor(account_id)
    if claims.own(by=person):
        return
    with TemporaryDirectory(prefix="xinyong-city-persons-") as name:
        proof = Path(name) / "proof.png"
        proof.write_bytes(picture())
        claiming.claim(
            code, kind=mandates.AGENT, last_on=clock.today() + timedelta(days=365), proof=proof,
            proof_name="授权委托书.png", by=person, at=clock.now(),
        )  # fmt: skip


def _object(account_id: int) -> bool:
    """Objects to what is on file of them, since yesterday, and the desk looks at the record; once. False: nothing to object to, or said."""
    from xinyong.records import own
    from xinyong.rights import objection, objection_desk
    from xinyong.rights.objection import Said
    from xinyong.security import scope
    from xinyong.security.access import Actor, Role
    from xinyong.subjects import persons as register

    person, at = register.settled(_actor(account_id)), clock.now() - timedelta(days=1)
    with scope.acting(person):
        found = [one for one in own.about(by=person, as_of=clock.today()).records if one.record.known_from < at]
        if not found or objection.listing(by=person, at=clock.now(), limit=1):
            return False
        said = Said("wrong", "罚款已在规定期限内缴清，处罚金额与决定书不一致，请核对原件。", {})
        case, _ = objection.lodge(found[0].handle, said, token=f"city-own-{account_id:012}", by=person, at=at)
    centre = Actor(role=Role.OPERATOR, name="operator")
    with scope.acting(centre):
        objection_desk.look(case.id, seen_by=centre, at=clock.now())
    return True


def _actor(account_id: int) -> "Actor":
    from xinyong.security import persons
    from xinyong.security.access import Actor, Role

    return persons.actor(Actor(role=Role.PUBLIC, name=persons.username_of(account_id), account_id=account_id))
