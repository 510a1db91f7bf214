"""Looking into an organisation's file with more than the public sees: for a purpose, each look an entry in the log."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer
from xinyong.rights import purposes, queries
from xinyong.security.access import Action, Actor, access
from xinyong.subjects import registry
from xinyong.subjects import search as subject_search

_FOUND = 20
_LONGEST = 200
_PER_SECTION = 50
#: How long a purpose that was said holds for one file; then it is asked again.
_HOLDS = timedelta(minutes=30)
_KEPT = "purposes"


class Why(forms.Form):
    """What the file is looked into for."""

    purpose = forms.ChoiceField(
        label=gettext_lazy("查询目的"), error_messages={"required": gettext_lazy("请选择查询目的。")}
    )
    matter = forms.CharField(
        label=gettext_lazy("所办事项"),
        max_length=120,
        min_length=4,
        help_text=gettext_lazy("写明事项名称或文号，例如“云市监许申〔2026〕12号”。请勿填写个人身份证号、电话。"),
        error_messages={"required": gettext_lazy("请写明所办事项的名称或文号。")},
    )

    def __init__(self, *args: Any, who: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = purpose_choices(who)  # type: ignore[attr-defined]


def purpose_choices(who: Actor) -> list[tuple[str, str]]:
    """The registered purposes for which somebody may look at what is shared, to choose from."""
    english = answer.is_english()
    found = purposes.shared(who, on=clock.today())
    return [("", gettext("请选择")), *((one.id, one.name_en if english else one.name_zh) for one in found)]


@access(Action.VIEW_SHARED)
@require_GET
def files(request: HttpRequest) -> HttpResponse:
    """Finds an organisation by name or code. What is found is public; the file behind it is not."""
    query = request.GET.get("q", "").strip()[:_LONGEST]
    context: dict[str, Any] = {"query": query, "found": None}
    if query:
        context["found"] = subject_search.find(query, seen_by=answer.actor(request), limit=_FOUND)
    return answer.page(request, "office/files.html", context)


@access(Action.VIEW_SHARED)
@require_http_methods(["GET", "POST"])
def file(request: HttpRequest, code: str) -> HttpResponse:
    """The file, once its purpose was said; until then the question what it is for."""
    who = answer.actor(request)
    form = Why(request.POST if request.method == "POST" else None, who=who)
    if request.method == "POST" and form.is_valid():
        try:
            said = purposes.said(form.cleaned_data["purpose"], form.cleaned_data["matter"], by=who, at=clock.now())
        except XinyongError as error:
            answer.say(form, error)
        else:
            _keep(request, code, said)
            return HttpResponseRedirect(f"/office/files/{code}/")
    said = kept(request, code)
    if said and not form.errors:
        word, _, matter = said.partition(": ")
        seen = queries.file(
            code, purpose=word, note=matter, as_of=clock.today(), seen_by=who, at=clock.now(), per_section=_PER_SECTION
        )
        context = {"dossier": seen, "sections": [one for one in seen.sections if one.records], "purpose": _worded(said)}
        return answer.page(request, "office/file.html", context)
    subject = registry.subject(code, seen_by=who)
    status = 400 if form.errors else 200
    return answer.page(request, "office/why.html", {"form": form, "subject": subject}, status=status)


def _keep(request: HttpRequest, code: str, said: str) -> None:
    now = clock.now()
    held = {name: one for name, one in _all(request).items() if datetime.fromisoformat(one[1]) > now}
    request.session[_KEPT] = held | {code: [said, (now + _HOLDS).isoformat()]}


def kept(request: HttpRequest, code: str) -> str:
    """The purpose said for this file, "" when none or too long ago."""
    said, until = _all(request).get(code, ("", ""))
    return said if until and datetime.fromisoformat(until) > clock.now() else ""


def _all(request: HttpRequest) -> dict[str, tuple[str, str]]:
    found = request.session.get(_KEPT)
    return dict(found) if isinstance(found, dict) else {}


def _worded(said: str) -> str:
    """The purpose in the reader's language."""
    zh, en = purposes.words(said)
    return f"{en if answer.is_english() else zh} · {said.partition(': ')[2]}"
