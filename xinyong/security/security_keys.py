"""Security keys as a second factor (安全密钥, WebAuthn): hardware keys, and what phones and computers have built in.

fido2 (Yubico's) checks what the browser gives; here is what is asked for and kept. User verification (PIN or fingerprint at
the key) is required. A key is bound to the site's own name, so a page under another name gets nothing from it.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from xinyong.kernel.errors import Conflict, Invalid
from xinyong.security import audit, encryption, factors
from xinyong.security.access import Actor
from xinyong.security.models import Account, Factor

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
#: What fido2 raises about an answer that is not what a browser makes.
_MALFORMED = (ValueError, KeyError, TypeError, IndexError, AttributeError, struct.error)


class KeyRefused(Invalid):
    """What the browser gave does not prove a key of this account."""

    code = "security.key-refused"


class NoSecureOrigin(Conflict):
    """This site has no name a key could be bound to."""

    code = "security.no-secure-origin"


@dataclass(frozen=True, slots=True)
class Site:
    """What keys are bound to: the site's host name, and the origin pages have."""

    name: str
    origin: str


def site(request: HttpRequest) -> Site | None:
    """The site as keys know it, None where browsers offer no keys: an address in digits, or no TLS. ``XINYONG_ORIGIN`` says
    it; on one's own machine localhost counts too."""
    origin = urlsplit(settings.SITE_ORIGIN)
    host = request.get_host()
    if origin.hostname in _LOOPBACK and host.partition(":")[0] == "localhost":
        return Site("localhost", f"{request.scheme}://{host}")
    if origin.scheme != "https" or not origin.hostname or origin.hostname.replace(".", "").isdigit():
        return None
    return Site(origin.hostname, settings.SITE_ORIGIN)


def ask_for_new(account: Account, at: Site) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the browser needs to make a new key for this account, and what to keep until it answers."""
    user = PublicKeyCredentialUserEntity(
        id=hashlib.sha256(f"xinyong/account/{account.pk}".encode()).digest()[:16], name=account.username,
        display_name=account.username,
    )  # fmt: skip
    options, state = _server(at).register_begin(
        user, _credentials(account), resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )  # fmt: skip
    return dict(options), dict(state)


@transaction.atomic
def add(
    account: Account,
    *,
    at: Site,
    state: Mapping[str, Any],
    answer: Mapping[str, Any],
    name: str,
    by: Actor,
    now: datetime,
) -> None:
    """Keeps the key the browser made. Raises KeyRefused."""
    try:
        made = _server(at).register_complete(state, answer)
    except _MALFORMED as error:
        raise _refused() from error
    if made.credential_data is None:
        raise _refused()
    digest = hashlib.sha256(made.credential_data.credential_id).digest()
    if Factor.objects.filter(credential=digest).exists():
        raise _refused()
    Factor.objects.create(
        account=account, kind=Factor.Kind.KEY, name=name, credential=digest, last_step=made.counter, created_at=now,
        secret=encryption.seal(bytes(made.credential_data), context=factors.CONTEXT),
    )  # fmt: skip
    audit.enter(audit.Event.FACTOR_ADDED, by=by, object_kind="account", object_ref=account.username, factor="key")


def ask_for_one(account: Account, at: Site) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the browser needs to use one of the account's keys, and what to keep until it answers."""
    options, state = _server(at).authenticate_begin(
        _credentials(account), user_verification=UserVerificationRequirement.REQUIRED
    )
    return dict(options), dict(state)


def show(account: Account, *, at: Site, state: Mapping[str, Any], answer: Mapping[str, Any], now: datetime) -> bool:
    """True when the answer proves one of the account's keys. A key whose counter went back has been copied: refused."""
    try:
        used = _server(at).authenticate_complete(state, _credentials(account), answer)
        counter = AuthenticationResponse.from_dict(answer).response.authenticator_data.counter
    except _MALFORMED:
        return False
    found = Factor.objects.filter(account=account, credential=hashlib.sha256(used.credential_id).digest())
    found = found.filter(last_step__lt=counter) if counter else found.filter(last_step=0)
    return bool(found.update(last_step=counter, used_at=now))


def _refused() -> KeyRefused:
    return KeyRefused(
        "安全密钥没有通过验证。请再试一次；若仍不行，请换一个密钥或用动态口令。",
        "The security key was not accepted. Try again; if it still fails, use another key or an authenticator app.",
    )


def no_secure_origin() -> NoSecureOrigin:
    """The error for asking for keys where browsers offer none."""
    return NoSecureOrigin(
        "安全密钥须用 https 域名访问本站才能使用。请用动态口令，或请管理员设置 XINYONG_ORIGIN。",
        "Security keys need this site under an https name. Use an authenticator app, or ask for XINYONG_ORIGIN to be set.",
    )


def _server(at: Site) -> Fido2Server:
    entity = PublicKeyCredentialRpEntity(id=at.name, name=settings.SITE_NAME)
    return Fido2Server(entity, verify_origin=lambda origin: origin == at.origin)


def _credentials(account: Account) -> list[AttestedCredentialData]:
    rows = Factor.objects.filter(account=account, kind=Factor.Kind.KEY).order_by("id")
    return [AttestedCredentialData(encryption.unseal(bytes(one.secret), context=factors.CONTEXT)) for one in rows]
