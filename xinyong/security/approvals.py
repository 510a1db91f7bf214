"""Two persons (双人复核): what one asks for, another decides; the consent is for exactly that, and is used once.

A reusable piece: a verb that needs two calls ``use`` with what it is about to do, inside its own transaction, and is refused
with ConsentNeeded until somebody else has agreed to the very same (the digest of the payload; another version, another
field, one row filter more is another request). Who may decide which kind stands in ``DECIDES``. The database holds it too
(migration 0004): not the asker, not their delegate, not the one they stand in for, once, before it expires.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import IntegrityError, connection, transaction

from xinyong.kernel.errors import Conflict, Forbidden, NotFound
from xinyong.security import audit
from xinyong.security.access import Action, Actor, NotAllowed, Role, require
from xinyong.security.models import Approval

Outcome = Approval.Outcome


class Kind(StrEnum):
    """What needs two. Models and measures come later."""

    PUBLISH_CATALOGUE = "publish-catalogue"
    EXPORT_SHARED = "export-shared"
    SPECIAL_QUERY = "special-query"
    GRANT_ADMINISTRATOR = "grant-administrator"
    ASSESS_IMPACT = "assess-impact"


#: What the asker must be allowed to do.
ASKS: dict[Kind, Action] = {
    Kind.PUBLISH_CATALOGUE: Action.PUBLISH_CATALOGUE,
    Kind.EXPORT_SHARED: Action.EXPORT_SHARED,
    Kind.SPECIAL_QUERY: Action.SPECIAL_QUERY,
    Kind.GRANT_ADMINISTRATOR: Action.GRANT,
    Kind.ASSESS_IMPACT: Action.ASSESS_IMPACT,
}
#: Which of the roles that may ``APPROVE`` decides.
DECIDES: dict[Kind, Role] = {
    Kind.PUBLISH_CATALOGUE: Role.OPERATOR,
    Kind.EXPORT_SHARED: Role.OPERATOR,
    Kind.SPECIAL_QUERY: Role.OPERATOR,
    Kind.GRANT_ADMINISTRATOR: Role.SECURITY_ADMIN,
    Kind.ASSESS_IMPACT: Role.OPERATOR,
}
LASTS = timedelta(days=7)


class ConsentNeeded(Forbidden):
    """This takes a second person's consent, and none is there for exactly this."""

    code = "security.consent-needed"


class OwnRequest(Forbidden):
    """Nobody decides their own request, nor through a delegate."""

    code = "security.own-request"


class AlreadyDecided(Conflict):
    """Somebody decided, or the time is over."""

    code = "security.already-decided"


class UnknownRequest(NotFound):
    """No such request, or not for this actor to see."""

    code = "security.unknown-request"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as its asker, those who decide, and auditors see it. ``state``: open, approved, refused, used, expired."""

    id: int
    kind: str
    object_ref: str
    digest: str
    facts: Mapping[str, object]
    purpose: str
    reason: str
    asked_by: str
    asked_by_id: int
    asked_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None
    decision_reason: str
    used_at: datetime | None
    state: str


@transaction.atomic
def ask(
    kind: Kind,
    payload: Mapping[str, object],
    *,
    object_ref: str,
    reason: str,
    purpose: str = "",
    by: Actor,
    at: datetime,
) -> Request:
    """Asks for consent to exactly ``payload`` (plain JSON values, which the second person sees; no personal identifiers).
    Asked again while open: the same request. Raises NotAllowed, FactorNeeded."""
    require(by, ASKS[kind])
    if by.account_id is None or by.grant_id is None:
        raise _no_right(kind)
    digest = _digest(kind, payload)
    found = Approval.objects.filter(
        kind=kind.value, digest=digest, asked_by_id=by.account_id, outcome="", expires_at__gt=at
    ).first()
    if found is None:
        found = Approval.objects.create(
            kind=kind.value, object_ref=object_ref, digest=digest, facts=dict(payload), purpose=purpose, reason=reason,
            asked_by_id=by.account_id, asked_under_id=by.grant_id, asked_at=at, expires_at=at + LASTS,
        )  # fmt: skip
        _note(audit.Event.APPROVAL_ASKED, found, by)
    return _view(found, at)


@transaction.atomic
def decide(request_id: int, *, agrees: bool, reason: str = "", by: Actor, at: datetime) -> Request:
    """The second person's word. Raises OwnRequest, AlreadyDecided, UnknownRequest, NotAllowed, FactorNeeded."""
    require(by, Action.APPROVE)
    found = Approval.objects.select_for_update().filter(pk=request_id).first()
    if found is None or by.role is not DECIDES[Kind(found.kind)]:
        raise _unknown(request_id)
    if found.asked_by_id == by.account_id:
        raise _own()
    if found.outcome != Outcome.OPEN or at >= found.expires_at:
        raise AlreadyDecided(
            "这项申请已经有了结论，或已过期。", "This request was decided already, or its time is over."
        )
    found.outcome = Outcome.APPROVED if agrees else Outcome.REFUSED
    found.decided_by_id, found.decided_under_id = by.account_id, by.grant_id
    found.decided_at, found.decision_reason = at, reason
    try:
        with transaction.atomic():
            found.save(update_fields=["outcome", "decided_by", "decided_under", "decided_at", "decision_reason"])
    except IntegrityError as error:
        rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        raise (_own() if rule == "approval_by_another" else _no_right(Kind(found.kind))) from error
    _note(audit.Event.APPROVAL_GIVEN if agrees else audit.Event.APPROVAL_REFUSED, found, by)
    return _view(found, at)


def use(kind: Kind, payload: Mapping[str, object], *, by: Actor, at: datetime) -> Request:
    """Uses up the consent to exactly this, given to this actor; call it in the transaction of the act. Raises
    ConsentNeeded."""
    assert connection.in_atomic_block, "consent is used up in the transaction of the act"
    found = (
        Approval.objects.select_for_update()
        .filter(
            kind=kind.value, digest=_digest(kind, payload), asked_by_id=by.account_id, outcome=Outcome.APPROVED,
            used_at__isnull=True, lapsed_at__isnull=True, expires_at__gt=at, decided_at__lte=at,
        )
        .order_by("id")
        .first()
    )  # fmt: skip
    if found is None:
        raise ConsentNeeded(
            "此事须由另一人复核同意后才能办理。请先提交申请；内容有任何改动都要重新申请。",
            "This takes the consent of a second person. Ask first; whatever changes after that is another request.",
            kind=kind.value,
        )
    found.used_at = at
    found.save(update_fields=["used_at"])
    _note(audit.Event.APPROVAL_USED, found, by)
    return _view(found, at)


def find(request_id: int, *, seen_by: Actor, at: datetime) -> Request:
    """One request. Raises UnknownRequest unless the actor asked it, may decide it, or audits."""
    require(seen_by, Action.USE_OFFICE)
    found = Approval.objects.select_related("asked_by", "decided_by").filter(pk=request_id).first()
    if found is None or not _sees(seen_by, found):
        raise _unknown(request_id)
    return _view(found, at)


def waiting(*, seen_by: Actor, at: datetime, limit: int = 100) -> list[Request]:
    """Open requests this actor may decide, the most urgent first."""
    kinds = [kind.value for kind, role in DECIDES.items() if role is seen_by.role]
    found = Approval.objects.select_related("asked_by", "decided_by").filter(
        kind__in=kinds, outcome="", expires_at__gt=at
    )
    return [_view(one, at) for one in found.exclude(asked_by_id=seen_by.account_id).order_by("expires_at")[:limit]]


def own(*, by: Actor, at: datetime, kind: Kind | None = None, limit: int = 50) -> list[Request]:
    """What the actor asked for, newest first."""
    if by.account_id is None:
        return []
    found = Approval.objects.select_related("asked_by", "decided_by").filter(asked_by_id=by.account_id)
    chosen = found.filter(kind=kind.value) if kind else found
    return [_view(one, at) for one in chosen.order_by("-id")[:limit]]


@transaction.atomic
def note_lapsed(*, by: Actor, at: datetime) -> int:
    """Enters in the log what expired unused; that it cannot be used is in every query. Returns how many."""
    require(by, Action.OPERATE)
    found = Approval.objects.select_for_update().filter(
        expires_at__lte=at, used_at__isnull=True, lapsed_at__isnull=True
    )
    lapsed = list(found.exclude(outcome=Outcome.REFUSED))
    for one in lapsed:
        one.lapsed_at = at
        one.save(update_fields=["lapsed_at"])
        _note(audit.Event.APPROVAL_LAPSED, one, by)
    return len(lapsed)


def _sees(actor: Actor, found: Approval) -> bool:
    is_own = actor.account_id is not None and found.asked_by_id == actor.account_id
    return is_own or actor.role in {DECIDES[Kind(found.kind)], Role.AUDITOR, Role.SYSTEM}


def _digest(kind: Kind, payload: Mapping[str, object]) -> str:
    text = json.dumps([kind.value, payload], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _note(event: audit.Event, found: Approval, by: Actor) -> None:
    audit.enter(
        event, by=by, object_kind="approval", object_ref=str(found.pk), purpose=found.purpose, kind=found.kind,
        object=found.object_ref, digest=found.digest[:16],
    )  # fmt: skip


def _view(found: Approval, at: datetime) -> Request:
    state = found.outcome or "open"
    if found.used_at is not None:
        state = "used"
    elif state != "refused" and at >= found.expires_at:
        state = "expired"
    return Request(
        id=found.pk, kind=found.kind, object_ref=found.object_ref, digest=found.digest, facts=found.facts,
        purpose=found.purpose, reason=found.reason, asked_by=found.asked_by.username, asked_by_id=found.asked_by_id,
        asked_at=found.asked_at, expires_at=found.expires_at,
        decided_by=found.decided_by.username if found.decided_by else "", decided_at=found.decided_at,
        decision_reason=found.decision_reason, used_at=found.used_at, state=state,
    )  # fmt: skip


def _unknown(request_id: int) -> UnknownRequest:
    return UnknownRequest(
        f"没有编号为 {request_id} 的申请，或者它不归您办理。",
        f"There is no request {request_id}, or it is not yours to decide.",
    )


def _own() -> OwnRequest:
    return OwnRequest(
        "申请须由另一人复核：不能是申请人本人、受其委托的人，或委托其办理的人。",
        "Another person decides: not the asker, nor somebody who stands in for one of the two.",
    )


def _no_right(kind: Kind) -> NotAllowed:
    return NotAllowed(
        "您的账号没有办理此事项的权限。如确有需要，请联系信用中心。",
        "Your account may not do this. If you need to, ask the credit centre.",
        action=ASKS[kind].value,
    )
