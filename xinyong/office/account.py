"""My sign-in (我的登录): one's own password, second factors, recovery codes, sessions; and showing the factor again."""

import json

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer
from xinyong.office.sign_in import AppCode, NewPassword, key_answer, rules, said, totp_shown, wanted_of
from xinyong.security import factors, lockout, own_account, passwords, security_keys, sessions, sign_in
from xinyong.security.access import Action, access
from xinyong.web.limits import TooMany, limited

_SAID = (
    factors.WrongCode, security_keys.KeyRefused, security_keys.NoSecureOrigin, sign_in.WrongCredentials,
    passwords.WeakPassword, passwords.TooBusy, lockout.TooManyTries, TooMany,
)  # fmt: skip


class ChangedPassword(NewPassword):
    """The present password and a new one."""

    old = forms.CharField(
        label=gettext_lazy("现在的密码"),
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        strip=False,
        max_length=passwords.LONGEST,
        error_messages={"required": gettext_lazy("请填写现在的密码。")},
    )
    field_order = ["old", "password", "again"]


@access(Action.OWN_ACCOUNT)
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """How I sign in: password, factors, recovery codes, sessions."""
    who, now = answer.actor(request), clock.now()
    context = {
        "mine": own_account.of(who, now=now),
        "codes_left": factors.recovery_codes_left(sessions.own_id(who)),
        "codes_all": factors.RECOVERY_CODES,
        "sessions": sessions.listed(request, by=who, now=now),
        "may_add_keys": security_keys.site(request) is not None,
    }
    return answer.page(request, "office/account.html", context)


@access(Action.OWN_ACCOUNT)
@sensitive_post_parameters("old", "password", "again")
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Changes one's own password; other sessions end."""
    who = answer.actor(request)
    factors.require_fresh(who)
    form = ChangedPassword(request.POST if request.method == "POST" else None)
    status = 200 if request.method == "GET" else 400
    if request.method == "POST" and form.is_valid():
        try:
            return _changed(request, form)
        except _SAID as error:
            status = said(form, error)
    return answer.page(request, "office/password.html", {"form": form, "rules": rules()}, status=status)


@limited("sign-in")
def _changed(request: HttpRequest, form: forms.Form) -> HttpResponse:
    given = form.cleaned_data
    sign_in.change_password(request, old=given["old"], new=given["password"], by=answer.actor(request), now=clock.now())
    messages.success(request, gettext("密码已更换，其他地方的登录已退出。"))
    return HttpResponseRedirect(reverse("office:account"))


@access(Action.OWN_ACCOUNT)
@require_http_methods(["GET", "POST"])
def app(request: HttpRequest) -> HttpResponse:
    """Sets up an authenticator app, or another in its place."""
    who = answer.actor(request)
    factors.require_fresh(who)
    form = AppCode(request.POST if request.method == "POST" else None)
    status = 200 if request.method == "GET" else 400
    if request.method == "POST" and form.is_valid():
        try:
            return _app(request, form)
        except _SAID as error:
            status = said(form, error)
    return answer.page(request, "office/app.html", {"form": form} | totp_shown(request, who.name), status=status)


@limited("sign-in")
def _app(request: HttpRequest, form: forms.Form) -> HttpResponse:
    who = answer.actor(request)
    account = own_account.account(who)
    sign_in.set_up_totp(request, form.cleaned_data["code"], account=account, by=who, now=clock.now())
    messages.success(request, gettext("动态口令已设置。"))
    return HttpResponseRedirect(reverse("office:account"))


@access(Action.OWN_ACCOUNT)
@require_http_methods(["GET", "POST"])
def key(request: HttpRequest) -> HttpResponse:
    """Adds a security key."""
    who = answer.actor(request)
    factors.require_fresh(who)
    form = forms.Form({} if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        try:
            return _key(request)
        except _SAID as error:
            form.full_clean()
            status = said(form, error)
    options = sign_in.ask_for_new_key(request, own_account.account(who))
    context = {"form": form, "options": json.dumps(options) if options else ""}
    return answer.page(request, "office/key.html", context, status=status)


@limited("sign-in")
def _key(request: HttpRequest) -> HttpResponse:
    who = answer.actor(request)
    sign_in.set_up_key(
        request, key_answer(request) or {}, name=request.POST.get("name", "").strip()[:60],
        account=own_account.account(who), by=who, now=clock.now(),
    )  # fmt: skip
    messages.success(request, gettext("安全密钥已添加，下次登录即可使用。"))
    return HttpResponseRedirect(reverse("office:account"))


@access(Action.OWN_ACCOUNT)
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Removes one of one's own factors."""
    factors.remove(answer.number(request.POST.get("factor")) or 0, by=answer.actor(request))
    messages.success(request, gettext("已移除。"))
    return HttpResponseRedirect(reverse("office:account"))


@access(Action.OWN_ACCOUNT)
@require_http_methods(["GET", "POST"])
def codes(request: HttpRequest) -> HttpResponse:
    """Shows new recovery codes until their owner has noted them, then never again."""
    if request.method == "POST":
        sign_in.codes_noted(request)
        return HttpResponseRedirect(wanted_of(request))
    shown = sign_in.codes_to_show(request)
    if not shown:
        return HttpResponseRedirect(reverse("office:account"))
    return answer.page(request, "office/codes.html", {"codes": shown, "next": wanted_of(request)})


@access(Action.OWN_ACCOUNT)
@require_POST
def new_codes(request: HttpRequest) -> HttpResponse:
    """Makes new recovery codes; the old ones are void."""
    who = answer.actor(request)
    factors.require_fresh(who)
    sign_in.show_later(request, factors.make_recovery_codes(own_account.account(who), by=who))
    return HttpResponseRedirect(f"{reverse('office:codes')}?next={reverse('office:account')}")


@access(Action.OWN_ACCOUNT)
@require_POST
def end_one(request: HttpRequest) -> HttpResponse:
    """Ends another session."""
    sessions.end_one(answer.number(request.POST.get("session")) or 0, by=answer.actor(request))
    messages.success(request, gettext("那里的登录已退出。"))
    return HttpResponseRedirect(reverse("office:account") + "#sessions")


@access(Action.OWN_ACCOUNT)
@require_POST
def end_all(request: HttpRequest) -> HttpResponse:
    """Signs out everywhere, here too."""
    sessions.end_all(by=answer.actor(request))
    sessions.end(request)
    messages.info(request, gettext("已在所有设备上退出登录。"))
    return HttpResponseRedirect(reverse("office:sign-in"))


@access(Action.OWN_ACCOUNT)
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Shows the second factor again, and goes back to what asked for it."""
    who = answer.actor(request)
    form = AppCode(request.POST if request.method == "POST" and "key" not in request.POST else None)
    status = 200
    if request.method == "POST":
        status = 400
        if "key" in request.POST or form.is_valid():
            try:
                return _confirmed(request, form)
            except _SAID as error:
                status = _said_afresh(request, form, error)
    account = own_account.account(who)
    options = sign_in.ask_for_key(request, account)
    context = {
        "form": form, "next": wanted_of(request), "was_sent": "sent" in request.GET or "sent" in request.POST,
        "options": json.dumps(options) if options else "", "account": account,
        "has_code": any(one.kind == "TOTP" for one in factors.listed(account.pk)),
    }  # fmt: skip
    return answer.page(request, "office/confirm.html", context, status=status)


@limited("sign-in")
def _confirmed(request: HttpRequest, form: forms.Form) -> HttpResponse:
    found = key_answer(request)
    code = form.cleaned_data["code"] if found is None else ""
    sign_in.confirm(request, code=code, answer=found, by=answer.actor(request), now=clock.now())
    return HttpResponseRedirect(wanted_of(request))


def _said_afresh(request: HttpRequest, form: forms.Form, error: XinyongError) -> int:
    if not form.is_bound:
        messages.error(request, error.en if answer.is_english() else error.zh)
        return error.status
    return said(form, error)
