"""自主申报核验 The desk of who checks what organisations declare of themselves: what waits, its proofs, the word on it.

Checked, the record carries by whom and when; refused, with a reason the organisation reads, it leaves every page as if it had
been withdrawn. Neither is done twice, and nobody decides on what changed since they looked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q

from xinyong.intake import voluntary
from xinyong.intake.models import OwnDeclaration, OwnDeclarationAct, Submission
from xinyong.intake.voluntary import Seen, Then, UnknownDeclaration
from xinyong.intake.voluntary_view import DeclarationView, plain, view
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.kernel.scrubbing import unnumbered
from xinyong.records import declared
from xinyong.security import audit, proofs
from xinyong.security.access import Action, Actor, require, significant

_State, _Kind = OwnDeclaration.State, OwnDeclarationAct.Kind
#: How the desk can be asked: what waits, or what came of it.
STATES = ("waiting", "checked", "refused", "withdrawn", "all")
_SHORTEST, _LONGEST = 4, 200


class DecidedMeanwhile(Conflict):
    """The declaration was decided, withdrawn or declared anew since the page was opened."""

    code = "intake.declaration-decided-meanwhile"


class NotNow(Conflict):
    """The declaration's state does not allow it."""

    code = "intake.declaration-not-now"


class WordNeeded(Invalid):
    """A basis or a reason is needed, and a unit that checked."""

    code = "intake.declaration-word-needed"


def listing(
    *, state: str = "waiting", item_id: str = "", code: str = "", after: int | None = None, limit: int = 20, seen_by: Actor
) -> list[DeclarationView]:  # fmt: skip
    """Declarations: those that wait the oldest first, others the newest first; ``after`` is the last id of the page before. One
    entry. Raises NotAllowed."""
    found = _reach(seen_by).select_related("submission")
    audit.enter(audit.Event.OWN_VIEWED, by=seen_by, object_kind="self-declarations", object_ref=state)
    if state == "waiting":
        found = found.filter(_waits()).order_by("submission_id")
    else:
        found = (found.filter(state=state) if state in _State.values else found).order_by("-submission_id")
    if item_id:
        found = found.filter(item_id=item_id)
    if code.strip():
        found = found.filter(subject_code=code.strip().upper()[:18])
    if after is not None:
        found = found.filter(submission_id__gt=after) if state == "waiting" else found.filter(submission_id__lt=after)
    return [plain(one) for one in found[:limit]]


def waiting_count(*, seen_by: Actor) -> int:
    """How many wait for their first word. Raises NotAllowed."""
    return int(_reach(seen_by).filter(_waits()).count())


def find(declaration_id: int, *, seen_by: Actor, at: datetime) -> Seen:
    """One declaration with what it says; one entry. Raises UnknownDeclaration, NotAllowed."""
    found = _find(declaration_id, seen_by)
    audit.enter(audit.Event.OWN_VIEWED, by=seen_by, object_kind="self-declaration", object_ref=str(declaration_id))
    return voluntary.seen(found, at=at)


def proof(declaration_id: int, number: int, *, to: Path, seen_by: Actor) -> tuple[str, str]:
    """Opens a file of proof into ``to``; its name and content type. One entry. Raises UnknownDeclaration, NotAllowed."""
    found = _find(declaration_id, seen_by)
    one = found.proofs.filter(number=min(number, 2**31 - 1)).first()
    if one is None:
        raise _unknown()
    audit.enter(
        audit.Event.PROOF_OPENED, by=seen_by, object_kind="self-declaration", object_ref=str(declaration_id),
        subject=found.subject_code, proof=one.number, digest=one.digest,
    )  # fmt: skip
    return one.file_name, proofs.take(one.digest, to, voluntary.folder(), context=voluntary.CONTEXT)


def check(declaration_id: int, *, after: int, unit: str, basis: str, by: Actor, at: datetime) -> DeclarationView:
    """Says that what was declared is so: which unit checked, on what basis. Raises UnknownDeclaration, DecidedMeanwhile,
    NotNow, WordNeeded, NotAllowed."""
    with _deciding(declaration_id, after, by) as found:
        if not view(found, on=clock.day(at)).may_check:
            raise _not_now()
        said, whose = _said(basis), unnumbered(" ".join(unit.split()))[:60]
        if not whose:
            raise _word_needed()
        declared.note_checked(
            submission_id=found.pk, subject_id=found.subject_id, unit=whose, on=clock.day(at), by=by, at=at
        )
        voluntary.act(found, _Kind.CHECKED, note=said, unit=whose, by=by, at=at)
        _note(audit.Event.DECLARATION_CHECKED, found, by, unit=whose, basis=said)
        return view(found, on=clock.day(at))


def refuse(declaration_id: int, *, after: int, reason: str, by: Actor, at: datetime, then: Then) -> DeclarationView:
    """Says that what was declared is not so, or not proved, and why: it leaves every page. Also after it was checked. Raises as
    ``check``."""
    with _deciding(declaration_id, after, by) as found:
        if not view(found, on=clock.day(at)).may_refuse:
            raise _not_now()
        said = _said(reason)
        voluntary.take_back(found, reason=said, by=by, then=then)
        voluntary.act(found, _Kind.REFUSED, note=said, by=by, at=at)
        _note(audit.Event.DECLARATION_REFUSED, found, by, reason=said)
        return view(found, on=clock.day(at))


@contextmanager
def _deciding(declaration_id: int, after: int, by: Actor) -> Iterator[OwnDeclaration]:
    """Within, somebody decides on a declaration that is as it was seen: one transaction."""
    with transaction.atomic():
        found = _find(declaration_id, by, lock=True)
        if found.act_count != after:
            raise DecidedMeanwhile(
                "您打开页面以后，这项申报又有新情况（已核验、已撤回或重新申报）。请看过再办。",
                "Something was done about this declaration since you opened the page. Look at it first.",
            )
        yield found


def _note(event: audit.Event, found: OwnDeclaration, by: Actor, **facts: str) -> None:
    audit.enter(
        event, by=by, object_kind="self-declaration", object_ref=str(found.pk), subject=found.subject_code, item=found.item_id,
        **facts,
    )  # fmt: skip


def _waits() -> Q:
    return Q(state=_State.DECLARED, submission__status=Submission.Status.DEPOSITED, submission__accepted__gt=0)


def _reach(by: Actor) -> Any:
    """Declarations within the actor's division and items."""
    require(by, Action.CHECK_DECLARED)
    found = OwnDeclaration.objects.all()
    if by.region:
        found = found.filter(region_code__startswith=significant(by.region))
    return found if by.items is None else found.filter(item_id__in=by.items)


def _find(declaration_id: int, by: Actor, *, lock: bool = False) -> OwnDeclaration:
    rows = _reach(by).select_related("submission").filter(pk=declaration_id)
    found: OwnDeclaration | None = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise _unknown()
    return found


def _said(text: str) -> str:
    said = unnumbered(" ".join(text.split()))
    if not _SHORTEST <= len(said) <= _LONGEST:
        raise _word_needed()
    return said


def _word_needed() -> WordNeeded:
    return WordNeeded(
        f"请写明核验单位和依据（或不通过的原因，{_SHORTEST} 至 {_LONGEST} 字）；申报单位会看到原因。",
        f"Say which unit checked and on what basis, or why it is refused ({_SHORTEST} to {_LONGEST} characters); the "
        "organisation reads the reason.",
    )


def _not_now() -> NotNow:
    return NotNow(
        "这项申报现在不能这样办：还在处理，已经核验、到期、撤回，或已被新的申报取代。",
        "This cannot be done now: it is being worked on, or was checked, has ended, was withdrawn or replaced.",
    )


def _unknown() -> UnknownDeclaration:
    return UnknownDeclaration(
        "没有这项自主申报，或它不归您办理。", "There is no such declaration, or it is not yours to check."
    )
