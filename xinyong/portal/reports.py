"""Credit reports for anybody: give one out, and say whether one in hand is genuine."""

from typing import TYPE_CHECKING

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.csrf import csrf_exempt

from xinyong.kernel import clock
from xinyong.portal import answer
from xinyong.reports import chapters, domains, issue, signing
from xinyong.reports import verify as verification
from xinyong.reports.verify import Verification
from xinyong.security.access import Action, Actor, Role, access
from xinyong.security.gate import client_address
from xinyong.web.limits import limited
from xinyong.web.lookups import shown
from xinyong.web.words import PAPER_KINDS

if TYPE_CHECKING:
    from xinyong.reports.offline import Told

#: Our reports are some hundred kilobytes; anything far larger is not one.
LARGEST = 20 * 1024 * 1024

_OUTCOMES = {
    verification.Verdict.GENUINE: ("positive", "check", gettext_lazy("真实：本平台出具")),
    verification.Verdict.SUPERSEDED: ("caution", "clock", gettext_lazy("真实，但已有更新的报告")),
    verification.Verdict.REVOKED: ("adverse", "cross", gettext_lazy("已撤销，请勿采信")),
    verification.Verdict.ALTERED: ("adverse", "cross", gettext_lazy("文件已被改动，请勿采信")),
    verification.Verdict.UNKNOWN: ("plain", "question", gettext_lazy("没有找到：不能确认是本平台出具")),
}


class CodeForm(forms.Form):
    """The check code printed under the QR code."""

    check_code = forms.CharField(
        label=gettext_lazy("验证码"),
        help_text=gettext_lazy("印在报告二维码旁，26 位字母和数字；空格、横线、大小写都不影响。"),
        max_length=60,
        error_messages={"required": gettext_lazy("请填写报告上的验证码。")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class FileForm(forms.Form):
    """The report file as it was downloaded."""

    file = forms.FileField(
        label=gettext_lazy("报告文件（PDF、JWS）"),
        help_text=gettext_lazy("请选下载到的原始文件，不超过 20 MB。文件只用于比对，不会保存。"),
        error_messages={
            "required": gettext_lazy("请选择一个报告文件。"),
            "empty": gettext_lazy("这个文件是空的，请重新下载后再试。"),
        },
        widget=forms.ClearableFileInput(attrs={"accept": "application/pdf,.pdf,.jws"}),
    )

    def clean_file(self) -> object:
        """Refuses what is too large to be a report before it is read."""
        given = self.cleaned_data["file"]
        if given.size > LARGEST:
            raise forms.ValidationError(gettext("文件超过 20 MB，不是本平台出具的报告。请检查是否选错了文件。"))
        return given


@access(Action.ISSUE_REPORT)
@csrf_exempt  # anybody may have any organisation's report; without a token the subject page needs no cookie
@limited("report")
def report(request: HttpRequest, code: str) -> HttpResponse:
    """Gives out the report. Only to a POST: every call makes a numbered document, which a link-fetcher must not do."""
    if request.method != "POST":
        return HttpResponseRedirect(f"/subject/{code}/")
    reader = Actor(role=Role.PUBLIC, name="public", address=client_address(request))
    now = clock.now()
    shown(request, 1)
    issued = issue.issue(code, as_of=now.date(), seen_by=reader, issued_at=now)
    response = HttpResponse(issued.pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="credit-report-{issued.number}.pdf"'
    response["Cache-Control"] = "no-store"
    return response


@access(Action.VIEW_PUBLIC)
@limited("verify")
def verify(request: HttpRequest) -> HttpResponse:
    """Two ways to ask: by the code on the report, or by the file itself."""
    code_form, file_form = CodeForm(), FileForm()
    found: Verification | None = None
    told: Told | None = None
    if request.method == "POST":
        file_form = FileForm(request.POST, request.FILES)
        if file_form.is_valid():
            given = file_form.cleaned_data["file"].read()
            found, told = verification.file(given), _told(given)
    elif "check_code" in request.GET:
        code_form = CodeForm(request.GET)
        if code_form.is_valid():
            found = verification.code(code_form.cleaned_data["check_code"])
    return _shown(request, found, code_form, file_form, told)


@access(Action.VIEW_PUBLIC)
@limited("verify")
def verify_code(request: HttpRequest, check_code: str) -> HttpResponse:
    """The page behind the QR code."""
    return _shown(request, verification.code(check_code), CodeForm(initial={"check_code": check_code}), FileForm())


@access(Action.VIEW_PUBLIC)
def trust(request: HttpRequest) -> HttpResponse:
    """The root certificate that papers are verified with, for anybody to keep."""
    response = HttpResponse(signing.trust_pem(), content_type="application/x-pem-file")
    response["Content-Disposition"] = 'attachment; filename="xinyong-reports.pem"'
    response["Cache-Control"] = "public, max-age=3600"
    return response


def _counts(found: Verification | None) -> list[tuple[str, int | None]]:
    """The counts on the report's cover, by the names printed there."""
    titles = {
        f"{number}.{place if part.zh else 0}": part if part.zh else title
        for number, title, parts in chapters.CHAPTERS
        for place, (part, _) in enumerate(parts, start=1)
    }
    counts = (found.counts if found else None) or {}
    if found is not None and found.kind == "special":
        titles |= {one.id: one.title for one in domains.on(found.as_of or clock.today()).domains}
    return [(answer.word(titles[key].zh, titles[key].en), count) for key, count in counts.items() if key in titles]


def _told(given: bytes) -> "Told":
    """What the file's own signature says."""
    from xinyong.reports import offline  # loaded where a file is looked at: its libraries take 50 MB

    return offline.look(given, trust=offline.roots(signing.trust_pem().encode("ascii")), at=clock.now())


def _shown(
    request: HttpRequest, found: Verification | None, code_form: CodeForm, file_form: FileForm, told: "Told | None" = None
) -> HttpResponse:  # fmt: skip
    tone, sign, word = _OUTCOMES[found.verdict] if found else ("", "", "")
    context = {
        "counts": _counts(found), "kind": PAPER_KINDS.get(found.kind, "") if found else "", "told": told,
        "said": [("check", *one) for one in told.holds] + [("cross", *one) for one in told.fails] if told else [],
        "found": found, "tone": tone, "sign": sign, "word": word, "code_form": code_form, "file_form": file_form,
    }  # fmt: skip
    has_errors = bool(code_form.errors or file_form.errors)
    response = render(request, "portal/verify.html", context, status=400 if has_errors else 200)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, noarchive"
    return response
