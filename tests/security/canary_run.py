"""Plants canaries through the real intake, does with them what the platform does, and says what it left where.

Used by tests/security/test_canaries.py with some, by ``make evidence`` (rows A2, S3-19) with a thousand.

What is planted is personal by the catalogue: persons' items whole; of organisations' items the representative's certificate.
Besides, where people put such things though they do not belong there: identity numbers in texts and in columns of codes, names
and phones in columns of the sender's own. The *name* of an organisation's legal representative is public by law and by the
catalogue; canaries do not stand there.
"""

import contextlib
import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from tests.intake import made
from tests.intake.made import Organisation, Row
from tests.signing import signed_in
from tools import canaries
from tools.canaries import Canary, Hit
from xinyong.intake import submit
from xinyong.kernel.errors import XinyongError
from xinyong.security import identity, separation
from xinyong.security.identity import SourceUnit

PERSONS, ORGANISATIONS = "admin-penalty-person", "admin-penalty-org"


@dataclass(slots=True)
class Run:
    """What a run had and left: canaries, submissions, and texts by where they came from."""

    birds: list[Canary]
    unit: SourceUnit
    who: Organisation
    submissions: list[int] = field(default_factory=list)
    said: dict[str, bytes] = field(default_factory=dict)
    log: io.StringIO = field(default_factory=io.StringIO)
    first_segment: str = ""  # of the server's write-ahead log: where it stood when the run began

    def hits(self) -> list[Hit]:
        """Canaries in what was said: pages, reports, addresses, messages, the log."""
        told = self.said | {"log": self.log.getvalue().encode()}
        return [hit for where, text in told.items() for hit in canaries.search(text, where)]

    def stored(self) -> list[Hit]:
        """Canaries in the database and in every file of the data directory, the server's own files and log too."""
        home = Path(settings.XINYONG_HOME)
        return in_database() + canaries.search_folders([home], skip=("pg/pg_wal/*",)) + self._in_the_servers_log(home)

    def _in_the_servers_log(self, home: Path) -> list[Hit]:
        """The server's write-ahead log of this run: what other tests wrote before it lies in older segments, and in those that the
        server keeps to write over."""
        found: list[Hit] = []
        with separation.as_owner(), connection.cursor() as cursor:
            cursor.execute("SELECT file_name, file_offset FROM pg_walfile_name_offset(pg_current_wal_insert_lsn())")
            last, offset = cursor.fetchone()
        for path in sorted((home / "pg" / "pg_wal").glob("[0-9A-F]" * 24)):
            if self.first_segment <= path.name <= last:
                data = path.read_bytes()
                found += canaries.search(data[:offset] if path.name == last else data, str(path))
        return found


def _fresh_segment() -> str:
    """Makes the server begin a new segment of its write-ahead log; its name."""
    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_switch_wal()")
        cursor.execute("CREATE TEMPORARY TABLE begun (at int); DROP TABLE begun")
        cursor.execute("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
        return str(cursor.fetchone()[0])


def in_database() -> list[Hit]:
    """Canaries in any table."""
    place = settings.DATABASE_AS["owner"]
    return canaries.search_database(
        host=place["HOST"] or None, port=place["PORT"] or None, user=place["USER"] or None,
        dbname=connection.settings_dict["NAME"],
    )  # fmt: skip


def run(count: int, folder: Path) -> Run:
    """Plants ``count`` canaries and goes everywhere with them. ``folder`` holds the senders' files, in clear, which are not
    the platform's; its own temporary files go beside them and are looked at."""
    unit, who = made.department(), made.organisation()
    made.register(who)
    for name, role, code in (
        ("clerk", "source_unit", unit.code), ("operator", "operator", None), ("auditor", "auditor", None),
    ):  # fmt: skip
        identity.create_account(
            username=name, password=os.urandom(12).hex(), display_name=name, role=role, department=code, by=made.SYSTEM
        )
    done = Run(canaries.canaries(count), unit, who, first_segment=_fresh_segment())
    scratch = folder / "scratch"
    scratch.mkdir()
    with _listening(done.log), _scratch(scratch):
        _plant(done, folder)
        _look(done)
        _err(done)
    connection.close()  # the server shows its owner what a connection did last; that was an error of ours
    left = [path for path in scratch.rglob("*") if path.is_file()]
    done.said |= {f"temporary file {path.name}": path.read_bytes() for path in left}
    return done


@contextlib.contextmanager
def _listening(into: io.StringIO) -> Iterator[None]:
    """Everything that is logged, at every level, in the form that the settings give it."""
    from logging.config import DictConfigurator

    formatter = DictConfigurator({"version": 1}).configure_formatter(settings.LOGGING["formatters"]["plain"])
    handler = logging.StreamHandler(into)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[None]:
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _plant(done: Run, folder: Path) -> None:
    """A sixth of the canaries each: good rows, faulty rows, an organisation's representative, texts, the sender's own columns,
    a file without its head."""
    parts = [done.birds[start::6] for start in range(6)]
    person, penalty = made.person_row, made.penalty_row
    good = [person(made.Person(one.name, one.number), done.unit) for one in parts[0]]
    faulty: list[Row] = [
        row
        for one in parts[1]
        for row in [
            person(made.Person(one.name, one.number), done.unit, CF_WSH=""),
            person(made.Person(one.name, one.number[:-1] + ("1" if one.number[-1] != "1" else "2")), done.unit),
            person(made.Person(f"{one.name}<{one.number}>", one.number), done.unit, CF_NR=f"罚{one.name}" * 300),
        ][:: 1 + (one is not parts[1][0])]
    ]
    representatives = [
        penalty(
            done.who,
            done.unit,
            CF_FR_ZJLX="身份证",
            CF_FR_ZJHM=one.number,
            **({"CF_JDRQ": "2026-02-30"} if n % 3 else {}),
        )
        for n, one in enumerate(parts[2])
    ]
    texts = [
        penalty(done.who, done.unit, CF_SY=f"向身份证号{one.number}的顾客售卖过期食品") if n % 2
        else penalty(done.who, done.unit, CF_XDR_SHXYM=one.number)
        for n, one in enumerate(parts[3])
    ]  # fmt: skip
    own = [
        penalty(done.who, done.unit, **({"CF_JDRQ": "2026-02-30"} if n % 3 == 2 else {}))
        | {
            "联系电话": one.phone,
            "联系人": one.name,
            "情况说明": f"已电话告知 {one.phone}" if n % 2 else "",
            "家属证件": one.number,
        }
        for n, one in enumerate(parts[4])
    ]
    also = [person(made.Person(one.name, one.number), done.unit) | {"手机": one.phone} for one in parts[4]]
    headless = folder / "headless.csv"
    made.csv_file(headless, [person(made.Person(one.name, one.number), done.unit) for one in parts[5]])
    headless.write_text("".join(headless.read_text(encoding="utf-8").splitlines(keepends=True)[1:]), encoding="utf-8")
    named = folder / f"处罚 {parts[5][0].number} {parts[5][0].phone}.csv"
    files = [
        (made.csv_file(folder / "good.csv", good), PERSONS), (made.xlsx_file(folder / "faulty.xlsx", faulty), PERSONS),
        (made.jsonl_file(folder / "also.jsonl", also), PERSONS), (headless, PERSONS),
        (made.csv_file(named, good[:1]), PERSONS),
        (made.csv_file(folder / "representatives.csv", representatives), ORGANISATIONS),
        (made.csv_file(folder / "texts.csv", texts), ORGANISATIONS), (made.csv_file(folder / "own.csv", own), ORGANISATIONS),
    ]  # fmt: skip
    for path, item in files:
        view = made.hand_in(path, item, done.unit)
        done.submissions.append(view.id)
        done.said[f"refusal of {len(done.submissions)}"] = repr(view.refusal).encode()
    for path, item in files[-1:]:
        submit.check(
            path, item_id=item, source_code=done.unit.code, file_name=path.name, by=made.SYSTEM, received_at=made.NOW
        )


def _look(done: Run) -> None:
    """Every page without parameters, and those about what was planted, as each role; searches; a report; audit entries."""
    from xinyong.security.models import Account

    clients: dict[str, Client] = {"public": Client()}
    for account in Account.objects.all():
        clients[account.get_username()] = signed_in(Client(), account.get_username())
    plain = sorted(_addresses())
    about = [f"/office/submissions/{number}/" for number in done.submissions]
    about += [f"/subject/{done.who.code}/", f"/subject/{done.who.code}/report.pdf", f"/subject/{done.birds[0].number}/"]
    everybodys, own = (
        [one for one in plain if not one.startswith("/office/")],
        [one for one in plain if "/office/" in one],
    )
    for role, client in clients.items():
        client.raise_request_exception = False
        for address in [*(everybodys if role == "public" else own), *about]:
            done.said[f"{role} GET {address.replace(done.birds[0].number, '…')}"] = _answer(client.get(address))
        for one in done.birds[:2]:
            for n, text in enumerate((one.number, one.name, one.phone)):
                answer = client.post("/search", {"q": text})
                done.said[f"{role} searches {n}"] = answer.headers.get("Location", "").encode() if n != 1 else b""


def _answer(response: Any) -> bytes:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    response.close()
    return bytes(body) + repr(dict(response.headers)).encode()


def _addresses(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    for one in (resolver or get_resolver()).url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _addresses(one, route)
        elif isinstance(one, URLPattern) and "<" not in route and "(" not in route and "sign-out" not in route:
            yield route.replace("^", "").replace("$", "")


def _err(done: Run) -> None:
    """Errors of every kind with a canary in hand: what they say of themselves, and what the log gets."""
    from django.core.handlers.exception import response_for_exception

    log = logging.getLogger("xinyong.test")
    one = done.birds[0]
    for n, attempt in enumerate(_attempts(one, done)):
        try:
            attempt()
        except XinyongError as error:
            done.said[f"error {n} {error.code}"] = f"{error} {error!r} {error.zh} {error.en} {error.facts}".encode()
            log.exception("attempt-failed n=%s", n)
        except (DatabaseError, ValueError, LookupError, UnicodeError) as error:
            log.exception("attempt-failed n=%s", n)
            request = RequestFactory().get("/search")
            done.said[f"page of error {n}"] = _answer(response_for_exception(request, error))


def _attempts(one: Canary, done: Run) -> list[Callable[[], object]]:
    from xinyong.kernel import codes
    from xinyong.records import dossier
    from xinyong.security import access, encryption

    def statement(text: str, *values: object) -> Callable[[], object]:
        def attempt() -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(text, values)

        return attempt

    sealed = encryption.seal(one.number.encode(), context="subject.sealed")
    return [
        statement("SELECT %s::int", one.number),
        statement("SELECT %s::date", one.name),
        # Refused before anything is written: the message says "Failing row contains (…)".
        statement(
            "INSERT INTO subjects_subject (code, subject_class, name, status, region_code) VALUES ('x', 'x', %s, 'x', 'x')",
            one.name,
        ),
        statement("SELECT nonsense FROM nowhere WHERE name = %s", one.name),
        statement("INSERT INTO record (subject_id, payload) VALUES (1, %s)", f'{{"name": "{one.name}"}}'),
        lambda: int(one.name),
        lambda: {}[one.number],
        lambda: one.name.encode("ascii"),
        lambda: encryption.unseal(sealed, context="record.sealed"),
        lambda: codes.judge(one.number, expect=codes.Kind.USCC),
        lambda: dossier.of(one.number, as_of=made.TODAY, seen_by=access.PUBLIC),
        lambda: submit.receive(
            Path("/nowhere") / one.name, item_id="x", source_code=one.number, file_name=one.name, by=made.SYSTEM,
            received_at=made.NOW,
        ),
        lambda: made.hand_in(Path("/nowhere") / "x.csv", one.number, done.unit),
    ]  # fmt: skip
