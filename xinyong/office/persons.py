"""个人账号 Persons' accounts at the counter: made for somebody whose papers were looked at, by a one-time link handed over."""

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.office import answer
from xinyong.security import persons
from xinyong.security.access import Action, FactorNeeded, access
from xinyong.security.persons import PersonView
from xinyong.web.words import Tag

_PER_PAGE = 30
_LARGEST = 2**63 - 1
_WAYS = {"oidc": gettext_lazy("统一身份认证"), "counter": gettext_lazy("窗口核验")}


class _Unshown(forms.TextInput):
    """A field whose value no page shows again."""

    def format_value(self, value: object) -> None:
        """Nothing."""


class Admission(forms.Form):
    """Somebody at the counter."""

    name = forms.CharField(
        label=gettext_lazy("姓名"), max_length=60, widget=_Unshown(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("请填写姓名。")},
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=gettext_lazy("证件类型"), choices=[(one, one) for one in persons.KINDS], initial=persons.CITIZEN
    )
    certificate = forms.CharField(
        label=gettext_lazy("证件号码"), max_length=40, widget=_Unshown(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("请填写证件号码。")},
    )  # fmt: skip
    is_seen = forms.BooleanField(
        label=gettext_lazy("我已核对本人和证件原件"),
        error_messages={"required": gettext_lazy("请核对本人和证件原件。")},
    )


@access(Action.ADMIT_PERSONS)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Accounts of persons, the newest first."""
    found = persons.listing(
        after=answer.number(request.GET.get("after")), limit=_PER_PAGE + 1, seen_by=answer.actor(request)
    )
    context = {
        "lines": [(one, _WAYS[one.way], _tag(one)) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].account_id if len(found) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
    }
    return answer.page(request, "office/persons.html", context)


@access(Action.ADMIT_PERSONS)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Makes an account; the one-time link is shown this once. What was typed is never shown again."""
    form = Admission(answer.sent(request))
    if request.method == "POST" and form.is_valid():
        said, now = form.cleaned_data, clock.now()
        try:
            who = persons.identity(said["name"], said["certificate"], said["kind"], today=clock.today())
            made, token = persons.admit(who, by=answer.actor(request), at=now)
            return _handed_over(request, made, token)
        except XinyongError as error:
            answer.say(form, error)
    return answer.page(request, "office/person_new.html", {"form": form}, status=400 if form.errors else 200)


@access(Action.ADMIT_PERSONS)
@require_POST
def invite(request: HttpRequest, account_id: int) -> HttpResponse:
    """Another one-time link, while the account is not in use."""
    try:
        made, token = persons.invite_again(min(account_id, _LARGEST), by=answer.actor(request), at=clock.now())
        return _handed_over(request, made, token)
    except (NotFound, FactorNeeded):
        raise
    except XinyongError as error:
        answer.warn(request, error)
    return HttpResponseRedirect("/office/persons/")


def _handed_over(request: HttpRequest, one: PersonView, token: str) -> HttpResponse:
    link = request.build_absolute_uri(f"/office/welcome/{token}")
    return answer.page(request, "office/person_given.html", {"one": one, "link": link})


def _tag(one: PersonView) -> Tag:
    if one.erased_at is not None:
        return Tag(gettext_lazy("已注销"), "plain", "cross")
    if not one.is_active:
        return Tag(gettext_lazy("账号已停用"), "plain", "cross")
    return (
        Tag(gettext_lazy("已启用"), "positive", "check")
        if one.is_in_use
        else Tag(gettext_lazy("未启用"), "caution", "clock")
    )
