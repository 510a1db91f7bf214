"""Single sign-on (统一身份认证) by OpenID Connect: authorization code with PKCE, state, nonce; the issuer is checked.

The provider says who somebody is, never what they may do: an administrator links an account to a subject of the provider,
and nobody gets an account by signing in there. The second factor is ours to ask for, unless the operator says which of the
provider's assurances (``amr``, ``acr``) stand for one.
"""

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
from django.conf import settings
from django.db import transaction

from xinyong.kernel.errors import Conflict, Forbidden, NotFound
from xinyong.security import audit, encryption
from xinyong.security.access import Action, Actor, require
from xinyong.security.models import Account, OutsideIdentity

#: Asymmetric signatures only: with "none" or a shared secret anybody could have written the token.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
_LEEWAY = 60
_PATIENCE = 10
_LARGEST = 1 << 20
_SUBJECT = "oidc.subject"


class NoProvider(NotFound):
    """No provider is configured."""

    code = "security.no-provider"


class ProviderSilent(Conflict):
    """The provider does not answer as it should."""

    code = "security.provider-silent"
    status = 503


class OutsideRefused(Forbidden):
    """What came back from the provider proves nobody we know."""

    code = "security.outside-refused"


class SubjectTaken(Conflict):
    """Another account is this subject."""

    code = "security.subject-taken"


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider as configured. ``assurances``: values of amr or acr that stand for a second factor."""

    label: str
    issuer: str
    client_id: str
    secret: str
    assurances: frozenset[str]


@dataclass(frozen=True, slots=True)
class Proven:
    """Whom the provider vouches for. ``has_factor``: with an assurance the operator accepts as a second factor."""

    account: Account
    has_factor: bool


def provider() -> Provider | None:
    """The configured provider, None when there is none."""
    return configured(settings.OIDC)


def configured(one: Mapping[str, str]) -> Provider | None:
    """The provider that settings name, None when they name none."""
    if not one["issuer"]:
        return None
    secret = Path(one["secret_file"]).read_text(encoding="utf-8").strip() if one["secret_file"] else ""
    assurances = frozenset(value.strip() for value in one["assurances"].split(",") if value.strip())
    return Provider(one["label"], one["issuer"], one["client_id"], secret, assurances)


def begin(*, back_to: str, at: Provider | None = None, scope: str = "openid") -> tuple[str, dict[str, str]]:
    """Where to send the browser, and what to keep in its session until it is back. ``at``: another provider than that of
    officials. Raises NoProvider, ProviderSilent."""
    one = at or _provider()
    known = _metadata(one)
    kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code", "client_id": one.client_id, "redirect_uri": back_to, "scope": scope,
        "state": kept["state"], "nonce": kept["nonce"], "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{known['authorization_endpoint']}?{urlencode(query)}", kept | {"back_to": back_to}


def complete(answer: Mapping[str, str], *, kept: Mapping[str, str], now: datetime) -> Proven:
    """Checks what the browser brought back and exchanges the code. Raises OutsideRefused, ProviderSilent, NoProvider."""
    one = _provider()
    claims = claims_of(answer, at=one, kept=kept, now=now)
    found = OutsideIdentity.objects.select_related("account").filter(digest=digest(one.issuer, claims["sub"])).first()
    if found is None or not found.account.is_active or found.account.is_person:
        raise refused("unknown")
    return Proven(found.account, has_factor=has_factor(one, claims))


def claims_of(
    answer: Mapping[str, str], *, at: Provider, kept: Mapping[str, str], now: datetime, wanted: Collection[str] = ()
) -> dict[str, Any]:
    """What a provider vouches for, checked. Of ``wanted``, what the ID token lacks is asked for at its userinfo address, if it
    has one. Raises OutsideRefused, ProviderSilent."""
    one = at
    known = _metadata(one)
    if not kept or not secrets.compare_digest(answer.get("state", "").encode(), kept["state"].encode()):
        raise refused("state")
    # RFC 9207: an answer that says its issuer must say ours (mix-up of providers).
    said = answer.get("iss")
    if said not in (None, one.issuer) or (said is None and known.get("authorization_response_iss_parameter_supported")):
        raise refused("iss")
    if "code" not in answer:
        raise refused("error")
    token, access = _exchanged(one, known, answer["code"], kept)
    claims = _claims(one, known, token, nonce=kept["nonce"], now=now)
    if access and "userinfo_endpoint" in known and not set(wanted) <= set(claims):
        more = _read(str(known["userinfo_endpoint"]), headers={"Authorization": f"Bearer {access}"})
        if more.get("sub") != claims["sub"]:
            raise refused("sub")
        claims = more | claims
    return claims


def has_factor(one: Provider, claims: Mapping[str, Any]) -> bool:
    """True when the provider asserts a method that the operator takes for a second factor."""
    methods = claims.get("amr")
    given = methods if isinstance(methods, list) else []
    return bool(one.assurances & {str(v) for v in (*given, claims.get("acr"))})


@transaction.atomic
def link(username: str, subject: str, *, by: Actor, now: datetime) -> None:
    """Says that this account is that subject at the provider; same call twice: once. Raises NoProvider, SubjectTaken,
    NotAllowed."""
    require(by, Action.MANAGE_ACCOUNTS)
    one = _provider()
    account = Account.objects.filter(username=username).first()
    if account is None:
        raise NoProvider(f"没有账号“{username}”。", f"There is no account “{username}”.")
    row, is_new = OutsideIdentity.objects.get_or_create(
        digest=digest(one.issuer, subject),
        defaults={
            "account": account, "subject": encryption.seal(subject.encode(), context=_SUBJECT), "issuer": one.issuer,
            "linked_by": by.name, "linked_at": now,
        },
    )  # fmt: skip
    if row.account_id != account.pk:
        raise SubjectTaken("这个身份已绑定另一个账号。", "This subject is linked to another account.")
    if is_new:
        audit.enter(
            audit.Event.OUTSIDE_LINKED, by=by, object_kind="account", object_ref=username, issuer=one.issuer[:200]
        )


@transaction.atomic
def unlink(username: str, *, by: Actor) -> int:
    """Takes the account's links to the provider away; returns how many there were. Raises NotAllowed."""
    require(by, Action.MANAGE_ACCOUNTS)
    ended, _ = OutsideIdentity.objects.filter(account__username=username).delete()
    if ended:
        audit.enter(audit.Event.OUTSIDE_UNLINKED, by=by, object_kind="account", object_ref=username, links=ended)
    return ended


def _provider() -> Provider:
    one = provider()
    if one is None:
        raise NoProvider(
            "本站没有设置统一身份认证。请用用户名和密码登录。",
            "Single sign-on is not set up here. Sign in with user name and password.",
        )
    return one


def _metadata(one: Provider) -> dict[str, Any]:
    known = _read(f"{one.issuer.rstrip('/')}/.well-known/openid-configuration")
    if known.get("issuer") != one.issuer:
        raise _silent("issuer")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        _require_safe(str(known.get(name, "")))
    return known


def _exchanged(one: Provider, known: Mapping[str, Any], code: str, kept: Mapping[str, str]) -> tuple[str, str]:
    """The ID token, and the access token if there is one."""
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": kept["back_to"],
        "code_verifier": kept["verifier"], "client_id": one.client_id,
    }  # fmt: skip
    basic = base64.b64encode(f"{quote(one.client_id)}:{quote(one.secret)}".encode()).decode()
    answer = _read(
        known["token_endpoint"], form=form, headers={"Authorization": f"Basic {basic}"} if one.secret else {}
    )
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise refused("token")
    access = answer.get("access_token")
    return token, access if isinstance(access, str) else ""


def _claims(one: Provider, known: Mapping[str, Any], token: str, *, nonce: str, now: datetime) -> dict[str, Any]:
    try:
        head = jwt.get_unverified_header(token)
        if head.get("alg") not in _ALGORITHMS:
            raise refused("alg")
        keys = [key for key in jwt.PyJWKSet.from_dict(_read(known["jwks_uri"])).keys if _fits(key, head)]
        if len(keys) != 1:
            raise refused("key")
        claims: dict[str, Any] = jwt.decode(
            token, keys[0].key, algorithms=[head["alg"]], audience=one.client_id, issuer=one.issuer,
            options={
                "require": ["iss", "sub", "aud", "exp", "iat"], "verify_exp": False, "verify_iat": False, "verify_nbf": False,
            },
        )  # fmt: skip
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise refused("token") from error
    second = now.timestamp()
    if not all(isinstance(claims[name], int | float) for name in ("iat", "exp")):
        raise refused("time")
    if not (claims["iat"] - _LEEWAY <= second < claims["exp"] + _LEEWAY):
        raise refused("time")
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != one.client_id:
        raise refused("azp")
    if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise refused("nonce")
    return claims


def _fits(key: jwt.PyJWK, head: Mapping[str, Any]) -> bool:
    return ("kid" not in head or key.key_id == head["kid"]) and key.public_key_use in (None, "sig")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Endpoints are where the provider says they are."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _read(
    address: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    _require_safe(address)
    body = urlencode(form).encode() if form is not None else None
    # nosemgrep: outgoing-request  the provider of the settings; a safe address is required above, redirects are refused
    request = urllib.request.Request(address, body, {"Accept": "application/json", **(headers or {})})  # noqa: S310
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=_PATIENCE) as answer:
            found = json.loads(answer.read(_LARGEST))
    except urllib.error.HTTPError as error:
        with error:
            raise (refused("code") if form is not None and error.code < 500 else _silent(str(error.code))) from error
    except (OSError, ValueError) as error:
        raise _silent(type(error).__name__) from error
    if not isinstance(found, dict):
        raise _silent("json")
    return found


def _require_safe(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}):
        raise _silent("http")


def _silent(why: str) -> ProviderSilent:
    return ProviderSilent(
        "统一身份认证现在没有正常应答。请稍后再试，或用用户名和密码登录。",
        "Single sign-on does not answer properly now. Try again later, or sign in with user name and password.",
        why=why,
    )


def refused(why: str) -> OutsideRefused:
    """The error for what proves nobody; ``why`` stands in the log."""
    return OutsideRefused(
        "统一身份认证没有通过，或您的身份没有绑定本站账号。请重新登录；若仍不行，请联系信用中心绑定。",
        "Single sign-on did not succeed, or you are not linked to an account here. Try again, or ask the credit centre.",
        why=why,
    )


def digest(issuer: str, subject: str) -> bytes:
    """What finds an outside identity."""
    return encryption.digest(f"{issuer}\x1f{subject}", kind="oidc-subject")
