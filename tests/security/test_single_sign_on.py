"""Single sign-on against a real provider in a process of its own: who comes in, and what is refused."""

import json
import os
from typing import Any

import jwt
import pytest
from django.conf import settings
from django.test import Client

from tests.conftest import free_port
from tests.intake import made
from tests.security.provider.running import BACK, Provider
from tests.security.provider.running import running as running
from tests.signing import code, with_app
from xinyong.kernel import clock
from xinyong.security import identity, oidc, sign_in
from xinyong.security.models import Account, AuditEntry, OutsideIdentity

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(running: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider configured, and an account linked to its first person."""
    configured = {
        "issuer": running.issuer, "client_id": "xinyong", "secret_file": os.environ["TEST_PROVIDER_SECRET"],
        "label": "统一身份认证", "assurances": "",
    }  # fmt: skip
    monkeypatch.setattr(settings, "OIDC", configured)
    monkeypatch.setattr(settings, "RATE_LIMITS_ON", False)
    identity.create_account(
        username="op", password=None, display_name="王", role="operator", department=None, by=made.SYSTEM
    )
    oidc.link("op", "1", by=made.SYSTEM, now=clock.now())
    with_app("op")
    return running


def came_back(client: Client, provider: Provider, *, who: str = "wang") -> str:
    """Goes to the provider and signs in there; the address the browser comes back to."""
    away = client.get("/office/sign-in/outside?next=/office/templates/").headers["Location"]
    assert away.startswith(f"{provider.issuer}/authorize/?response_type=code&client_id=xinyong")
    assert "code_challenge_method=S256" in away
    return provider.answer(away, who=who).removeprefix("http://testserver")


def refused() -> list[str]:
    """Reasons of refusals in the log."""
    return [str(one.facts["reason"]) for one in AuditEntry.objects.filter(event="sign-in-refused").order_by("id")]


def test_somebody_known_there_still_shows_our_second_factor(provider: Provider) -> None:
    client = Client()
    assert "统一身份认证" in client.get("/office/sign-in").content.decode()
    back = came_back(client, provider)
    assert client.get(back).headers["Location"] == "/office/sign-in/factor"
    assert client.get("/office/templates/").status_code == 302
    assert client.post("/office/sign-in/factor", {"code": code("op")}).headers["Location"] == "/office/templates/"
    assert client.get("/office/templates/").status_code == 200
    assert client.get(back).headers["Location"] == "/office/sign-in", "an answer is good once"
    entry = AuditEntry.objects.get(event="signed-in")
    assert entry.facts == {"way": "oidc", "factor": "totp"}


def test_the_operator_may_take_the_providers_factor_for_ours(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    monkeypatch.setitem(settings.OIDC, "assurances", "hwk, otp")
    assert client.get(came_back(client, provider)).headers["Location"] == "/office/templates/"
    assert client.get("/office/templates/").status_code == 200


def test_somebody_nobody_has_linked_gets_no_account(provider: Provider) -> None:
    client = Client()
    assert client.get(came_back(client, provider, who="li")).headers["Location"] == "/office/sign-in"
    assert Account.objects.count() == 1
    assert "没有绑定本站账号" in client.get("/office/sign-in").content.decode()
    assert refused() == ["oidc-unknown"]


def test_an_answer_of_another_browser_or_a_made_up_one_is_refused(provider: Provider) -> None:
    victim, attacker = Client(), Client()
    back = came_back(attacker, provider)
    for address in (back, "/office/sign-in/outside/back?code=x&state=y", "/office/sign-in/outside/back"):
        assert victim.get(address).headers["Location"] == "/office/sign-in"
    mixed = came_back(victim, provider)
    assert victim.get(f"{mixed}&iss=https://other.example").headers["Location"] == "/office/sign-in"
    assert refused() == ["oidc-state"] * 3 + ["oidc-iss"]
    assert sign_in._PENDING not in victim.session


@pytest.mark.parametrize(
    ("changed", "why"), [({"nonce": "other"}, "oidc-nonce"), ({"verifier": "other" * 10}, "oidc-code")]
)
def test_a_token_for_another_request_is_refused(provider: Provider, changed: dict[str, str], why: str) -> None:
    client = Client()
    back = came_back(client, provider)
    session = client.session
    session["oidc"] = session["oidc"] | changed
    session.save()
    assert client.get(back).headers["Location"] == "/office/sign-in"
    assert refused() == [why]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"alg": "none"}, "alg"), ({"alg": "HS256"}, "alg"), ({"aud": "other"}, "token"), ({"iss": "https://other"}, "token"),
        ({"exp": 1}, "time"), ({"aud": ["xinyong", "other"]}, "azp"), ({"sub": None}, "token"), ({"kid": "other"}, "key"),
        ({}, ""),
    ],
)  # fmt: skip
def test_a_forged_or_stale_token_is_refused(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], why: str
) -> None:
    """The provider's own document, with keys and tokens of ours in the place of its."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "k", "use": "sig"}
    second = int(clock.now().timestamp())
    claims = {
        "iss": provider.issuer, "aud": "xinyong", "sub": "1", "iat": second, "exp": second + 60, "nonce": "n",
    } | {name: value for name, value in change.items() if name not in {"alg", "kid"}}  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    algorithm = change.get("alg", "RS256")
    signing_key: Any = {"none": None, "HS256": "secret " * 8}.get(algorithm, key)
    token = jwt.encode(claims, signing_key, algorithm=algorithm, headers={"kid": change.get("kid", "k")})
    monkeypatch.setattr(oidc, "_exchanged", lambda *_: (token, ""))
    real = oidc._read
    monkeypatch.setattr(
        oidc, "_read", lambda address, **more: {"keys": [public]} if "jwks" in address else real(address, **more)
    )
    kept = {"state": "s", "nonce": "n", "verifier": "v", "back_to": BACK}
    if why:
        with pytest.raises(oidc.OutsideRefused) as caught:
            oidc.complete({"state": "s", "code": "c"}, kept=kept, now=clock.now())
        assert caught.value.facts["why"] == why
    else:
        assert oidc.complete({"state": "s", "code": "c"}, kept=kept, now=clock.now()).account.username == "op"


def test_a_subject_is_one_accounts_and_kept_sealed(provider: Provider) -> None:
    identity.create_account(
        username="other", password=None, display_name="李", role="operator", department=None, by=made.SYSTEM
    )
    with pytest.raises(oidc.SubjectTaken):
        oidc.link("other", "1", by=made.SYSTEM, now=clock.now())
    oidc.link("other", "99010219900101123X", by=made.SYSTEM, now=clock.now())
    row = OutsideIdentity.objects.get(account__username="other")
    assert b"990102" not in bytes(row.subject) + bytes(row.digest)
    assert oidc.unlink("op", by=made.SYSTEM) == 1
    client = Client()
    assert client.get(came_back(client, provider)).headers["Location"] == "/office/sign-in"


def test_a_provider_that_is_away_or_unsafe_is_said_and_the_password_still_works(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for issuer in (f"http://127.0.0.1:{free_port()}/o", "http://example.org/o"):
        monkeypatch.setitem(settings.OIDC, "issuer", issuer)
        answer = Client().get("/office/sign-in/outside")
        assert answer.status_code == 503
        assert "没有正常应答" in answer.content.decode()
        assert Client().get("/office/sign-in").status_code == 200
