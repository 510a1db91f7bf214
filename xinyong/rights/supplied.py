"""向节点供数 Which partners get records from here, and of which items: they follow repairs, corrections and withdrawals like every recipient.

A partner that only sends us something holds none of our records and is waited for in nothing. What it gets stands in an agreement; here
it is said once, by whoever registers partners, and it is never changed: a later word holds from then on.
Source: 国办发〔2025〕22号 (修复结果同步至使用方); INV-65.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from xinyong.catalogue import publish
from xinyong.kernel.errors import Invalid
from xinyong.rights.models import PartnerSupply
from xinyong.security import audit, partners, scope
from xinyong.security.access import Action, Actor, require, system
from xinyong.security.models import Partner


class UnknownItems(Invalid):
    """A partner gets items of the catalogue, or all."""

    code = "rights.supply-items"


@dataclass(frozen=True, slots=True)
class Supplied:
    """A partner that gets records. ``items`` None: of every item."""

    code: str
    name: str
    items: tuple[str, ...] | None
    since: datetime


@transaction.atomic
def say(code: str, *, items: Collection[str] | None, is_on: bool = True, by: Actor, at: datetime) -> None:
    """Says what a partner gets from now on: these items, all (None), or nothing (``is_on`` False). One entry. Raises UnknownPartner,
    UnknownItems, NotAllowed, FactorNeeded."""
    require(by, Action.MANAGE_CLIENTS)
    partner = Partner.objects.filter(code=code).first()
    if partner is None:
        raise partners.UnknownPartner(
            f"没有代码为“{code}”的共享节点。请用 xinyong partners list 查看。",
            f"There is no partner with the code “{code}”. See xinyong partners list.",
        )
    known = {one.id for one in publish.items()}
    wanted = None if items is None or not is_on else sorted(set(items))
    if wanted is not None and (not wanted or not set(wanted) <= known):
        raise UnknownItems(
            f"目录里没有这些事项：{'、'.join(sorted(set(wanted) - known))[:200] or '一个也没有写'}。",
            f"The catalogue has no such items: {', '.join(sorted(set(wanted) - known))[:200] or 'none given'}.",
        )
    with scope.acting(system("supplied")):
        PartnerSupply.objects.create(partner=partner, items=wanted, is_on=is_on, at=at, by_name=by.name)
    audit.enter(
        audit.Event.PARTNER_SUPPLIED, by=by, object_kind="partner", object_ref=code, is_on=is_on,
        items=None if wanted is None else ",".join(wanted)[:400],
    )  # fmt: skip


def all_of(*, item_id: str = "") -> Sequence[Supplied]:
    """The open partners that get records, of one item where it is named; for the platform's own work."""
    with scope.acting(system("supplied")):
        newest: dict[int, PartnerSupply] = {}
        for one in PartnerSupply.objects.select_related("partner").filter(partner__is_active=True).order_by("id"):
            newest[one.partner_id] = one
    found = [
        Supplied(one.partner.code, one.partner.name, tuple(one.items) if one.items is not None else None, one.at)
        for one in newest.values()
        if one.is_on
    ]
    return [one for one in found if not item_id or one.items is None or item_id in one.items]
