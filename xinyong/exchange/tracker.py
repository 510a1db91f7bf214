"""Who looked at a subject's file, in the words of the Estonian data tracker's open specification, version 2.1.0 (MIT), so that an existing
viewer can read it: ``/v2/findUsage``, ``/v2/usagePeriod``, ``/v2/heartbeat``.

Where we differ from how it is used at home: a person's number never stands in an address, so ``userCode`` is an organisation's unified
code or the opaque reference that a subject finds beside its own log. Callers come in as machine clients with the scope read:usage;
``X-Road-UserId`` must be there, and is neither believed nor kept. Beyond the specification's 400 and 500 a caller that may not is told
so: 401, 403, 429.
"""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from xinyong.exchange.door import Entrance, NotInSandbox, Way, actor, call
from xinyong.kernel import clock
from xinyong.kernel.errors import Forbidden, Invalid, XinyongError
from xinyong.rights import access_log
from xinyong.rights.access_log import Line
from xinyong.security.access import Action
from xinyong.security.ledger import health
from xinyong.web.problems import answer, problem

_LOG = logging.getLogger(__name__)
_MOST, _INT32 = 1000, 2**31 - 1
#: RFC 3339, as OpenAPI's date-time is.
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)
_USER = re.compile(r"[0-9A-Za-z-]{1,64}")
WAYS: dict[str, Way] = {
    name: Way(("GET",), Action.CALL_API, Entrance.TOKEN, scope="read:usage", name=name)
    for name in ("findUsage", "usagePeriod", "heartbeat")
}


class BadUsageRequest(Invalid):
    """A parameter or header of the data tracker's request is missing or not of its form."""

    code = "exchange.bad-usage-request"


View = Callable[[HttpRequest], HttpResponse]


def _answered(view: View) -> View:
    """Errors as the specification has them: 400 for the request, 500 for us."""

    def guarded(request: HttpRequest) -> HttpResponse:
        try:
            caller = call(request).caller
            if caller is None or caller.is_sandbox:
                raise NotInSandbox("沙箱客户端不能调用此接口。", "A sandbox client cannot call this.")
            return view(request)
        except XinyongError as error:
            # Whoever asks for somebody unknown asked wrongly: the specification knows no 404.
            return problem(error, status=error.status if isinstance(error, Forbidden) else 400)
        except Exception as error:  # noqa: BLE001 - the door's edge; the specification asks for 500
            _LOG.exception("data tracker failed: %s", type(error).__name__)
            return answer(
                500, "exchange.failed", "系统出了问题，请稍后再试。", "Something failed here; try again later."
            )

    return guarded


@_answered
def find_usage(request: HttpRequest) -> HttpResponse:
    """Looks at one subject's file within a period, the newest first: ``totalUsages`` and a page of ``usages``."""
    if not _USER.fullmatch(request.headers.get("X-Road-UserId", "")):
        raise _bad("X-Road-UserId")
    user = request.GET.get("userCode", "")
    if not _USER.fullmatch(user):
        raise _bad("userCode")
    found = access_log.usage(
        user, since=_instant(request, "periodStart"), until=_instant(request, "periodEnd"),
        offset=_number(request, "offset", 0), limit=min(_number(request, "limit", _MOST), _MOST), seen_by=actor(request),
        at=clock.now(),
    )  # fmt: skip
    return JsonResponse(
        {"totalUsages": min(found.total, _INT32), "usages": [_usage(one) for one in found.lines]},
        json_dumps_params={"ensure_ascii": False},
    )


@_answered
def usage_period(request: HttpRequest) -> HttpResponse:
    """Since when looks are kept; no end, because they can be asked for up to now."""
    return JsonResponse({"periodStart": _written(access_log.kept_since() or clock.now())})


@_answered
def heartbeat(request: HttpRequest) -> HttpResponse:
    """Whether the log can be asked, and takes entries."""
    try:
        access_log.kept_since()
        health.require()
    except XinyongError as error:
        return JsonResponse({"status": "FAIL", "message": error.en})
    return JsonResponse({"status": "OK", "message": "API is ready"})


def _usage(one: Line) -> dict[str, Any]:
    about = "、".join(zh for zh, _ in one.items)
    return {
        "logtime": _written(one.at),
        "action": "：".join(
            part for part in (one.purpose_zh or one.kind_zh, one.kind_zh if one.purpose_zh else "", about) if part
        ),
        "receiverCode": one.unit_code or settings.SITE_NAME,
        "receiverName": one.unit_zh,
        "receiverSystem": f"{settings.SITE_NAME} · {'数据接口' if one.is_by_program else '工作台'}",
    }


def _instant(request: HttpRequest, name: str) -> datetime | None:
    text = request.GET.get(name)
    if text is None:
        return None
    try:
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text.upper())
    except ValueError:
        pass
    raise _bad(name)


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) <= _INT32):
        raise _bad(name)
    return int(text)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _bad(name: str) -> BadUsageRequest:
    return BadUsageRequest(f"“{name}”缺失或格式不对。", f"“{name}” is missing or not of its form.", name=name)
