"""What somebody is told of their own account."""

from dataclasses import dataclass
from datetime import datetime

from xinyong.security import factors, passwords, sessions
from xinyong.security.access import Actor
from xinyong.security.factors import FactorView
from xinyong.security.models import Account, OutsideIdentity


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """One's own account: ``change_by`` is when the password has to be changed, None where the rules ask for no change."""

    username: str
    display_name: str
    has_password: bool
    password_set_at: datetime | None
    change_by: datetime | None
    factors: list[FactorView]
    is_linked_outside: bool


def account(by: Actor) -> Account:
    """The account somebody acts with, for the verbs on it."""
    return Account.objects.get(pk=sessions.own_id(by))


def of(by: Actor, *, now: datetime) -> OwnAccount:
    """How somebody signs in. Raises NotAllowed."""
    one = account(by)
    set_at = one.password_set_at or one.created_at
    return OwnAccount(
        username=one.username, display_name=one.display_name, has_password=one.has_usable_password(),
        password_set_at=one.password_set_at,
        change_by=set_at + passwords.CHANGE_AFTER if passwords.asks_for_change(one) else None,
        factors=factors.listed(one.pk),
        is_linked_outside=OutsideIdentity.objects.filter(account=one).exists(),
    )  # fmt: skip
