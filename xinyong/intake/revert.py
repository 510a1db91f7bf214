"""整批撤回 A submission taken back as a whole: its data leave every page, extract and rate; what it had replaced stands again.

``begin`` says so, with the reason, in one transaction; ``finish`` does it, a few thousand data at a time, and can be called
again after anything happened. History keeps both: the submission, its receipt and its versions stay, later versions end them.
"""

from collections.abc import Sequence
from dataclasses import asdict

from django.db import connection, transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Section
from xinyong.intake import staging, submit, views, work
from xinyong.intake.models import Finding, Submission, WaitingRow
from xinyong.intake.views import SubmissionView
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.records import withdrawal
from xinyong.records.withdrawal import Effect
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require

#: Data that one transaction takes back: half a second's work.
_TOGETHER = 5_000
_SHORTEST, _LONGEST = 4, 200


class NotDeposited(Conflict):
    """Only what went in can be taken back."""

    code = "intake.not-deposited"


class RegisterStays(Conflict):
    """The register of subjects is corrected, not taken back: names and states hang on it, and others' rows on those."""

    code = "intake.register-stays"


class DeclarationStays(Conflict):
    """What an organisation declared of itself is taken back by itself, or refused at the desk for declarations."""

    code = "intake.declaration-stays"


class ReasonNeeded(Invalid):
    """Taking back needs its reason."""

    code = "intake.reason-needed"
    invariant = "E_AUDIT"


def preview(submission_id: int, *, seen_by: Actor) -> Effect:
    """What taking the submission back would do now. Raises UnknownSubmission, NotDeposited, RegisterStays, NotAllowed."""
    submission = _allowed(submission_id, seen_by)
    _deposited(submission)
    with work.connect() as own:
        return withdrawal.effect(own, submission_id=submission_id, besides=_taken_back(submission))


@transaction.atomic
def begin(submission_id: int, *, reason: str, by: Actor) -> SubmissionView:
    """Enters that the submission is taken back and why; rows it had corrected are open again, its own wait no more.

    Asked twice it happens once. Raises UnknownSubmission, NotDeposited, RegisterStays, ReasonNeeded, NotAllowed.
    """
    submission = _allowed(submission_id, by, lock=True)
    source = identity.source_unit(submission.source.code, even_closed=True)
    if submission.status == Submission.Status.REVERTED:
        return views.of(submission, source)
    if submission.subject_id is not None:
        raise _declared()
    said = enter(submission, reason=reason, by=by)
    audit.enter(
        audit.Event.SUBMISSION_REVERTED, by=by, object_kind="submission", object_ref=str(submission_id), purpose=said,
        item=submission.item_id, source=source.code, accepted=submission.accepted,
    )  # fmt: skip
    return views.of(submission, source)


def enter(submission: Submission, *, reason: str, by: Actor) -> str:
    """Enters that a locked submission is taken back, for callers who have checked their right and write the entry; returns the
    reason as it is kept. Raises NotDeposited, RegisterStays, ReasonNeeded."""
    _deposited(submission)
    submission_id, said, now = submission.pk, " ".join(reason.split()), clock.now()
    if not _SHORTEST <= len(said) <= _LONGEST:
        raise ReasonNeeded(
            f"请写明撤回的原因（{_SHORTEST} 至 {_LONGEST} 字），例如“报错了所属月份”。",
            f"Say why it is taken back ({_SHORTEST} to {_LONGEST} characters).",
        )
    submission.status = Submission.Status.REVERTED
    submission.reverted_at, submission.reverted_by, submission.revert_reason = now, by.name, said
    submission.save()
    for model in (WaitingRow, Finding):
        model.objects.filter(submission_id=submission_id, closed_at__isnull=True).update(closed_at=now)
        model.objects.filter(closed_by=submission_id).exclude(submission_id=submission_id).update(
            closed_at=None, closed_by=None
        )
    return said


def finish(submission_id: int, *, by: Actor) -> SubmissionView:
    """Takes the data back; done already, it does nothing. Raises Busy, NotDeposited when ``begin`` was not called."""
    require(by, Action.REVERT)
    submission = Submission.objects.select_related("source").get(pk=submission_id)
    if submission.status != Submission.Status.REVERTED:
        raise _not_deposited()
    with submit.Sole(submission_id):
        submission.refresh_from_db()
        if not submission.facts.get("reverted", {}).get("is_done"):
            _take_out(submission)
        staging.clear(submission_id)
    return views.of(submission, identity.source_unit(submission.source.code, even_closed=True))


def unfinished() -> Sequence[int]:
    """Submissions whose taking back was begun and not finished, oldest first."""
    begun = Submission.objects.filter(status=Submission.Status.REVERTED).exclude(facts__reverted__is_done=True)
    return list(begun.order_by("id").values_list("id", flat=True))


def _take_out(submission: Submission) -> None:
    besides = _taken_back(submission)
    with work.connect() as own:
        if (
            "reverted" not in submission.facts
        ):  # before the first datum: whoever goes on after a break keeps the whole figure
            whole = withdrawal.effect(own, submission_id=submission.pk, besides=besides)
            _note(submission, asdict(whole) | {"is_done": False})
        step = Effect(1, 0)
        while step.withdrawn + step.restored:
            with own.transaction():
                step = withdrawal.take_back(
                    own, submission_id=submission.pk, besides=besides, most=_TOGETHER, now=clock.now()
                )  # fmt: skip
    _note(submission, submission.facts["reverted"] | {"is_done": True})


def _note(submission: Submission, facts: dict[str, int | bool]) -> None:
    submission.facts = submission.facts | {"reverted": facts}
    submission.save(update_fields=["facts"])


def _allowed(submission_id: int, by: Actor, *, lock: bool = False) -> Submission:
    views.find(submission_id, seen_by=by)  # another unit's looks like none
    rows = Submission.objects.select_related("source")
    submission = (rows.select_for_update(of=("self",)) if lock else rows).get(pk=submission_id)
    require(by, Action.REVERT, department=submission.source.code, item=submission.item_id)
    return submission


def can_be(item_id: str, status: str) -> bool:
    """True when a submission of this item in this state can be taken back, by whoever may."""
    item = publish.current(item_id)
    return (
        status == Submission.Status.DEPOSITED and not item.is_self_declared and item.section is not Section.REGISTRATION
    )


def _deposited(submission: Submission) -> None:
    if submission.status != Submission.Status.DEPOSITED:
        raise _not_deposited()
    if publish.current(submission.item_id).section is Section.REGISTRATION:
        raise RegisterStays(
            "登记信息不能整批撤回：主体的名称和状态由它确定，别的数据据此关联。请报送更正后的登记信息。",
            "A register is not taken back: names and states of subjects come from it, and others' data are linked by them. "
            "Submit the corrected register.",
        )


def _declared() -> DeclarationStays:
    return DeclarationStays(
        "这是市场主体的自主申报：撤回由主体自己办理，核验不通过在“自主申报核验”中办理。",
        "An organisation has declared this of itself: it withdraws it, or the desk for declarations refuses it.",
    )


def _not_deposited() -> NotDeposited:
    return NotDeposited(
        "只有已入库的报送才能撤回：处理中的请等处理完毕，被退回的没有数据入库。",
        "Only what went in can be taken back: wait until it has been worked on; of what was refused nothing went in.",
    )


def _taken_back(submission: Submission) -> list[int]:
    """Other submissions of the same department for the same item that were taken back: nothing falls back to them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM intake_submission WHERE source_id = %s AND item_id = %s AND status = 'reverted' AND id <> %s",
            [submission.source_id, submission.item_id, submission.pk],
        )
        return [row[0] for row in cursor.fetchall()]


__all__ = [
    "Effect", "NotDeposited", "ReasonNeeded", "RegisterStays", "begin", "can_be", "finish", "preview", "unfinished",
]  # fmt: skip
