"""Where a department is told besides the office (通知渠道): e-mail addresses, at once or once a day, and a webhook."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from xinyong.kernel.errors import Invalid
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require
from xinyong.workflow import _mail, _webhook
from xinyong.workflow.models import Preference

#: Addresses of one department at most: the mail is the office's, not a list.
MOST_ADDRESSES = 5
_LONGEST = 300


class BadAddress(Invalid):
    """Not an e-mail address, or too many."""

    code = "workflow.bad-address"


class NoAddress(Invalid):
    """Mail is wanted, and there is no address to send it to."""

    code = "workflow.no-address"


@dataclass(frozen=True, slots=True)
class Channels:
    """Where a department is told. ``mail``: off, immediate or daily."""

    source_code: str
    source_name: str
    mail: str
    addresses: tuple[str, ...]
    webhook: str


def of(source_code: str, *, seen_by: Actor) -> Channels:
    """What a department has chosen. Raises NotAllowed, UnknownDepartment."""
    unit = identity.source_unit(source_code, even_closed=True)
    require(seen_by, Action.SET_CHANNELS, department=unit.code)
    found = Preference.objects.filter(department_id=unit.id).first()
    if found is None:
        return Channels(unit.code, unit.name, Preference.Mail.OFF, (), "")
    return Channels(unit.code, unit.name, found.mail, tuple(found.addresses), found.webhook)


@transaction.atomic
def set_up(
    source_code: str, *, mail: str, addresses: Sequence[str], webhook: str, by: Actor, at: datetime
) -> Channels:  # fmt: skip
    """Says where a department is told from now on; what waits to go out goes to the new places. Same call twice: said once. Raises
    NotAllowed, FactorNeeded, UnknownDepartment, BadAddress, NoAddress, and the webhook's refusals."""
    unit = identity.source_unit(source_code)
    require(by, Action.SET_CHANNELS, department=unit.code)
    wanted = {
        "mail": Preference.Mail(mail).value, "addresses": _addresses(addresses), "webhook": _address(webhook.strip()),
    }  # fmt: skip
    if wanted["mail"] != Preference.Mail.OFF and not wanted["addresses"]:
        raise NoAddress("请填写接收邮件的地址，或选择不发邮件。", "Give an address for the mail, or choose no mail.")
    before = Preference.objects.select_for_update().filter(department_id=unit.id).values(*wanted).first()
    if before != wanted:
        Preference.objects.update_or_create(
            department_id=unit.id, defaults=wanted | {"made_at": at, "made_by": by.name}
        )
        audit.enter(
            audit.Event.CHANNELS_SET, by=by, object_kind="department", object_ref=unit.code, mail=str(wanted["mail"]),
            addresses=len(wanted["addresses"]), webhook=urlsplit(str(wanted["webhook"])).hostname or "",
        )  # fmt: skip
    return of(source_code, seen_by=by)


def has_mail() -> bool:
    """True when this platform can send mail."""
    return _mail.is_on()


def has_webhooks() -> bool:
    """True when this platform may call webhooks."""
    return _webhook.is_on()


def _addresses(given: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(text.strip() for text in given if text.strip()))
    if len(found) > MOST_ADDRESSES:
        raise BadAddress(f"最多填写 {MOST_ADDRESSES} 个地址。", f"At most {MOST_ADDRESSES} addresses.")
    for place, one in enumerate(found, 1):
        try:
            validate_email(one)
            one.encode("ascii")  # what mail servers of all kinds take
        except (ValidationError, UnicodeEncodeError) as error:
            raise BadAddress(
                f"第 {place} 个不是有效的邮箱地址。", f"Address number {place} is not an e-mail address."
            ) from error
    return found


def _address(webhook: str) -> str:
    if webhook:
        _webhook.target(webhook[: _LONGEST + 1])
    return webhook
