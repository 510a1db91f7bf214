"""Who calls at the machines' door: secrets are checked when a token is asked for, tokens at every call.

A token is opaque, lasts ten minutes, and only its digest is kept. Nothing of it is believed that the tables do not say
now: a client closed, a scope or a network taken away, a department closed take effect with the next call.
"""

import hashlib
import hmac
import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import check_password
from oauth2_provider.models import AccessToken

from xinyong.kernel.errors import Forbidden
from xinyong.security import audit
from xinyong.security.access import Actor, Role
from xinyong.security.models import Client, ClientSecret

_SECRET = re.compile(r"([0-9a-f]{10})\.([A-Za-z0-9_-]{20,100})")
_KEPT = "sha256$"
_TOKEN = re.compile(r"[\x21-\x7e]{10,200}")


class TokenRefused(Forbidden):
    """No token, or one that is unknown, ended or revoked, or whose client or department is closed."""

    code = "security.token-refused"
    status = 401


class NetworkRefused(Forbidden):
    """The client does not call from here: its networks are listed, this address is in none."""

    code = "security.network-refused"
    status = 401


class ScopeMissing(Forbidden):
    """The token does not carry the scope this operation asks for."""

    code = "security.scope-missing"


@dataclass(frozen=True, slots=True)
class Caller:
    """A client calling now. ``scopes``: what its token carries and the client still has."""

    actor: Actor
    client_id: str
    name: str
    department_name: str
    scopes: frozenset[str]
    per_minute: int
    per_day: int
    is_sandbox: bool
    key_pem: str
    expires_at: datetime


def secret_fits(client_id: str, secret: str, *, address: str | None, now: datetime) -> bool:
    """True when the secret is one of this client's that is good now, and the address within its networks."""
    parts = _SECRET.fullmatch(secret)
    if parts is None:
        return False
    found = (
        ClientSecret.objects.filter(
            key_id=parts[1], valid_until__gt=now, client__is_active=True, client__department__is_active=True,
            client__application__client_id=client_id,
        )
        .select_related("client")
        .first()
    )  # fmt: skip
    if found is None or not _is_within(address, found.client.networks) or not _fits(found, parts[2]):
        return False
    ClientSecret.objects.filter(pk=found.pk).update(last_used_at=now)
    return True


def kept(key_id: str, secret: str) -> str:
    """What is kept of a secret that was drawn: one fast hash. Nobody guesses 256 random bits, however fast he may try, and fifty
    programs that ask for a token at once would keep two processors busy for seconds with a slow one.
    Source: NIST SP 800-63B 5.1.2.2 (secrets of 112 bits and more)."""
    return _KEPT + hashlib.sha256(f"{key_id}.{secret}".encode()).hexdigest()


def _fits(found: ClientSecret, secret: str) -> bool:
    """Secrets of before were kept as the site's password hash; they last a year."""
    if not found.secret.startswith(_KEPT):
        return check_password(secret, found.secret)
    return hmac.compare_digest(found.secret, kept(found.key_id, secret))


def scopes_of(client_id: str) -> list[str]:
    """What a client may ask for; nothing for one that is closed or unknown."""
    found = Client.objects.filter(application__client_id=client_id, is_active=True).values_list("scopes", flat=True)
    return list(found.first() or [])


def note(client_id: str, *, is_issued: bool, scopes: str, address: str | None) -> None:
    """The audit entry of a request for a token, either way. A client id nobody has is not repeated in the log."""
    client = Client.objects.filter(application__client_id=client_id[:255]).select_related("department").first()
    by = Actor(
        role=Role.CLIENT if client else Role.PUBLIC, name=client_id if client else "public", address=address,
        department=client.department.code if client else None,
    )  # fmt: skip
    event = audit.Event.TOKEN_ISSUED if is_issued else audit.Event.TOKEN_REFUSED
    audit.enter(
        event, by=by, object_kind="client", object_ref=client_id if client else "-",
        outcome="done" if is_issued else "refused", scopes=scopes,
    )  # fmt: skip


def caller(token: str, *, address: str | None, now: datetime) -> Caller:
    """Whose token this is. Raises TokenRefused, NetworkRefused; neither says more than the caller must know."""
    found = None
    if _TOKEN.fullmatch(token):
        found = (
            AccessToken.objects.filter(token_checksum=hashlib.sha256(token.encode()).hexdigest(), expires__gt=now)
            .select_related("application__client__department")
            .first()
        )
    client: Client | None = getattr(found.application, "client", None) if found is not None else None
    if found is None or client is None or not client.is_active or not client.department.is_active:
        raise refused()
    if not _is_within(address, client.networks):
        raise NetworkRefused(
            "该客户端不允许从这个网络地址调用。请从登记的网段调用，或请系统管理员更改登记。",
            "This client may not call from this network address. Call from its registered networks, or have them changed.",
            client_id=client.application.client_id,
        )
    actor = Actor(
        role=Role.CLIENT, name=client.application.client_id, department=client.department.code, address=address,
        items=None if client.items is None else frozenset(client.items),
    )  # fmt: skip
    return Caller(
        actor=actor, client_id=client.application.client_id, name=client.name,
        department_name=client.department.name, scopes=frozenset(found.scope.split()) & frozenset(client.scopes),
        per_minute=client.per_minute, per_day=client.per_day, is_sandbox=client.is_sandbox, key_pem=client.key_pem,
        expires_at=found.expires,
    )  # fmt: skip


def require_scope(who: Caller, scope: str) -> None:
    """Raises ScopeMissing."""
    if scope not in who.scopes:
        raise ScopeMissing(
            f"令牌没有“{scope}”权限。请申请含此权限的令牌；若客户端本身没有，请联系系统管理员。",
            f"The token lacks the scope “{scope}”. Ask for a token with it; if the client has none, ask the administrator.",
            scope=scope,
        )


def refused() -> TokenRefused:
    """The error for a call without a good token."""
    return TokenRefused(
        "令牌缺失、无效或已过期。请用客户端凭据在 /oauth/token 重新申请。",
        "The token is missing, not valid or has ended. Ask for a new one at /oauth/token with the client's credentials.",
    )


def sweep(*, now: datetime) -> int:
    """Removes tokens that have ended; returns how many. The hourly job calls it."""
    return int(AccessToken.objects.filter(expires__lt=now).delete()[0])


def _is_within(address: str | None, networks: list[str]) -> bool:
    try:
        place = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    place = getattr(place, "ipv4_mapped", None) or place
    return any(place in ipaddress.ip_network(one) for one in networks)
