"""已出具的报告 What was given out: about one's own organisation, and to whom; for the credit centre all of it; and taking one back.

A paper once given out stays in the register for ever. Revoked, it is said to be so, since when and why, wherever it is verified.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.reports.models import IssuedReport, Revocation
from xinyong.security import audit
from xinyong.security.access import Action, Actor, require

_SHORTEST, _LONGEST = 4, 200


class UnknownReport(NotFound):
    """No paper with this number was given out."""

    code = "reports.unknown-report"


class AlreadyRevoked(Conflict):
    """It was revoked before."""

    code = "reports.already-revoked"


class ReasonNeeded(Invalid):
    """Revoking needs its reason, which everybody who verifies it reads."""

    code = "reports.reason-needed"


@dataclass(frozen=True, slots=True)
class Given:
    """One paper that was given out. ``to_role`` is the role it was given to, ``to_name`` who; the purpose is an official's word."""

    number: str
    check_code: str
    kind: str
    subject_code: str
    subject_name: str
    as_of: date
    issued_at: datetime
    to_role: str
    to_name: str
    purpose: str
    revoked_at: datetime | None
    revoked_why: str


def about_own(*, by: Actor, after: int | None = None, limit: int = 20) -> tuple[list[Given], int | None]:
    """What was given out about one's own organisation, to anybody, the newest first; and the ``after`` of the next page. Names of
    officials do not stand in it: the unit and the purpose do. One entry. Raises NotAllowed."""
    require(by, Action.VIEW_OWN)
    audit.enter(audit.Event.REPORTS_VIEWED, by=by, object_kind="reports", object_ref=by.subject_code or "")
    return _page(IssuedReport.objects.filter(subject_id=by.subject if by.subject is not None else -1), after, limit)


def listing(
    *, text: str = "", kind: str = "", after: int | None = None, limit: int = 20, seen_by: Actor
) -> tuple[list[Given], int | None]:  # fmt: skip
    """What was given out, the newest first: by the beginning of a number, or by an organisation's code. One entry. Raises
    NotAllowed."""
    require(seen_by, Action.REVOKE_REPORT)
    audit.enter(audit.Event.REPORTS_VIEWED, by=seen_by, object_kind="reports", object_ref="all")
    found = IssuedReport.objects.all()
    wanted = text.strip().upper()[:40]
    if wanted:
        is_code = len(wanted) == 18
        found = found.filter(subject_code=wanted) if is_code else found.filter(number__startswith=wanted)
    if kind:
        found = found.filter(kind=kind)
    return _page(found, after, limit)


def find(number: str, *, seen_by: Actor) -> Given:
    """One of them. Raises UnknownReport, NotAllowed."""
    require(seen_by, Action.REVOKE_REPORT)
    return _view(_find(number))


@transaction.atomic
def revoke(number: str, *, reason: str, by: Actor, at: datetime) -> Given:
    """Takes back a paper that was given out: whoever verifies it reads since when and why. Raises UnknownReport, AlreadyRevoked,
    ReasonNeeded, NotAllowed, FactorNeeded."""
    require(by, Action.REVOKE_REPORT)
    said = " ".join(unnumbered(reason).split())
    if not _SHORTEST <= len(said) <= _LONGEST:
        raise ReasonNeeded(
            f"请写明撤销的原因（{_SHORTEST} 至 {_LONGEST} 字），核验的人会看到。",
            f"Say why it is revoked ({_SHORTEST} to {_LONGEST} characters); whoever verifies it reads that.",
        )
    found = _find(number)
    try:
        with transaction.atomic():
            Revocation.objects.create(report=found, at=at, by_name=by.name, reason=said)
    except IntegrityError as error:
        raise AlreadyRevoked("这份报告此前已经撤销。", "This report was revoked before.") from error
    audit.enter(
        audit.Event.REPORT_REVOKED, by=by, object_kind="report", object_ref=found.number, subject_code=found.subject_code,
        reason=said,
    )  # fmt: skip
    return _view(_find(number))


def _find(number: str) -> IssuedReport:
    found = IssuedReport.objects.select_related("revocation").filter(number=number.strip().upper()[:40]).first()
    if found is None:
        raise UnknownReport(
            "没有出具过这个编号的报告。请核对编号。", "No report of this number was given out. Check it."
        )
    return found


def _page(found: Any, after: int | None, limit: int) -> tuple[list[Given], int | None]:
    rows: Sequence[IssuedReport] = list(
        (found if after is None else found.filter(id__lt=after))
        .select_related("revocation")
        .order_by("-id")[: limit + 1]
    )
    return [_view(one) for one in rows[:limit]], rows[limit - 1].pk if len(rows) > limit else None


def _view(one: IssuedReport) -> Given:
    role, _, name = one.issued_to.partition(":")
    revoked = getattr(one, "revocation", None)
    return Given(
        number=one.number, check_code=one.check_code, kind=one.kind, subject_code=one.subject_code,
        subject_name=one.subject_name, as_of=one.as_of, issued_at=one.issued_at, to_role=role, to_name=name,
        purpose=one.purpose, revoked_at=revoked.at if revoked else None, revoked_why=revoked.reason if revoked else "",
    )  # fmt: skip
