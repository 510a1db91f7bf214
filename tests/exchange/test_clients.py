"""Machine clients: a token for ten minutes, within scopes and networks, gone at once when it is taken away."""

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client

from tests.exchange.conftest import SYSTEM, Door, Program, ask
from tests.intake import made
from xinyong.kernel import clock
from xinyong.security import clients, identity, signatures
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.security.clients import BadClient, ClientClosed
from xinyong.security.models import AuditEntry, ClientSecret, Department
from xinyong.security.signatures import Message

Noted = Callable[[], list[AuditEntry]]


def _dump(*tables: str) -> str:
    with connection.cursor() as cursor:
        rows = []
        for table in tables:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
            rows += [text for (text,) in cursor.fetchall()]
    return "\n".join(rows)


def test_a_client_gets_a_token_and_learns_who_it_is(door: Door, noted: Noted) -> None:
    answer = door.full.ask()
    told = json.loads(answer.content)
    assert (answer.status_code, told["token_type"], told["expires_in"]) == (200, "Bearer", 600)
    assert [(one.event, one.actor, one.outcome) for one in noted()] == [("token-issued", door.full.client_id, "done")]
    who = door.full.get("/whoami", token=told["access_token"])
    assert who.status_code == 200
    assert who.json()["department"] == door.unit.code
    assert set(who.json()["scopes"]) == set(told["scope"].split())
    assert noted() == []


def test_neither_secret_nor_token_lies_in_the_database(door: Door) -> None:
    token = json.loads(door.full.ask().content)["access_token"]
    text = _dump(
        "security_client", "security_clientsecret", "oauth2_provider_application", "oauth2_provider_accesstoken"
    )
    assert token not in text
    assert door.full.secret.partition(".")[2] not in text
    hashes = ClientSecret.objects.values_list("secret", flat=True)
    assert all(one.startswith("sha256$") and len(one) == 71 for one in hashes)


def test_a_secret_kept_as_a_slow_hash_from_before_still_opens(door: Door) -> None:
    key_id, _, secret = door.full.secret.partition(".")
    kept = ClientSecret.objects.filter(key_id=key_id)
    now = kept.get().secret
    try:
        kept.update(secret=make_password(secret))
        assert door.full.ask().status_code == 200
        kept.update(secret=make_password("another"))
        assert door.full.ask().status_code == 401
    finally:
        kept.update(secret=now)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "aaaaaaaaaa.wrongwrongwrongwrongwrong"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"client_id": "xy-0000000000000000"}, "invalid_client"),
        ({"client_id": "a\0b"}, "invalid_client"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"}, "unsupported_grant_type"),
        ({"scope": "read:shared admin"}, "invalid_scope"),
        ({"scope": "submit:admin-licence-org"}, "invalid_scope"),
        ({"scope": "a\0b"}, "invalid_scope"),
    ],
)
def test_what_is_not_a_clients_own_grant_is_refused_and_noted(
    door: Door, noted: Noted, change: dict[str, str], error: str
) -> None:
    answer = door.full.ask(**change)
    assert answer.status_code in {400, 401}
    assert json.loads(answer.content)["error"] == error
    assert [(one.event, one.outcome) for one in noted()] == [("token-refused", "refused")]


def test_of_what_is_asked_for_the_log_repeats_only_what_is_a_scope(door: Door, noted: Noted) -> None:
    person = next(number for number in iter(lambda: made.person().number, "") if number.isdigit())  # no scope has an X
    door.full.ask(scope=f"read:shared \0 {person} submit:honour submit:{person} 张三")
    (entry,) = noted()
    assert entry.facts["scopes"].split() == ["read:shared", "submit:honour", "submit:***"]


def test_credentials_stand_in_the_form_or_in_the_header_never_in_both_nor_in_the_address(door: Door) -> None:
    basic = base64.b64encode(f"{door.full.client_id}:{door.full.secret}".encode()).decode()
    grant, secret = (
        {"grant_type": "client_credentials"},
        {"client_id": door.full.client_id, "client_secret": door.full.secret},
    )
    headers = {"Authorization": f"Basic {basic}"}
    assert ask(grant, headers=headers).status_code == 200
    assert ask(grant | secret, headers=headers).status_code == 401
    assert ask(grant, QUERY_STRING=f"client_id={door.full.client_id}").status_code in {400, 401}
    assert Client().get("/oauth/token").status_code == 405


def test_a_secret_of_another_client_opens_nothing(door: Door) -> None:
    assert Program(door.full.client_id, door.stranger.secret).ask().status_code == 401


def test_a_token_ends_after_ten_minutes(door: Door) -> None:
    token = json.loads(door.full.ask().content)["access_token"]
    assert door.full.get("/whoami", token=token).status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=10, seconds=1)):
        refused = door.full.get("/whoami", token=token)
    assert (refused.status_code, refused.json()["code"]) == (401, "security.token-refused")


@pytest.mark.parametrize("token", ["", "x", "none", "a" * 5000, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "é" * 20])
def test_what_is_no_token_is_refused_in_both_languages(door: Door, noted: Noted, token: str) -> None:
    answer = door.full.get("/whoami", token=token)
    told = answer.json()
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert "WWW-Authenticate" in answer
    assert told["zh"] == told["detail"]
    assert told["en"].startswith("The token")
    assert [(one.event, one.actor, one.facts["code"]) for one in noted()] == [
        ("call-refused", "public", "security.token-refused")
    ]
    assert door.full.get("/whoami", token=token, headers={"Accept-Language": "en"}).json()["detail"] == told["en"]


def test_a_stolen_token_is_worth_nothing_from_elsewhere(door: Door, noted: Noted) -> None:
    token = door.full.token()
    noted()
    for address in ("192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7"):
        answer = door.full.get("/whoami", token=token, address=address)
        assert (answer.status_code, answer.json()["code"]) == (401, "security.network-refused")
        assert [(one.event, one.actor) for one in noted()] == [("call-refused", door.full.client_id)]
    assert door.full.get("/whoami", token=token, address="::ffff:127.0.0.1").status_code == 200


def test_no_token_is_given_to_an_address_outside_the_clients_networks(door: Door) -> None:
    assert Program(door.full.client_id, door.full.secret, address="192.0.2.7").ask().status_code == 401


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())])
def test_a_bound_clients_token_needs_its_key_too(door: Door, key: Any) -> None:
    bound = door.program(key=key)
    assert bound.get("/whoami").status_code == 200
    thief = Program(bound.client_id, bound.secret, tokens=bound.tokens)
    assert thief.get("/whoami").json()["code"] == "security.signature-missing"
    other = Program(bound.client_id, bound.secret, key=ed25519.Ed25519PrivateKey.generate(), tokens=bound.tokens)
    assert other.get("/whoami").json()["code"] == "security.signature-wrong"
    body = {"code": door.organisation.code, "purpose": "tender", "note": "办理示例事项"}
    assert bound.call("POST", "/look-ups", body).status_code == 200


def test_a_bound_clients_signature_is_good_once_and_for_its_own_token(door: Door) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    bound = door.program(key=key)
    message = Message("GET", "http://testserver/api/v1/whoami", {"Authorization": f"Bearer {bound.token()}"})
    signatures.sign(
        message,
        private=key,
        key_id=bound.client_id,
        tag=signatures.CLIENT_TAG,
        now=clock.now(),
        also=("authorization",),
    )
    assert Client().get("/api/v1/whoami", headers=message.headers).status_code == 200
    assert Client().get("/api/v1/whoami", headers=message.headers).json()["code"] == "security.message-replayed"
    signatures.sign(message, private=key, key_id=bound.client_id, tag=signatures.CLIENT_TAG, now=clock.now())
    assert Client().get("/api/v1/whoami", headers=message.headers).json()["code"] == "security.not-covered"


def test_a_closed_client_is_out_at_its_next_call(door: Door, noted: Noted) -> None:
    program = door.program()
    assert program.get("/whoami").status_code == 200
    noted()
    for _ in range(2):
        clients.disable(program.client_id, by=SYSTEM, now=clock.now())
    assert [one.event for one in noted()] == ["client-disabled"]
    assert program.get("/whoami").status_code == 401
    assert program.ask().status_code == 401
    with pytest.raises(ClientClosed):
        clients.rotate(program.client_id, by=SYSTEM, now=clock.now())


def test_when_its_department_closes_a_client_is_out(door: Door) -> None:
    program = door.program(unit=door.other)
    assert program.get("/whoami").status_code == 200
    Department.objects.filter(code=door.other.code).update(is_active=False)
    try:
        assert program.get("/whoami").status_code == 401
        assert program.ask().status_code == 401
    finally:
        identity.register_department(code=door.other.code, name=door.other.name, by=SYSTEM)


def test_old_and_new_secret_run_side_by_side_for_the_days_that_were_said(door: Door) -> None:
    program = door.program()
    second = Program(
        program.client_id, clients.rotate(program.client_id, overlap=timedelta(days=3), by=SYSTEM, now=clock.now())[1]
    )
    assert (program.ask().status_code, second.ask().status_code) == (200, 200)
    with time_machine.travel(clock.now() + timedelta(days=3, seconds=1)):
        assert (program.ask().status_code, second.ask().status_code) == (401, 200)


def test_a_third_secret_ends_the_eldest_and_no_overlap_ends_all_with_their_tokens(door: Door) -> None:
    first = door.program()
    second = Program(first.client_id, clients.rotate(first.client_id, by=SYSTEM, now=clock.now())[1])
    third = Program(first.client_id, clients.rotate(first.client_id, by=SYSTEM, now=clock.now())[1])
    assert [one.ask().status_code for one in (first, second, third)] == [401, 200, 200]
    token = third.token()
    last = Program(
        first.client_id, clients.rotate(first.client_id, overlap=timedelta(0), by=SYSTEM, now=clock.now())[1]
    )
    assert [one.ask().status_code for one in (second, third, last)] == [401, 401, 200]
    assert third.get("/whoami", token=token).status_code == 401


def test_a_secret_ends_after_a_year(door: Door) -> None:
    program = door.program()
    with time_machine.travel(clock.now() + timedelta(days=366)):
        assert program.ask().status_code == 401


def test_a_scope_taken_away_is_gone_from_tokens_under_way(door: Door, noted: Noted) -> None:
    program = door.program(scopes=["read:catalogue", "read:public"])
    assert program.get("/catalogue/items").status_code == 200
    clients.change(program.client_id, scopes=["read:public"], by=SYSTEM)
    noted()
    answer = program.get("/catalogue/items")
    assert (answer.status_code, answer.json()["code"]) == (403, "security.scope-missing")
    assert [(one.event, one.actor, one.object_ref) for one in noted()] == [
        ("call-refused", program.client_id, "catalogue_items")
    ]


def test_a_token_can_be_narrower_than_its_client(door: Door) -> None:
    token = door.full.token("read:catalogue")
    assert door.full.get("/catalogue/items", token=token).status_code == 200
    assert door.full.get(f"/organisations/{door.organisation.code}", token=token).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": []}, {"scopes": ["everything"]}, {"scopes": ["submit:"]}, {"scopes": ["submit:*"]},
        {"networks": []}, {"networks": ["10.0.0.1/8"]}, {"networks": ["anywhere"]}, {"per_minute": 0}, {"per_day": -1},
        {"items": ["admin-licence-org"]}, {"key_pem": "not a key"}, {"name": "  "},
    ],
)  # fmt: skip
def test_a_client_is_made_narrow_or_not_at_all(door: Door, wrong: dict[str, Any]) -> None:
    right = {"name": "测试", "scopes": ["submit:admin-penalty-org"], "networks": ["10.0.0.0/8"]}
    with pytest.raises(BadClient):
        clients.register(department=door.unit.code, by=SYSTEM, now=clock.now(), **(right | wrong))


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.SYSTEM, Role.SYSTEM_ADMIN}])
def test_only_the_system_administrator_makes_clients_and_none_makes_itself(door: Door, role: Role) -> None:
    by = Actor(role=role, name="somebody", department=door.unit.code)
    with pytest.raises(NotAllowed):
        clients.register(
            name="x", department=door.unit.code, scopes=["read:public"], networks=["10.0.0.0/8"], by=by, now=clock.now()
        )
    for verb in (clients.rotate, clients.disable):
        with pytest.raises(NotAllowed):
            verb(door.full.client_id, by=by, now=clock.now())
    with pytest.raises(NotAllowed):
        clients.clients(seen_by=by)


def test_what_the_administrators_list_shows_opens_nothing(door: Door) -> None:
    text = repr(clients.clients(seen_by=SYSTEM))
    assert not re.search(r"argon2|sha256|[A-Za-z0-9_-]{40}", text)
