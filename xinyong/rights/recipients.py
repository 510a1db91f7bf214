"""接收方 Who has received records from here and must let go of one that was repaired: told once, and the case waits for their receipt.

Recipients are the machine clients that may read records. Each asks what it has to do (``pending``) and says when it has done it
(``acknowledge``); who has not is named on the case, in hours over the term (INV-65; 22号: bodies that lag are named).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from xinyong.rights.models import Recipient, RecipientReceipt
from xinyong.security import audit, clients, scope
from xinyong.security.access import Action, Actor, require, system

#: Changes that one answer holds.
MOST = 500


class Change(StrEnum):
    """What recipients have to do."""

    CONCEAL = "conceal"  # 停止公示、共享和使用
    RESTORE = "restore"  # 修复撤销，恢复


@dataclass(frozen=True, slots=True)
class RecipientView:
    """A recipient of a case: its client, its unit, what it was told when, when it said it was done."""

    id: int
    client_name: str
    unit: str
    change: Change
    told_at: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pending:
    """What a recipient has still to do: which datum of which organisation, and since when."""

    id: int
    change: Change
    subject_code: str
    item_id: str
    ref: str
    since: datetime


@transaction.atomic
def tell(
    case_id: int, change: Change, *, subject_code: str, item_id: str, ref: str, at: datetime
) -> int:  # fmt: skip
    """Tells everybody who may read records; told again, told once. Returns how many there are."""
    readers = clients.readers(item_id=item_id)
    for one in readers:
        Recipient.objects.get_or_create(
            case_id=case_id, client_id=one.client_id, change=change.value,
            defaults={
                "client_name": one.name, "unit": one.department_name, "subject_code": subject_code, "item_id": item_id,
                "ref": ref, "told_at": at,
            },
        )  # fmt: skip
    return len(readers)


def pending(*, by: Actor) -> Sequence[Pending]:
    """What the asking client has still to do, the oldest first. Raises NotAllowed."""
    require(by, Action.ACKNOWLEDGE_REPAIR)
    with scope.acting(system("recipients")):
        found = Recipient.objects.filter(client_id=by.name, receipt__isnull=True).order_by("id")[:MOST]
        return [
            Pending(one.pk, Change(one.change), one.subject_code, one.item_id, one.ref, one.told_at) for one in found
        ]


@transaction.atomic
def acknowledge(ids: Collection[int], *, by: Actor, at: datetime) -> int:
    """The asking client has done these; returns how many were new. Others' count for nothing. One entry. Raises NotAllowed."""
    require(by, Action.ACKNOWLEDGE_REPAIR)
    with scope.acting(system("recipients")):
        found = Recipient.objects.filter(client_id=by.name, pk__in=list(ids)[:MOST], receipt__isnull=True)
        made = [RecipientReceipt(recipient=one, at=at, by_name=by.name) for one in found.order_by("id")]
        made = RecipientReceipt.objects.bulk_create(made, ignore_conflicts=True)  # sent twice at once
    if made:
        audit.enter(
            audit.Event.REPAIR_ACKNOWLEDGED, by=by, object_kind="repair", object_ref=str(made[0].recipient.case_id),
            count=len(made),
        )  # fmt: skip
    return len(made)


def of_case(case_id: int) -> Sequence[RecipientView]:
    """The recipients of a case; for callers who have checked who asks."""
    found = Recipient.objects.filter(case_id=case_id).select_related("receipt").order_by("id")
    return [
        RecipientView(
            one.pk, one.client_name, one.unit, Change(one.change), one.told_at,
            one.receipt.at if hasattr(one, "receipt") else None,
        )
        for one in found
    ]  # fmt: skip


def is_done(case_id: int, *, active: Collection[str] | None = None) -> bool:
    """True when everybody has said that it is done. A client that was closed since holds nothing any more and is not waited for."""
    still = {one.client_id for one in clients.readers()} if active is None else set(active)
    waiting = Recipient.objects.filter(case_id=case_id, receipt__isnull=True).values_list("client_id", flat=True)
    return not set(waiting) & still
