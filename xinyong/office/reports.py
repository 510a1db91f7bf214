"""已出具的报告 The credit centre's papers: what was given out, revoking, special reports and statements for a purpose, batches."""

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer
from xinyong.reports import batch, given, jobs, signing, special, statement
from xinyong.reports.asking import BatchForm, SpecialForm, StatementForm
from xinyong.reports.issue import Issued
from xinyong.security.access import Action, access
from xinyong.web.words import BATCH_OUTCOMES, BATCH_STATES, PAPER_KINDS

_PER_PAGE = 20
_LARGEST = 2**63 - 1


class Revoke(forms.Form):
    """Why a paper is taken back."""

    reason = forms.CharField(
        label=gettext_lazy("撤销的原因"), min_length=4, max_length=200, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("核验这份报告的人都会看到，例如“信源单位更正了处罚决定”。请勿填写个人信息。"),
        error_messages={
            "required": gettext_lazy("请写明撤销的原因。"), "min_length": gettext_lazy("请写明撤销的原因，至少 4 个字。"),
        },
    )  # fmt: skip


@access(Action.REVOKE_REPORT)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What was given out, the newest first, by number or code."""
    text = request.GET.get("q", "")[:40].replace("\x00", "").strip()
    kind = request.GET.get("kind", "") if request.GET.get("kind") in PAPER_KINDS else ""
    found, after = given.listing(
        text=text,
        kind=kind,
        after=answer.number(request.GET.get("after")),
        limit=_PER_PAGE,
        seen_by=answer.actor(request),
    )
    context = {
        "lines": [(one, PAPER_KINDS.get(one.kind, one.kind)) for one in found], "next_after": after, "text": text, "kind": kind,
        "kinds": list(PAPER_KINDS.items()), "is_first": "after" not in request.GET, "signer": signing.signer(),
    }  # fmt: skip
    return answer.page(request, "office/reports.html", context)


@access(Action.REVOKE_REPORT)
@require_http_methods(["GET", "POST"])
def paper(request: HttpRequest, paper_no: str) -> HttpResponse:
    """One paper: what it is, and revoking it."""
    who = answer.actor(request)
    form = Revoke(answer.sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            given.revoke(paper_no, reason=form.cleaned_data["reason"], by=who, at=clock.now())
            messages.success(request, gettext("已撤销。从现在起，核验这份报告的人会看到撤销时间和原因。"))
            return HttpResponseRedirect(f"/office/reports/{paper_no}/")
        except given.UnknownReport:
            raise
        except XinyongError as error:
            answer.say(form, error)
    one = given.find(paper_no, seen_by=who)
    context = {"one": one, "kind": PAPER_KINDS.get(one.kind, one.kind), "form": form}
    return answer.page(request, "office/reports_one.html", context, status=400 if form.errors else 200)


@access(Action.ISSUE_SPECIAL)
@require_http_methods(["GET", "POST"])
def special_report(request: HttpRequest) -> HttpResponse:
    """A special report for a purpose."""
    who, now = answer.actor(request), clock.now()
    form = SpecialForm(answer.sent(request), is_official=True, on=now.date())
    if request.method == "POST" and form.is_valid():
        try:
            return _file(
                special.issue_special(form.cleaned_data["code"], form.wanted, by=who, issued_at=now, purpose=form.said),
                "special-report",
            )
        except XinyongError as error:
            answer.say(form, error)
    return answer.form(
        request, form, title=gettext("专项信用报告（信用代证）"), button=gettext("出具并下载"), back="/office/reports/",
        intro=gettext("包括依法不公示的简易程序处罚。只用于所填的事项；该单位可以看到谁为什么出具过。"),
    )  # fmt: skip


@access(Action.ISSUE_SPECIAL)
@require_http_methods(["GET", "POST"])
def state_fact(request: HttpRequest) -> HttpResponse:
    """A statement of one fact for a purpose."""
    who, now = answer.actor(request), clock.now()
    form = StatementForm(answer.sent(request), is_official=True, on=now.date())
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            issued = statement.issue_statement(
                said["code"], said["fact"], by=who, issued_at=now, first_day=said["first_day"], last_day=said["last_day"],
                purpose=form.said,
            )  # fmt: skip
            return _both(issued) if said["is_both"] else _file(issued, "statement")
        except XinyongError as error:
            answer.say(form, error)
    return answer.form(
        request, form, title=gettext("单项信用证明"), button=gettext("出具并下载"), back="/office/reports/",
        intro=gettext("只证明一项事实，不带其他信息。事实不成立或没有检索的，不出具。"),
    )  # fmt: skip


@access(Action.ISSUE_SPECIAL)
@require_http_methods(["GET", "POST"])
def batches(request: HttpRequest) -> HttpResponse:
    """Special reports for a list, and the lists asked for before."""
    who, now = answer.actor(request), clock.now()
    files = request.FILES if request.method == "POST" else None
    form = BatchForm(answer.sent(request), files, is_official=True, on=now.date())
    if request.method == "POST" and form.is_valid():
        try:
            made = jobs.ask(form.cleaned_data["lines"], form.wanted, by=who, at=now, purpose=form.said)
            return HttpResponseRedirect(f"/office/reports/batches/{made.id}/")
        except XinyongError as error:
            answer.say(form, error)
    lines = [(one, BATCH_STATES[one.state]) for one in batch.listing(seen_by=who)]
    status = 400 if form.errors else 200
    return answer.page(request, "office/reports_batches.html", {"form": form, "lines": lines}, status=status)


@access(Action.ISSUE_SPECIAL)
@require_GET
def one_batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """How a batch stands, line by line."""
    found = batch.find(min(batch_id, _LARGEST), seen_by=answer.actor(request))
    context = {
        "one": found,
        "state": BATCH_STATES[found.state],
        "lines": [(line, BATCH_OUTCOMES[line.outcome]) for line in found.lines],
    }
    return answer.page(request, "office/reports_batch.html", context)


@access(Action.ISSUE_SPECIAL)
@require_GET
def batch_file(request: HttpRequest, batch_id: int) -> HttpResponseBase:
    """The archive of a batch."""
    with tempfile.TemporaryDirectory(prefix="xinyong-batch-") as folder:
        path = Path(folder) / "all.zip"
        name = batch.take(min(batch_id, _LARGEST), to=path, by=answer.actor(request))
        return answer.download(path, name=name, content_type="application/zip")


def _file(issued: Issued, name: str) -> HttpResponse:
    return _download(issued.pdf, "application/pdf", f"{name}-{issued.number}.pdf")


def _both(issued: Issued) -> HttpResponse:
    """Page and JSON in one archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"statement-{issued.number}.pdf", issued.pdf)
        archive.writestr(f"statement-{issued.number}.jws", issued.beside + "\n")
    return _download(made.getvalue(), "application/zip", f"statement-{issued.number}.zip")


def _download(content: Any, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = str(content_disposition_header(True, name))
    return answer.kept_by_nobody(response)
