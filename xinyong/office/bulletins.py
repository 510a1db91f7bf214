"""Monthly bulletins: issue, read, take home as PDF or DOCX."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.analytics import bulletins as room
from xinyong.analytics import layout, render
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer, months
from xinyong.security.access import Action, access

_TYPES = {
    "pdf": (render.pdf, "application/pdf"),
    "docx": (render.docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
}


class Month(forms.Form):
    """Which month."""

    period = forms.ChoiceField(label=gettext_lazy("月份"))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["period"].choices = [(one, one) for one in months.offered(months.last())[1:]]  # type: ignore[attr-defined]


@access(Action.VIEW_BULLETIN)
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Every edition, the newest month first."""
    return answer.page(request, "office/bulletins.html", {"bulletins": room.listing(seen_by=answer.actor(request))})


@access(Action.ISSUE_BULLETIN)
@require_http_methods(["GET", "POST"])
def issue(request: HttpRequest) -> HttpResponse:
    """Issues a month's bulletin: what it says from then on stays."""
    form = Month(answer.sent(request), initial={"period": months.key(months.last())})
    if request.method == "POST" and form.is_valid():
        try:
            made = room.issue(months.asked(form.cleaned_data["period"]), by=answer.actor(request), at=clock.now())
        except XinyongError as error:
            answer.say(form, error)
        else:
            messages.success(request, gettext("通报已印发，内容不再变化。"))
            return HttpResponseRedirect(f"/office/bulletins/{made.period:%Y-%m}/{made.edition}/")
    return answer.form(
        request, form, title=gettext("印发通报"), button=gettext("印发"), back="/office/bulletins/",
        intro=gettext("按此刻已知的数据编制并固定下来，各单位都能看到。以后发现有误，可再印发一版，原版保留。"),
    )  # fmt: skip


@access(Action.VIEW_BULLETIN)
@require_GET
def bulletin(request: HttpRequest, month: str, edition: int) -> HttpResponse:
    """One edition."""
    found = room.find(months.asked(month), edition=min(edition, 32767), seen_by=answer.actor(request))
    blocks = [(type(one).__name__.lower(), one) for one in layout.blocks(found)]
    context = {
        "bulletin": found, "title": layout.TITLE, "subtitle": layout.subtitle(found), "blocks": blocks, "month": month,
    }  # fmt: skip
    return answer.page(request, "office/bulletin.html", context)


@access(Action.VIEW_BULLETIN)
@require_GET
def file(request: HttpRequest, month: str, edition: int, form: str) -> HttpResponse:
    """One edition as PDF or DOCX."""
    if form not in _TYPES:
        raise Http404
    found = room.find(months.asked(month), edition=min(edition, 32767), seen_by=answer.actor(request))
    make, content_type = _TYPES[form]
    response = HttpResponse(make(found), content_type=content_type)
    name = gettext("报送情况通报-%(month)s-%(edition)s.%(form)s") % {"month": month, "edition": edition, "form": form}
    response["Content-Disposition"] = str(content_disposition_header(True, name))
    return answer.kept_by_nobody(response)
