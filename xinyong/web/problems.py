"""Errors for machines: RFC 9457 ``application/problem+json``, with our code and both languages, whatever was asked for."""

import json
from collections.abc import Sequence

from django.http import HttpResponse
from django.utils.translation import get_language

from xinyong.kernel.errors import XinyongError

CONTENT_TYPE = "application/problem+json"
_TITLES = {
    400: ("请求有误", "The request is wrong"),
    401: ("身份未获确认", "Not authenticated"),
    403: ("没有权限", "Not allowed"),
    404: ("没有找到", "Not found"),
    405: ("不支持这种方法", "Method not allowed"),
    409: ("现在不能这样做", "Not possible now"),
    413: ("内容太大", "Too large"),
    411: ("缺少长度", "Length required"),
    415: ("不支持这种格式", "Unsupported format"),
    422: ("不能这样处理", "Cannot be done so"),
    429: ("调用太频繁", "Too many requests"),
    500: ("系统出了问题", "Something failed here"),
    503: ("暂时不能服务", "Not available now"),
    507: ("平台空间不足", "The platform has no room"),
}
#: Facts of an error that help a program to correct itself; others stay inside.
_TOLD = ("reason", "line", "column", "retry_after", "expected", "scope", "lacking", "part", "span")


def problem(error: XinyongError, *, status: int | None = None, errors: Sequence[dict[str, str]] = ()) -> HttpResponse:
    """The answer for one of our errors. ``errors``: where the input is wrong, one a place, without the input itself."""
    facts = {name: error.facts[name] for name in _TOLD if error.facts.get(name) is not None}
    if error.invariant:
        facts["invariant"] = error.invariant
    return answer(status or error.status, error.code, error.zh, error.en, facts=facts, errors=errors)


def answer(
    status: int,
    code: str,
    zh: str,
    en: str,
    *,
    facts: dict[str, object] | None = None,
    errors: Sequence[dict[str, str]] = (),
) -> HttpResponse:
    """A problem by its parts. ``facts["retry_after"]`` (seconds) becomes the Retry-After header too."""
    is_english = (get_language() or "").startswith("en")
    title = _TITLES.get(status, _TITLES[500])
    body: dict[str, object] = {
        "type": f"urn:xinyong:error:{code}", "title": title[1] if is_english else title[0], "status": status,
        "detail": en if is_english else zh, "code": code, "zh": zh, "en": en, **(facts or {}),
    }  # fmt: skip
    if errors:
        body["errors"] = list(errors)
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False, default=str), status=status, content_type=CONTENT_TYPE
    )  # fmt: skip
    if facts and facts.get("retry_after") is not None:
        response["Retry-After"] = str(facts["retry_after"])
    response["Cache-Control"] = "no-store"
    return response
