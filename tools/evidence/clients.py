"""Evidence for machines: replayed messages, quotas in a race, stolen tokens, every operation fuzzed for every caller."""

import base64
import json
import os
import secrets
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_REPLAY = """
import base64, json, sys
from collections import Counter
import django
django.setup()
from django.conf import settings
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
settings.RATE_LIMITS_ON = False
from django.test import Client
found = Counter()
for one in json.load(sys.stdin):
    answer = Client().generic(
        one["method"], one["url"].removeprefix("http://testserver"), base64.b64decode(one["body"]),
        content_type="application/json", headers=one["headers"],
    )
    found[answer.json().get("code", "accepted")] += 1
print(json.dumps(found))
"""


def replay_in_a_fresh_process(messages: Sequence[Any]) -> dict[str, int]:
    """Sends messages again in a process that remembers nothing; error code (or "accepted") → how many."""
    from django.db import connection

    given = [
        {"method": one.method, "url": one.url, "headers": one.headers, "body": base64.b64encode(one.body).decode()}
        for one in messages
    ]
    done = subprocess.run(
        [sys.executable, "-c", _REPLAY, str(connection.settings_dict["NAME"])], input=json.dumps(given),
        capture_output=True, text=True, check=True, env={"DJANGO_SETTINGS_MODULE": "xinyong.config.settings", **os.environ},
    )  # fmt: skip
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def replayed(node: Any, *, count: int) -> tuple[int, int, Counter[str]]:
    """Sends ``count`` messages, then each again here and in a fresh process. Returns how many were kept before and after
    the replays, and what the replays were answered."""
    from tests.exchange.conftest import send
    from xinyong.security.models import PartnerMessage

    messages = [node.signed(node.content()) for _ in range(count)]
    for one in messages:
        send(one)
    before = PartnerMessage.objects.filter(partner__code=node.code).count()
    answers = Counter(send(one).json().get("code", "accepted") for one in messages)
    answers.update(replay_in_a_fresh_process(messages))
    return before, PartnerMessage.objects.filter(partner__code=node.code).count(), answers


def raced(program: Any, *, threads: int, calls: int) -> Counter[int]:
    """Many threads call at once; status → how many."""
    from django.db import connections

    token, found = program.token(), Counter[int]()
    start = threading.Barrier(threads)

    def go() -> None:
        start.wait()
        for _ in range(calls):
            found[program.get("/whoami", token=token).status_code] += 1
        connections.close_all()

    crowd = [threading.Thread(target=go) for _ in range(threads)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return found


@contextmanager
def installation() -> Iterator[Any]:
    """Everybody before the door, in the database that was made for these rows (tools/evidence/__main__.py)."""
    from django.conf import settings

    from tests.exchange.conftest import before_the_door

    kept, settings.RATE_LIMITS_ON = settings.RATE_LIMITS_ON, False
    try:
        yield before_the_door(f"city-{secrets.token_hex(4)}")
    finally:
        settings.RATE_LIMITS_ON = kept


def replay_row() -> tuple[object, str, bool]:
    """S3-32, T12: a thousand messages replayed here and after a restart; the control sends a thousand fresh ones."""
    with installation() as door:
        before, after, answers = replayed(door.node, count=1000)
    figure = f"{after - before} effects of {sum(answers.values())} replays ({dict(answers)}); {before} of 1000 fresh ones accepted"
    return figure, "0 effects of 2,000 replays, half of them after a restart; 1,000 fresh ones accepted", (
        before == after == 1000 and answers == {"security.message-replayed": 2000}
    )  # fmt: skip


def quota_row() -> tuple[object, str, bool]:
    """S3-37: fifty threads race for a quota of 500."""
    from unittest import mock

    from xinyong.kernel import clock

    with installation() as door, mock.patch("xinyong.kernel.clock.now", return_value=clock.now()):
        found = raced(door.program(per_minute=500), threads=50, calls=20)
    return dict(found), "exactly 500 of 1,000 calls by 50 threads", found == {200: 500, 429: 500}


def stolen_row() -> tuple[object, str, bool]:
    """S3-31: a token from another network, without the key it is bound to, or after its client was closed."""
    from cryptography.hazmat.primitives.asymmetric import ed25519

    from tests.exchange.conftest import SYSTEM, Program
    from xinyong.kernel import clock
    from xinyong.security import clients

    with installation() as door:
        bound = door.program(key=ed25519.Ed25519PrivateKey.generate())
        thief = Program(bound.client_id, bound.secret, tokens={"": bound.token()})
        closed = door.program()
        closed.token()
        clients.disable(closed.client_id, by=SYSTEM, now=clock.now())
        found = [
            *(door.full.get("/whoami", address=f"192.0.2.{number}").status_code for number in range(1, 101)),
            *(thief.get("/whoami").status_code for _ in range(100)),
            *(closed.get("/whoami").status_code for _ in range(100)),
        ]
        control = door.full.get("/whoami").status_code
    figure = f"{found.count(401)} of {len(found)} refused; its owner: {control}"
    return figure, "300 of 300 stolen uses refused with 401; the owner gets 200", (
        found.count(401) == 300 and control == 200
    )  # fmt: skip


def interface_row() -> tuple[object, str, bool]:
    """B3: every operation as every role, 500 fitting and 500 unfitting inputs each; the control is a planted failure."""
    from unittest import mock

    from tests.exchange.fuzz import fuzz

    examples = int(os.environ.get("XINYONG_EXAMPLES", "500"))
    with installation() as door:
        found = fuzz(door, examples=examples)
        with mock.patch("xinyong.exchange.api.catalogue.publish.current", side_effect=ZeroDivisionError):
            control = fuzz(door, examples=2, only="catalogue_item", roles=("full",))
    roles, operations = ({pair[place] for pair in found.seen} for place in (0, 1))
    figure = (
        f"{len(found.failures)} failures, highest status {found.worst}, {found.calls} calls of {len(operations)} operations as"
        f" {len(roles)} roles ({len(found.reached)} operations did what they are for); planted failure"
        f" {'found' if control.worst == 500 and control.failures else 'MISSED'}"
    )
    figure += "".join(f"; {one[:160]}" for one in found.failures[:3])
    is_good = (
        examples >= 500 and not found.failures and found.worst < 500 and control.worst == 500 and bool(control.failures)
    )
    return figure, "0 failures, no 5xx, over 100 % of operations × roles; a planted 500 is found", is_good


ROWS: dict[str, Callable[[], tuple[object, str, bool]]] = {
    "S3-31": stolen_row,
    "S3-32": replay_row,
    "T12": replay_row,
    "S3-37-quotas": quota_row,
    "B3": interface_row,
}
