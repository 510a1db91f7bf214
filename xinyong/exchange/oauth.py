"""``/oauth/token``: client credentials (RFC 6749 §4.4) and no other grant. Every answer stands in the log."""

import base64
import binascii
from typing import Any
from urllib.parse import unquote_plus

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import BaseScopes
from oauth2_provider.views.mixins import OAuthLibMixin

from xinyong.exchange import refusals
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import tokens
from xinyong.security.clients import SCOPES, SUBMIT
from xinyong.security.gate import client_address
from xinyong.web import limits
from xinyong.web.problems import problem

_FORM = "application/x-www-form-urlencoded"
_MOST = 8 * 1024
_ADDRESS = "xinyong.address"


class Scopes(BaseScopes):  # type: ignore[misc]  # the library is untyped
    """A client may ask for what it was given; without asking it gets all of it."""

    def get_all_scopes(self) -> dict[str, str]:
        """Scopes with their words, the ones for single items apart."""
        return {name: words[1] for name, words in SCOPES.items()}

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """The client's own."""
        return tokens.scopes_of(application.client_id) if application is not None else []

    def get_default_scopes(self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any) -> list[str]:
        """All of them."""
        return self.get_available_scopes(application)


class Validator(OAuth2Validator):  # type: ignore[misc]
    """The library's validator, with our secrets: several at a time, hashed, within the client's networks."""

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Basic credentials, or ``client_id`` and ``client_secret`` in the form; never both."""
        found = _credentials(request)
        if found is None or not tokens.secret_fits(*found, address=request.headers.get(_ADDRESS), now=clock.now()):
            return False
        return self._load_application(found[0], request) is not None

    def authenticate_client_id(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        """No client without a secret."""
        return False


@csrf_exempt
@sensitive_post_parameters("client_secret")
def token(request: HttpRequest) -> HttpResponse:
    """A token for ten minutes, or the standard's error (RFC 6749 §5.2)."""
    try:
        refusals.check_form(request, methods=("POST",), most=_MOST, content=(_FORM,))
        if settings.RATE_LIMITS_ON:
            limits.take(limits.named("token"), address=client_address(request) or "", now=clock.now())
    except XinyongError as error:
        response = problem(error)
        if "allow" in error.facts:
            response["Allow"] = str(error.facts["allow"])
        return response
    request.META[_ADDRESS] = client_address(request) or ""
    with transaction.atomic():
        _, headers, body, status = OAuthLibMixin().create_token_response(request)
        tokens.note(
            _named(request), is_issued=status == 200, scopes=_scopes(request),
            address=client_address(request),
        )  # fmt: skip
    response = HttpResponse(body, status=status, content_type="application/json")
    for name, value in headers.items():
        response[name] = value
    response["Cache-Control"] = "no-store"
    return response


def _scopes(request: HttpRequest) -> str:
    """What was asked for, as far as there is such a thing: the log repeats nothing else that somebody sends."""
    asked = (one for one in request.POST.get("scope", "").split() if one in SCOPES or SUBMIT.fullmatch(one))
    return unnumbered(" ".join(asked))[:200]


#: Whoever asks for tokens takes a place as every machine (door.Machines).
token.xinyong_is_for_machines = True  # type: ignore[attr-defined]


def _credentials(request: Any) -> tuple[str, str] | None:
    basic = _basic(request.headers.get("HTTP_AUTHORIZATION") or "")
    form = (getattr(request, "client_id", None) or "", getattr(request, "client_secret", None) or "")
    if basic is not None:
        return None if form[1] else basic
    return form if all(form) and "\0" not in form[0] else None


def _basic(header: str) -> tuple[str, str] | None:
    word, _, rest = header.partition(" ")
    if word.lower() != "basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", ""
    return (unquote_plus(client_id), unquote_plus(secret)) if colon and "\0" not in client_id else ("", "")


def _named(request: HttpRequest) -> str:
    basic = _basic(request.headers.get("Authorization", ""))
    return (basic[0] if basic else request.POST.get("client_id", "")).replace("\0", "")
