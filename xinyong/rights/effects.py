"""后果 What follows from a decision beside the decision itself: one declared list, carried out in the transaction of its cause.

Every room that holds something a decision touches declares it when it starts (``declare``); this room's own stand in
rights/own_effects.py. There is no second path: who grants a repair, upholds an objection, withdraws a record or ends an authorisation
says what happened (``carry_out``), and nothing else. ``xinyong effects`` and docs/reference/effects.md print the list.
Source: 令36号 3; 行政处罚法 48; PIPL 15, 16, 46, 47; INV-21, INV-28, INV-65, INV-66.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from xinyong.security import scope
from xinyong.security.access import system


class Cause(StrEnum):
    """What has effects: a closed list."""

    REPAIRED = "repaired"  # 准予信用修复; undone when the repair is revoked
    CORRECTED = "corrected"  # 异议成立，信息已更正
    WITHDRAWN = "withdrawn"  # 信息已撤回: 异议成立，或者作出依据的决定被撤销
    CONSENT_ENDED = "consent-ended"  # 授权撤回、到期，或者目的终止


#: Cause → Chinese, English.
WORDS: dict[Cause, tuple[str, str]] = {
    Cause.REPAIRED: ("准予信用修复", "A repair was granted"),
    Cause.CORRECTED: ("异议成立，信息已更正", "An objection was upheld and the record corrected"),
    Cause.WITHDRAWN: ("信息已撤回", "The record was withdrawn"),
    Cause.CONSENT_ENDED: ("授权终止（撤回、到期、目的终止）", "An authorisation ended: withdrawn, over, or its purpose ended"),
}  # fmt: skip
#: Causes that can be undone, and by what.
UNDONE_BY: dict[Cause, tuple[str, str]] = {Cause.REPAIRED: ("撤销修复", "The repair is revoked")}


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened, when, and to what: a datum (``ref``) by a case or an annulment, or an authorisation. ``why``: how it is undone."""

    cause: Cause
    at: datetime
    subject_id: int
    subject_code: str = ""
    item_id: str = ""
    ref: str = ""
    case_id: int | None = None
    annulment_id: int | None = None
    consent_id: int | None = None
    why: str = ""


#: Carries out or undoes; how many things that were.
Deed = Callable[[Happening], int]


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect: what it is called, which causes it answers, what it does, and what it undoes (None: there is nothing to undo)."""

    name: str
    zh: str
    en: str
    causes: frozenset[Cause]
    carry_out: Deed
    undo: Deed | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays after its cause because a law says so: in storage, safe, found by no query. For how long, and by which law."""

    name: str
    zh: str
    en: str
    causes: frozenset[Cause]
    basis_zh: str
    basis_en: str


_EFFECTS: list[Effect] = []
_KEPT: list[Kept] = []


def declare(*made: Effect | Kept) -> None:
    """Adds to the list, in the order in which it is carried out. ValueError for a name that is taken or an effect of nothing."""
    for one in made:
        if one.name in {each.name for each in _EFFECTS} | {stays.name for stays in _KEPT}:
            raise ValueError(f"an effect of this name is declared already: {one.name}")
        if not one.causes:
            raise ValueError(f"an effect answers a cause: {one.name}")
        if isinstance(one, Effect):
            _EFFECTS.append(one)
        else:
            _KEPT.append(one)


def declared(cause: Cause | None = None) -> tuple[Effect, ...]:
    """The effects, or those of one cause, in the order in which they are carried out."""
    return tuple(one for one in _EFFECTS if cause is None or cause in one.causes)


def kept(cause: Cause | None = None) -> tuple[Kept, ...]:
    """What stays, or stays after one cause."""
    return tuple(one for one in _KEPT if cause is None or cause in one.causes)


def carry_out(what: Happening) -> dict[str, int]:
    """All that follows, in the caller's transaction: by name, how many things. As the platform: who decides sees none of it."""
    with scope.acting(system("effects")):
        return {one.name: one.carry_out(what) for one in declared(what.cause)}


def undo(what: Happening) -> dict[str, int]:
    """Undoes what can be, the last effect first. ValueError for a cause that nothing undoes."""
    if what.cause not in UNDONE_BY:
        raise ValueError(f"nothing undoes this: {what.cause}")
    with scope.acting(system("effects")):
        return {one.name: one.undo(what) for one in reversed(declared(what.cause)) if one.undo is not None}
