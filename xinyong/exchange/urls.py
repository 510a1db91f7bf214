"""Addresses of the machines' door."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from xinyong.exchange import description, door, oauth, tracker
from xinyong.exchange.refusals import UnknownOperation
from xinyong.security.access import Action, access
from xinyong.web.problems import problem

_READ = door.Way(("GET", "HEAD"), Action.VIEW_PUBLIC, door.Entrance.OPEN, name="openapi")


def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """What stands at every other address below ``/api/``."""
    return problem(
        UnknownOperation(
            "接口没有这个地址。请见 /api/v1/openapi.json。", "The interface has nothing here. See /api/v1/openapi.json."
        )
    )  # fmt: skip


nothing.csrf_exempt = True  # type: ignore[attr-defined]  # no session counts here, and nothing is done

urlpatterns = [
    path("oauth/token", access(Action.SIGN_IN)(oauth.token), name="oauth-token"),
    path("v2/findUsage", door.declared(tracker.find_usage, tracker.WAYS["findUsage"]), name="findUsage"),
    path("v2/usagePeriod", door.declared(tracker.usage_period, tracker.WAYS["usagePeriod"]), name="usagePeriod"),
    path("v2/heartbeat", door.declared(tracker.heartbeat, tracker.WAYS["heartbeat"]), name="heartbeat"),
    path("api/v1/openapi.json", door.declared(description.openapi, _READ), name="openapi"),
    path("api/v1/", include((door.patterns(), "api"))),
    path("api/", access(Action.VIEW_PUBLIC)(nothing), name="api-root"),
    path("api/<path:rest>", access(Action.VIEW_PUBLIC)(nothing), name="api-nothing"),
]
