"""接口客户端 Machine clients: made, given new secrets, limited, closed. A client acts for one department, within scopes.

The secret is drawn here (256 bits), shown once and kept as a hash; it lasts a year. A new one can run
beside the old for some days, so that a program can change over without a gap. What a client has done stays in the log.
Source: ASVS 5.0 V10.3.5, V10.4.14; GB/T 22239-2019 8.1.4.1.
"""

import ipaddress
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from django.contrib.auth.hashers import make_password
from django.db import transaction
from oauth2_provider.models import AccessToken, Application

from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.security import audit, identity, signatures, tokens
from xinyong.security.access import Action, Actor, require
from xinyong.security.models import Client, ClientSecret, Department

#: Scopes every client may be given; ``submit:<item>`` comes one by one, for each catalogue item.
SCOPES: dict[str, tuple[str, str]] = {
    "read:catalogue": ("读取目录与代码表", "Read the catalogue and its code tables"),
    "read:public": ("查询公开的信用信息", "Look up public records"),
    "read:shared": ("按用途查询政务共享信息", "Look up shared records for a purpose"),
    "query:authorised": ("申请主体授权，按授权查询", "Ask subjects for authorisations, and query by them"),
    "query:withhold": (
        "依法暂缓向主体显示自己的查询",
        "Keep own queries from their subjects for a time, as the law allows",
    ),
    "read:usage": ("代主体读取“谁查过我”记录", "Read, for subjects, who looked at their files"),
    "read:submissions": ("查看本单位报送的进度与回执", "Read the state and receipts of the department's submissions"),
}
SUBMIT = re.compile(r"submit:[a-z0-9]+(-[a-z0-9]+)*")
#: How long a secret lasts, and how long at most two may be good side by side.
SECRET_LASTS = timedelta(days=365)
MOST_OVERLAP = timedelta(days=30)


class UnknownClient(NotFound):
    """No client has this id."""

    code = "security.unknown-client"


class BadClient(Invalid):
    """What a client is to be given cannot be: scopes, networks, quotas or its key."""

    code = "security.bad-client"


class ClientClosed(Conflict):
    """The client is disabled; it is not opened again, a new one is made."""

    code = "security.client-closed"


@dataclass(frozen=True, slots=True)
class SecretView:
    """A secret as listed: never the secret itself."""

    key_id: str
    made_at: datetime
    valid_until: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client as listed. ``department`` is its unit's code; ``items`` None means all."""

    client_id: str
    name: str
    department: str
    department_name: str
    scopes: tuple[str, ...]
    items: tuple[str, ...] | None
    networks: tuple[str, ...]
    is_bound: bool
    per_minute: int
    per_day: int
    is_sandbox: bool
    is_active: bool
    made_at: datetime
    made_by: str
    secrets: tuple[SecretView, ...]


@transaction.atomic
def register(
    *,
    name: str,
    department: str,
    scopes: Iterable[str],
    networks: Iterable[str],
    items: Iterable[str] | None = None,
    per_minute: int = 60,
    per_day: int = 10_000,
    key_pem: str = "",
    is_sandbox: bool = False,
    by: Actor,
    now: datetime,
) -> tuple[ClientView, str]:
    """Makes a client for a department; returns it and its secret, which nobody can read again.

    ``networks``: address ranges it may call from, at least one. ``key_pem``: a public key (Ed25519 or P-256) whose
    signature every call must then carry. Raises UnknownDepartment, BadClient, NotAllowed.
    """
    require(by, Action.MANAGE_CLIENTS)
    unit = identity.source_unit(department)
    reached = sorted(set(items)) if items is not None else None
    client = Client(
        department=Department.objects.get(pk=unit.id), name=_name(name), scopes=_scopes(scopes, reached), items=reached,
        networks=_networks(networks), key_pem=_key(key_pem), per_minute=_quota(per_minute), per_day=_quota(per_day),
        is_sandbox=is_sandbox, made_at=now, made_by=by.name,
    )  # fmt: skip
    client.application = Application.objects.create(
        client_id=f"xy-{secrets.token_hex(8)}", name=client.name, client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        client_secret=make_password(secrets.token_urlsafe(32)),  # the library's own place for a secret opens nothing
    )  # fmt: skip
    client.save()
    secret = _draw(client, now)
    audit.enter(
        audit.Event.CLIENT_REGISTERED, by=by, object_kind="client", object_ref=client.application.client_id,
        unit=unit.code, scopes=" ".join(client.scopes), networks=" ".join(client.networks), sandbox=is_sandbox,
        items=None if reached is None else len(reached), per_minute=client.per_minute, per_day=client.per_day,
        bound=bool(client.key_pem),
    )  # fmt: skip
    return _view(client), secret


@transaction.atomic
def rotate(
    client_id: str, *, overlap: timedelta = timedelta(days=7), by: Actor, now: datetime
) -> tuple[ClientView, str]:
    """Draws a new secret and returns it with the client; older ones end after ``overlap`` (none: at once, with all tokens).

    At most two are good at a time: a third ends the eldest. Raises UnknownClient, ClientClosed, BadClient.
    """
    require(by, Action.MANAGE_CLIENTS)
    if not timedelta(0) <= overlap <= MOST_OVERLAP:
        raise BadClient(
            f"新旧密钥并行的天数应为 0 至 {MOST_OVERLAP.days} 天。",
            f"Old and new secret may run side by side for 0 to {MOST_OVERLAP.days} days.",
        )
    client = _open(client_id)
    good = list(client.secrets.filter(valid_until__gt=now).order_by("-made_at", "-pk"))
    for place, one in enumerate(good):
        end = now + overlap if place == 0 else now
        ClientSecret.objects.filter(pk=one.pk, valid_until__gt=end).update(valid_until=end)
    if not overlap:
        AccessToken.objects.filter(application=client.application).delete()
    secret = _draw(client, now)
    audit.enter(
        audit.Event.CLIENT_SECRET_ROTATED, by=by, object_kind="client", object_ref=client_id,
        overlap_days=overlap.total_seconds() / 86400,
    )  # fmt: skip
    return _view(client), secret


@transaction.atomic
def change(
    client_id: str,
    *,
    per_minute: int | None = None,
    per_day: int | None = None,
    networks: Iterable[str] | None = None,
    scopes: Iterable[str] | None = None,
    by: Actor,
) -> ClientView:
    """Changes quotas, networks or scopes, from the next call on: a scope taken away is gone from tokens under way too.

    Raises UnknownClient, ClientClosed, BadClient.
    """
    require(by, Action.MANAGE_CLIENTS)
    client = _open(client_id)
    client.per_minute = client.per_minute if per_minute is None else _quota(per_minute)
    client.per_day = client.per_day if per_day is None else _quota(per_day)
    client.networks = client.networks if networks is None else _networks(networks)
    client.scopes = client.scopes if scopes is None else _scopes(scopes, client.items)
    client.save(update_fields=["per_minute", "per_day", "networks", "scopes"])
    audit.enter(
        audit.Event.CLIENT_CHANGED, by=by, object_kind="client", object_ref=client_id, per_minute=client.per_minute,
        per_day=client.per_day, networks=" ".join(client.networks), scopes=" ".join(client.scopes),
    )  # fmt: skip
    return _view(client)


@transaction.atomic
def disable(client_id: str, *, by: Actor, now: datetime) -> None:
    """Closes a client for good: secrets end, tokens are revoked, its next call is refused. Same call twice: closed once.
    Raises UnknownClient, NotAllowed."""
    require(by, Action.MANAGE_CLIENTS)
    client = _find(client_id)
    if client.is_active:
        Client.objects.filter(pk=client.pk).update(is_active=False)
        ClientSecret.objects.filter(client=client, valid_until__gt=now).update(valid_until=now)
        AccessToken.objects.filter(application=client.application).delete()
        audit.enter(audit.Event.CLIENT_DISABLED, by=by, object_kind="client", object_ref=client_id)


def clients(*, seen_by: Actor) -> list[ClientView]:
    """All clients, open ones first, by name; leaves an audit entry. Raises NotAllowed."""
    require(seen_by, Action.MANAGE_CLIENTS)
    with transaction.atomic():
        audit.enter(audit.Event.CLIENTS_VIEWED, by=seen_by, object_kind="client", object_ref="all")
        found = Client.objects.select_related("application", "department").prefetch_related("secrets")
        return [_view(one) for one in found.order_by("-is_active", "name", "pk")]


def readers(*, item_id: str = "") -> list[ClientView]:
    """The open clients that may read records, of one item where it is named; for the platform's own work, which tells them what to
    let go of."""
    found = Client.objects.select_related("application", "department").prefetch_related("secrets")
    reading = found.filter(is_active=True, is_sandbox=False, scopes__overlap=["read:public", "read:shared"])
    views = [_view(one) for one in reading.order_by("pk")]
    return [one for one in views if not item_id or one.items is None or item_id in one.items]


def querying(department: str) -> list[ClientView]:
    """The open clients of a unit that query by subjects' authorisations; for the platform's own work, as ``readers``."""
    found = Client.objects.select_related("application", "department").prefetch_related("secrets")
    asking = found.filter(is_active=True, is_sandbox=False, scopes__contains=["query:authorised"])
    return [_view(one) for one in asking.filter(department__code=department).order_by("pk")]


def active(client_ids: Iterable[str]) -> frozenset[str]:
    """Those of these clients that are open."""
    found = Client.objects.filter(is_active=True, application__client_id__in=list(client_ids))
    return frozenset(found.values_list("application__client_id", flat=True))


@dataclass(frozen=True, slots=True)
class Recipient:
    """A department's program that reads what is not public. ``items`` None is every item."""

    name: str
    department_name: str
    items: tuple[str, ...] | None


def recipients(*, seen_by: Actor) -> list[Recipient]:
    """To whom shared data go by machine: open clients with ``read:shared``, without how they prove themselves. Raises NotAllowed."""
    require(seen_by, Action.VIEW_DATA_DUTIES)
    found = Client.objects.select_related("department").filter(is_active=True, is_sandbox=False).order_by("name", "pk")
    return [
        Recipient(one.name, one.department.name, tuple(one.items) if one.items is not None else None)
        for one in found
        if "read:shared" in one.scopes
    ]


def client(client_id: str, *, seen_by: Actor) -> ClientView:
    """One client; leaves an audit entry. Raises UnknownClient, NotAllowed."""
    require(seen_by, Action.MANAGE_CLIENTS)
    with transaction.atomic():
        found = _view(_find(client_id))
        audit.enter(audit.Event.CLIENTS_VIEWED, by=seen_by, object_kind="client", object_ref=client_id)
    return found


def _open(client_id: str) -> Client:
    found = _find(client_id)
    if not found.is_active:
        raise ClientClosed(
            f"客户端“{client_id}”已经停用，不能再更改。如需恢复，请新建客户端。",
            f"The client “{client_id}” is disabled and stays so. Make a new client instead.",
        )
    return found


def _find(client_id: str) -> Client:
    found = (
        Client.objects.select_for_update(of=("self",))
        .select_related("application", "department")
        .filter(application__client_id=client_id)
        .first()
    )
    if found is None:
        raise UnknownClient(
            f"没有标识为“{client_id}”的接口客户端。请用 xinyong clients list 查看。",
            f"There is no client with the id “{client_id}”. See xinyong clients list.",
        )
    return found


def _draw(client: Client, now: datetime) -> str:
    key_id, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
    ClientSecret.objects.create(
        client=client, key_id=key_id, secret=tokens.kept(key_id, secret), made_at=now, valid_until=now + SECRET_LASTS
    )
    return f"{key_id}.{secret}"


def _view(client: Client) -> ClientView:
    return ClientView(
        client_id=client.application.client_id, name=client.name, department=client.department.code,
        department_name=client.department.name, scopes=tuple(client.scopes),
        items=None if client.items is None else tuple(client.items), networks=tuple(client.networks),
        is_bound=bool(client.key_pem), per_minute=client.per_minute, per_day=client.per_day,
        is_sandbox=client.is_sandbox, is_active=client.is_active, made_at=client.made_at, made_by=client.made_by,
        secrets=tuple(
            SecretView(one.key_id, one.made_at, one.valid_until, one.last_used_at)
            for one in sorted(client.secrets.all(), key=lambda one: one.pk, reverse=True)
        ),
    )  # fmt: skip


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= 80:
        raise BadClient("请给客户端起一个 80 字以内的名称。", "Give the client a name of at most 80 characters.")
    return name


def _scopes(asked: Iterable[str], items: Sequence[str] | None) -> list[str]:
    found = sorted(set(asked))
    wrong = [one for one in found if one not in SCOPES and not SUBMIT.fullmatch(one)]
    if wrong or not found:
        raise BadClient(
            f"权限范围不对：{'、'.join(wrong) or '一个也没有'}。可用：{'、'.join(SCOPES)}、submit:<事项>。",
            f"Not scopes: {', '.join(wrong) or 'none given'}. There are {', '.join(SCOPES)} and submit:<item>.",
        )
    beyond = [one for one in found if SUBMIT.fullmatch(one) and items is not None and one[7:] not in items]
    if beyond:
        raise BadClient(
            f"{'、'.join(beyond)} 超出了该客户端的事项范围。",
            f"{', '.join(beyond)} goes beyond the items of this client.",
        )
    return found


def _networks(given: Iterable[str]) -> list[str]:
    try:
        found = sorted({str(ipaddress.ip_network(one.strip())) for one in given if one.strip()})
    except ValueError as error:
        raise BadClient(
            f"网段写法不对：{error}。例如 10.1.2.0/24 或 2001:db8::/48。",
            f"Not a network: {error}. Write 10.1.2.0/24 or 2001:db8::/48, for example.",
        ) from error
    if not found:
        raise BadClient("请至少写一个允许调用的网段。", "Name at least one network that the client may call from.")
    return found


def _quota(number: int) -> int:
    if not 1 <= number <= 10_000_000:
        raise BadClient("配额应为 1 至 10,000,000。", "A quota is between 1 and 10,000,000.")
    return number


def _key(pem: str) -> str:
    if not pem.strip():
        return ""
    try:
        key = serialization.load_pem_public_key(pem.encode())
        signatures.algorithm_of(key)
    except (ValueError, UnsupportedAlgorithm, Invalid) as error:
        raise BadClient(
            "公钥应为 PEM 格式的 Ed25519 或 ECDSA P-256 公钥。",
            "The public key must be an Ed25519 or ECDSA P-256 key in PEM form.",
        ) from error
    return pem.strip() + "\n"
