"""A procedure as data (办事程序): its states, who may take which step from which state, the statutory terms and what stops them.

Read from YAML and checked whole before it is used. Procedures are dated, and numbered: a case keeps the number of the version it
was taken under, and goes on under that version whatever is published later.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from xinyong.kernel import plain_yaml
from xinyong.kernel.errors import Invalid, NotFound

#: Where a step leads that leaves the state as it is, and one that goes back to where a pause came from.
SAME, BACK = "=", "<"
_Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=30)]
_Words = Annotated[str, Field(min_length=1, max_length=300)]


class UnknownProcedure(NotFound):
    """No such procedure, or not in that version, or none in force on that day."""

    code = "workflow.unknown-procedure"


class BadProcedure(Invalid):
    """A procedure's file says what cannot be done."""

    code = "workflow.bad-procedure"


class Party(StrEnum):
    """Who takes a step."""

    SUBJECT = "subject"  # 当事人: the one the case is about
    CENTRE = "centre"  # 信用中心
    SECOND = "second"  # another person of the centre than who took the steps named in ``apart_from``
    SOURCE = "source"  # 信源单位: the department whose record it is, once the case was forwarded to it
    CLOCK = "clock"  # the platform itself, when a term runs out or the archive says so


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: _Id
    zh: _Words
    en: _Words


class State(_Part):
    """A state. ``stage`` is its place on the stepper, from 1; ``is_final``: the case rests; ``is_paused``: its clock stands still."""

    stage: Annotated[int, Field(ge=1, le=9)]
    is_final: bool = False
    is_paused: bool = False


class Transition(_Part):
    """A step: from which states to which, by whom. ``most``: so many in one case; ``apart_from``: steps whose taker may not take
    this one too; ``needs_reason``: nobody takes it without saying why."""

    starts: tuple[str, ...] = Field(alias="from")
    to: str
    by: tuple[Party, ...]
    needs_reason: bool = False
    most: Annotated[int, Field(ge=1, le=9)] | None = None
    apart_from: tuple[str, ...] = ()


class Extension(BaseModel):
    """By how many days a term may be made longer, once; ``total``: how long it may be altogether."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    days: Annotated[int, Field(ge=1, le=366)]
    total: Annotated[int, Field(ge=1, le=366)] | None = None
    basis: _Words


class Term(_Part):
    """A statutory term (法定时限). It begins with each step of ``starts``, the day of which is not counted, and ends with the
    first later step of ``ends``; with ``only_after`` it is no term of a case that has had no such step."""

    days: Annotated[int, Field(ge=1, le=366)]
    unit: Literal["working", "calendar"] = "working"
    party: Party
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    only_after: tuple[str, ...] = ()
    extension: Extension | None = None
    basis: _Words


class Ground(_Part):
    """A ground that may be given (事由)."""


class Pause(_Part):
    """A cause for which the clock stands still (不计入时限的情形)."""

    basis: _Words


class Window(BaseModel):
    """For how long after a case was closed something can be done about that, and from which states; the day of closing is not counted.
    ``is_verified``: read in the text of a law."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    days: Annotated[int, Field(ge=1, le=366)]
    unit: Literal["working", "calendar"] = "calendar"
    starts: tuple[str, ...] = Field(alias="from")
    basis: _Words
    is_verified: bool


class Appeal(Window):
    """申诉 Whether a closed case can be appealed against. ``review``: ``first``, only once the review was had; ``either``, with it or
    without, and it is not open any more; ``none``, the procedure has no review."""

    review: Literal["first", "either", "none"]


class Anew(BaseModel):
    """After one of the steps ``after``, whoever had taken the last of ``decisions`` does not take one of them: another person decides."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    after: tuple[str, ...]
    decisions: tuple[str, ...]


class Remedies(BaseModel):
    """What is left outside the platform to whoever disagrees with the end (救济途径)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    zh: _Words
    en: _Words
    basis: _Words
    is_verified: bool


class Procedure(_Part):
    """A procedure in one version. ``basis`` is the article it rests on; ``is_verified``: read in the text itself. ``appeal`` and
    ``feedback``: what can be done once it is closed, None for nothing; ``anew``: who decides when it is open again."""

    kind: _Id
    version: Annotated[int, Field(ge=1)]
    basis: _Words
    is_verified: bool
    effective_from: date
    effective_to: date | None = None
    notes_zh: str = ""
    notes_en: str = ""
    first: str
    opens: _Id
    opens_zh: _Words
    opens_en: _Words
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    terms: tuple[Term, ...]
    grounds: tuple[Ground, ...]
    pauses: tuple[Pause, ...] = ()
    appeal: Appeal | None = None
    feedback: Window | None = None
    anew: Anew | None = None
    remedies: Remedies | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        states = {one.id for one in self.states}
        steps = {one.id for one in self.transitions} | {self.opens}
        for name, parts in (
            ("states", self.states), ("transitions", self.transitions), ("terms", self.terms), ("grounds", self.grounds),
            ("pauses", self.pauses),
        ):  # fmt: skip
            ids = [one.id for one in parts]
            if len(ids) != len(set(ids)):
                raise ValueError(f"{name}: an id stands twice")
        named = {state for one in self.transitions for state in (*one.starts, one.to)} - {SAME, BACK}
        meant = {step for one in self.transitions for step in one.apart_from}
        meant |= {step for one in self.terms for step in (*one.starts, *one.ends, *one.only_after)}
        if unknown := sorted(((named | {self.first}) - states) | (meant - steps)):
            raise ValueError(f"neither a state nor a step: {unknown}")
        meant = {step for one in ([self.anew] if self.anew else []) for step in (*one.after, *one.decisions)}
        ends = {one.id for one in self.states if one.is_final}
        closed = {state for one in (self.appeal, self.feedback) if one for state in one.starts}
        if unknown := sorted((meant - steps) | (closed - ends)):
            raise ValueError(f"neither a step nor a state in which the case is closed: {unknown}")
        if self.effective_to is not None and self.effective_to <= self.effective_from:
            raise ValueError("it ends before it begins")
        if unreached := sorted(states - self._reached()):
            raise ValueError(f"states nobody reaches: {unreached}")
        if stuck := sorted(one.id for one in self.states if not one.is_final and not self.leads_from(one.id)):
            raise ValueError(f"states nobody leaves: {stuck}")
        return self

    def _reached(self) -> set[str]:
        reached = {self.first}
        while more := {one.to for one in self.transitions if set(one.starts) & reached} - reached - {SAME, BACK}:
            reached |= more
        return reached

    def state(self, state_id: str) -> State:
        """The state of this id."""
        return next(one for one in self.states if one.id == state_id)

    def transition(self, step_id: str) -> Transition | None:
        """The step of this id; None for one that the procedure does not know."""
        return next((one for one in self.transitions if one.id == step_id), None)

    def leads_from(self, state_id: str) -> tuple[Transition, ...]:
        """The steps that leave a state for another."""
        return tuple(one for one in self.transitions if state_id in one.starts and one.to not in (SAME, state_id))

    def is_final(self, state_id: str) -> bool:
        """True for a state in which the case rests."""
        return self.state(state_id).is_final

    def words(self, step_id: str) -> tuple[str, str]:
        """What a step is called, Chinese and English."""
        found = self.transition(step_id)
        return (found.zh, found.en) if found else (self.opens_zh, self.opens_en)


class _Loader(plain_yaml.LOADER):  # type: ignore[misc]  # libyaml's where the wheel has it
    """Refuses a key that stands twice, which hides what a file says; ``_plain`` refuses anchors."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise yaml.YAMLError(f"a key stands twice: {sorted(map(str, keys))}")
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


def read(text: str, *, flow: str = "", file: str) -> Procedure:
    """A procedure from YAML; ``flow`` is the YAML of what procedures of one kind share, and what ``text`` says goes over it. Raises
    BadProcedure."""
    try:
        said: dict[str, Any] = {}
        for part in (flow, text):
            found = _plain(part) if part else {}
            if not isinstance(found, dict):
                raise yaml.YAMLError("not a mapping")
            said |= found
        return Procedure.model_validate(_tuples(said))
    except (yaml.YAMLError, ValidationError) as error:
        detail = re.sub(r"\s+", " ", str(error))[:600]
        raise BadProcedure(f"程序文件 {file} 有误：{detail}", f"The procedure {file} is wrong: {detail}") from error


def _plain(text: str) -> Any:
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=plain_yaml.LOADER)):
        raise yaml.YAMLError("anchors and aliases are not read")
    return yaml.load(text, _Loader)  # noqa: S506  # nosec B506  a safe loader made stricter


def _tuples(value: Any) -> Any:
    """Lists as tuples, words of parties as parties: what a strict model takes."""
    if isinstance(value, Mapping):
        return {key: _parties(one) if key in ("by", "party") else _tuples(one) for key, one in value.items()}
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value


def _parties(value: Any) -> Any:
    known = {one.value: one for one in Party}
    if isinstance(value, list):
        return tuple(known.get(one, one) for one in value)
    return known.get(value, value)


class Library:
    """The procedures of one kind: a shared flow, and one file for each profile."""

    def __init__(self, flow: Path, folder: Path) -> None:
        shared = flow.read_text(encoding="utf-8")
        found = [
            read(path.read_text(encoding="utf-8"), flow=shared, file=path.name)
            for path in sorted(folder.glob("*.yaml"))
        ]
        self._by_key = {(one.id, one.version): one for one in found}
        if len(self._by_key) != len(found):
            raise BadProcedure("有两个程序文件的编号和版本相同。", "Two procedures have the same id and version.")

    def all(self) -> Sequence[Procedure]:
        """Every procedure in every version, by id."""
        return [self._by_key[key] for key in sorted(self._by_key)]

    def version(self, procedure_id: str, version: int) -> Procedure:
        """The version a case was taken under. Raises UnknownProcedure."""
        found = self._by_key.get((procedure_id, version))
        if found is None:
            raise _unknown(f"{procedure_id} v{version}")
        return found

    def in_force(self, procedure_id: str, on: date) -> Procedure:
        """The newest version in force on a day. Raises UnknownProcedure."""
        found = [
            one for one in self._by_key.values()
            if one.id == procedure_id and one.effective_from <= on and (one.effective_to is None or on < one.effective_to)
        ]  # fmt: skip
        if not found:
            raise _unknown(procedure_id)
        return max(found, key=lambda one: one.version)


def _unknown(what: str) -> UnknownProcedure:
    return UnknownProcedure(
        f"没有办事程序 {what}，或它当日没有施行。", f"There is no procedure {what}, or it is not in force on that day."
    )
