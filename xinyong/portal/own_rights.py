"""权益 A subject's say over its data: who looked at its file, whom it authorises, which good deeds it does not want recorded."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.portal import answer, own_page
from xinyong.records import opt_outs
from xinyong.rights import access_log, consent, consent_end, purposes
from xinyong.rights.consent_view import ConsentView, RequestView
from xinyong.rights.purposes import Purpose
from xinyong.security import identity
from xinyong.security.access import Action, Actor, access
from xinyong.web.words import CONSENT_STATES

_PER_PAGE = 50
_LARGEST = 2**63 - 1
_NEEDS = {"required": gettext_lazy("请填写此项。")}


class Wanted(forms.Form):
    """To whom, for what, which items, how long: an authorisation that nobody asked for."""

    recipient = forms.ChoiceField(label=gettext_lazy("授权给"), error_messages=_NEEDS)
    items = forms.MultipleChoiceField(
        label=gettext_lazy("可以查询的事项"), widget=forms.CheckboxSelectMultiple, error_messages=_NEEDS
    )
    days = forms.IntegerField(label=gettext_lazy("授权期限（天）"), min_value=1, max_value=3660, error_messages=_NEEDS)

    def __init__(self, *args: Any, purpose: Purpose, is_person: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = [one for one in identity.source_units(only_active=True) if purpose.opens_to_unit(one.code)]
        items = purposes.items(purpose, on=clock.today(), persons=is_person)
        self.fields["recipient"].choices = [("", gettext("请选择")), *((one.code, one.name) for one in units)]  # type: ignore[attr-defined]
        self.fields["items"].choices = [(one.id, answer.word(one.title_zh, one.title_en)) for one in items]  # type: ignore[attr-defined]
        self.fields["days"].help_text = gettext("最长 %(days)s 天，到期自动失效。") % {"days": purpose.max_days}


class Yes(forms.Form):
    """Yes to a request, or to a part of it."""

    items = forms.MultipleChoiceField(
        label=gettext_lazy("同意查询的事项"), widget=forms.CheckboxSelectMultiple, error_messages=_NEEDS
    )
    days = forms.IntegerField(label=gettext_lazy("授权期限（天）"), min_value=1, error_messages=_NEEDS)

    def __init__(self, *args: Any, asked: RequestView, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["items"].choices = list(zip(asked.items, _titles(asked.items), strict=True))  # type: ignore[attr-defined]
        self.fields["days"].help_text = gettext("最长 %(days)s 天，可以改短。") % {"days": asked.days}


@access(Action.VIEW_ACCESS_LOG)
@require_http_methods(["GET", "POST"])
def log(request: HttpRequest) -> HttpResponse:
    """Who looked at one's file, the newest first; a new reference for the viewer of one's choice."""
    who, now = _actor(request), clock.now()
    if request.method == "POST":
        access_log.reference(by=who, at=now, anew=True)
        messages.success(request, gettext("已更换查询标识，旧标识立即失效。"))
        return HttpResponseRedirect("/own/access-log/")
    lines, total = access_log.of(by=who, at=now, after=_number(request.GET.get("after")), limit=_PER_PAGE + 1)
    context = {
        "lines": [(one, [answer.word(*each) for each in one.items]) for one in lines[:_PER_PAGE]], "total": total,
        "next_after": lines[_PER_PAGE - 1].id if len(lines) > _PER_PAGE else None, "is_first": "after" not in request.GET,
        "reference": access_log.reference(by=who, at=now), "since": access_log.kept_since(),
    }  # fmt: skip
    return own_page.page(request, "portal/own_log.html", context)


@access(Action.GIVE_CONSENT)
@require_GET
def consents(request: HttpRequest) -> HttpResponse:
    """What waits for one's answer, whom one authorises, and what was."""
    found = consent.of_subject(by=_actor(request), at=clock.now())
    context = {
        "waiting": found.waiting,
        "lines": [(one, CONSENT_STATES[one.state]) for one in found.consents],
        "refused": [one for one in found.requests if one.state == "refused"],
        "lapsed": [one for one in found.requests if one.state == "lapsed"],
        "needs_guardian": consent.needs_guardian(by=_actor(request), at=clock.now()),
        "purposes": [one for one in purposes.in_force(on=clock.today()) if one.max_days],
    }  # fmt: skip
    return own_page.page(request, "portal/own_consents.html", context)


@access(Action.GIVE_CONSENT)
@require_http_methods(["GET", "POST"])
def asked(request: HttpRequest, request_id: int) -> HttpResponse:
    """One request: who, for what, what happens without; yes, or no."""
    who, one_id = _actor(request), min(request_id, _LARGEST)
    seen = consent.request_of(one_id, by=who, at=clock.now())
    # Nothing is ticked beforehand: an authorisation is given, not left standing (PIPL 14).
    sent = request.POST if request.POST.get("what") == "give" else None
    bound = Yes(sent, asked=seen, initial={"days": seen.days})
    status = 200
    try:
        if request.POST.get("what") == "refuse":
            consent.refuse(one_id, by=who, at=clock.now())
            messages.success(request, gettext("已记下：不同意。对方不会就同一目的再次请求。"))
            return HttpResponseRedirect("/own/consents/")
        if bound.is_bound and bound.is_valid():
            said = bound.cleaned_data
            made = consent.give(one_id, items=said["items"], days=said["days"], by=who, at=clock.now())
            messages.success(request, gettext("已授权。您随时可以在此撤回。"))
            return HttpResponseRedirect(f"/own/consents/{made.id}/")
    except NotFound:
        raise
    except XinyongError as error:
        messages.warning(request, own_page.said(error))
        status = error.status
    status = 400 if bound.errors else status
    context = {
        "one": seen,
        "titles": _titles(seen.items),
        "form": bound,
        "notice": answer.word(*consent.NOTICES[consent.NOTICE]),
        "needs_guardian": consent.needs_guardian(by=who, at=clock.now()),
    }
    return own_page.page(request, "portal/own_consent_asked.html", context, status=status)


@access(Action.GIVE_CONSENT)
@require_POST
def let_ask(request: HttpRequest, request_id: int) -> HttpResponse:
    """Takes a refusal back: the recipient may ask again."""
    consent.let_ask(min(request_id, _LARGEST), by=_actor(request), at=clock.now())
    messages.success(request, gettext("已记下：对方可以就这个目的再次请求您的授权。"))
    return HttpResponseRedirect("/own/consents/")


@access(Action.GIVE_CONSENT)
@require_http_methods(["GET", "POST"])
def give(request: HttpRequest, which: str) -> HttpResponse:
    """Authorises somebody for a purpose without having been asked."""
    who, now = _actor(request), clock.now()
    purpose = purposes.find(which, on=clock.today())
    if not purpose.max_days:
        raise consent.BadConsent(f"“{purpose.name_zh}”不适用授权。", f"Nobody authorises for “{purpose.name_en}”.")
    is_person = who.subject_code is None
    bound = Wanted(
        request.POST if request.method == "POST" else None, purpose=purpose, is_person=is_person,
        initial={"days": purpose.max_days},
    )  # fmt: skip
    if request.method == "POST" and bound.is_valid():
        said = bound.cleaned_data
        try:
            made = consent.give_unasked(
                said["recipient"], purpose=purpose.id, items=said["items"], days=said["days"], by=who, at=now
            )
            messages.success(request, gettext("已授权。您随时可以在此撤回。"))
            return HttpResponseRedirect(f"/own/consents/{made.id}/")
        except XinyongError as error:
            bound.add_error(None, own_page.said(error))
    context = {
        "form": bound, "purpose": purpose, "notice": answer.word(*consent.NOTICES[consent.NOTICE]),
        "needs_guardian": consent.needs_guardian(by=who, at=now),
    }  # fmt: skip
    return own_page.page(request, "portal/own_consent_new.html", context, status=400 if bound.errors else 200)


@access(Action.GIVE_CONSENT)
@require_GET
def receipt(request: HttpRequest, consent_id: int) -> HttpResponse:
    """An authorisation as its receipt says it, with the way to take it back."""
    who, now = _actor(request), clock.now()
    seen = consent.receipt(min(consent_id, _LARGEST), by=who, at=now)
    ended = consent_end.aftermath(seen.id, by=who, at=now)
    context = {
        "ended": ended, "recipients": ended.recipients if ended else (), "one": seen, "titles": _titles(seen.items), "state": CONSENT_STATES[seen.state],
        "notice": answer.word(*consent.NOTICES.get(seen.notice, ("", ""))),
    }  # fmt: skip
    return own_page.page(request, "portal/own_consent.html", context)


@access(Action.GIVE_CONSENT)
@require_POST
def withdraw(request: HttpRequest, consent_id: int) -> HttpResponse:
    """Takes an authorisation back, at once."""
    done = consent.withdraw(min(consent_id, _LARGEST), by=_actor(request), at=clock.now())
    messages.success(request, gettext("已撤回，立即生效；为它暂存的查询结果已删除 %(n)s 份。") % {"n": done.erased})
    return HttpResponseRedirect(f"/own/consents/{done.id}/")


@access(Action.GIVE_CONSENT)
@require_GET
def receipt_file(request: HttpRequest, consent_id: int) -> HttpResponse:
    """The receipt as JSON."""
    seen = consent.receipt(min(consent_id, _LARGEST), by=_actor(request), at=clock.now())
    response = HttpResponse(
        json.dumps(_plain(seen), ensure_ascii=False, indent=1) + "\n", content_type="application/json"
    )
    response["Content-Disposition"] = str(content_disposition_header(True, f"{seen.number}.json"))
    response["Cache-Control"] = "no-store"
    return response


@access(Action.GIVE_CONSENT)
@require_http_methods(["GET", "POST"])
def honours(request: HttpRequest) -> HttpResponse:
    """Which good deeds are not to be recorded or shown."""
    who = _actor(request)
    if request.method == "POST":
        is_out = request.POST.get("what") == "out"
        opt_outs.say(request.POST.get("kind", ""), is_out=is_out, by=who, at=clock.now())
        messages.success(
            request, gettext("已记下，立即不再记载、不再显示。") if is_out else gettext("已记下，恢复记载和显示。")
        )
        return HttpResponseRedirect("/own/honours/")
    found = opt_outs.of(who.subject if who.subject is not None else -1)
    lines = [(one, answer.word(*opt_outs.KINDS[one.kind])) for one in found]
    return own_page.page(request, "portal/own_honours.html", {"lines": lines})


def _plain(one: ConsentView) -> dict[str, Any]:
    return {
        "number": one.number, "recipient": {"code": one.recipient_code, "name": one.recipient_name},
        "purpose": {"id": one.purpose, "zh": one.purpose_zh, "en": one.purpose_en},
        "items": [{"id": each, "zh": zh, "en": en} for each, (zh, en) in zip(one.items, consent.item_titles(one.items), strict=True)],
        "valid_from": one.valid_from.isoformat(), "valid_to": one.valid_to.isoformat(), "given_at": one.given_at.isoformat(),
        "state": one.state.value, "withdrawn_at": one.withdrawn_at.isoformat() if one.withdrawn_at else None,
        "notice": {"edition": one.notice, "sha256": one.notice_digest},
    }  # fmt: skip


def _titles(ids: tuple[str, ...]) -> list[str]:
    return [answer.word(*one) for one in consent.item_titles(ids)]


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined, no-any-return]


def _number(text: str | None) -> int | None:
    return min(int(text), _LARGEST) if text and text.isascii() and text.isdecimal() and len(text) < 100 else None
