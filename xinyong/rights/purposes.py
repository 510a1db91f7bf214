"""查询目的登记簿 The register of purposes: what files may be looked into for, by whom, which items, up to which grade, on which law.

Dated data (library/purposes.yaml), not code: a purpose that ended on a day opens nothing from then on, and stays readable in the log.
A purpose that changes gets another edition under its id, from a day on; earlier ones stay, and anybody can read them (portal/purposes.py).
What exactly a look is for, the free words beside it, is ``note``: both stand in the log as "id: note".
Basis: INV-70, INV-75; the query logs of Zhejiang 20 and Shenzhen 45 name the purpose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Any

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Grade, Item, Section
from xinyong.kernel import clock, plain_yaml
from xinyong.kernel.errors import Forbidden, Invalid
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security.access import Actor, Role

_SHORTEST, _LONGEST = 4, 120


class PurposeNeeded(Invalid):
    """A look needs a purpose of the register, in force, and a few words on the matter."""

    code = "rights.purpose-needed"
    invariant = "E_PURPOSE"


class PurposeNotYours(Forbidden):
    """The register does not open this purpose to who asks."""

    code = "rights.purpose-not-yours"
    invariant = "E_PURPOSE"


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose. ``units``: how the codes of units that may use it begin; () for any. ``sections`` None: all.
    ``withheld_days`` 0: a look is never kept from its subject."""

    id: str
    name_zh: str
    name_en: str
    bases: tuple[tuple[str, str], ...]
    is_verified: bool
    valid_from: date
    valid_to: date | None
    roles: frozenset[Role]
    units: tuple[str, ...]
    sections: frozenset[Section] | None
    items: frozenset[str]
    level: Grade
    needs_authorisation: bool
    is_emergency: bool
    max_days: int
    withheld_days: int
    withheld_basis: str

    def holds(self, on: date) -> bool:
        """True on the days it is in force."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)

    def opens_to(self, who: Actor) -> bool:
        """True for the roles and units it is for; the credit centre's people, who act for no unit, have their role's."""
        return who.role in self.roles and self.opens_to_unit(who.department)

    def opens_to_unit(self, code: str | None) -> bool:
        """True for units whose codes begin so."""
        return not self.units or code is None or code.startswith(self.units)

    def allows(self, item: Item) -> bool:
        """True when records of an item may be looked at for it."""
        return self.sections is None or item.section in self.sections or item.id in self.items


@cache
def register() -> tuple[Purpose, ...]:
    """Every edition of every purpose, ended ones too, in the order of the register."""
    return read(files("xinyong.rights").joinpath("library", "purposes.yaml").read_text(encoding="utf-8"))


def read(text: str) -> tuple[Purpose, ...]:
    """A register as it is written. ValueError where two editions of a purpose are in force on the same day."""
    found = tuple(_read(one) for one in plain_yaml.load(text)["purposes"])
    for one, other in combinations(found, 2):
        if one.id == other.id and (one.holds(other.valid_from) or other.holds(one.valid_from)):
            raise ValueError(f"two editions of the purpose {one.id} at the same time")
    return found


def published(*, on: date) -> list[tuple[Purpose, list[Purpose]]]:
    """Each purpose once, in the order of the register: its newest edition, ended ones too, and the editions before, the newest first."""
    by_id: dict[str, list[Purpose]] = {}
    for one in register():
        by_id.setdefault(one.id, []).append(one)
    ordered = [sorted(each, key=lambda one: one.valid_from, reverse=True) for each in by_id.values()]
    # One that begins on a later day is told of too: whoever it concerns may know beforehand.
    return [(each[0], each[1:]) for each in sorted(ordered, key=lambda each: not any(one.holds(on) for one in each))]


def plain(purpose: Purpose, *, on: date) -> dict[str, Any]:
    """An edition as programs read it, with the catalogue's items of a day."""
    return {
        "id": purpose.id, "name": {"zh": purpose.name_zh, "en": purpose.name_en},
        "bases": [{"title": title, "article": article, "is_verified": purpose.is_verified} for title, article in purpose.bases],
        "valid_from": purpose.valid_from.isoformat(), "valid_to": purpose.valid_to.isoformat() if purpose.valid_to else None,
        "is_in_force": purpose.holds(on), "users": sorted(purpose.roles), "units": list(purpose.units), "level": purpose.level.value,
        "authorisation": authorisation(purpose), "longest_authorisation_days": purpose.max_days or None,
        "withheld": {"days": purpose.withheld_days, "basis": purpose.withheld_basis} if purpose.withheld_days else None,
        "items": [
            {
                "id": one.id, "zh": one.title_zh, "en": one.title_en, "section": one.section.value,
                "grade": one.disclosure.value, "about": "persons" if one.is_about_persons else "organisations",
            }
            for one in reached(purpose, on=on)
        ],
    }  # fmt: skip


def reached(purpose: Purpose, *, on: date) -> list[Item]:
    """The catalogue's items of a day that a look for it can bring: none of persons where no person can authorise it."""
    return items(purpose, on=on, persons=False if authorisation(purpose) == "no-persons" else None)


def authorisation(purpose: Purpose) -> str:
    """Whether a subject must have said yes: ``always``; ``persons``: of persons, and for the authorised grade; ``review``: in an emergency
    not, somebody else reviews it; ``no-persons``: for organisations not, and a person nobody can authorise for it."""
    if purpose.is_emergency:
        return "review"
    return "always" if purpose.needs_authorisation else "persons" if purpose.max_days else "no-persons"


def in_force(*, on: date) -> list[Purpose]:
    """Those of a day."""
    return [one for one in register() if one.holds(on)]


def open_to(who: Actor, *, on: date) -> list[Purpose]:
    """Those a role and unit may look for, emergencies apart: these have their own way."""
    return [one for one in in_force(on=on) if one.opens_to(who) and not one.is_emergency]


def find(purpose_id: str, *, on: date) -> Purpose:
    """A purpose in force. Raises PurposeNeeded."""
    found = next((one for one in in_force(on=on) if one.id == purpose_id), None)
    if found is None:
        raise PurposeNeeded(
            "请从目的登记簿中选择查询目的；没有登记或已停用的目的不能查询。",
            "Choose a purpose of the register: nothing is looked up for one that is not in it or has ended.",
            invariant="E_PURPOSE",
        )
    return found


def ended_on(purpose_id: str) -> date | None:
    """The first day on which a purpose is in force no more; None while nobody has said one."""
    ends = [one.valid_to for one in register() if one.id == purpose_id]
    return None if None in ends else max((one for one in ends if one is not None), default=None)


def is_over(purpose_id: str, *, on: date) -> bool:
    """True from the day on which a purpose ended."""
    end = ended_on(purpose_id)
    return end is not None and end <= on


def chosen(purpose_id: str, *, by: Actor, at: datetime) -> Purpose:
    """A purpose in force that is open to the actor. Raises PurposeNeeded, PurposeNotYours."""
    found = find(purpose_id, on=clock.day(at))
    if not found.opens_to(by) or found.is_emergency:
        raise PurposeNotYours(
            f"目的“{found.name_zh}”不对您的角色或单位开放。请选择其他目的；确需使用的，请联系信用中心。",
            f"The purpose “{found.name_en}” is not open to your role or unit. Choose another, or ask the credit centre.",
            invariant="E_PURPOSE",
        )
    return found


def noted(note: str) -> str:
    """The words on the matter, tidied, without persons' numbers: they stand in the log. Raises PurposeNeeded."""
    tidy = " ".join(unnumbered(note).split())
    if not _SHORTEST <= len(tidy) <= _LONGEST:
        raise PurposeNeeded(
            f"请写明所办事项的名称或文号（{_SHORTEST} 至 {_LONGEST} 字）。",
            f"Name the matter or its number ({_SHORTEST} to {_LONGEST} characters).",
        )
    return tidy


def said(purpose_id: str, note: str, *, by: Actor, at: datetime) -> str:
    """The purpose as it stands in the log, for looks that need no more than that (the shared file of an organisation, an export).
    Raises PurposeNeeded, PurposeNotYours."""
    found = chosen(purpose_id, by=by, at=at)
    if found.needs_authorisation:
        raise PurposeNotYours(
            f"目的“{found.name_zh}”须有主体授权，请用“授权查询”。",
            f"“{found.name_en}” needs the subject's authorisation: use an authorised query.",
            invariant="E_PURPOSE",
        )
    return f"{found.id}: {noted(note)}"


def shared(who: Actor, *, on: date) -> list[Purpose]:
    """Purposes for which somebody may look at what departments share, without the subject's authorisation."""
    return [one for one in open_to(who, on=on) if not one.needs_authorisation]


def words(written: str) -> tuple[str, str]:
    """A purpose of the log ("id: note", or free words of before the register) by its registered name, zh and en; "" for none."""
    known = {one.id: (one.name_zh, one.name_en) for one in sorted(register(), key=lambda one: one.valid_from)}
    return known.get(written.partition(":")[0].strip(), ("", ""))


def worded(written: str, *, is_english: bool = False) -> str:
    """What stands in the log, as people read it: the registered name and the matter."""
    name = words(written)[is_english]
    return f"{name} · {written.partition(':')[2].strip()}" if name else written


def items(purpose: Purpose, *, on: date, persons: bool | None = None) -> list[Item]:
    """The catalogue's items of a day that may be looked at for a purpose; of persons or of organisations only, where that is said."""
    grades = (Grade.PUBLIC, Grade.SHARED) + ((Grade.AUTHORISED,) if purpose.level is Grade.AUTHORISED else ())
    return [
        one for one in publish.items(on=on)
        if purpose.allows(one) and one.disclosure in grades and persons in (None, one.is_about_persons)
    ]  # fmt: skip


def _read(one: Mapping[str, Any]) -> Purpose:
    sections: str | Sequence[str] = one["sections"]
    withhold: Mapping[str, Any] = one.get("withhold") or {}
    return Purpose(
        id=one["id"], name_zh=one["name"]["zh"], name_en=one["name"]["en"],
        bases=tuple((basis["title"], basis["article"]) for basis in one["bases"]), is_verified=one["is_verified"],
        valid_from=one["from"], valid_to=one.get("to"), roles=frozenset(Role(role) for role in one["roles"]),
        units=tuple(one["units"]), sections=None if sections == "all" else frozenset(Section(each) for each in sections),
        items=frozenset(one.get("items", ())), level=Grade(one["level"]),
        needs_authorisation=one.get("needs_authorisation", False), is_emergency=one.get("is_emergency", False),
        max_days=one.get("max_days", 0), withheld_days=withhold.get("days", 0), withheld_basis=withhold.get("basis", ""),
    )  # fmt: skip
