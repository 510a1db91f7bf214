"""异议办理 What the credit centre and the source unit do about objections: the inbox, forwarding, answering, deciding, closing.

An objection counts as upheld only when the archive says so: deciding leads to "awaiting the correction", and it is closed when the
corrected or withdrawn version has come in by the intake (rights/objection.py ``is_corrected``), by hand or by the hourly job.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from xinyong.catalogue import tables
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, XinyongError
from xinyong.records import annotations
from xinyong.rights import effects, objection, whose
from xinyong.rights.effects import Cause, Happening
from xinyong.rights.objection import ACCEPT, KIND, OUTCOMES, PARTLY, REFUSE, Seen
from xinyong.rights.own_cases import checked_token
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, Role, require
from xinyong.workflow import cases, notices, subject_notices
from xinyong.workflow.case_view import CaseView, Listed
from xinyong.workflow.cases import Paper, Step
from xinyong.workflow.kinds import Kind
from xinyong.workflow.subject_kinds import SubjectKind

#: What can be done to many at once, and to how many.
BULK, MOST_AT_ONCE = ("take-over", "forward"), 50
#: The registered purpose of looks in a case (rights/library/purposes.yaml), and what was looked for.
PURPOSE, _NUMBERED = "objection", "异议 {}"


class NotCorrectedYet(Conflict):
    """The archive does not say yet what was decided: the source unit's correction has not come in."""

    code = "rights.not-corrected-yet"


class BadOutcome(Invalid):
    """An answer is yes, in part with its fields, or no."""

    code = "rights.objection-outcome"


class NoSuchPause(Invalid):
    """The regulation does not let the clock stand still for this."""

    code = "rights.objection-pause"


class NoExtension(Invalid):
    """The regulation does not let this term be extended, or not by so many days."""

    code = "rights.objection-extension"


def inbox(
    *, state: str = "", text: str = "", is_over: bool = False, after: str = "", limit: int = 20, seen_by: Actor, at: datetime
) -> Listed:  # fmt: skip
    """Objections in the order of what presses most; a department's are those forwarded to it. One entry. Raises NotAllowed, BadPlace."""
    require(seen_by, Action.VIEW_OBJECTIONS)
    return cases.inbox(
        kind=KIND, by=seen_by, at=at, calendar=tables.calendar(), state=state, text=text, is_over=is_over, after=after,
        limit=limit,
    )  # fmt: skip


def find(case_id: int, *, seen_by: Actor, at: datetime) -> Seen:
    """One objection; a natural person's without what the record says. One entry. Raises UnknownCase, NotAllowed."""
    require(seen_by, Action.VIEW_OBJECTIONS)
    seen = objection.seen(case_id, by=seen_by, at=at)
    return replace(seen, datum=objection.unlooked(seen.datum)) if seen.case.is_private else seen


@transaction.atomic
def look(case_id: int, *, seen_by: Actor, at: datetime) -> Seen:
    """A natural person's objection with what the record says, up to the authorised grade and nothing personal. The look is entered for
    the purpose of the objection; the person reads it in their own log. Raises UnknownCase, NotAllowed."""
    require(seen_by, Action.VIEW_OBJECTIONS)
    seen = objection.seen(case_id, by=seen_by, at=at)
    if seen.case.is_private:
        audit.enter(
            audit.Event.DOSSIER_VIEWED, by=seen_by, object_kind="subject", object_ref=whose.of_id(seen.case.subject_id).ref,
            purpose=f"{PURPOSE}: {_NUMBERED.format(case_id)}", items=seen.case.item_id,
        )  # fmt: skip
    return seen


def paper(case_id: int, number: int, *, to: Path, seen_by: Actor) -> tuple[str, str]:
    """Opens a paper into ``to``; its name and content type. One entry. Raises UnknownCase, NotAllowed."""
    require(seen_by, Action.VIEW_OBJECTIONS)
    return cases.open_document(case_id, number, kind=KIND, to=to, by=seen_by)


def take_over(case_id: int, *, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Says that the centre looks for an error of its own first, and who does. Raises as ``cases.take``."""
    return _step(case_id, Step("take-over", after, checked_token(token)), by=by, at=at)


def forward(case_id: int, *, note: str = "", after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Forwards the objection to the unit whose record it is, which sees it from now on and is told. Raises as ``cases.take``."""

    def then(case: CaseView) -> None:
        cases.share(case.id, by=by)
        whole = _now(case.id, by, at)
        due = [one.due_on for one in whole.terms if one.is_running and one.due_on is not None]
        zh, en = objection.item_titles(case)
        notices.tell(
            Kind.OBJECTION, department_id=case.source_id,
            facts={"case": case.id, "item_zh": zh, "item_en": en, "due": min(due).isoformat() if due else "—"},
            link=f"/office/objections/{case.id}/", key=f"{case.id}/{case.after}", by=by, at=at,
        )  # fmt: skip

    return _step(case_id, Step("forward", after, checked_token(token), reason=note), by=by, at=at, then=then)


def bulk(
    action: str, chosen: Sequence[tuple[int, int]], *, token: str, by: Actor, at: datetime
) -> tuple[int, list[tuple[int, XinyongError]]]:  # fmt: skip
    """Takes one step in many cases (id, number of the last step seen), each by itself: how many were taken, and which not and why."""
    require(by, Action.ANSWER_OBJECTION)
    if action not in BULK or len(chosen) > MOST_AT_ONCE:
        raise BadOutcome(
            f"一次最多办理 {MOST_AT_ONCE} 件，且只能批量自查或转办。",
            f"At most {MOST_AT_ONCE} at a time, to take up or to forward.",
        )
    verb, done, refused = (take_over if action == "take-over" else forward), 0, []
    for case_id, after in chosen:
        try:
            verb(case_id, after=after, token=f"{checked_token(token)[:40]}-{case_id}", by=by, at=at)
            done += 1
        except XinyongError as error:
            refused.append((case_id, error))
    return done, refused


def ask(case_id: int, *, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Asks the organisation for more papers; the clock goes on. Raises as ``cases.take``."""
    return _step(case_id, Step("ask", after, checked_token(token), reason=reason), by=by, at=at)


def pause(case_id: int, *, cause: str, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Stops the clock for a cause that the regulation names. Raises NoSuchPause, and as ``cases.take``."""
    known = {one.id for one in _now(case_id, by, at).procedure.pauses}
    if cause not in known:
        raise NoSuchPause(
            "适用的条例没有规定这种情形可以暂停计时。", "The regulation does not let the clock stand still for this."
        )
    return _step(
        case_id, Step("pause", after, checked_token(token), reason=reason, facts={"cause": cause}), by=by, at=at
    )


def resume(case_id: int, *, reason: str = "", after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """The clock goes on. Raises as ``cases.take``."""
    return _step(case_id, Step("resume", after, checked_token(token), reason=reason), by=by, at=at)


def recall(case_id: int, *, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Takes an objection back from a source unit that does not answer, for the centre to decide without it. Raises as ``cases.take``."""
    return _step(case_id, Step("recall", after, checked_token(token), reason=reason), by=by, at=at)


def extend(
    case_id: int, *, term: str, days: int, reason: str, after: int, token: str, by: Actor, at: datetime
) -> CaseView:
    """Makes a term longer, once, within the regulation: by the head, another person than who took the case up. Raises NoExtension, and
    as ``cases.take``."""
    case = _now(case_id, by, at)
    found = next((one for one in case.procedure.terms if one.id == term and one.extension), None)
    running = next((one for one in case.terms if one.id == term and one.is_running and not one.is_over), None)
    most = 0
    if found is not None and found.extension is not None:
        most = min(found.extension.days, (found.extension.total or 10_000) - found.days)
    if running is None or not 1 <= days <= most:
        raise NoExtension(
            f"这个期限不能延长，或最多延长 {most} 日；期限届满后不能再延长。",
            f"This term cannot be extended, or by {most} days at most, and not once it is over.",
        )
    facts: dict[str, object] = {"term": term, "days": days}
    return _step(case_id, Step("extend", after, checked_token(token), reason=reason, facts=facts), by=by, at=at)


def answer(
    case_id: int, *, outcome: str, changes: Mapping[str, str], reason: str, papers: Sequence[Paper] = (), after: int, token: str,
    by: Actor, at: datetime,
) -> CaseView:  # fmt: skip
    """The source unit's answer: yes, in part field by field, or no; with reasons. Raises BadOutcome, BadField, and as ``cases.take``."""
    facts = _outcome(case_id, outcome, changes, ("lodge",), by=by, at=at)
    step = Step("answer", after, checked_token(token), reason=reason, facts=facts, papers=papers)
    return _step(case_id, step, by=by, at=at)


def decide(
    case_id: int, *, outcome: str, changes: Mapping[str, str], reason: str, after: int, token: str, by: Actor, at: datetime
) -> CaseView:  # fmt: skip
    """The centre's decision, or on review another person's. Refused, the mark ends and the organisation may state that it disagrees;
    upheld, the case waits for the archive. Raises BadOutcome, BadField, and as ``cases.take``."""
    facts = _outcome(case_id, outcome, changes, ("answer", "lodge"), by=by, at=at)
    is_review = _now(case_id, by, at).state.id == "review"
    action = ("review-" if is_review else "") + ("refuse" if outcome == REFUSE else "uphold")

    def then(case: CaseView) -> None:
        if outcome == REFUSE:
            annotations.settle(case.subject_id, case_id=case.id, by=by, at=at)
            _answered(case, by=by, at=at)

    return _step(
        case_id, Step(action, after, checked_token(token), reason=reason, facts=facts), by=by, at=at, then=then
    )


def finish(case_id: int, *, after: int, token: str, by: Actor, at: datetime) -> CaseView:
    """Closes an upheld objection once the archive says what was decided: the mark ends, and every recipient is told. Raises
    NotCorrectedYet, and as ``cases.take``."""
    case = _now(case_id, by, at)
    decided = case.last("uphold", "review-uphold")
    if decided is not None and case.state.id == "correcting" and not objection.is_corrected(case, at=at):
        raise NotCorrectedYet(
            "档案里还没有更正后的版本，不能办结。请信源单位报送更正，或撤回这条记录。",
            "The archive has no corrected version yet. The source unit corrects the record by a submission, or withdraws it.",
        )
    is_part = decided is not None and decided.facts.get("outcome") == PARTLY

    def then(done: CaseView) -> None:
        annotations.settle(done.subject_id, case_id=done.id, by=by, at=at)
        if not is_part:
            annotations.take_back(done.subject_id, case_id=done.id, by=by, at=at)
        effects.carry_out(_corrected(done, at))
        _answered(done, by=by, at=at)

    step = Step("finish-partly" if is_part else "finish", after, checked_token(token))
    return _step(case_id, step, by=by, at=at, then=then)


def _corrected(case: CaseView, at: datetime) -> Happening:
    """What happened, for the list of effects: a correction, or that the record is gone."""
    found = annotations.datum(case.subject_id, case.object_ref, as_of=clock.day(at), known_at=at)
    return Happening(
        Cause.WITHDRAWN if found.is_withdrawn else Cause.CORRECTED, at, case.subject_id, subject_code=case.subject_code,
        item_id=case.item_id, ref=case.object_ref, case_id=case.id,
    )  # fmt: skip


def _answered(case: CaseView, *, by: Actor, at: datetime) -> None:
    """Tells whose objection it is that it was answered."""
    subject_notices.tell(
        SubjectKind.OBJECTION_ANSWERED, subject_id=case.subject_id, facts={"on": clock.day(at).isoformat()},
        link=f"/own/objections/{case.id}/", key=f"{case.id}/{case.after}", by=by, at=at,
    )  # fmt: skip


def _outcome(
    case_id: int, outcome: str, changes: Mapping[str, str], before: Sequence[str], *, by: Actor, at: datetime
) -> dict[str, object]:  # fmt: skip
    """What an answer or a decision says; where it names no field of its own, "yes" is to what was said before."""
    case = _now(case_id, by, at)
    earlier = case.last(*before)
    asked: list[dict[str, str]] = list(earlier.facts.get("changes", [])) if earlier else []
    if outcome not in OUTCOMES:
        raise BadOutcome("请选择结论：成立、部分成立或不成立。", "Choose: upheld, in part, or not.")
    if outcome == REFUSE:
        return {"outcome": outcome, "changes": []}
    found = annotations.datum(case.subject_id, case.object_ref, as_of=clock.day(at), known_at=at)
    said = objection.changes(found.record, changes, asked=asked)
    if outcome == ACCEPT and not said:
        said = asked
    if outcome == PARTLY and not said:
        raise BadOutcome(
            "部分成立的，请逐项填写更正后的内容。", "Upheld in part: say field by field what the record should say."
        )
    return {"outcome": outcome, "changes": said}


def _now(case_id: int, by: Actor, at: datetime) -> CaseView:
    """The case as it stands, for who answers objections."""
    require(by, Action.ANSWER_OBJECTION)
    return cases.again(case_id, kind=KIND, by=by, at=at, calendar=tables.calendar())


@transaction.atomic
def _step(case_id: int, step: Step, *, by: Actor, at: datetime, then: cases.Then | None = None) -> CaseView:
    require(by, Action.ANSWER_OBJECTION)
    return cases.take(case_id, step, kind=KIND, unit=_unit(by), by=by, at=at, then=then)[0]


def _unit(by: Actor) -> str:
    """How the other parties read who acted: the unit, never the person."""
    if by.role is Role.SOURCE_UNIT and by.department:
        return identity.source_unit(by.department, even_closed=True).name
    return "本平台（自动）" if by.role is Role.SYSTEM else settings.SITE_NAME
