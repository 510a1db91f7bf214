"""Headers that every answer carries, whoever made it: a page, a file, a redirect, an error raised before any view ran.

The outermost middleware, so that nothing leaves without them. What the Content-Security-Policy says stands in the
settings (django-csp sets it); this adds the rest and makes "kept by nobody" the rule: a view that says nothing about
caching is not cached, and what somebody signed in is given never is. What gunicorn answers by itself, to a request that is
no HTTP, says the same (operations/front.py).
"""

import json
import logging
import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from xinyong.security.access import Action, access
from xinyong.web.limits import limited

log = logging.getLogger("xinyong.csp")

#: Nothing on our pages needs any of these.
_FEATURES = (
    "accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "display-capture", "fullscreen", "gamepad",
    "geolocation", "gyroscope", "hid", "identity-credentials-get", "idle-detection", "local-fonts", "magnetometer",
    "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "storage-access", "usb",
    "web-share", "xr-spatial-tracking",
)  # fmt: skip
ALWAYS: dict[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _FEATURES),
    "X-Permitted-Cross-Domain-Policies": "none",
}
_LARGEST_REPORT = 16 * 1024
_WORD = re.compile(r"[a-z-]{1,40}")


class Headers:
    """Sets ``ALWAYS``, and ``Cache-Control`` where none was chosen or the answer is for somebody signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer with its headers."""
        response = self.get_response(request)
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        if not response.has_header("Cache-Control") or (_is_signed_in(request) and not _is_file(request)):
            response["Cache-Control"] = "no-store"
        return response


@access(Action.VIEW_PUBLIC)
@csrf_exempt
@require_POST
@limited("csp-report")
def csp_report(request: HttpRequest) -> HttpResponse:
    """A browser says that a page of ours held something the policy forbids: one line in the log, without the address's
    query (it may say what somebody looked for) and without what was blocked."""
    try:
        told = json.loads(request.read(_LARGEST_REPORT)).get("csp-report", {})
        directive, page = str(told.get("effective-directive", "")), str(told.get("document-uri", ""))
    except (ValueError, AttributeError, RecursionError):
        return HttpResponse(status=400)
    directive = directive if _WORD.fullmatch(directive) else "-"
    path = re.sub(r"^https?://[^/]*", "", page.partition("?")[0])[:200]
    log.warning("csp-violation directive=%s page=%s", directive, path.encode("unicode_escape").decode("ascii"))
    return HttpResponse(status=204)


def _is_signed_in(request: HttpRequest) -> bool:
    actor = getattr(request, "actor", None)
    return bool(actor is not None and actor.account_id)


def _is_file(request: HttpRequest) -> bool:
    return request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/")
