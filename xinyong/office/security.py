"""Signing in and out; the audit log for auditors."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.office import answer, words
from xinyong.security import audit, identity
from xinyong.security.access import Action, Role, access
from xinyong.web.limits import TooMany, limited

_PER_PAGE = 50


class SignIn(forms.Form):
    """User name and password."""

    username = forms.CharField(
        label=gettext_lazy("用户名"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
        error_messages={"required": gettext_lazy("请填写用户名。")},
    )
    password = forms.CharField(
        label=gettext_lazy("密码"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        strip=False,
        error_messages={"required": gettext_lazy("请填写密码。")},
    )


@access(Action.SIGN_IN)
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Signs in and goes on to where the person wanted to go."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/office/"
    if not url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        wanted = "/office/"
    if request.method == "GET" and answer.actor(request).role is not Role.PUBLIC:
        return HttpResponseRedirect(wanted)
    form = SignIn(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        try:
            if form.is_valid():
                return _attempt(request, form, wanted)
            status = 400
        except identity.WrongCredentials as error:
            # The same words whether the name or the password is wrong: nobody learns which accounts exist.
            form.add_error(None, error.en if answer.is_english() else error.zh)
            status = 400
        except TooMany as error:
            form.add_error(
                None, gettext("登录太频繁。请等 %(wait)s 秒再试。") % {"wait": error.facts.get("retry_after", 60)}
            )
            status = error.status
    return answer.page(request, "office/sign_in.html", {"form": form, "next": wanted}, status=status)


@limited("sign-in")
def _attempt(request: HttpRequest, form: SignIn, wanted: str) -> HttpResponse:
    identity.sign_in(request, **form.cleaned_data)
    return HttpResponseRedirect(wanted)


@access(Action.SIGN_IN)
@require_http_methods(["GET", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session. Somebody sent here by a link (or by signing in again) just goes on."""
    if request.method == "GET":
        return HttpResponseRedirect("/office/")
    identity.sign_out(request, by=answer.actor(request))
    messages.info(request, gettext("已退出登录。"))
    return HttpResponseRedirect("/office/sign-in")


class LogFilter(forms.Form):
    """Which lines of the log."""

    event = forms.ChoiceField(label=gettext_lazy("事件"), required=False)
    actor = forms.CharField(label=gettext_lazy("谁"), required=False, max_length=80)
    until = forms.DateField(
        label=gettext_lazy("截至日期"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        known = [(one.value, words.EVENTS.get(one, one.value)) for one in audit.Event]
        self.fields["event"].choices = [("", gettext("全部")), *known]  # type: ignore[attr-defined]


@access(Action.VIEW_AUDIT)
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first. Looking is noted too, after what is shown was read."""
    who = answer.actor(request)
    form = LogFilter(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    entries = audit.entries(
        seen_by=who,
        before=answer.number(request.GET.get("after")),
        event=asked.get("event") or "",
        actor=asked.get("actor") or "",
        until=asked.get("until"),
        limit=_PER_PAGE + 1,
    )
    audit.enter(audit.Event.LOG_VIEWED, by=who, object_kind="log", object_ref=asked.get("event") or "all")
    context = {
        "lines": words.lines(entries[:_PER_PAGE], {unit.code: unit.name for unit in identity.source_units()}),
        "next_after": entries[_PER_PAGE - 1].id if len(entries) > _PER_PAGE else None,
        "is_first": "after" not in request.GET,
        "form": form,
        "is_filtered": any(asked.values()),
    }
    return answer.page(request, "office/log.html", context)
