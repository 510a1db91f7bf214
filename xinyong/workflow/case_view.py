"""What a reader gets to see of cases: plain values, with the words of the procedure they were taken under."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from django.conf import settings

from xinyong.kernel.calendar import Calendar
from xinyong.workflow import deadlines, sealed_words
from xinyong.workflow.case_models import Case, CaseStep
from xinyong.workflow.deadlines import TermView
from xinyong.workflow.definition import Party, Procedure, State


@dataclass(frozen=True, slots=True)
class StepView:
    """A step as the parties read it: by which unit, never by which person; ``by_name`` is for the centre's own pages."""

    number: int
    action: str
    zh: str
    en: str
    at: datetime
    to_state: str
    party: Party
    unit: str
    by_name: str
    reason: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A paper: its number, which step it came with, by which party, name, size, SHA-256."""

    number: int
    step: int
    party: Party
    file_name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case. ``after`` is the number of its last step: who takes the next one names it, so that nobody overtakes another.
    ``source_id`` 0: the credit centre itself."""

    id: int
    procedure: Procedure
    subject_id: int
    subject_code: str
    subject_name: str
    item_id: str
    object_ref: str
    title: str
    source_id: int
    source_name: str
    is_forwarded: bool
    state: State
    after: int
    opened_at: datetime
    ended_at: datetime | None
    steps: tuple[StepView, ...] = field(default=())
    terms: tuple[TermView, ...] = field(default=())
    documents: tuple[DocumentView, ...] = field(default=())

    @property
    def is_private(self) -> bool:
        """It is about a natural person: whoever deals with it reads neither who that is nor, without saying so, the record."""
        return not self.subject_code

    @property
    def is_open(self) -> bool:
        """Somebody still has to do something about it."""
        return self.ended_at is None

    @property
    def pressing(self) -> TermView | None:
        """The running term that is due first."""
        return deadlines.pressing(self.terms) if self.is_open else None

    def last(self, *actions: str) -> StepView | None:
        """The last step of one of these."""
        return next((one for one in reversed(self.steps) if one.action in actions), None)

    @property
    def closing(self) -> StepView | None:
        """The step that closed it last; None while it is open."""
        if self.is_open:
            return None
        ends = [self.procedure.is_final(one.to_state) for one in self.steps]
        return next(self.steps[n] for n in reversed(range(len(ends))) if ends[n] and not (n and ends[n - 1]))


class SeenCase(Protocol):
    """A case as a room shows it: with what else belongs to its kind, and the steps that who asks can take."""

    @property
    def case(self) -> CaseView:
        """The case."""
        ...

    @property
    def may(self) -> frozenset[str]:
        """The steps."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an inbox: the case, and the term that presses most (None: no term runs)."""

    case: CaseView
    term: TermView | None

    @property
    def is_over(self) -> bool:
        """That term's end has passed."""
        return self.term is not None and self.term.is_over

    @property
    def place(self) -> tuple[str, int]:
        """Its place in deadline order; cases without a running term come last."""
        on = self.term.due_on if self.term and self.term.due_on else date.max
        return on.isoformat(), self.case.id


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of an inbox. ``next_after`` is the sealed place of the next, "" on the last; ``over``: how many open ones are
    overdue, None where ended ones are listed."""

    lines: tuple[Line, ...]
    next_after: str
    over: int | None


def view(
    case: Case, procedure: Procedure, *, at: datetime | None = None, calendar: Calendar | None = None, party: Party | None = None,
    is_brief: bool = False,
) -> CaseView:  # fmt: skip
    """The view of a case; with an instant and the working days, its terms; with a ``party``, the papers as that party sees them.
    ``is_brief``: for a line of a list, without what is kept sealed."""
    said = {} if is_brief else sealed_words.said(case)
    steps: Sequence[CaseStep] = sorted(case.steps.all(), key=lambda one: one.number)
    terms = deadlines.terms(procedure, steps, at=at, calendar=calendar) if at and calendar else []
    return CaseView(
        id=case.pk, procedure=procedure, subject_id=case.subject_id, subject_code=case.subject_code,
        subject_name=case.subject_name, item_id=case.item_id, object_ref=case.object_ref, title=case.title,
        source_id=case.source_id or 0,
        source_name=case.source.name if case.source else settings.SITE_NAME, is_forwarded=case.is_forwarded,
        state=procedure.state(case.state), after=case.step_count, opened_at=case.opened_at, ended_at=case.ended_at,
        steps=tuple(_step(one, procedure, *said.get(one.number, ("", {}))) for one in steps), terms=tuple(terms),
        documents=tuple(
            DocumentView(one.number, one.step, Party(one.party), one.file_name, one.size, one.digest)
            for one in case.documents.order_by("number")
        ) if party else (),
    )  # fmt: skip


def _step(one: CaseStep, procedure: Procedure, reason: str, facts: Mapping[str, object]) -> StepView:
    zh, en = procedure.words(one.action)
    return StepView(
        one.number,
        one.action,
        zh,
        en,
        one.at,
        one.to_state,
        Party(one.party),
        one.unit,
        one.by_name,
        reason or one.reason,
        one.facts | facts,
    )
