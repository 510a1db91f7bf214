"""A refused request leaves one line in the log: what, how, why, as which role; no traceback, nobody's name."""

import io
import logging
import re
from collections.abc import Callable, Iterator

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from tests.signing import signed_in
from xinyong.config import urls
from xinyong.security import identity
from xinyong.security.access import Action, NotAllowed, access, system
from xinyong.web.pages import bad_request, forbidden, not_found, server_error

pytestmark = pytest.mark.django_db
handler400, handler403, handler404, handler500 = bad_request, forbidden, not_found, server_error

PASSWORD = "correct horse battery staple"
BODY = "refused status={} method={} path={} reason={} role={}"


def _raising(error: Exception) -> Callable[[HttpRequest, str], HttpResponse]:
    @access(Action.VIEW_PUBLIC)
    def view(request: HttpRequest, rest: str) -> HttpResponse:
        raise error

    return view


urlpatterns = [
    path("policy/<path:rest>", _raising(NotAllowed("不可以。", "No."))),
    path("django/<path:rest>", _raising(PermissionDenied("no"))),
    path("suspicious/<path:rest>", _raising(SuspiciousOperation("no"))),
    path("unreadable/<path:rest>", _raising(BadRequest("no"))),
    path("fault/<path:rest>", _raising(ValueError("ours"))),
    *urls.urlpatterns,
]


@pytest.fixture
def logged() -> Iterator[Callable[[], str]]:
    """What the installation's own log handler has written since the last call."""
    handler = next(one for one in logging.getLogger().handlers if one.name == "console")
    assert isinstance(handler, logging.StreamHandler)
    stream = io.StringIO()
    before = handler.setStream(stream)

    def read() -> str:
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        return text

    yield read
    handler.setStream(before)


def _only_line(text: str) -> str:
    assert text.count("\n") == 1, text
    return re.sub(r"^\S+ \S+ (WARNING|ERROR) django\.\S+ ", "", text).rstrip("\n")


def test_the_gates_refusal_is_one_line_that_names_nobody(client: Client, logged: Callable[[], str]) -> None:
    identity.create_account(
        username="wang.wu", password=PASSWORD, display_name="王五", role="operator", department=None, by=system("test")
    )
    signed_in(client, "wang.wu")
    logged()
    assert client.get("/office/log/").status_code == 403
    line = logged()
    assert _only_line(line) == BODY.format(403, "GET", "/office/log/", "security.not-allowed", "operator")
    assert "wang" not in line


@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.parametrize(
    ("address", "status", "reason"),
    [("policy", 403, NotAllowed.code), ("django", 403, "-"), ("suspicious", 400, "-"), ("unreadable", 400, "-"), ("nowhere", 404, "-")],
)  # fmt: skip
def test_every_refusal_is_one_line_whoever_raised_it(
    client: Client, logged: Callable[[], str], address: str, status: int, reason: str
) -> None:
    assert client.get(f"/{address}/x").status_code == status
    assert _only_line(logged()) == BODY.format(status, "GET", f"/{address}/x", reason, "public")


def test_a_form_without_its_token_is_one_line_with_the_reason(logged: Callable[[], str]) -> None:
    assert Client(enforce_csrf_checks=True).post("/office/sign-in", {}).status_code == 403
    reason = "form-expired (CSRF cookie not set.)"
    assert _only_line(logged()) == BODY.format(403, "POST", "/office/sign-in", reason, "public")


@override_settings(ROOT_URLCONF=__name__)
def test_an_address_brings_no_line_of_its_own_and_no_identity_number_into_the_log(
    client: Client, logged: Callable[[], str]
) -> None:
    client.get("/policy/%0A2026-01-01 ERROR forged/11010119900307457X/")
    line = logged()
    assert line.count("\n") == 1
    assert "11010119900307457X" not in line
    assert "/***/" in line


@override_settings(ROOT_URLCONF=__name__)
def test_a_fault_of_ours_keeps_its_traceback_and_no_value(logged: Callable[[], str]) -> None:
    assert Client(raise_request_exception=False).get("/fault/x").status_code == 500
    text = logged()
    assert "builtins.ValueError" in text
    assert "in view" in text
    assert "ours" not in text
