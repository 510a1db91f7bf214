"""Authorisations and requests as pages, receipts and programs read them: plain values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from xinyong.kernel import clock
from xinyong.rights import purposes
from xinyong.rights.models import Consent, ConsentRequest


class State(StrEnum):
    """How an authorisation, or a request for one, stands."""

    WAITING = "waiting"  # 待答复
    REFUSED = "refused"  # 已拒绝
    LIVE = "live"  # 有效
    ENDED = "ended"  # 已到期
    WITHDRAWN = "withdrawn"  # 已撤回
    LAPSED = "lapsed"  # 逾期未答复


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request. ``state`` is WAITING, LAPSED when it was not answered in time, REFUSED, or LIVE once it was granted (the authorisation
    says the rest). ``may_ask_again``: the subject has taken its refusal back."""

    id: int
    recipient_code: str
    recipient_name: str
    purpose: str
    purpose_zh: str
    purpose_en: str
    items: tuple[str, ...]
    days: int
    without: str
    asked_at: datetime
    lapses_at: datetime
    state: State
    consent_id: int | None
    answered_at: datetime | None
    may_ask_again: bool


@dataclass(frozen=True, slots=True)
class ConsentView:
    """An authorisation as its receipt says it. ``erased``: what its withdrawal ended, by name."""

    id: int
    number: str
    recipient_code: str
    recipient_name: str
    purpose: str
    purpose_zh: str
    purpose_en: str
    items: tuple[str, ...]
    valid_from: datetime
    valid_to: datetime
    given_at: datetime
    notice: str
    notice_digest: str
    is_asked: bool
    state: State
    withdrawn_at: datetime | None
    erased: int
    is_by_guardian: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """What a subject was asked and what it has given, the newest first."""

    requests: tuple[RequestView, ...]
    consents: tuple[ConsentView, ...]

    @property
    def waiting(self) -> list[RequestView]:
        """Requests without an answer."""
        return [one for one in self.requests if one.state is State.WAITING]

    @property
    def live(self) -> list[ConsentView]:
        """Authorisations that hold."""
        return [one for one in self.consents if one.state is State.LIVE]


def state_of(one: Consent, at: datetime) -> State:
    """How an authorisation stands at an instant: withdrawn from the instant of its withdrawal on, ended from the end of its term, or of
    its purpose, on."""
    withdrawal = getattr(one, "withdrawal", None)
    if withdrawal is not None and withdrawal.withdrawn_at <= at:
        return State.WITHDRAWN
    is_over = purposes.is_over(one.purpose, on=clock.day(at))
    return State.LIVE if one.valid_from <= at < one.valid_to and not is_over else State.ENDED


def request_view(one: ConsentRequest, at: datetime) -> RequestView:
    """A request with what was answered, as it stands at an instant."""
    refusal, consent = getattr(one, "refusal", None), getattr(one, "consent", None)
    waits = State.WAITING if at < one.lapses_at else State.LAPSED
    state = State.REFUSED if refusal else State.LIVE if consent else waits
    zh, en = purposes.words(one.purpose)
    return RequestView(
        one.pk, one.recipient.code, one.recipient.name, one.purpose, zh, en, tuple(one.items), one.days, one.without,
        one.asked_at, one.lapses_at, state, consent.pk if consent else None,
        refusal.refused_at if refusal else consent.given_at if consent else None,
        refusal is not None and hasattr(refusal, "undoing"),
    )  # fmt: skip


def consent_view(one: Consent, at: datetime) -> ConsentView:
    """An authorisation as it stands at an instant."""
    withdrawal = getattr(one, "withdrawal", None)
    zh, en = purposes.words(one.purpose)
    return ConsentView(
        one.pk, one.number, one.recipient.code, one.recipient.name, one.purpose, zh, en, tuple(one.items), one.valid_from,
        one.valid_to, one.given_at, one.notice, one.notice_digest, one.request_id is not None, state_of(one, at),
        withdrawal.withdrawn_at if withdrawal else None, withdrawal.effects.get("kept-answers", 0) if withdrawal else 0,
        one.guardianship_id is not None,
    )  # fmt: skip
