"""Signing in, step by step: password or single sign-on, second factor, what else is missing; and out again."""

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.office import answer
from xinyong.security import citizens, factors, invitations, lockout, oidc, passwords, security_keys, sign_in
from xinyong.security.access import Action, Actor, Role, access
from xinyong.security.gate import actor_for, client_address
from xinyong.security.sign_in import Step
from xinyong.web.limits import TooMany, limited
from xinyong.web.qr import drawn

_HOME, _OWN_AREA = "/office/", "/own/"
_DEVICE_SECONDS = 180 * 24 * 3600
_PAGES = {Step.FACTOR: "office:factor", Step.SET_UP: "office:set-up", Step.RENEW: "office:renew"}
#: What a form may say about itself; anything else has a page of its own.
_SAID = (
    sign_in.WrongCredentials, sign_in.Unused, factors.WrongCode, security_keys.KeyRefused, security_keys.NoSecureOrigin,
    passwords.WeakPassword, passwords.TooBusy, lockout.TooManyTries, TooMany,
)  # fmt: skip


class Password(forms.Form):
    """User name and password."""

    username = forms.CharField(
        label=gettext_lazy("用户名"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
        error_messages={"required": gettext_lazy("请填写用户名。")},
    )
    password = forms.CharField(
        label=gettext_lazy("密码"),
        max_length=passwords.LONGEST,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        strip=False,
        error_messages={"required": gettext_lazy("请填写密码。")},
    )


class Code(forms.Form):
    """A code of the authenticator app, or a recovery code."""

    code = forms.CharField(
        label=gettext_lazy("验证码"),
        max_length=24,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "autofocus": True}
        ),
        error_messages={"required": gettext_lazy("请填写验证码。")},
    )


class AppCode(Code):
    """A code of the authenticator app only: six digits."""

    code = forms.CharField(
        label=gettext_lazy("验证码"),
        max_length=12,
        help_text=gettext_lazy("手机应用显示的 6 位数字。"),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        error_messages={"required": gettext_lazy("请填写验证码。")},
    )


class NewPassword(forms.Form):
    """A new password, twice."""

    password = forms.CharField(
        label=gettext_lazy("新密码"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        error_messages={"required": gettext_lazy("请填写新密码。")},
    )
    again = forms.CharField(
        label=gettext_lazy("再输一遍"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
        error_messages={"required": gettext_lazy("请再输一遍新密码。")},
    )

    def clean(self) -> dict[str, Any]:
        """Both are the same."""
        given = super().clean() or {}
        if given.get("password") and given.get("again") and given["password"] != given["again"]:
            self.add_error("again", gettext("两次输入的密码不一样。"))
        return given


def rules() -> str:
    """The rules for passwords in the reader's language."""
    zh, en = passwords.rules_said()
    return en if answer.is_english() else zh


def said(form: forms.Form, error: XinyongError) -> int:
    """Says the error above the form; returns the page's status."""
    if isinstance(error, TooMany):
        wait = gettext("登录太频繁。请等 %(wait)s 秒再试。") % {"wait": error.facts.get("retry_after", 60)}
        form.add_error(None, wait)
    else:
        form.add_error(None, error.en if answer.is_english() else error.zh)
    return error.status if error.status in (429, 503) else 400


def key_answer(request: HttpRequest) -> dict[str, Any] | None:
    """What a security key answered, from the hidden field of its form; None when the form is about something else."""
    text = request.POST.get("key")
    if text is None:
        return None
    try:
        found = json.loads(text[:20_000])
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def wanted_of(request: HttpRequest) -> str:
    """Where the person wanted to go: an address of ours, else the office."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}) else _HOME


def totp_shown(request: HttpRequest, username: str) -> dict[str, Any]:
    """What the page shows of the authenticator secret being set up."""
    secret = sign_in.new_secret(request)
    grouped = " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
    return {"secret": grouped, "qr": drawn(factors.address(secret, username))}


@access(Action.SIGN_IN)
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """The first step: user name and password, or the way to single sign-on."""
    wanted = wanted_of(request)
    if request.method == "GET" and answer.actor(request).role is not Role.PUBLIC:
        return HttpResponseRedirect(wanted if wanted != _HOME else _home_of(answer.actor(request)))
    form = Password(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                return _password(request, form, wanted)
            except _SAID as error:
                # The same words whether the name or the password is wrong: nobody learns which accounts exist.
                status = said(form, error)
    outside, citizen = oidc.provider(), citizens.provider()
    context = {
        "form": form, "next": wanted, "outside": outside.label if outside else "", "has_demo": factors.has_demo(),
        "citizen": citizen.label if citizen else "",
        "citizen_address": f"{reverse('office:citizen')}?{urlencode({'next': wanted})}",
        "outside_address": f"{reverse('office:outside')}?{urlencode({'next': wanted})}",
    }  # fmt: skip
    return answer.page(request, "office/sign_in.html", context, status=status)


@limited("sign-in")
def _password(request: HttpRequest, form: Password, wanted: str) -> HttpResponse:
    sign_in.check_password(request, **form.cleaned_data, wanted=wanted, now=clock.now())
    return onward(request)


@access(Action.SIGN_IN)
@require_http_methods(["GET", "POST"])
def factor(request: HttpRequest) -> HttpResponse:
    """The second step: a code, or a security key."""
    return _step(request, Step.FACTOR, Code, "office/factor.html", _shown)


@limited("sign-in")
def _shown(request: HttpRequest, form: forms.Form) -> HttpResponse:
    key = key_answer(request)
    if key is not None:
        sign_in.show_key(request, key, now=clock.now())
    else:
        sign_in.show_code(request, form.cleaned_data["code"], now=clock.now())
    return onward(request)


@access(Action.SIGN_IN)
@require_http_methods(["GET", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """The second step of the first time: an authenticator app or a security key becomes the second factor."""
    return _step(request, Step.SET_UP, AppCode, "office/set_up.html", _added)


@limited("sign-in")
def _added(request: HttpRequest, form: forms.Form) -> HttpResponse:
    now, key = clock.now(), key_answer(request)
    account = sign_in.pending(request, now=now).account
    by = actor_for(account, address=client_address(request))
    if key is not None:
        sign_in.set_up_key(request, key, name=request.POST.get("name", "")[:60], account=account, by=by, now=now)
    else:
        sign_in.set_up_totp(request, form.cleaned_data["code"], account=account, by=by, now=now)
    return onward(request)


@access(Action.SIGN_IN)
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
def renew(request: HttpRequest) -> HttpResponse:
    """A new password, when the rules ask for one."""
    return _step(request, Step.RENEW, NewPassword, "office/renew.html", _renewed)


def _renewed(request: HttpRequest, form: forms.Form) -> HttpResponse:
    sign_in.renew_password(request, form.cleaned_data["password"], now=clock.now())
    return onward(request)


def _step(request: HttpRequest, step: Step, kind: type[forms.Form], template: str, done: Any) -> HttpResponse:
    """A page of a sign-in under way; at another step, or with none under way, the person is led there."""
    form = kind(request.POST if request.method == "POST" and "key" not in request.POST else None)
    status = 200
    try:
        if sign_in.pending(request, now=clock.now()).step is not step:
            return onward(request)
        if request.method == "POST":
            status = 400
            if "key" in request.POST or form.is_valid():
                try:
                    response: HttpResponse = done(request, form)
                    return response
                except _SAID as error:
                    form = kind(request.POST if form.is_bound else {})
                    form.full_clean()
                    form.errors.clear()
                    status = said(form, error)
        one = sign_in.pending(request, now=clock.now())
    except sign_in.NotPending as error:
        return _from_the_start(request, error if status == 200 else None, form)
    context: dict[str, Any] = {"form": form, "account": one.account, "rules": rules()}
    if step is Step.FACTOR:
        context["options"] = _json(sign_in.ask_for_key(request, one.account))
        context["has_code"] = any(have.kind == "TOTP" for have in factors.listed(one.account.pk))
    if step is Step.SET_UP:
        context |= totp_shown(request, one.account.username)
        context["options"] = _json(sign_in.ask_for_new_key(request, one.account))
    return answer.page(request, template, context, status=status)


def _json(options: dict[str, Any] | None) -> str:
    return json.dumps(options) if options else ""


def _from_the_start(request: HttpRequest, error: XinyongError | None, form: forms.Form) -> HttpResponse:
    """The sign-in under way is no more: too slow, or closed after wrong codes; the sign-in page says which."""
    for line in form.non_field_errors() if form.is_bound else ():
        messages.error(request, str(line))
    if error is not None:
        messages.info(request, error.en if answer.is_english() else error.zh)
    return HttpResponseRedirect(settings.LOGIN_URL)


def onward(request: HttpRequest) -> HttpResponse:
    """To the next step, or in."""
    now = clock.now()
    pending = sign_in.pending(request, now=now)
    step, account = pending.step, pending.account
    if step is not Step.DONE:
        return HttpResponseRedirect(reverse(_PAGES[step]))
    done = sign_in.finish(request, now=now)
    wanted = done.wanted or _HOME
    if wanted == _HOME:
        wanted = _home_of(actor_for(account, address=client_address(request)))
    if sign_in.codes_to_show(request):
        wanted = f"{reverse('office:codes')}?{urlencode({'next': wanted})}"
    _greet(request, done)
    response = HttpResponseRedirect(wanted)
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME, done.device, max_age=_DEVICE_SECONDS, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
    return answer.kept_by_nobody(response)


def _home_of(who: Actor) -> str:
    """Where somebody comes in: an organisation to its own area, a person to what is on file of them, everybody else to the
    office."""
    return _OWN_AREA if who.role in (Role.SUBJECT, Role.PERSON) else _HOME


def _greet(request: HttpRequest, done: sign_in.SignedIn) -> None:
    """What somebody should know who comes in: wrong tries of others, recovery codes running out."""
    if done.failures >= 3:
        said_failures = gettext(
            "上次登录之后，您的账号有 %(n)s 次失败的登录。如果不是您本人，请更换密码并告诉信用中心。"
        )
        messages.warning(request, said_failures % {"n": done.failures})
    if done.codes_left is not None:
        said_codes = gettext("您用了一个恢复码，还剩 %(n)s 个。手机找回或换新后，请在“我的登录”里重新设置。")
        messages.warning(request, said_codes % {"n": done.codes_left})


@access(Action.SIGN_IN)
@require_GET
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody comes by a one-time link: the token goes into the session, so that no address on the way shows it. Opening
    the link uses nothing up: mail programs look at links before people do."""
    invitations.account_of(token, now=clock.now())
    request.session["invitation"] = token
    return answer.kept_by_nobody(HttpResponseRedirect(reverse("office:begin")))


@access(Action.SIGN_IN)
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """Sets the first password of one's own, by a one-time link."""
    token, now = request.session.get("invitation", ""), clock.now()
    account = invitations.account_of(token, now=now)
    form = NewPassword(request.POST if request.method == "POST" else None)
    status = 200 if request.method == "GET" else 400
    if request.method == "POST" and form.is_valid():
        try:
            return _begun(request, token, form.cleaned_data["password"])
        except _SAID as error:
            status = said(form, error)
    return answer.page(
        request, "office/begin.html", {"form": form, "account": account, "rules": rules()}, status=status
    )


@limited("sign-in")
def _begun(request: HttpRequest, token: str, password: str) -> HttpResponse:
    now = clock.now()
    by = actor_for(invitations.account_of(token, now=now), address=client_address(request))
    account = invitations.accept(token, password=password, by=by, now=now)
    sign_in.begin(request, account, way="link", now=now)
    return onward(request)


@access(Action.SIGN_IN)
@require_GET
@limited("sign-in")
def outside(request: HttpRequest) -> HttpResponse:
    """To the provider of single sign-on. A link, not a form: our policy lets forms lead nowhere else."""
    back_to = request.build_absolute_uri(reverse("office:outside-back"))
    where = sign_in.go_outside(request, back_to=back_to, wanted=wanted_of(request))
    return answer.kept_by_nobody(HttpResponseRedirect(where))


@access(Action.SIGN_IN)
@require_GET
@limited("sign-in")
def outside_back(request: HttpRequest) -> HttpResponse:
    """Back from there; what is refused is said on the sign-in page."""
    try:
        sign_in.check_outside(request, request.GET.dict(), now=clock.now())
    except (oidc.OutsideRefused, oidc.ProviderSilent, sign_in.Unused) as error:
        messages.error(request, error.en if answer.is_english() else error.zh)
        return HttpResponseRedirect(settings.LOGIN_URL)
    return onward(request)


@access(Action.SIGN_IN)
@require_GET
@limited("sign-in")
def citizen(request: HttpRequest) -> HttpResponse:
    """To the citizens' identity provider."""
    back_to = request.build_absolute_uri(reverse("office:citizen-back"))
    where = sign_in.go_citizen(request, back_to=back_to, wanted=wanted_of(request))
    return answer.kept_by_nobody(HttpResponseRedirect(where))


@access(Action.SIGN_IN)
@require_GET
@limited("sign-in")
def citizen_back(request: HttpRequest) -> HttpResponse:
    """Back from there; what is refused is said on the sign-in page."""
    try:
        sign_in.check_citizen(request, request.GET.dict(), now=clock.now())
    except (oidc.OutsideRefused, oidc.ProviderSilent, sign_in.Unused) as error:
        messages.error(request, error.en if answer.is_english() else error.zh)
        return HttpResponseRedirect(settings.LOGIN_URL)
    return onward(request)


@access(Action.SIGN_IN)
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Ends the session. Somebody sent here by a link (or by signing in again) just goes on."""
    if request.method == "GET":
        return HttpResponseRedirect(_HOME)
    who = answer.actor(request)
    if who.account_id is not None:
        sign_in.sign_out(request, by=who)
    messages.info(request, gettext("已退出登录。"))
    return HttpResponseRedirect(settings.LOGIN_URL)
