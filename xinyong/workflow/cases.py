"""办件 Cases: opened once, moved step by step as their procedure says, each step taken exactly once and by whom it is for.

A room that has cases of a kind (rights/objection.py) calls these verbs and adds what the steps mean. The caller's own action is
asked for there; here it is who somebody is in this case, and whether the procedure gives this step to them now. The database
holds the same bounds by row-level security (migration 0002): a subject has its own cases, a department those forwarded to it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from xinyong.kernel import clock
from xinyong.kernel.calendar import Calendar
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import audit, cursors, proofs
from xinyong.security.access import MACHINES, Actor, PeopleDecide, Role, people_decide, significant
from xinyong.workflow import deadlines, sealed_words
from xinyong.workflow.case_models import Case, CaseDocument, CaseStep
from xinyong.workflow.case_view import CaseView, Line, Listed, view
from xinyong.workflow.definition import BACK, SAME, Party, Procedure, Transition

#: Papers of one step at most, and of a whole case.
MOST_PAPERS, MOST_PAPERS_OF_CASE = 5, 40
#: Open cases that one inbox orders by deadline: the oldest. Later ones come up as those are done.
MOST_OPEN = 5_000
CONTEXT = "workflow.paper"
_SHORTEST, _LONGEST = 4, 1000
#: Who acts for themself, and who for the unit a case was forwarded to.
OWN, _UNIT = (Role.SUBJECT, Role.PERSON), (Role.SOURCE_UNIT, Role.READER)
#: What a step means, in its transaction.
Then = Callable[[CaseView], None]
_PROCEDURES: dict[str, Callable[[str, int], Procedure]] = {}


class UnknownCase(NotFound):
    """No such case, or not this actor's, which looks the same."""

    code = "workflow.unknown-case"


class AlreadyOpen(Conflict):
    """The same thing is disputed in a case that is not over yet."""

    code = "workflow.case-already-open"


class MovedMeanwhile(Conflict):
    """Somebody took a step since the page was opened."""

    code = "workflow.case-moved-meanwhile"


class StepNotNow(Conflict):
    """The state of the case does not allow the step, or it was taken as often as it may be."""

    code = "workflow.step-not-now"


class StepNotYours(Conflict):
    """The step is for another party, or for another person of the centre."""

    code = "workflow.step-not-yours"


class TokenUsed(Conflict):
    """The form was sent before and said something else."""

    code = "workflow.form-used"


class ReasonMissing(Invalid):
    """The step is taken with reasons only."""

    code = "workflow.reason-missing"


class TooManyPapers(Invalid):
    """More papers than a step or a case takes."""

    code = "workflow.too-many-papers"


class BadPlace(Invalid):
    """The address of a next page was altered."""

    code = "workflow.bad-place"


@dataclass(frozen=True, slots=True)
class Paper:
    """A file as it was handed over, with its own name."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class About:
    """What a case is about: of whom, which thing, whose record it is (0: the credit centre's own doing)."""

    subject_id: int
    subject_code: str
    subject_name: str
    region_code: str
    item_id: str
    object_ref: str
    title: str
    source_id: int


@dataclass(frozen=True, slots=True)
class Step:
    """A step that somebody wants to take. ``after`` is the number of the last step they saw, ``token`` the form's."""

    action: str
    after: int
    token: str
    reason: str = ""
    facts: Mapping[str, object] | None = None
    papers: Sequence[Paper] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of what the form says, its papers by their content."""
        papers = [hashlib.sha256(one.path.read_bytes()).hexdigest() for one in self.papers]
        said = [self.action, self.reason, dict(self.facts or {}), papers]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def declare(kind: str, find: Callable[[str, int], Procedure]) -> None:
    """Says where the procedures of a kind of case are found; each room does so for its kinds when it is loaded."""
    _PROCEDURES[kind] = find


@transaction.atomic
def open_case(
    procedure: Procedure, about: About, step: Step, *, unit: str, by: Actor, at: datetime
) -> tuple[CaseView, bool]:  # fmt: skip
    """Opens a case by its first step. False: the same form opened it before, and what it opened is returned.

    Raises AlreadyOpen, TokenUsed, TooManyPapers, UnfitProof.
    """
    wanted = Case(
        kind=procedure.kind, procedure=procedure.id, procedure_version=procedure.version, subject_id=about.subject_id,
        subject_code=about.subject_code, subject_name=about.subject_name, region_code=about.region_code,
        item_id=about.item_id, object_ref=about.object_ref, title=about.title[:200], source_id=about.source_id or None,
        state=procedure.first, token=step.token, opened_at=at,
    )  # fmt: skip
    try:
        with transaction.atomic():
            wanted.save(force_insert=True)
    except IntegrityError as error:
        before = Case.objects.filter(kind=procedure.kind, subject_id=about.subject_id, token=step.token).first()
        if before is not None:
            _same(before.steps.get(number=1), step)
            return view(before, procedure), False
        raise AlreadyOpen(
            "这条信息已有同类的一件正在办理。请在原来的一件中补充材料。",
            "Such a case about this record is being dealt with already. Add what you have to that one.",
        ) from error
    _enter(
        wanted, procedure, step, Party.SUBJECT, procedure.first, unit=unit, by=by, at=at, event=audit.Event.CASE_OPENED
    )
    return view(wanted, procedure), True


@transaction.atomic
def take(
    case_id: int, step: Step, *, kind: str, unit: str, by: Actor, at: datetime, then: Then | None = None
) -> tuple[CaseView, bool]:  # fmt: skip
    """Takes a step, once, in a case of this kind: another kind's steps may bear the same names, and mean something else. False: the
    same form took it before. ``then`` is what the step means, in the same transaction.

    Raises UnknownCase, MovedMeanwhile, StepNotNow, StepNotYours, security's PeopleDecide, TokenUsed, ReasonMissing, TooManyPapers,
    UnfitProof.
    """
    case = _reach(by).select_for_update(of=("self",)).filter(pk=case_id, kind=kind).first()
    if case is None:
        raise _unknown()
    procedure = procedure_of(case)
    before = case.steps.filter(token=step.token).first()
    if before is not None:
        _same(before, step)
        return view(case, procedure), False
    if case.step_count != step.after:
        raise MovedMeanwhile(
            "您打开页面以后，这一件又有了新的办理步骤。请看过再办。",
            "A step was taken in this case since you opened the page. Look at it first.",
        )
    steps = list(case.steps.order_by("number"))
    transition, party = _allowed(case, procedure, step.action, steps, by)
    if transition.needs_reason and not len(_said(step.reason)) >= _SHORTEST:
        raise ReasonMissing(
            f"请写明理由（{_SHORTEST} 至 {_LONGEST} 字）；对方会看到。",
            f"Give the reasons ({_SHORTEST} to {_LONGEST} characters); the other parties read them.",
        )
    to = case.state if transition.to == SAME else _before(steps) if transition.to == BACK else transition.to
    _enter(case, procedure, step, party, to, unit=unit, by=by, at=at, event=audit.Event.CASE_STEP)
    done = view(case, procedure)
    if then is not None:
        then(done)
    return done, True


def share(case_id: int, *, by: Actor) -> None:
    """From now on the department whose record it is sees the case; within the transaction of the step that forwards it."""
    _reach(by).filter(pk=case_id, is_forwarded=False).update(is_forwarded=True)


def steps_open(found: CaseView, *, by: Actor) -> frozenset[str]:
    """The steps that this actor could take in a case as it stands."""
    case = _reach(by).filter(pk=found.id).first()
    if case is None:
        return frozenset()
    procedure, steps = procedure_of(case), list(case.steps.order_by("number"))
    return frozenset(
        one.id for one in procedure.transitions if _refusal(case, procedure, one.id, steps, by) is None
    )  # fmt: skip


def find(case_id: int, *, kind: str, by: Actor, at: datetime, calendar: Calendar) -> CaseView:
    """One case whole: its steps, its terms, its papers. One entry. Raises UnknownCase."""
    case = _reach(by).select_related("source").filter(pk=case_id, kind=kind).first()
    if case is None:
        raise _unknown()
    audit.enter(
        audit.Event.CASE_VIEWED, by=by, object_kind=case.kind, object_ref=str(case.pk), subject=case.subject_code
    )
    return view(case, procedure_of(case), at=at, calendar=calendar, party=party_of(case, by))


def again(case_id: int, *, kind: str | None, by: Actor, at: datetime, calendar: Calendar) -> CaseView:
    """A case as it stands, for a verb that goes on working on it: no entry. ``kind`` None: of whichever kind. Raises UnknownCase."""
    found = _reach(by).select_related("source").filter(pk=case_id)
    case = (found if kind is None else found.filter(kind=kind)).first()
    if case is None:
        raise _unknown()
    return view(case, procedure_of(case), at=at, calendar=calendar)


def of_subject(
    *, kind: str, by: Actor, at: datetime, calendar: Calendar, after: int | None, limit: int
) -> list[CaseView]:
    """A subject's own cases, the newest first; ``after`` is the last id of the page before. One entry."""
    audit.enter(audit.Event.CASES_LISTED, by=by, object_kind=kind, object_ref=by.subject_code or "own")
    found = _reach(by).select_related("source").filter(kind=kind).order_by("-id")
    if after is not None:
        found = found.filter(pk__lt=after)
    return [view(one, procedure_of(one), at=at, calendar=calendar, is_brief=True) for one in found[:limit]]


def taken(kind: str, subject_id: int, action: str, *, by: Actor) -> list[tuple[datetime, dict[str, Any]]]:
    """When a step was taken in any case of a subject that this actor sees, and what was said with it; oldest first."""
    seen = _reach(by).filter(kind=kind, subject_id=subject_id)
    found = CaseStep.objects.filter(case__in=seen, action=action).order_by("id")
    return list(found.values_list("at", "facts"))


def inbox(
    *, kind: str, by: Actor, at: datetime, calendar: Calendar, state: str = "", text: str = "", is_over: bool = False,
    after: str = "", limit: int = 20,
) -> Listed:  # fmt: skip
    """Cases as somebody works them off: open ones by the term that presses most, ended ones (``state`` "ended") the newest first.

    ``text`` is part of a title, name or code; ``after`` the sealed place of the page before. One entry. Raises BadPlace.
    """
    audit.enter(audit.Event.CASES_LISTED, by=by, object_kind=kind, object_ref=state or "open")
    found = _reach(by).select_related("source").filter(kind=kind)
    if words := text.strip():
        found = found.filter(
            Q(title__icontains=words) | Q(subject_name__icontains=words) | Q(subject_code=words.upper())
        )
    of = json.dumps(["cases", kind, state, words, is_over, by.role.value, by.department])
    place = _place(after, of)
    if state == "ended":
        rows = found.filter(ended_at__isnull=False).order_by("-id")
        page = [_line(one, at, calendar) for one in (rows.filter(pk__lt=place[1]) if place else rows)[: limit + 1]]
        more = cursors.give(["", page[limit - 1].case.id], of=of) if len(page) > limit else ""
        return Listed(tuple(page[:limit]), more, None)
    rows = found.filter(ended_at__isnull=True).prefetch_related("steps")
    lines = [_line(one, at, calendar) for one in rows.order_by("id")[:MOST_OPEN] if not state or one.state == state]
    over = sum(one.is_over for one in lines)
    lines = sorted((one for one in lines if one.is_over or not is_over), key=lambda one: one.place)
    if place:
        lines = [one for one in lines if one.place > place]
    more = cursors.give(list(lines[limit - 1].place), of=of) if len(lines) > limit else ""
    return Listed(tuple(lines[:limit]), more, over)


def pressing(*, kind: str, by: Actor, at: datetime, calendar: Calendar) -> list[CaseView]:
    """Every open case of a kind with its terms, for the platform's own reminders; in the order they were opened."""
    rows = _reach(by).select_related("source").filter(kind=kind, ended_at__isnull=True).prefetch_related("steps")
    return [view(one, procedure_of(one), at=at, calendar=calendar) for one in rows.order_by("id")]


def open_document(case_id: int, number: int, *, kind: str, to: Path, by: Actor) -> tuple[str, str]:
    """Opens a paper into ``to``; its name and content type. A subject opens its own. One entry. Raises UnknownCase."""
    case = _reach(by).filter(pk=case_id, kind=kind).first()
    one = case.documents.filter(number=min(number, 2**31 - 1)).first() if case else None
    if case is None or one is None or (by.role in OWN and one.party != Party.SUBJECT):
        raise _unknown()
    audit.enter(
        audit.Event.PROOF_OPENED, by=by, object_kind=case.kind, object_ref=str(case.pk), subject=case.subject_code,
        proof=one.number, digest=one.digest,
    )  # fmt: skip
    return one.file_name, proofs.take(one.digest, to, folder(), context=CONTEXT)


def party_of(case: Case, by: Actor) -> Party | None:
    """What somebody is in a case."""
    if by.role in OWN:
        return Party.SUBJECT if by.subject == case.subject_id else None
    if by.role in _UNIT:
        is_its = case.is_forwarded and case.source is not None and case.source.code == by.department
        return Party.SOURCE if is_its else None
    return {Role.OPERATOR: Party.CENTRE, Role.SYSTEM: Party.CLOCK}.get(by.role)


def folder() -> Path:
    """Where papers lie, sealed."""
    return Path(settings.XINYONG_HOME) / "workflow" / "papers"


def _enter(
    case: Case, procedure: Procedure, step: Step, party: Party, to: str, *, unit: str, by: Actor, at: datetime, event: audit.Event
) -> None:  # fmt: skip
    """Adds the step, its papers and where it leads; callers hold the case's lock."""
    digest = step.digest
    came_from = case.state if case.step_count else ""
    case.state, case.step_count = to, case.step_count + 1
    is_still_closed = case.ended_at is not None and to == came_from  # a word after the end does not move the end
    case.ended_at = (case.ended_at if is_still_closed else at) if procedure.is_final(to) else None
    try:
        with transaction.atomic():
            case.save(update_fields=["state", "step_count", "ended_at"])
    except IntegrityError as error:  # it would be open again beside another
        raise AlreadyOpen(
            "这条信息已有另一件异议正在办理。", "Another objection to this record is being dealt with."
        ) from error
    papers = _keep(case, step, party, today=clock.day(at))
    reason, facts = sealed_words.apart(case, _said(step.reason), step.facts or {})
    CaseStep.objects.create(
        case=case, number=case.step_count, action=step.action, from_state=came_from, to_state=to, at=at, party=party.value,
        account_id=by.account_id, by_name=by.name, by_role=by.role.value, unit=unit, reason=reason,
        facts=facts, token=step.token, said_digest=digest,
    )  # fmt: skip
    audit.enter(
        event, by=by, object_kind=case.kind, object_ref=str(case.pk), subject=case.subject_code, item=case.item_id,
        step=step.action, number=case.step_count, state=to, procedure=f"{procedure.id} v{procedure.version}", papers=papers,
        reason=reason[:200],
    )  # fmt: skip


def _keep(case: Case, step: Step, party: Party, *, today: date) -> str:
    """Looks the papers through and seals them; the beginnings of their digests, for the entry."""
    before = case.documents.count()
    if len(step.papers) > MOST_PAPERS or before + len(step.papers) > MOST_PAPERS_OF_CASE:
        raise TooManyPapers(
            f"一次最多 {MOST_PAPERS} 份材料，一件最多 {MOST_PAPERS_OF_CASE} 份。",
            f"At most {MOST_PAPERS} papers at a time and {MOST_PAPERS_OF_CASE} in one case.",
        )
    for one in step.papers:
        proofs.look(one.path, today=today)
    kept = []
    for number, one in enumerate(step.papers, before + 1):
        digest, size = proofs.keep(one.path, folder(), context=CONTEXT)
        name = sealed_words.file_name(case, number, one.name)
        CaseDocument.objects.create(
            case=case, number=number, step=case.step_count, party=party.value, file_name=name, digest=digest, size=size
        )
        kept.append(digest[:16])
    return ",".join(kept)


def _allowed(
    case: Case, procedure: Procedure, action: str, steps: Sequence[CaseStep], by: Actor
) -> tuple[Transition, Party]:  # fmt: skip
    refused = _refusal(case, procedure, action, steps, by)
    if refused is not None:
        raise refused
    found = procedure.transition(action)
    assert found is not None
    return found, _acts_as(case, found, steps, by) or Party.CLOCK


def _refusal(
    case: Case, procedure: Procedure, action: str, steps: Sequence[CaseStep], by: Actor
) -> StepNotNow | StepNotYours | PeopleDecide | None:  # fmt: skip
    found = procedure.transition(action)
    is_spent = found is not None and found.most is not None and sum(s.action == action for s in steps) >= found.most
    if found is None or case.state not in found.starts or is_spent:
        zh, en = procedure.state(case.state).zh, procedure.state(case.state).en
        return StepNotNow(
            f"现在（{zh}）不能办这一步，或者已经办过。", f"This step cannot be taken now ({en}), or was taken already."
        )
    if by.role in MACHINES and Party.CLOCK not in found.by:
        return people_decide(step=action, role=by.role.value)
    if _acts_as(case, found, steps, by) is None:
        is_apart = party_of(case, by) is Party.CENTRE and {Party.SECOND, Party.CENTRE} & set(found.by)
        return StepNotYours(
            "这一步须由信用中心另一位工作人员办理。" if is_apart else "这一步不由您办理。",
            "Another person of the credit centre takes this step." if is_apart else "This step is not yours to take.",
        )
    return None


def _acts_as(case: Case, found: Transition, steps: Sequence[CaseStep], by: Actor) -> Party | None:
    """As what somebody takes a step; None when it is not theirs."""
    own = party_of(case, by)
    if _is_decided_anew(procedure_of(case), found, steps, by):
        return None
    if own is not Party.CENTRE or Party.SECOND not in found.by:
        return own if own in found.by else None
    took = {(one.account_id, one.by_name) for one in steps if one.action in found.apart_from}
    return None if (by.account_id, by.name) in took else Party.SECOND


def _is_decided_anew(procedure: Procedure, found: Transition, steps: Sequence[CaseStep], by: Actor) -> bool:
    """True when the case was opened again and this person took the decision before."""
    rule = procedure.anew
    if rule is None or found.id not in rule.decisions:
        return False
    opened = max((one.number for one in steps if one.action in rule.after), default=0)
    took = [one for one in steps if one.number < opened and one.action in rule.decisions]
    return bool(took) and (took[-1].account_id, took[-1].by_name) == (by.account_id, by.name)


def _before(steps: Sequence[CaseStep]) -> str:
    """The state the case was in when its clock was stopped."""
    last = steps[-1].to_state
    return next(one.from_state for one in reversed(steps) if one.to_state == last and one.from_state != last)


def _same(before: CaseStep, step: Step) -> None:
    if before.said_digest != step.digest:
        raise TokenUsed(
            "这张表单已经提交过，这次的内容与上次不同。请刷新页面后再办。",
            "This form was sent before, and says something else now. Reload the page.",
        )


def _reach(by: Actor) -> Any:
    """Cases that an actor sees."""
    found = Case.objects.all()
    if by.role in OWN:
        return found.filter(subject_id=by.subject if by.subject is not None else -1)
    if by.role in _UNIT:
        found = found.filter(is_forwarded=True, source__code=by.department or "")
    elif by.role not in (Role.OPERATOR, Role.SYSTEM):
        return found.none()
    elif by.region:
        found = found.filter(region_code__startswith=significant(by.region))
    return found if by.items is None else found.filter(item_id__in=by.items)


def _line(case: Case, at: datetime, calendar: Calendar) -> Line:
    found = view(case, procedure_of(case), at=at, calendar=calendar, is_brief=True)
    return Line(found, deadlines.pressing(found.terms) if case.ended_at is None else None)


def _place(after: str, of: str) -> tuple[str, int] | None:
    if not after:
        return None
    try:
        due, case_id = cursors.read(after, of=of)
    except (cursors.Broken, ValueError) as error:
        raise BadPlace(
            "下一页的地址不完整。请回到列表第一页。",
            "The address of the next page is damaged. Go back to the first page.",
        ) from error
    return str(due), int(case_id)


def procedure(kind: str, procedure_id: str, version: int) -> Procedure:
    """A procedure of a kind in a version. Raises UnknownProcedure."""
    return _PROCEDURES[kind](procedure_id, version)


def procedure_of(case: Case) -> Procedure:
    """The procedure of a case, in the version it was taken under."""
    return procedure(case.kind, case.procedure, case.procedure_version)


def _said(text: str) -> str:
    return unnumbered(" ".join(text.replace("\0", "").split()))[:_LONGEST]


def _unknown() -> UnknownCase:
    return UnknownCase("没有这一件，或它不归您办理。", "There is no such case, or it is not yours.")
