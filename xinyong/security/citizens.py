"""The identity provider of citizens (公民统一身份认证): OpenID Connect as for officials (security/oidc.py), with claims that say who
somebody is, and of which organisations they are the legal representative, if it knows that.

Name and number go from the provider's answer into the sealed account within one request; neither a session nor a log holds them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from xinyong.kernel import clock, codes
from xinyong.security import oidc, persons
from xinyong.security.persons import Identity

_SEPARATORS = re.compile(r"[\s,;]+")
_MOST_ORGANISATIONS = 50


@dataclass(frozen=True, slots=True)
class Vouched:
    """Somebody for whom the provider vouches. ``represents``: codes of organisations."""

    identity: Identity
    issuer: str
    subject: str
    represents: tuple[str, ...]
    has_factor: bool


def provider() -> oidc.Provider | None:
    """The provider of citizens, None where none is configured."""
    return oidc.configured(settings.CITIZEN_OIDC)


def begin(*, back_to: str) -> tuple[str, dict[str, str]]:
    """Where to send the browser, and what to keep in its session. Raises oidc.NoProvider, oidc.ProviderSilent."""
    return oidc.begin(back_to=back_to, at=_provider(), scope=settings.CITIZEN_OIDC["scope"])


def complete(answer: Mapping[str, str], *, kept: Mapping[str, str], now: datetime) -> Vouched:
    """Checks what the browser brought back. Raises oidc.OutsideRefused (an answer without name or a citizen's number proves
    nobody), oidc.ProviderSilent, oidc.NoProvider."""
    one, said = _provider(), settings.CITIZEN_OIDC
    wanted = {said["name_claim"], said["number_claim"], said["organisations_claim"]} - {""}
    claims = oidc.claims_of(answer, at=one, kept=kept, now=now, wanted=wanted)
    try:
        who = persons.identity(
            str(claims.get(said["name_claim"], "")), str(claims.get(said["number_claim"], "")),
            today=clock.day(now),
        )  # fmt: skip
    except persons.NotAPerson:
        # Not "from": what the provider said stands in no traceback.
        raise oidc.refused("claims") from None
    return Vouched(
        who, one.issuer, str(claims["sub"]), _organisations(claims.get(said["organisations_claim"])),
        oidc.has_factor(one, claims),
    )  # fmt: skip


def _organisations(said: object) -> tuple[str, ...]:
    """Codes of organisations: a list, or a text of several. What is no code counts for nothing."""
    given = said if isinstance(said, list) else _SEPARATORS.split(said) if isinstance(said, str) else []
    judged = [codes.judge(str(one), expect=codes.Kind.USCC) for one in given[:_MOST_ORGANISATIONS]]
    return tuple(dict.fromkeys(one.normalised for one in judged if one.verdict is codes.Verdict.VALID))


def _provider() -> oidc.Provider:
    one = provider()
    if one is None:
        raise oidc.NoProvider(
            "本站没有设置个人统一身份认证。请携带身份证件到信用中心窗口开设账号。",
            "The citizens' identity provider is not set up here. Have an account made at the credit centre's counter.",
        )
    return one
