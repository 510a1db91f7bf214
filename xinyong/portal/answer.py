"""What every portal view gives back: a page for anybody, with honest cache headers."""

from datetime import datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

from xinyong.kernel import clock
from xinyong.security.access import Actor, Role

#: The portal's reader is the public, even when an official of the office is signed in: what stands here, all may see.
READER = Actor(role=Role.PUBLIC, name="public")
#: Seconds a page may be kept; less before midnight, when publicity periods end.
KEPT = 60
#: A page that holds records: an objection's mark, a correction, a withdrawal is to be seen within a second.
KEPT_WITH_RECORDS = 1


def word(zh: str, en: str) -> str:
    """The one in the reader's language."""
    return en if (get_language() or "").startswith("en") else zh


def page(
    request: HttpRequest, template: str, context: dict[str, Any], *, is_indexed: bool = True, has_records: bool = False
) -> HttpResponse:
    """The rendered page. ``is_indexed`` False asks search engines not to keep it: what they keep, no repair reaches.
    ``has_records``: caches keep it for a second, which is enough against a crowd."""
    response = render(request, template, context)
    kept = min(_kept(clock.now()), KEPT_WITH_RECORDS if has_records else KEPT)
    response["Cache-Control"] = f"public, max-age={kept}"
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    if not is_indexed:
        response["X-Robots-Tag"] = "noindex, noarchive"
    return response


def _kept(now: datetime) -> int:
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=now.tzinfo)
    return min(KEPT, int((midnight - now).total_seconds()))
