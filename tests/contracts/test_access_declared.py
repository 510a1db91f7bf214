"""Deny by default: a view that declares no action is refused, and every address we serve declares one."""

import importlib
import sys

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import clear_url_caches, include, path

from xinyong.config import urls
from xinyong.security import routes
from xinyong.security.access import POLICY, Action, Actor, Role, may
from xinyong.security.gate import Gate
from xinyong.security.routes import UndeclaredView


def test_every_address_declares_its_action() -> None:
    assert routes.require_declared() >= 15


def test_an_address_that_declares_nothing_stops_the_program_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("open")

    silent = [path("door/", include(([path("open", view)], "door")))]
    with pytest.raises(UndeclaredView, match="/door/open"):
        routes.require_declared(silent)
    monkeypatch.setattr(urls, "urlpatterns", [*urls.urlpatterns, *silent])
    clear_url_caches()
    monkeypatch.delitem(sys.modules, "xinyong.config.wsgi", raising=False)
    try:
        with pytest.raises(UndeclaredView):
            importlib.import_module("xinyong.config.wsgi")
    finally:
        monkeypatch.undo()
        clear_url_caches()


def test_a_view_that_declares_nothing_is_refused() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("open")

    request = RequestFactory().get("/")
    gate = Gate(view)
    with pytest.raises(UndeclaredView):
        gate.process_view(request, view, [], {})


def test_every_action_is_in_the_policy_and_no_role_has_every_action() -> None:
    assert set(POLICY) == set(Action)
    for role in (Role.SOURCE_UNIT, Role.OPERATOR, Role.AUDITOR, Role.PUBLIC):
        assert any(role not in roles for roles in POLICY.values())


@pytest.mark.parametrize("action", [Action.SUBMIT, Action.VIEW_SUBMISSION, Action.READ_FINDINGS])
def test_a_source_unit_acts_on_its_own_only(action: Action) -> None:
    unit = Actor(role=Role.SOURCE_UNIT, name="clerk", department="11990100MA0000001X")
    assert may(unit, action, department="11990100MA0000001X")
    assert not may(unit, action, department="11990100MA0000002X")


def test_an_auditor_sees_the_log_and_not_the_shared_files() -> None:
    auditor = Actor(role=Role.AUDITOR, name="auditor")
    assert may(auditor, Action.VIEW_AUDIT)
    assert not may(auditor, Action.VIEW_SHARED)
    assert may(auditor, Action.VIEW_SUBMISSION)
    assert not may(auditor, Action.READ_FINDINGS)
    assert not may(auditor, Action.SUBMIT)


def test_the_public_can_only_read_what_is_public() -> None:
    public = Actor(role=Role.PUBLIC, name="public")
    allowed = {action for action in Action if may(public, action)}
    assert allowed == {Action.VIEW_PUBLIC, Action.SIGN_IN, Action.ISSUE_REPORT}
