"""The evidence log before everybody's eyes: its last checkpoint, its witnesses, its files, and whether a receipt is in it."""

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext

from xinyong.kernel import clock
from xinyong.portal import answer
from xinyong.security.access import Action, access
from xinyong.security.ledger import lookup, merkle
from xinyong.security.ledger.lookup import Standing
from xinyong.web.limits import limited

_PLAIN = "text/plain; charset=utf-8"
_RECEIPT = re.compile(r"[0-9a-f]{32}")


@access(Action.VIEW_PUBLIC)
@limited("verify")
def evidence(request: HttpRequest) -> HttpResponse:
    """What the log is, how it stands, and a look-up by a receipt's number."""
    asked = re.sub(r"[^0-9a-f]", "", request.GET.get("receipt", "").lower())[:64]
    is_number = bool(_RECEIPT.fullmatch(asked))
    standing = lookup.standing()
    found = lookup.receipt(asked) if is_number else ()
    context = {
        "standing": standing,
        "age": _age(standing),
        "asked": asked,
        "is_wrong": bool(request.GET.get("receipt")) and not is_number,
        "found": found,
        "is_unknown": is_number and not found,
        "keys": lookup.public_keys(),
    }
    return answer.page(request, "portal/evidence.html", context, is_indexed=False)


def _age(standing: Standing | None) -> str:
    if standing is None:
        return ""
    minutes = max(0, int((clock.now() - standing.signed_at).total_seconds() // 60))
    if minutes < 1:
        return gettext("不到 1 分钟前")
    return gettext("%(n)s 分钟前") % {"n": minutes} if minutes < 120 else gettext("%(n)s 小时前") % {"n": minutes // 60}


@access(Action.VIEW_PUBLIC)
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The signed checkpoint as a file (C2SP tlog-checkpoint)."""
    return _file(lookup.checkpoint_note(), kept=5)


@access(Action.VIEW_PUBLIC)
def witnessed(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint that a witness has cosigned."""
    return _file(lookup.witnessed_note(), kept=5)


@access(Action.VIEW_PUBLIC)
def key(request: HttpRequest) -> HttpResponse:
    """The public keys, one a line, the newest first."""
    return _file("".join(f"{one}\n" for one in lookup.public_keys()), kept=60)


@access(Action.VIEW_PUBLIC)
def tile(request: HttpRequest, level: int, place: str) -> HttpResponse:
    """A tile of hashes (C2SP tlog-tiles)."""
    try:
        content = lookup.tile(level, place)
    except (KeyError, ValueError) as error:
        raise Http404 from error
    response = HttpResponse(content, content_type="application/octet-stream")
    is_full = len(content) == 32 * merkle.TILE
    response["Cache-Control"] = f"public, max-age={86400 * 365 if is_full else 60}{', immutable' if is_full else ''}"
    return response


def _file(text: str | None, *, kept: int) -> HttpResponse:
    if not text:
        raise Http404
    response = HttpResponse(text, content_type=_PLAIN)
    response["Cache-Control"] = f"public, max-age={kept}"
    return response
