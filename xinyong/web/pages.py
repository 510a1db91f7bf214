"""The frame every page gets, the display settings a visitor chooses, and pages for errors."""

import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from xinyong.kernel import outages
from xinyong.kernel.errors import XinyongError
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security.access import Action, access
from xinyong.web import problems, refusals

TEXT_COOKIE = "xinyong_text"
CONTRAST_COOKIE = "xinyong_contrast"
_YEAR = 365 * 24 * 3600

#: cookie → values it may take; the first is the default, kept by having no cookie.
_CHOICES: dict[str, tuple[str, ...]] = {
    settings.LANGUAGE_COOKIE_NAME: tuple(code for code, _ in settings.LANGUAGES),
    TEXT_COOKIE: ("normal", "large"),
    CONTRAST_COOKIE: ("normal", "more"),
}


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context every template gets."""
    return {
        "site_name": settings.SITE_NAME,
        "actor": getattr(request, "actor", None),
        "is_english": (get_language() or "").startswith("en"),
        "text_size": _chosen(request, TEXT_COOKIE),
        "contrast": _chosen(request, CONTRAST_COOKIE),
        "here": unnumbered(request.get_full_path()),
        "site_nav": settings.SITE_NAV,
        "site_foot": settings.SITE_FOOT,
    }


def _chosen(request: HttpRequest, cookie: str) -> str:
    value = request.COOKIES.get(cookie, "")
    return value if value in _CHOICES[cookie] else _CHOICES[cookie][0]


@access(Action.VIEW_PUBLIC)
@csrf_exempt  # it changes nothing but how pages look to this browser; so that no page needs a token cookie for it
@require_POST
def display(request: HttpRequest) -> HttpResponse:
    """Keeps language, text size and contrast in cookies and returns to the page the visitor came from."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = reverse("portal:home")
    response = HttpResponseRedirect(target)
    for field, cookie in (
        ("language", settings.LANGUAGE_COOKIE_NAME),
        ("text", TEXT_COOKIE),
        ("contrast", CONTRAST_COOKIE),
    ):
        value = request.POST.get(field)
        if value in _CHOICES[cookie]:
            response.set_cookie(cookie, value, max_age=_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    response["Cache-Control"] = "no-store"
    return response


class ErrorPages:
    """Turns our errors into pages that say what happened and what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A page with the error's own status and sentence; other exceptions are Django's to report."""
        return error_page(request, exception) if isinstance(exception, XinyongError) else None


def error_page(request: HttpRequest, error: XinyongError) -> HttpResponse:
    """The page of one of our errors. ``facts["retry_after"]`` (seconds), when there, becomes the Retry-After header."""
    english = (get_language() or "").startswith("en")
    refusals.note(request, error.code)
    response = _page(request, error.status, error.en if english else error.zh, code=error.mark)
    wait = error.facts.get("retry_after")
    if wait is not None:
        response["Retry-After"] = str(wait)
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 of the framework: an address or form that cannot be read."""
    if isinstance(exception, RequestDataTooBig):
        return _page(request, 413, gettext("提交的内容太多，没有收下。请减少内容后重试。"))
    return _page(request, 400, gettext("这个请求读不懂。请返回上一页，检查后重试。"))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: says our own reason when the gate refused (see security/gate.py)."""
    cause = exception.__cause__ if exception is not None else None
    if isinstance(cause, XinyongError):
        return error_page(request, cause)
    return _page(request, 403, gettext("您没有打开此页面的权限。如需办理，请先登录或联系信用中心。"))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: the address leads nowhere."""
    return _page(request, 404, gettext("没有这个页面。地址可能写错了，或页面已经移走。"))


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault; nothing the visitor did. 503 and 507 when it was the database that is away, or a full disk; no query is
    asked for such a page."""
    raised = sys.exc_info()[1]
    lack = outages.said(raised) if raised is not None else None
    if lack is not None:
        return _lacking(request, lack)
    return _page(request, 500, gettext("系统出了问题，您的操作没有完成。我们已记录，请稍后再试。"))


def _lacking(request: HttpRequest, error: XinyongError) -> HttpResponse:
    refusals.note(request, error.code)
    if "text/html" not in request.headers.get("Accept", ""):
        return problems.problem(error)
    sentence = error.en if (get_language() or "").startswith("en") else error.zh
    context = {"status": error.status, "sentence": sentence, "code": error.code, "title": _title(error.status)}
    # Without the request no context processor runs: one of them asks for the session.
    page = render_to_string("web/error.html", frame(request) | context | {"actor": None})
    response = HttpResponse(page, status=error.status)
    response["Retry-After"] = str(error.facts["retry_after"])
    response["Cache-Control"] = "no-store"
    return response


def expired_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What Django's CSRF check shows: nearly always a form that lay open too long."""
    refusals.note(request, f"form-expired ({reason})")
    return _page(request, 403, gettext("这张表单已过期，内容没有提交。请返回上一页，刷新后再提交一次。"))


def _page(request: HttpRequest, status: int, sentence: str, code: str = "") -> HttpResponse:
    context = {"status": status, "sentence": sentence, "code": code, "title": _title(status)}
    response = render(request, "web/error.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _title(status: int) -> str:
    titles = {
        400: gettext("请检查输入"),
        403: gettext("没有权限"),
        404: gettext("没有找到"),
        409: gettext("现在不能这样做"),
        413: gettext("内容太多"),
        429: gettext("查询太快了"),
        503: gettext("暂时不能服务"),
        507: gettext("平台空间不足"),
    }
    return titles.get(status, gettext("系统出了问题"))
