"""Signing in and out; the audit log for auditors."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.office import answer
from xinyong.security import audit, identity
from xinyong.security.access import Action, access
from xinyong.web.limits import limited

_PER_PAGE = 50


class SignIn(forms.Form):
    """User name and password."""

    username = forms.CharField(
        label=gettext_lazy("用户名"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=gettext_lazy("密码"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), strip=False
    )


@access(Action.SIGN_IN)
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@limited("sign-in")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Signs in and goes on to where the person wanted to go."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/office/"
    if not url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        wanted = "/office/"
    form = SignIn(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            identity.sign_in(request, **form.cleaned_data)
        except identity.WrongCredentials as error:
            form.add_error(None, error.en if (request.LANGUAGE_CODE or "").startswith("en") else error.zh)
        else:
            return HttpResponseRedirect(wanted)
    status = 400 if form.errors else 200
    return answer.page(request, "office/sign_in.html", {"form": form, "next": wanted}, status=status)


@access(Action.USE_OFFICE)
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    identity.sign_out(request, by=answer.actor(request))
    messages.info(request, gettext("已退出登录。"))
    return HttpResponseRedirect("/office/sign-in")


@access(Action.VIEW_AUDIT)
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first."""
    after = request.GET.get("after", "")
    event = request.GET.get("event", "")
    entries = audit.entries(
        seen_by=answer.actor(request),
        before=int(after) if after.isdecimal() else None,
        event=event,
        limit=_PER_PAGE + 1,
    )
    context = {
        "entries": entries[:_PER_PAGE],
        "next_after": entries[_PER_PAGE - 1].id if len(entries) > _PER_PAGE else None,
        "is_first": not after,
        "event": event,
        "events": [one.value for one in audit.Event],
    }
    return answer.page(request, "office/log.html", context)
