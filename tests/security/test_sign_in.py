"""Signing in: two factors, each once; sessions that end; a lockout that spares the owner; nothing at the start."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client, override_settings

from tests import signing
from tests.intake import made
from tests.signing import code, entered, signed_in, with_app
from xinyong.kernel import clock
from xinyong.security import factors, identity, invitations, lockout, passwords, sessions, sign_in
from xinyong.security.access import FactorNeeded
from xinyong.security.models import Account, Attempt, AuditEntry, Factor, OneTimeLink, OpenSession, RecoveryCode

pytestmark = pytest.mark.django_db

PASSWORD = "Quiet-Otter-Ladder-7"
SIGN_IN, FACTOR, HOME = "/office/sign-in", "/office/sign-in/factor", "/office/submissions/"


@pytest.fixture(autouse=True)
def _no_rate_limits() -> Iterator[None]:
    with override_settings(RATE_LIMITS_ON=False):
        yield


@pytest.fixture
def op() -> str:
    """A user name with a password and an app."""
    account("op")
    with_app("op")
    return "op"


def account(username: str, **more: Any) -> Account:
    """An operator's account."""
    made_id = identity.create_account(
        username=username,
        password=PASSWORD,
        display_name="王小明",
        role="operator",
        department=None,
        by=made.SYSTEM,
        **more,
    )
    return Account.objects.get(pk=made_id)


def refusals() -> list[str]:
    """The reasons of refused sign-ins, oldest first."""
    found = AuditEntry.objects.filter(event="sign-in-refused").order_by("id")
    return [str(one.facts["reason"]) for one in found]


def tries(client: Client, count: int, *, username: str = "op", password: str = "wrong") -> list[int]:
    """What so many wrong passwords are answered with."""
    return [client.post(SIGN_IN, {"username": username, "password": password}).status_code for _ in range(count)]


# Nothing at the start; one-time links


def test_a_fresh_installation_has_no_account_and_the_first_has_no_password() -> None:
    assert not Account.objects.exists()
    identity.create_account(
        username="sys", password=None, display_name="系统", role="system_admin", department=None, by=made.SYSTEM
    )
    assert not any(one.has_usable_password() for one in Account.objects.all())
    assert tries(Client(), 2, username="sys", password="") == [400, 400]


def test_a_link_sets_password_and_factor_and_is_good_once() -> None:
    identity.create_account(
        username="sys", password=None, display_name="系统", role="system_admin", department=None, by=made.SYSTEM
    )
    token = invitations.invite("sys", by=made.SYSTEM, now=clock.now())
    assert token.encode() not in bytes(OneTimeLink.objects.get().digest)
    client = Client()
    assert client.get(f"/office/welcome/{token}").headers["Location"] == "/office/welcome/"
    assert client.get(f"/office/welcome/{token}").status_code == 302, "looking uses nothing up"
    weak = client.post("/office/welcome/", {"password": "password1234", "again": "password1234"})
    assert weak.status_code == 400
    assert "password1234" not in weak.content.decode()
    assert (
        client.post("/office/welcome/", {"password": PASSWORD, "again": PASSWORD})
        .headers["Location"]
        .endswith("set-up")
    )
    page = client.get("/office/sign-in/set-up").content.decode()
    assert 'src="data:image/svg+xml' in page
    assert client.get(HOME).status_code == 302, "not in before the factor"
    secret = page.partition('class="secret">')[2].partition("<")[0].replace(" ", "")
    assert secret not in signing.payload(client.session)
    done = client.post("/office/sign-in/set-up", {"code": factors.code_at(secret, clock.now())})
    assert done.headers["Location"].startswith("/office/account/codes?next=")
    assert len(RecoveryCode.objects.filter(account__username="sys")) == 10
    shown = client.get("/office/account/codes").content.decode()
    assert shown.count("<li><code>") == 10
    client.post("/office/account/codes")
    assert client.get("/office/account/codes").status_code == 302, "shown once"
    assert Client().get(f"/office/welcome/{token}").status_code == 404
    events = list(AuditEntry.objects.order_by("id").values_list("event", flat=True))
    assert events[-5:] == ["invited", "invitation-used", "factor-added", "recovery-codes-made", "signed-in"]


def test_a_link_ends_after_a_day_and_with_its_account(op: str) -> None:
    token = invitations.invite(op, by=made.SYSTEM, now=clock.now())
    with pytest.raises(invitations.UnknownLink):
        invitations.account_of(token, now=clock.now() + timedelta(hours=24, seconds=1))
    identity.disable_account(op, by=made.SYSTEM)
    with pytest.raises(invitations.UnknownLink):
        invitations.account_of(token, now=clock.now())


def test_using_a_link_voids_factors_codes_and_sessions(op: str) -> None:
    client = signed_in(Client(), op)
    assert client.get(HOME).status_code == 200
    token = invitations.invite(op, by=made.SYSTEM, now=clock.now())
    assert client.get(HOME).status_code == 200, "an unused link changes nothing"
    invitations.accept(token, password="Slow-Maple-Kettle-4", by=made.SYSTEM, now=clock.now())
    assert client.get(HOME).status_code == 302
    assert not factors.listed(Account.objects.get(username=op).pk)


# Two factors


def test_nobody_is_in_between_password_and_factor(op: str) -> None:
    from xinyong.security.routes import routes

    client = Client()
    client.post(SIGN_IN, {"username": op, "password": PASSWORD})
    assert sign_in._PENDING in client.session
    for route in routes():
        if route.pattern.startswith("office/") and "<" not in route.pattern and route.action is not None:
            answer = client.get(f"/{route.pattern}")
            assert answer.status_code in {302, 404} or route.action == "sign-in", route.pattern
            if answer.status_code == 302 and route.action != "sign-in":
                assert answer.headers["Location"].startswith(SIGN_IN), route.pattern
    assert client.post(FACTOR, {"code": code(op)}).headers["Location"] == "/office/"
    assert client.get(HOME).status_code == 200


def test_a_code_is_taken_once_and_one_step_off_at_most(op: str) -> None:
    secret, account_ = with_app(op), Account.objects.get(username=op)
    now = clock.now()
    for steps, is_taken in (
        (-2, False),
        (2, False),
        (-1, True),
        (-1, False),
        (0, True),
        (0, False),
        (-1, False),
        (1, True),
    ):
        assert factors.show_totp(account_, factors.code_at(secret, now, steps=steps), now=now) is is_taken, steps
    assert not factors.show_totp(account_, "", now=now)


def test_a_secret_is_sealed_and_recovery_codes_are_hashed(op: str) -> None:
    secret, account_ = with_app(op), Account.objects.get(username=op)
    codes = factors.make_recovery_codes(account_, by=made.SYSTEM)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(f::text, '') FROM security_factor f")
        kept = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(f::text, '') FROM security_recoverycode f")
        kept += cursor.fetchone()[0]
    for one in (secret, *codes, codes[0].replace("-", "")):
        assert one not in kept
        assert one.encode().hex() not in kept
    assert factors.show_recovery_code(account_, codes[0].lower(), now=clock.now())
    assert not factors.show_recovery_code(account_, codes[0], now=clock.now())
    assert factors.recovery_codes_left(account_.pk) == 9


def test_somebody_without_a_phone_gets_in_with_a_recovery_code_and_is_told(op: str) -> None:
    codes = factors.make_recovery_codes(Account.objects.get(username=op), by=made.SYSTEM)
    client = Client()
    client.post(SIGN_IN, {"username": op, "password": PASSWORD})
    answer = client.post(FACTOR, {"code": codes[3]}, follow=True)
    assert "您用了一个恢复码，还剩 9 个" in answer.content.decode()


def test_a_sign_in_under_way_ends_after_ten_minutes_and_with_a_new_password(op: str) -> None:
    client = Client()
    with time_machine.travel(clock.now(), tick=False) as journey:
        client.post(SIGN_IN, {"username": op, "password": PASSWORD})
        journey.shift(timedelta(minutes=10, seconds=1))
        assert client.get(FACTOR).headers["Location"] == SIGN_IN
        client.post(SIGN_IN, {"username": op, "password": PASSWORD})
        passwords.put(Account.objects.get(username=op), "Slow-Maple-Kettle-4", now=clock.now())
        assert client.post(FACTOR, {"code": code(op)}).headers["Location"] == SIGN_IN


def test_the_first_factor_is_set_up_while_signing_in_but_no_second_one_with_the_password_alone(op: str) -> None:
    client = Client()
    client.post(SIGN_IN, {"username": op, "password": PASSWORD})
    assert client.get("/office/sign-in/set-up").headers["Location"] == FACTOR
    secret = factors.fresh_secret()
    assert client.post("/office/sign-in/set-up", {"code": factors.code_at(secret, clock.now())}).status_code == 302
    assert Factor.objects.filter(account__username=op).count() == 1


def test_the_last_factor_stays_and_somebody_elses_is_nobodys(op: str) -> None:
    account("other")
    with_app("other")
    theirs = Factor.objects.get(account__username="other").pk
    client = signed_in(Client(), op)
    own = Factor.objects.get(account__username=op).pk
    assert client.post("/office/account/remove", {"factor": own}).status_code == 409
    assert client.post("/office/account/remove", {"factor": theirs}).status_code == 404
    assert Factor.objects.count() == 2


# A fresh second factor


def test_a_stale_factor_leads_to_the_question_and_back_and_says_that_nothing_was_kept(op: str) -> None:
    client = signed_in(Client(), op, fresh=False)
    asked = client.get("/office/account/password")
    assert asked.headers["Location"] == "/office/confirm?next=/office/account/password"
    sent = client.post("/office/account/codes/new", headers={"referer": "http://testserver/office/account/"})
    assert sent.headers["Location"] == "/office/confirm?next=/office/account/&sent=1"
    assert RecoveryCode.objects.count() == 0
    assert "没有保存，也没有执行" in client.get(sent.headers["Location"]).content.decode()
    key = client.session.session_key
    back = client.post("/office/confirm", {"code": code(op), "next": "/office/account/"})
    assert back.headers["Location"] == "/office/account/"
    assert client.cookies["sessionid"].value != key, "a new key with more rights"
    assert client.get("/office/account/password").status_code == 200
    assert AuditEntry.objects.filter(event="factor-shown").count() == 1


def test_elsewhere_is_never_where_the_question_leads(op: str) -> None:
    client = signed_in(Client(), op, fresh=False)
    back = client.post("/office/confirm", {"code": code(op), "next": "https://example.org/"})
    assert back.headers["Location"] == "/office/"
    sent = client.post("/office/account/codes/new", headers={"referer": "https://example.org/office/"})
    assert "example.org" not in sent.headers.get("Location", "")


def test_a_recovery_code_is_no_fresh_factor(op: str) -> None:
    codes = factors.make_recovery_codes(Account.objects.get(username=op), by=made.SYSTEM)
    client = signed_in(Client(), op, fresh=False)
    assert client.post("/office/confirm", {"code": codes[0][:12]}).status_code == 400
    assert factors.recovery_codes_left(Account.objects.get(username=op).pk) == 10


def test_rooms_ask_for_a_fresh_factor_too(op: str) -> None:
    who = signing.actor(op, fresh=False)
    with pytest.raises(FactorNeeded):
        factors.remove(1, by=who)


# Sessions


@pytest.mark.parametrize(
    ("pauses", "is_in"),
    [([29], True), ([31], False), ([20] * 10, True), ([25] * 19, True), ([25] * 20, False)],
)
def test_a_session_ends_after_30_idle_minutes_and_after_8_hours(op: str, pauses: list[int], is_in: bool) -> None:
    with time_machine.travel(clock.now(), tick=False) as journey:
        client = signed_in(Client(), op)
        for pause in pauses:
            journey.shift(timedelta(minutes=pause))
            answer = client.get(HOME)
        assert (answer.status_code == 200) is is_in
        if not is_in:
            assert not OpenSession.objects.exists()
            assert "会话已结束" in client.get(answer.headers["Location"]).content.decode()


def test_being_seen_writes_at_most_once_a_minute(op: str, django_assert_num_queries: Any) -> None:
    with time_machine.travel(clock.now(), tick=False) as journey:
        client = signed_in(Client(), op)
        first = OpenSession.objects.get().seen_at
        journey.shift(timedelta(seconds=59))
        client.get("/office/templates/")
        assert OpenSession.objects.get().seen_at == first
        journey.shift(timedelta(seconds=1))
        client.get("/office/templates/")
        assert OpenSession.objects.get().seen_at == clock.now()


def test_each_step_up_gives_a_new_session_key_and_the_old_one_is_nobodys(op: str) -> None:
    client, thief = Client(), Client()
    client.get(SIGN_IN)
    client.post(SIGN_IN, {"username": op, "password": PASSWORD})
    before = client.cookies["sessionid"].value
    thief.cookies["sessionid"] = before
    client.post(FACTOR, {"code": code(op)})
    assert client.cookies["sessionid"].value != before
    assert client.get(HOME).status_code == 200
    assert thief.get(HOME).status_code == 302


def test_a_disabled_account_is_out_at_its_next_request(op: str) -> None:
    client = signed_in(Client(), op)
    assert client.get(HOME).status_code == 200
    Account.objects.filter(username=op).update(is_active=False)
    assert client.get(HOME).status_code == 302
    Account.objects.filter(username=op).update(is_active=True)
    assert client.get(HOME).status_code == 302, "the session does not come back"


def test_somebody_sees_their_sessions_ends_one_or_all(op: str) -> None:
    account("other")
    here, there, stranger = signed_in(Client(), op), signed_in(Client(), op), signed_in(Client(), "other")
    page = here.get("/office/account/", headers={"user-agent": "x"}).content.decode()
    assert page.count("退出这个登录") == 1
    assert "本机" in page
    elsewhere = OpenSession.objects.filter(account__username=op).order_by("id").last()
    assert elsewhere is not None
    assert stranger.post("/office/account/sessions/end", {"session": elsewhere.pk}).status_code == 404
    assert here.post("/office/account/sessions/end", {"session": elsewhere.pk}).status_code == 302
    assert [one.get(HOME).status_code for one in (here, there, stranger)] == [200, 302, 200]
    there = signed_in(Client(), op)
    assert there.post("/office/account/sessions/end-all").headers["Location"] == SIGN_IN
    assert [one.get(HOME).status_code for one in (here, there, stranger)] == [302, 302, 200]


def test_signed_in_pages_are_kept_by_no_cache(op: str) -> None:
    client = signed_in(Client(), op)
    assert {client.get(path).headers.get("Cache-Control") for path in ("/", "/office/account/", "/nothing/")} == {
        "no-store"
    }


def test_a_device_is_said_in_words() -> None:
    edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"
    assert sessions.device(edge) == "Edge, Windows"
    assert sessions.device("Mozilla/5.0 (X11; Linux x86_64; UOS) Gecko/20100101 Firefox/128.0") == "Firefox, Linux"
    assert sessions.device("") == "?"


def test_behind_tls_cookies_are_named_for_this_host_alone_and_secure() -> None:
    ask = (
        "import django; django.setup()\n"
        "from django.conf import settings as s\n"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.DEVICE_COOKIE_NAME, s.SESSION_COOKIE_SECURE,"
        " s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_PATH, s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_HTTPONLY,"
        " s.SESSION_COOKIE_SAMESITE, s.SECURE_HSTS_SECONDS >= 31536000)"
    )
    environment = os.environ | {"XINYONG_HTTPS": "1", "DJANGO_SETTINGS_MODULE": "xinyong.config.settings"}
    done = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
    names = "__Host-sessionid __Host-csrftoken __Host-xinyong_device"
    assert done.stdout.split("\n")[-2] == f"{names} True True / None True Lax True"


# Passwords


@pytest.mark.parametrize(("policy", "password", "is_good"), [
    ("mlps", "Slow-Maple-Kettle-4", True), ("mlps", "quiet otter ladder moss", False), ("mlps", "Qo-7", False),
    ("mlps", "Password@123456", False), ("mlps", "P@ssw0rd1234!", False), ("mlps", "Admin@2026Admin", False),
    ("mlps", "Xinyong@123456", False), ("mlps", "WangXiaoming1990", True), ("mlps", "Zhangsan-op-1234567", True),
    ("mlps", "Aa123456789012", False), ("mlps", "Qwerty!12345678", False), ("mlps", "Woaini5201314!!", False),
    ("asvs", "quiet otter ladder moss", True), ("asvs", "Quiet-Otter-7", False), ("asvs", "passwordpassword123", False),
    ("asvs", "x" * 129, False), ("asvs", "长江后浪推前浪一代新人换旧人也是好", True),
])  # fmt: skip
def test_passwords_are_judged_by_the_policy_in_force(policy: str, password: str, is_good: bool) -> None:
    with override_settings(SIGN_IN_POLICY=policy):
        try:
            passwords.require_good(password, account=account("op"))
        except passwords.WeakPassword:
            assert not is_good
        else:
            assert is_good


def test_none_of_the_last_five_passwords_comes_back(op: str) -> None:
    one = Account.objects.get(username=op)
    used = [f"Quiet-Otter-Ladder-{n}x" for n in range(6)]
    for each in used:
        passwords.put(one, each, now=clock.now())
    refused = []
    for each in used:
        try:
            passwords.require_good(each, account=one)
        except passwords.WeakPassword:
            refused.append(each)
    assert refused == used[1:]


def test_after_90_days_a_new_password_is_asked_for_on_the_way_in_unless_the_policy_forbids_it(op: str) -> None:
    Account.objects.filter(username=op).update(password_set_at=clock.now() - timedelta(days=90, minutes=1))
    client = Client()
    assert entered(client, op, PASSWORD).headers["Location"] == "/office/sign-in/renew"
    assert client.get(HOME).status_code == 302
    same = client.post("/office/sign-in/renew", {"password": PASSWORD, "again": PASSWORD})
    assert same.status_code == 400
    new = {"password": "Slow-Maple-Kettle-4", "again": "Slow-Maple-Kettle-4"}
    assert client.post("/office/sign-in/renew", new).headers["Location"] == "/office/"
    assert client.get(HOME).status_code == 200
    Account.objects.filter(username=op).update(password_set_at=clock.now() - timedelta(days=900))
    with override_settings(SIGN_IN_POLICY="asvs"):
        assert entered(Client(), op, new["password"]).headers["Location"] == "/office/"


def test_a_new_password_ends_other_sessions_and_keeps_this_one(op: str) -> None:
    here, there = signed_in(Client(), op), signed_in(Client(), op)
    wrong = here.post(
        "/office/account/password", {"old": "no", "password": "Slow-Maple-Kettle-4", "again": "Slow-Maple-Kettle-4"}
    )
    assert wrong.status_code == 400
    assert refusals() == ["present-password"]
    good = {"old": PASSWORD, "password": "Slow-Maple-Kettle-4", "again": "Slow-Maple-Kettle-4"}
    assert here.post("/office/account/password", good).status_code == 302
    assert [one.get(HOME).status_code for one in (here, there)] == [200, 302]


def test_a_hash_is_argon2id_with_the_librarys_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    from argon2 import profiles

    low = profiles.RFC_9106_LOW_MEMORY
    for name in ("time_cost", "memory_cost", "parallelism"):
        monkeypatch.setattr(passwords.Argon2, name, getattr(low, name))
    assert passwords.Argon2().encode("x" * 12, "saltsalt").startswith("argon2$argon2id$v=19$m=65536,t=3,p=4$")


def test_only_so_many_hashes_are_computed_at_once_and_whoever_waits_too_long_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords.Argon2, "PATIENCE", 0.01)
    places = passwords.Argon2._places
    for _ in range(passwords.Argon2.AT_ONCE):
        places.acquire()
    try:
        with pytest.raises(passwords.TooBusy):
            passwords.Argon2().encode("x" * 12, "saltsalt")
    finally:
        for _ in range(passwords.Argon2.AT_ONCE):
            places.release()


# Lockout


def test_five_wrong_passwords_close_this_network_and_say_for_how_long(op: str) -> None:
    with time_machine.travel(clock.now(), tick=False) as journey:
        client = Client(REMOTE_ADDR="198.51.100.7")
        assert tries(client, 7) == [400, 400, 400, 400, 429, 429, 429]
        answer = client.post(SIGN_IN, {"username": op, "password": PASSWORD})
        assert answer.status_code == 429, "the right password has to wait too"
        assert "15 分钟" in answer.content.decode()
        journey.shift(timedelta(minutes=15, seconds=1))
        assert client.post(SIGN_IN, {"username": op, "password": PASSWORD}).status_code == 302
    assert refusals() == ["password"] * 5 + ["too-many-tries"] * 3


def test_the_owner_signs_in_from_elsewhere_meanwhile_and_here_from_a_computer_that_is_known(op: str) -> None:
    known = Client(REMOTE_ADDR="198.51.100.7")
    entered(known, op, PASSWORD)
    known.post("/office/sign-out")
    tries(Client(REMOTE_ADDR="198.51.100.9"), 6)
    assert tries(Client(REMOTE_ADDR="198.51.100.8"), 1) == [429], "the same network"
    assert entered(Client(REMOTE_ADDR="203.0.113.5"), op, PASSWORD).status_code == 302
    assert entered(known, op, PASSWORD).headers["Location"] == "/office/"


def test_many_networks_are_slowed_down_but_not_the_owners(op: str) -> None:
    with time_machine.travel(clock.now(), tick=False) as journey:
        entered(Client(REMOTE_ADDR="192.0.2.1"), op, PASSWORD)
        found = [tries(Client(REMOTE_ADDR=f"198.18.{n}.1"), 1)[0] for n in range(40)]
        assert found[: lockout.CALM] == [400] * lockout.CALM
        assert set(found[lockout.CALM + 1 :]) == {429}
        assert entered(Client(REMOTE_ADDR="192.0.2.200"), op, PASSWORD).headers["Location"] == "/office/"
        stranger = Client(REMOTE_ADDR="198.51.100.1")
        assert stranger.post(SIGN_IN, {"username": op, "password": PASSWORD}).status_code == 429
        journey.shift(timedelta(seconds=20))
        assert stranger.post(SIGN_IN, {"username": op, "password": PASSWORD}).status_code == 302, "slowed, not shut out"


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_header_the_client_makes_up_opens_no_door(op: str, proxies: int) -> None:
    with override_settings(TRUSTED_PROXIES=proxies):
        client, found = Client(REMOTE_ADDR="192.0.2.1"), []
        for n in range(20):
            told = f"198.18.{n}.1, 203.0.113.9"
            answer = client.post(SIGN_IN, {"username": op, "password": "wrong"}, headers={"x-forwarded-for": told})
            found.append(answer.status_code)
        assert found == [400] * 4 + [429] * 16


def test_a_name_nobody_has_is_treated_the_same_and_not_written_down(op: str) -> None:
    assert tries(Client(), 6, username="99010219900101123X") == tries(Client(REMOTE_ADDR="192.0.2.1"), 6)
    assert set(AuditEntry.objects.filter(event="sign-in-refused").values_list("object_ref", flat=True)) == {"-", op}
    assert not any("990102" in bytes(one.key).hex() for one in Attempt.objects.all())


def test_five_wrong_codes_end_the_sign_in_and_close_the_network(op: str) -> None:
    client = Client()
    client.post(SIGN_IN, {"username": op, "password": PASSWORD})
    assert [client.post(FACTOR, {"code": "000001"}).status_code for _ in range(4)] == [400] * 4
    assert client.post(FACTOR, {"code": "000001"}, follow=True).redirect_chain[-1][0] == SIGN_IN
    assert client.post(SIGN_IN, {"username": op, "password": PASSWORD}).status_code == 429
    assert refusals() == ["code"] * 5 + ["too-many-tries"]


def test_a_wrong_try_at_the_second_factor_is_not_given_back_by_the_right_password(op: str) -> None:
    client = Client()
    found = []
    for _ in range(6):
        client.post(SIGN_IN, {"username": op, "password": PASSWORD})
        found.append(client.post(FACTOR, {"code": "000001"}).status_code)
    assert found.count(400) == 4


# Accounts nobody uses


def test_after_90_days_without_a_sign_in_an_account_is_closed(op: str) -> None:
    account("demo", is_demo=True)
    with time_machine.travel(clock.now() + timedelta(days=89), tick=False):
        assert sign_in.close_unused(now=clock.now()) == 0
    with time_machine.travel(clock.now() + timedelta(days=91), tick=False):
        client = Client()
        answer = client.post(SIGN_IN, {"username": op, "password": PASSWORD})
        assert "超过 90 天没有登录" in answer.content.decode()
        assert not Account.objects.get(username=op).is_active
        assert Account.objects.get(username="demo").is_active
        account(op)
        assert sign_in.close_unused(now=clock.now()) == 0, "opened anew, the days begin anew"
    with time_machine.travel(clock.now() + timedelta(days=182, hours=1), tick=False):
        assert sign_in.close_unused(now=clock.now()) == 1
    reasons = [one.facts["reason"] for one in AuditEntry.objects.filter(event="account-disabled")]
    assert reasons == ["unused", "unused"]
