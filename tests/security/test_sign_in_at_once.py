"""Many at the same moment: a code, a link and a try are counted once, whatever connection they come by."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tests.intake import made
from tests.signing import with_app
from xinyong.kernel import clock
from xinyong.security import factors, identity, invitations, lockout
from xinyong.security.models import Account

pytestmark = pytest.mark.usefixtures("lasting_db")
_AT_ONCE = 8


def at_once(what: Callable[[], bool], count: int) -> int:
    """How many of so many calls, each on a connection of its own, were true."""

    def one(_: int) -> bool:
        try:
            return what()
        finally:
            connection.close()

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return sum(pool.map(one, range(count)))


@pytest.fixture
def account() -> Account:
    pk = identity.create_account(
        username="op",
        password="Quiet-Otter-Ladder-7",
        display_name="王",
        role="operator",
        department=None,
        by=made.SYSTEM,
    )
    return Account.objects.get(pk=pk)


def test_a_code_and_a_recovery_code_are_each_taken_once(account: Account) -> None:
    secret, now = with_app("op"), clock.now()
    code = factors.code_at(secret, now)
    assert at_once(lambda: factors.show_totp(account, code, now=now), 16) == 1
    recovery = factors.make_recovery_codes(account, by=made.SYSTEM)[0]
    assert at_once(lambda: factors.show_recovery_code(account, recovery, now=now), 16) == 1


def test_a_link_is_used_once(account: Account) -> None:
    token, now = invitations.invite("op", by=made.SYSTEM, now=clock.now()), clock.now()

    def use() -> bool:
        try:
            invitations.accept(token, password="Slow-Maple-Kettle-4", by=made.SYSTEM, now=now)
        except (invitations.UnknownLink, invitations.passwords.WeakPassword):
            return False
        return True

    assert at_once(use, 8) == 1


def test_forty_tries_at_once_are_five(account: Account) -> None:
    now = clock.now()

    def attempt() -> bool:
        try:
            lockout.take("op", address="198.51.100.7", device="", now=now)
        except lockout.TooManyTries:
            return False
        return True

    assert at_once(attempt, 40) == lockout.TRIES
