"""接收方 Who has received records from here and must follow what becomes of them: told once, each acknowledges, who lags is named in hours.

Of a datum about an organisation these are the machine clients that may read records of its item, and the partners that get them
(rights/supplied.py); of a person's, the programs of units with a living authorisation for it, by the receipt's number: no record of a
person has an address. When an authorisation ends, the programs of its unit. Each asks what it has to do (``pending``), a client by
the interface, a partner by a signed message, and says when it has done it (``acknowledge``). A repair waits for all of them
(INV-65, E_SYNC; 22号: bodies that lag are named); one that was closed holds nothing any more and is not waited for.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import QuerySet

from xinyong.catalogue import publish, tables
from xinyong.kernel import clock
from xinyong.rights import supplied, whose
from xinyong.rights.consent_view import State, state_of
from xinyong.rights.effects import Cause, Happening
from xinyong.rights.models import Consent, Recipient, RecipientReceipt
from xinyong.security import audit, clients, scope
from xinyong.security.access import Action, Actor, Role, require, system

#: Changes that one answer holds.
MOST = 500
#: Working days in which a recipient acknowledges: as between sites after a repair (令36号, not verified).
TERM_DAYS = 3
_HOUR = timedelta(hours=1)
_PARTNER, _CLIENT = Recipient.Way.PARTNER.value, Recipient.Way.CLIENT.value


class Change(StrEnum):
    """What recipients have to do."""

    CONCEAL = "conceal"  # 停止公示、共享和使用
    RESTORE = "restore"  # 修复撤销，恢复
    CORRECT = "correct"  # 信息已更正，重新取
    WITHDRAW = "withdraw"  # 信息已撤回，删除
    ERASE = "erase"  # 授权终止，删除凭该授权取得的信息


_OF = {
    Cause.REPAIRED: Change.CONCEAL, Cause.CORRECTED: Change.CORRECT, Cause.WITHDRAWN: Change.WITHDRAW,
    Cause.CONSENT_ENDED: Change.ERASE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecipientView:
    """A recipient: its program or node, its unit, what it was told when, when it said it was done. ``due_on``: its last day;
    ``hours_over``: whole hours past it, 0 in time. ``is_closed``: it was closed since and is not waited for."""

    id: int
    client_name: str
    unit: str
    is_partner: bool
    change: Change
    told_at: datetime
    done_at: datetime | None
    due_on: date
    hours_over: int
    is_closed: bool

    @property
    def is_waited_for(self) -> bool:
        """It has not acknowledged, and still may."""
        return self.done_at is None and not self.is_closed

    @property
    def is_over(self) -> bool:
        """Waited for past its last day."""
        return self.is_waited_for and self.hours_over > 0


@dataclass(frozen=True, slots=True)
class Pending:
    """What a recipient has still to do: which datum of which organisation, or all under which authorisation, and since when."""

    id: int
    change: Change
    subject_code: str
    item_id: str
    ref: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Lag:
    """A recipient that is behind: how many things it has not acknowledged in time, and by how many hours the oldest."""

    unit: str
    client_name: str
    is_partner: bool
    count: int
    hours_over: int


@dataclass(frozen=True, slots=True)
class _To:
    way: str
    id: str
    name: str
    unit: str
    ref: str


def tell(what: Happening) -> int:
    """Tells everybody whom it concerns, in the caller's transaction; told again, told once. Returns how many there are."""
    return _tell(what, _OF[what.cause])


def tell_undone(what: Happening) -> int:
    """Tells them that a repair was revoked: what they concealed is shown again. Returns how many there are."""
    return _tell(what, Change.RESTORE)


def pending(*, by: Actor) -> Sequence[Pending]:
    """What the asking client or partner has still to do, the oldest first. Raises NotAllowed."""
    require(by, Action.ACKNOWLEDGE_REPAIR)
    with scope.acting(system("recipients")):
        return [
            Pending(one.pk, Change(one.change), one.subject_code, one.item_id, one.ref, one.told_at)
            for one in _open(by).order_by("id")[:MOST]
        ]


def waiting(*, by: Actor) -> int:
    """How many things the asking client or partner has still to do, up to ``MOST``. Raises NotAllowed."""
    require(by, Action.ACKNOWLEDGE_REPAIR)
    with scope.acting(system("recipients")):
        return len(_open(by).values_list("pk", flat=True)[:MOST])


@transaction.atomic
def acknowledge(ids: Collection[int], *, by: Actor, at: datetime) -> int:
    """The asking client or partner has done these; returns how many were new. Others' count for nothing. One entry. Raises NotAllowed."""
    require(by, Action.ACKNOWLEDGE_REPAIR)
    with scope.acting(system("recipients")):
        found = _open(by).filter(pk__in=list(ids)[:MOST]).select_related("case", "consent")
        made = [RecipientReceipt(recipient=one, at=at, by_name=by.name) for one in found.order_by("id")]
        made = RecipientReceipt.objects.bulk_create(made, ignore_conflicts=True)  # sent twice at once
    if made:
        kind, ref = _cause(made[0].recipient)
        audit.enter(audit.Event.REPAIR_ACKNOWLEDGED, by=by, object_kind=kind, object_ref=ref, count=len(made))
    return len(made)


def of_case(case_id: int, *, at: datetime) -> Sequence[RecipientView]:
    """The recipients of a case; for callers who have checked who asks."""
    return _views(Recipient.objects.filter(case_id=case_id), at)


def of_annulment(annulment_id: int, *, at: datetime) -> Sequence[RecipientView]:
    """Those of an annulment; for callers who have checked who asks."""
    return _views(Recipient.objects.filter(annulment_id=annulment_id), at)


def of_consent(consent_id: int, *, at: datetime) -> Sequence[RecipientView]:
    """Those of an authorisation that ended; for callers who have checked who asks."""
    return _views(Recipient.objects.filter(consent_id=consent_id), at)


def is_done(case_id: int) -> bool:
    """True when everybody has said that it is done. Who was closed since holds nothing any more and is not waited for."""
    left = Recipient.objects.filter(case_id=case_id, receipt__isnull=True)
    return not [one for one in left if not _is_closed(one, *_active(left))]


def lagging(*, seen_by: Actor, at: datetime) -> list[Lag]:
    """Who has not acknowledged in time, whatever it was about; the longest first. Raises NotAllowed."""
    require(seen_by, Action.OPERATE)
    with scope.acting(system("recipients")):
        open_ones = Recipient.objects.filter(receipt__isnull=True, told_at__lt=at - timedelta(days=TERM_DAYS))
        found: dict[tuple[str, str, bool], list[int]] = {}
        for one in _views(open_ones, at):
            if one.is_over:
                found.setdefault((one.unit, one.client_name, one.is_partner), []).append(one.hours_over)
    lags = [Lag(*who, len(hours), max(hours)) for who, hours in found.items()]
    return sorted(lags, key=lambda one: (-one.hours_over, one.unit, one.client_name))


@transaction.atomic
def _tell(what: Happening, change: Change) -> int:
    told = list(_whom(what))
    rows = [
        Recipient(
            case_id=what.case_id, annulment_id=what.annulment_id, consent_id=what.consent_id, way=one.way, client_id=one.id,
            client_name=one.name, unit=one.unit, change=change.value, subject_code=what.subject_code, item_id=what.item_id,
            ref=one.ref, told_at=what.at,
        )
        for one in told
    ]  # fmt: skip
    Recipient.objects.bulk_create(rows, ignore_conflicts=True)  # told again: told once
    return len(told)


def _whom(what: Happening) -> Iterable[_To]:
    if what.cause is Cause.CONSENT_ENDED:
        assert what.consent_id is not None
        yield from _programs(Consent.objects.select_related("recipient").get(pk=what.consent_id))
    elif publish.current(what.item_id).is_about_persons:
        held = Consent.objects.select_related("recipient", "withdrawal").filter(
            subject_id=whose.of_id(what.subject_id).key, items__contains=[what.item_id]
        )
        for one in held.order_by("id"):
            if state_of(one, what.at) is State.LIVE:
                yield from _programs(one)
    else:
        for client in clients.readers(item_id=what.item_id):
            yield _To(_CLIENT, client.client_id, client.name, client.department_name, what.ref)
        for partner in supplied.all_of(item_id=what.item_id):
            yield _To(_PARTNER, partner.code, partner.name, partner.name, what.ref)


def _programs(given: Consent) -> Iterable[_To]:
    for client in clients.querying(given.recipient.code):
        yield _To(_CLIENT, client.client_id, client.name, client.department_name, given.number)


def _open(by: Actor) -> "QuerySet[Recipient]":
    way = _PARTNER if by.role is Role.PARTNER else _CLIENT
    return Recipient.objects.filter(way=way, client_id=by.name, receipt__isnull=True)


def _views(rows: "QuerySet[Recipient]", at: datetime) -> list[RecipientView]:
    found = list(rows.select_related("receipt").order_by("id"))
    active, calendar = _active(found), tables.calendar()
    made = []
    for one in found:
        done_at = one.receipt.at if hasattr(one, "receipt") else None
        due_on = calendar.add_working_days(clock.day(one.told_at), TERM_DAYS).on
        end = datetime.combine(due_on + timedelta(days=1), time(), tzinfo=clock.ZONE)
        late = (done_at or at) - end
        made.append(
            RecipientView(
                one.pk, one.client_name, one.unit, one.way == _PARTNER, Change(one.change), one.told_at, done_at, due_on,
                max(late // _HOUR, 1) if late > timedelta() else 0, done_at is None and _is_closed(one, *active),
            )
        )  # fmt: skip
    return made


def _active(found: Iterable[Recipient]) -> tuple[frozenset[str], frozenset[str]]:
    """The clients of these that are open, and the partners that still get records."""
    ids = {one.client_id for one in found if one.way == _CLIENT}
    return clients.active(ids), frozenset(one.code for one in supplied.all_of())


def _is_closed(one: Recipient, open_clients: frozenset[str], open_partners: frozenset[str]) -> bool:
    return one.client_id not in (open_partners if one.way == _PARTNER else open_clients)


def _cause(one: Recipient) -> tuple[str, str]:
    """What a receipt is about, as the log names it."""
    if one.case is not None:
        return one.case.kind, str(one.case_id)
    if one.consent is not None:
        return "consent", one.consent.number
    return "annulment", str(one.annulment_id)
