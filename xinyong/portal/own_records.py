"""本人信息 What is on file of oneself: page by page, whole for printing, whole as a file; who looked; giving up the account."""

from datetime import timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.portal.own_page import actor, kept_by_nobody, page, say
from xinyong.records import erasure, own
from xinyong.reports import everything
from xinyong.security.access import Action, access
from xinyong.web.words import OWN_RECORD_STATES

_PER_PAGE = 20
_WHOLE = 2000
_LOOKS_BACK = timedelta(days=5 * 366)


class Leaving(forms.Form):
    """Giving up the account: said with open eyes."""

    knows = forms.BooleanField(
        label=gettext_lazy("我已了解：账号注销后不能恢复"),
        error_messages={"required": gettext_lazy("请确认您已了解。")},
    )


@access(Action.VIEW_ABOUT_ME)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What is on file, the newest first."""
    found = own.about(by=actor(request), as_of=clock.today(), after=request.GET.get("after"), limit=_PER_PAGE)
    return page(request, "portal/own_records.html", _context(found) | {"is_first": "after" not in request.GET})


@access(Action.VIEW_ABOUT_ME)
@require_GET
def whole(request: HttpRequest) -> HttpResponse:
    """All of it on one page, to print."""
    found = own.about(by=actor(request), as_of=clock.today(), limit=_WHOLE)
    return page(request, "portal/own_records.html", _context(found) | {"is_whole": True, "now": clock.now()})


@access(Action.TAKE_ABOUT_ME)
@require_GET
def file(request: HttpRequest) -> HttpResponse:
    """Everything held, not only records, as one sealed file for machines, nothing masked."""
    made = everything.of_oneself(by=actor(request), at=clock.now())
    return _file(made.text.encode("utf-8"), "application/json", gettext("本人全部信息-%(day)s.json"))


@access(Action.TAKE_ABOUT_ME)
@require_GET
def paper(request: HttpRequest) -> HttpResponse:
    """The same as a signed PDF."""
    made = everything.of_oneself(by=actor(request), at=clock.now(), as_pdf=True)
    return _file(made.pdf, "application/pdf", gettext("本人全部信息-%(day)s.pdf"))


@access(Action.ERASE_ME)
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Says what goes and what stays, and gives the account up. What became of it is said at once: nobody signs in again to read it."""
    who = actor(request)
    form = Leaving(request.POST if request.method == "POST" else None)
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            done = erasure.on_request(by=who, at=clock.now())
        except XinyongError as error:
            status = say(form, error)
        else:
            request.session.flush()
            return page(request, "portal/own_left.html", {"done": done, "is_left": True})
    return page(request, "portal/own_leave.html", {"form": form, "stays": own.stays_of(by=who)}, status=status)


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    named = name % {"day": clock.today().isoformat()}
    response["Content-Disposition"] = str(content_disposition_header(True, named))
    return kept_by_nobody(response)


def _context(found: own.OwnFile) -> dict[str, object]:
    return {
        "lines": [(one, OWN_RECORD_STATES[one.state]) for one in found.records], "total": found.total,
        "next_after": found.next_after,
    }  # fmt: skip
