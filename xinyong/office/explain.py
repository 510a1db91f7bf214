"""Explain access: may this account (or role) do that with this thing, and why, clause by clause."""

import re
from urllib.parse import urlsplit

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET

from xinyong.catalogue import publish
from xinyong.intake import views
from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.office import answer, words
from xinyong.security import explain
from xinyong.security.access import Action, Actor, Role, access
from xinyong.security.explain import Thing
from xinyong.subjects import registry

_ROLE = re.compile(r"\b(?:" + "|".join(sorted((one.value for one in Role), key=len, reverse=True)) + r")\b")


class Question(forms.Form):
    """Who, what, with what."""

    who = forms.CharField(
        label=gettext_lazy("账号或角色"), max_length=60, help_text=gettext_lazy("用户名，或 operator、auditor 等角色。"),
        error_messages={"required": gettext_lazy("请填写账号或角色。")},
    )  # fmt: skip
    thing = forms.CharField(
        label=gettext_lazy("对象"), max_length=200, required=False,
        help_text=gettext_lazy("页面地址（/office/…）、报送编号、统一社会信用代码，或目录事项标识。"),
    )  # fmt: skip
    action = forms.ChoiceField(label=gettext_lazy("要做的事"), required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        known = [(one.value, words.ACTIONS[one]) for one in Action]
        self.fields["action"].choices = [("", gettext("由对象决定")), *known]  # type: ignore[attr-defined]


@access(Action.EXPLAIN_ACCESS)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The question and its answer."""
    seen_by = answer.actor(request)
    form = Question(request.GET if "who" in request.GET else None)
    found: list[tuple[str, list[explain.Explained]]] = []
    said = ""
    if form.is_bound and form.is_valid():
        try:
            said, actions, thing = _object(form.cleaned_data["thing"].strip(), seen_by)
            asked = form.cleaned_data["action"]
            for action in [Action(asked)] if asked else actions:
                found.append((str(words.ACTIONS[action]), _answers(form.cleaned_data["who"], action, thing, seen_by)))
        except XinyongError as error:
            answer.say(form, error)
    context = {
        "form": form, "said": said,
        "found": [(name, any(one.verdict for one in each), [_shown(one) for one in each]) for name, each in found],
    }  # fmt: skip
    return answer.page(request, "office/explain.html", context, status=400 if form.errors else 200)


def _answers(who: str, action: Action, thing: Thing, seen_by: Actor) -> list[explain.Explained]:
    if who in {role.value for role in Role}:
        return [explain.role(Role(who), action, thing, seen_by=seen_by)]
    return explain.account(who, action, thing, seen_by=seen_by, at=clock.now())


def _object(text: str, seen_by: Actor) -> tuple[str, list[Action], Thing]:
    """What the words name: in words, the actions that concern it, and what the policy asks about it."""
    if text.startswith(("/", "http://", "https://")):
        try:
            view = resolve(urlsplit(text).path)
        except Resolver404 as error:
            raise NotFound("没有这个页面。", "There is no such page.") from error
        number = view.kwargs.get("submission_id")
        department, item = views.owner(int(number), seen_by=seen_by) if number else (None, None)
        action = getattr(view.func, "xinyong_action", Action.VIEW_PUBLIC)
        return (
            gettext("页面 %(path)s") % {"path": urlsplit(text).path},
            [action],
            Thing(department=department, item=item),
        )
    if text.isdecimal() and text.isascii() and len(text) < 18:
        department, item = views.owner(int(text), seen_by=seen_by)
        actions = [Action.VIEW_SUBMISSION, Action.READ_FINDINGS, Action.SUBMIT, Action.REVERT, Action.VIEW_RECEIPT]
        return gettext("报送 %(id)s") % {"id": text}, actions, Thing(department=department, item=item)
    if text in {one.id for one in publish.items()}:
        actions = [Action.SUBMIT, Action.VIEW_SHARED, Action.EXPORT_SHARED, Action.SPECIAL_QUERY, Action.VIEW_CATALOGUE]
        return gettext("目录事项 %(id)s") % {"id": text}, actions, Thing(item=text)
    if text:
        subject = registry.subject(text, seen_by=seen_by)
        actions = [Action.VIEW_PUBLIC, Action.VIEW_SHARED, Action.SPECIAL_QUERY]
        return f"{subject.name} {subject.code}", actions, Thing()
    return gettext("不指定对象"), list(Action), Thing()


def _shown(one: explain.Explained) -> dict[str, object]:
    english = answer.is_english()
    return {
        "role": words.ROLES.get(one.role, one.role.value),
        "grant": one.grant,
        "verdict": one.verdict,
        "clauses": [(each.holds, _named(each.en if english else each.zh)) for each in one.clauses],
        "conditions": [_named(each.en if english else each.zh) for each in one.conditions],
    }


def _named(text: str) -> str:
    """A clause with roles as people call them."""
    return _ROLE.sub(lambda found: str(words.ROLES.get(found[0], found[0])), text)
