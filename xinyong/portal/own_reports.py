"""我的报告与证明 An organisation's papers: ordinary, special, statements, batches; what was given out about it, and to whom."""

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.portal import own_page
from xinyong.reports import batch, given, issue, jobs, special, statement
from xinyong.reports.asking import BatchForm, SpecialForm, StatementForm
from xinyong.reports.issue import Issued
from xinyong.security.access import Action, access
from xinyong.web.words import BATCH_OUTCOMES, BATCH_STATES, PAPER_KINDS

_PER_PAGE = 20


@access(Action.VIEW_OWN)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What can be had, and what was given out about the organisation."""
    found, after = given.about_own(
        by=own_page.actor(request), after=own_page.number(request.GET.get("after")), limit=_PER_PAGE
    )
    context = {"lines": [(one, PAPER_KINDS.get(one.kind, one.kind)) for one in found], "next_after": after}
    return own_page.page(request, "portal/own_reports.html", context)


@access(Action.ISSUE_SPECIAL)
@require_POST
def ordinary(request: HttpRequest) -> HttpResponse:
    """The ordinary report of one's own organisation."""
    who, now = own_page.actor(request), clock.now()
    return _file(issue.issue(who.subject_code or "", as_of=now.date(), seen_by=who, issued_at=now), "credit-report")


@access(Action.ISSUE_SPECIAL)
@require_http_methods(["GET", "POST"])
def special_report(request: HttpRequest) -> HttpResponse:
    """The special report in place of no-violation certificates."""
    who, now = own_page.actor(request), clock.now()
    form = SpecialForm(request.POST if request.method == "POST" else None, is_official=False, on=now.date())
    if request.method == "POST" and form.is_valid():
        try:
            return _file(
                special.issue_special(who.subject_code or "", form.wanted, by=who, issued_at=now), "special-report"
            )
        except XinyongError as error:
            own_page.say(form, error)
    return _asked(request, form, gettext("专项信用报告（信用代证）"), gettext("出具并下载"))


@access(Action.ISSUE_SPECIAL)
@require_http_methods(["GET", "POST"])
def state_fact(request: HttpRequest) -> HttpResponse:
    """A statement of one fact: a page, or the page with its JSON."""
    who, now = own_page.actor(request), clock.now()
    form = StatementForm(request.POST if request.method == "POST" else None, is_official=False, on=now.date())
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            issued = statement.issue_statement(
                who.subject_code or "",
                said["fact"],
                by=who,
                issued_at=now,
                first_day=said["first_day"],
                last_day=said["last_day"],
            )
            return _both(issued) if said["is_both"] else _file(issued, "statement")
        except XinyongError as error:
            own_page.say(form, error)
    return _asked(request, form, gettext("单项信用证明"), gettext("出具并下载"))


@access(Action.ISSUE_SPECIAL)
@require_http_methods(["GET", "POST"])
def batches(request: HttpRequest) -> HttpResponse:
    """Special reports for a list, and the lists asked for before."""
    who, now = own_page.actor(request), clock.now()
    is_sent = request.method == "POST"
    form = BatchForm(
        request.POST if is_sent else None, request.FILES if is_sent else None, is_official=False, on=now.date()
    )
    if is_sent and form.is_valid():
        try:
            made = jobs.ask(form.cleaned_data["lines"], form.wanted, by=who, at=now)
            return HttpResponseRedirect(f"/own/reports/batches/{made.id}/")
        except XinyongError as error:
            own_page.say(form, error)
    lines = [(one, BATCH_STATES[one.state]) for one in batch.listing(seen_by=who)]
    return _asked(request, form, gettext("批量出具专项信用报告"), gettext("提交"), lines=lines)


@access(Action.ISSUE_SPECIAL)
@require_GET
def one_batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """How a batch stands, line by line."""
    found = batch.find(own_page.id_of(batch_id), seen_by=own_page.actor(request))
    context = {
        "one": found,
        "state": BATCH_STATES[found.state],
        "lines": [(line, BATCH_OUTCOMES[line.outcome]) for line in found.lines],
    }
    return own_page.page(request, "portal/own_batch.html", context)


@access(Action.ISSUE_SPECIAL)
@require_GET
def batch_file(request: HttpRequest, batch_id: int) -> HttpResponseBase:
    """The archive of a batch."""
    with tempfile.TemporaryDirectory(prefix="xinyong-batch-") as folder:
        path = Path(folder) / "all.zip"
        name = batch.take(own_page.id_of(batch_id), to=path, by=own_page.actor(request))
        response = FileResponse(path.open("rb"), content_type="application/zip", as_attachment=True, filename=name)
    response["Cache-Control"] = "no-store"
    return response


def _asked(
    request: HttpRequest, form: Any, title: str, button: str, *, lines: list[Any] | None = None
) -> HttpResponse:  # fmt: skip
    context = {"form": form, "title": title, "button": button, "lines": lines}
    return own_page.page(request, "portal/own_reports_form.html", context, status=400 if form.errors else 200)


def _file(issued: Issued, name: str) -> HttpResponse:
    return _download(issued.pdf, "application/pdf", f"{name}-{issued.number}.pdf")


def _both(issued: Issued) -> HttpResponse:
    """Page and JSON in one archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"statement-{issued.number}.pdf", issued.pdf)
        archive.writestr(f"statement-{issued.number}.jws", issued.beside + "\n")
    return _download(made.getvalue(), "application/zip", f"statement-{issued.number}.zip")


def _download(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = str(content_disposition_header(True, name))
    response["Cache-Control"] = "no-store"
    return response
