"""Rows put straight into the tables, as the intake leaves them: many, quickly, with every state they can be in."""

import json
import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction

from tests.intake import made
from xinyong.kernel import clock
from xinyong.security import separation
from xinyong.security.identity import SourceUnit
from xinyong.subjects.models import Subject

PENALTY, LICENCE = "admin-penalty-org", "admin-licence-org"
#: item → fields that name the unit whose decision it is.
AUTHORITY = {PENALTY: "CF_CFJGDM", LICENCE: "XK_XKJGDM"}


@dataclass(slots=True)
class Version:
    """One version of a datum."""

    key: int
    version: int
    submission: int
    row_no: int
    item: str
    source: int
    authority: str
    decided_on: date
    is_late: bool
    state: int
    known_from: datetime
    filled: int
    is_first: bool = False  # for the second implementation


@dataclass(slots=True)
class Waiting:
    """A row that did not go in."""

    submission: int
    row_no: int
    outcome: str
    rule: str
    authority: str
    closed_at: datetime | None


@dataclass(slots=True)
class Handed:
    """A submission."""

    id: int
    source: int
    item: str
    received_at: datetime
    reverted_at: datetime | None = None


@dataclass(slots=True)
class Made:
    """Everything that was put in."""

    units: list[SourceUnit]
    submissions: list[Handed] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)


def draw(seed: int, units: list[SourceUnit], *, rows: int) -> Made:
    """A random history: three months of submissions, first versions, corrections, withdrawals, rows that wait or waited."""
    chance = random.Random(seed)
    world = Made(units)
    keys: list[Version] = []
    start = datetime(2026, 3, 20, 9, 0, tzinfo=clock.ZONE)
    at = start
    while len(world.versions) + len(world.waiting) < rows:
        at += timedelta(hours=chance.randint(1, 200))
        source, item = chance.choice(units), chance.choice((PENALTY, LICENCE))
        handed = Handed(len(world.submissions) + 1, source.id, item, at)
        world.submissions.append(handed)
        for row_no in range(2, 2 + chance.randint(1, 9)):
            _row(chance, world, keys, handed, row_no, units)
        if chance.random() < 0.1:
            handed.reverted_at = at + timedelta(days=chance.randint(0, 30))
    return world


def _row(
    chance: random.Random, world: Made, keys: list[Version], handed: Handed, row_no: int, units: list[Any]
) -> None:
    authority = chance.choice([*(one.code for one in units), "", "000000000000000000"])
    kind = chance.random()
    if kind < 0.25:
        rule = chance.choice(["V05-no-subject", "V06-date", "V11-other-source", "V05-ambiguous"])
        closed = handed.received_at + timedelta(days=chance.randint(0, 40)) if chance.random() < 0.4 else None
        world.waiting.append(
            Waiting(handed.id, row_no, chance.choice(["doubtful", "rejected"]), rule, authority, closed)
        )
        return
    mine = [one for one in keys if one.item == handed.item]
    if kind < 0.45 and mine:
        before = chance.choice(mine)
        keys.remove(before)
        state = 2 if chance.random() < 0.4 else 1
        # A withdrawal is a later version that names the submission and the row it takes back (records.sql withdraw_row).
        submission, row = (before.submission, before.row_no) if state == 2 else (handed.id, row_no)
        made_ = Version(
            before.key, before.version + 1, submission, row, handed.item, handed.source, authority, before.decided_on,
            chance.random() < 0.3, state, handed.received_at, chance.randint(1, 9),
        )  # fmt: skip
    else:
        decided = handed.received_at.date() - timedelta(days=chance.randint(0, 30))
        made_ = Version(
            len(world.versions) + 1, 1, handed.id, row_no, handed.item, handed.source, authority, decided,
            chance.random() < 0.3, 1, handed.received_at, chance.randint(1, 9),
        )  # fmt: skip
    world.versions.append(made_)
    if made_.state == 2 and chance.random() < 0.5:  # it stands again, as the row that it was
        made_ = replace(before, version=made_.version + 1, known_from=handed.received_at)
        world.versions.append(made_)
    if made_.state == 1:
        keys.append(made_)


def put(world: Made) -> None:
    """Writes it all, as the owner of the tables would."""
    subject = Subject.objects.create(
        code=made.code_of(), subject_class="enterprise", name="云溪市性质测试有限公司", known_from=made.NOW
    )
    with separation.as_owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO intake_submission (id, source_id, item_id, item_version, channel, file_name, file_size,"
            " content_digest, received_at, received_by, status, mapping, facts, rows_read, accepted, doubtful, rejected,"
            " duplicate, unchanged, warnings, late, reverted_at, reverted_by, revert_reason) VALUES (%s, %s, %s, 1, 'file', 'f', 1,"
            " %s, %s, 'x', 'deposited', '{}', '{}', 0, 0, 0, 0, 0, 0, 0, 0, %s, 'x', '整批撤回')",
            [
                (one.id, one.source, one.item, f"{one.id:064}", one.received_at, one.reverted_at)
                for one in world.submissions
            ],
        )
        cursor.executemany(
            "INSERT INTO record (subject_id, key_digest, version, content_digest, state, item_id, item_version, source_id,"
            " submission_id, row_no, disclosure, decided_on, is_late, payload, known_from) VALUES (%s, %s, %s, %s, %s, %s, 1,"
            " %s, %s, %s, 'public', %s, %s, %s, %s)",
            [
                (
                    subject.pk, one.key.to_bytes(16, "big"), one.version, bytes(16), one.state, one.item, one.source,
                    one.submission, one.row_no, one.decided_on, one.is_late, _payload(one), one.known_from,
                )
                for one in world.versions
            ],
        )  # fmt: skip
        cursor.executemany(
            "INSERT INTO intake_waitingrow (submission_id, row_no, outcome, row, closed_at) VALUES (%s, %s, %s, %s, %s)",
            [
                (one.submission, one.row_no, one.outcome, json.dumps(_named(world, one)), one.closed_at)
                for one in world.waiting
            ],
        )
        cursor.executemany(
            'INSERT INTO intake_finding (submission_id, row_no, "column", field, value, rule, severity, message, message_en,'
            " basis, suggestion) VALUES (%s, %s, '', '', '', %s, %s, '', '', '', '')",
            [
                (one.submission, one.row_no, one.rule, "error" if one.outcome == "rejected" else "doubtful")
                for one in world.waiting
            ],
        )


def _payload(one: Version) -> str:
    named = {AUTHORITY[one.item]: one.authority} if one.authority else {}
    return json.dumps(named | {f"F{n}": "x" for n in range(one.filled)})


def _named(world: Made, one: Waiting) -> dict[str, str]:
    item = world.submissions[one.submission - 1].item
    return {AUTHORITY[item]: one.authority} if one.authority else {}


def midnight(day: date) -> datetime:
    """The first instant of a day in Beijing."""
    return datetime.combine(day, time(), tzinfo=clock.ZONE)
