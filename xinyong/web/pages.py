"""Shared page pieces: the frame every page gets, error pages."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context every template gets."""
    return {"site_name": settings.SITE_NAME, "actor": getattr(request, "actor", None)}


class ErrorPages:
    """Turns our errors into pages that say what happened and what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)
