"""What may be kept no longer is erased with proof: once, whole, and nothing else can be changed on the way."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from tests.intake import made
from tests.intake.made import Person
from xinyong.kernel import clock
from xinyong.records import erased, evidence, withdrawal
from xinyong.records.models import Erased, Erasure, ErasureRun, Record
from xinyong.security import audit, separation
from xinyong.security.access import PUBLIC, Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit
from xinyong.security.ledger import store
from xinyong.security.ledger.health import NoEvidence
from xinyong.subjects.models import Subject

ITEM = "admin-penalty-person"
OVER, STANDS = "2019-03-01", "2026-06-01"
CLERK = Actor(role=Role.SOURCE_UNIT, name="clerk", department="11990102MA0000001X")


@dataclass(frozen=True, slots=True)
class Filled:
    """Persons whose record is over, some of them with another that stands; an organisation's that is over."""

    unit: SourceUnit
    gone: list[Person]
    both: Person
    submission: int


@pytest.fixture
def filled(lasting_db: None, tmp_path: Path) -> Iterator[Filled]:
    with time_machine.travel(made.NOW, tick=True):
        unit, gone, both, who = made.department(), [made.person() for _ in range(7)], made.person(), made.organisation()
        made.register(who)
        rows = [made.person_row(one, unit, CF_JDRQ=OVER, BZ="备注") for one in (*gone, both)]
        first = made.hand_in(made.csv_file(tmp_path / "a.csv", rows), ITEM, unit)
        assert first.counts.accepted == 8
        made.hand_in(made.csv_file(tmp_path / "b.csv", [made.person_row(both, unit, CF_JDRQ=STANDS)]), ITEM, unit)
        made.hand_in(
            made.csv_file(tmp_path / "c.csv", [made.penalty_row(who, unit, CF_JDRQ=OVER)]), "admin-penalty-org", unit
        )
        yield Filled(unit, gone, both, first.id)


def _run(**options: Any) -> list[erased.Proof]:
    return erased.run(**{"today": clock.today(), "grace_days": 30, "by": made.SYSTEM} | options)


def _with_content() -> int:
    return Record.objects.filter(item_id=ITEM, sealed__isnull=False).count()


def _findings() -> list[Any]:
    with store.reader() as own:
        return list(evidence.findings(own, settings.LOG_HASH))


def test_what_is_over_loses_its_content_and_what_stands_keeps_it(filled: Filled) -> None:
    before = {bytes(row["key_digest"]): row for row in Record.objects.filter(item_id=ITEM).values()}
    (proof,) = _run()
    assert (proof.what, proof.item_id, proof.count) == ("records", ITEM, 8)
    assert (proof.first_ended_on, proof.last_ended_on) == (date(2024, 3, 1), date(2024, 3, 1))
    for row in Record.objects.filter(item_id=ITEM).values():
        was = before[bytes(row["key_digest"])]
        content = {name: row.pop(name) for name in ("payload", "sealed", "extra")}
        if row["decided_on"] == date.fromisoformat(OVER):
            assert content == {"payload": {}, "sealed": None, "extra": None}
        else:
            assert content["sealed"] is not None
        assert {name: value for name, value in was.items() if name not in content} == row
    organisation = Record.objects.get(item_id="admin-penalty-org")
    assert organisation.payload["CF_JDRQ"] == OVER
    entry = audit.entries(seen_by=made.AUDITOR, event="content-erased", limit=1)[0]
    assert (entry.facts["count"], entry.facts["root"], entry.object_ref) == (8, proof.root, str(proof.id))
    assert "第四十七条" in str(entry.facts["basis"])
    (begun,) = audit.entries(seen_by=made.AUDITOR, event="erasing-begun")
    assert begun.id < entry.id


def test_without_its_entry_in_the_log_nothing_is_erased(filled: Filled) -> None:
    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE security_auditentry ADD CONSTRAINT none CHECK (event <> 'erasing-begun') NOT VALID")
    try:
        with pytest.raises(NoEvidence):
            _run()
    finally:
        with separation.as_owner(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE security_auditentry DROP CONSTRAINT none")
    assert (_with_content(), ErasureRun.objects.count()) == (9, 0)


def test_of_whom_nothing_is_left_is_forgotten_and_who_comes_again_is_somebody_new(
    filled: Filled, tmp_path: Path
) -> None:
    numbers = set(Subject.objects.filter(person_digest__isnull=False).values_list("id", flat=True))
    digests = {
        bytes(one) for one in Subject.objects.exclude(person_digest=None).values_list("person_digest", flat=True)
    }
    _run()
    kept = Subject.objects.filter(pk__in=numbers, sealed__isnull=False)
    assert kept.count() == 1
    assert Record.objects.filter(subject_id=kept.get().pk, sealed__isnull=False).count() == 1
    forgotten = Subject.objects.filter(pk__in=numbers, sealed__isnull=True)
    assert forgotten.count() == len(filled.gone)
    assert not {bytes(one.person_digest) for one in forgotten} & digests
    again = [made.person_row(filled.gone[0], filled.unit, CF_JDRQ=STANDS)]
    made.hand_in(made.csv_file(tmp_path / "d.csv", again), ITEM, filled.unit)
    (newest,) = Record.objects.filter(item_id=ITEM).exclude(subject_id__in=numbers)
    assert newest.sealed is not None


def test_nothing_is_erased_before_its_grace_is_over_nor_twice(filled: Filled) -> None:
    with pytest.raises(erased.TooEarly):
        _run(today=clock.today() + timedelta(days=1))
    with pytest.raises(erased.TooEarly):
        _run(grace_days=-1)
    grace = (clock.today() - date(2024, 3, 1)).days
    assert _run(grace_days=grace + 1) == []
    assert _with_content() == 9
    assert [one.count for one in _run(grace_days=grace)] == [8]
    assert _run(grace_days=grace) == []
    assert Erasure.objects.count() == ErasureRun.objects.count() == 1


@pytest.mark.parametrize("by", [PUBLIC, made.OPERATOR, made.AUDITOR, CLERK], ids=lambda one: one.role.value)
def test_only_the_platform_itself_erases(by: Actor, db: None) -> None:
    with pytest.raises(NotAllowed):
        _run(by=by)


@pytest.mark.parametrize("by", [PUBLIC, CLERK], ids=lambda one: one.role.value)
def test_proofs_are_for_operators_and_auditors(by: Actor, db: None) -> None:
    with pytest.raises(NotAllowed):
        erased.proofs(seen_by=by)
    with pytest.raises(NotAllowed):
        erased.check(1, seen_by=by)


def test_a_withdrawn_record_is_erased_with_all_its_versions(filled: Filled, tmp_path: Path) -> None:
    one = Record.objects.filter(submission_id=filled.submission).order_by("row_no").first()
    assert one is not None
    with separation.as_loader() as own, own.transaction():
        changed = withdrawal.withdraw_row(
            own, submission_id=filled.submission, row_no=one.row_no, subject_id=one.subject_id, now=clock.now()
        )
    assert changed == 1
    (proof,) = _run()
    assert proof.count == 9  # both versions of the one that was withdrawn
    left = Record.objects.filter(subject_id=one.subject_id, key_digest=bytes(one.key_digest))
    assert [(each.version, each.sealed) for each in left.order_by("version")] == [(1, None), (2, None)]


def test_the_evidence_stays_whole_after_erasing_and_tells_an_erased_row_that_was_filled_again(filled: Filled) -> None:
    assert _findings() == []
    _run()
    assert _findings() == []
    with separation.owner() as own:
        own.execute("SET session_replication_role = replica")  # as somebody who owns the machine would
        own.execute('UPDATE record SET payload = \'{"CF_NR": "x"}\' WHERE item_id = %s AND sealed IS NULL', [ITEM])
    assert {one.kind.value for one in _findings()} == {"altered"}
    assert not erased.check(Erasure.objects.get().pk, seen_by=made.AUDITOR).holds


def test_a_proof_is_checked_against_its_digests_and_the_rows(filled: Filled) -> None:
    (proof,) = _run()
    for by in (made.OPERATOR, made.AUDITOR):
        checked = erased.check(proof.id, seen_by=by)
        assert (checked.holds, checked.digests, checked.is_root_right, checked.left) == (True, 8, True, 0)
    with separation.owner() as own:
        own.execute("SET session_replication_role = replica")
        own.execute(
            "UPDATE record_erased SET leaf = sha256('x') WHERE version = 1 AND ctid = (SELECT min(ctid) FROM record_erased)"
        )
    assert not erased.check(proof.id, seen_by=made.OPERATOR).is_root_right
    with pytest.raises(erased.UnknownProof):
        erased.check(proof.id + 1, seen_by=made.OPERATOR)


_KILLED = """
import os, signal, django
django.setup()
from django.conf import settings
from django.db import connection
for place in (connection.settings_dict, *settings.DATABASE_AS.values()):
    place["HOST"] = os.environ["PGHOST"]
from xinyong.records import erased
from xinyong.security import scope
from xinyong.security.access import system
from xinyong.kernel import clock
scope.stand_as(system("test"))
erased.CHUNK = 3
chunk, done = erased._chunk, []
def dies(own, run, after):
    done.append(chunk(own, run, after))
    if len(done) == DIES:
        os.kill(os.getpid(), signal.SIGKILL)
    return done[-1]
erased._chunk = dies
print([one.count for one in erased.run(today=clock.today(), grace_days=30, by=system("test"))])
"""


def _in_a_process(dies_after: int) -> "subprocess.CompletedProcess[str]":
    address = connection.settings_dict
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{address['USER']}@/{address['NAME']}", "PGHOST": address["HOST"],
        "XINYONG_OWNER_URL": f"postgresql://{settings.DATABASE_AS['owner']['USER']}@/{address['NAME']}",
        "DJANGO_SETTINGS_MODULE": "xinyong.config.settings",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", _KILLED.replace("DIES", str(dies_after))], env=environment, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


def test_killed_twice_in_the_middle_it_goes_on_and_counts_everything_once(filled: Filled) -> None:
    for dies_after, left in ((1, 6), (1, 3)):
        killed = _in_a_process(dies_after)
        assert killed.returncode == -9, killed.stderr
        assert (_with_content(), Erasure.objects.count()) == (left, 0)
    (proof,) = _run()
    assert (proof.count, ErasureRun.objects.count(), Erased.objects.count()) == (8, 1, 8)
    assert erased.check(proof.id, seen_by=made.AUDITOR).holds
    assert _findings() == []


_WHERE = "WHERE item_id = 'admin-penalty-person' AND decided_on = '2019-03-01'"
_EMPTY = "payload = '{}', sealed = NULL, extra = NULL"
_BURY = (
    "INSERT INTO record_erased SELECT subject_id, key_digest, version, item_id, content_digest, sha256('x'), retain_until, 1, now() "
    "FROM record WHERE {}"
)


def _as_eraser(*statements: str) -> None:
    """Statements of the tables' owner who says that he erases, in one transaction."""
    with separation.owner() as own, own.transaction():
        for statement in ("SET LOCAL xinyong.erase = 'on'", *statements):
            own.execute(statement)


def _as_app(statement: str) -> None:
    """The same said by what runs."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL xinyong.erase = 'on'")
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE record SET {_EMPTY} {_WHERE}",  # no tombstone
        f"UPDATE record SET payload = '{{}}', sealed = NULL, extra = NULL, state = 2 {_WHERE}",
        f"UPDATE record SET sealed = 'x', payload = '{{}}' {_WHERE}",
        f"UPDATE record SET retain_until = '2000-01-01' {_WHERE}",
        f"UPDATE record SET content_digest = decode(repeat('00', 16), 'hex') {_WHERE}",
        f"DELETE FROM record {_WHERE}",
        "TRUNCATE record",
        "UPDATE record_0 SET payload = '{\"a\": 1}'",
        "DELETE FROM record_erased",
        "UPDATE record_erased SET run_id = 2",
        "TRUNCATE record_erased",
    ],
)
def test_nothing_else_of_the_archive_can_be_changed_even_by_the_owner_who_says_that_he_erases(
    filled: Filled, statement: str
) -> None:
    is_buried = "record_erased" not in statement and not statement.startswith(
        "UPDATE record SET payload = '{}', sealed = NULL, extra = NULL WHERE"
    )
    with pytest.raises(psycopg.Error, match=r"only added|by erasing alone"):
        _as_eraser(*([_BURY.format(_WHERE.removeprefix("WHERE "))] if is_buried else []), statement)
    assert _with_content() == 9


@pytest.mark.parametrize(
    "which",
    ["item_id = 'admin-penalty-person' AND decided_on = '2026-06-01'", "item_id = 'admin-penalty-org'"],
    ids=["a record that stands", "an organisation's record"],
)
def test_a_tombstone_does_not_open_what_is_not_over_or_not_about_a_person(filled: Filled, which: str) -> None:
    with pytest.raises(psycopg.Error, match="only added"):
        _as_eraser(_BURY.format(which), f"UPDATE record SET {_EMPTY} WHERE {which}")


def test_who_only_runs_the_platform_can_neither_erase_nor_bury(filled: Filled) -> None:
    for statement in (f"UPDATE record SET {_EMPTY} {_WHERE}", _BURY.format("true")):
        with pytest.raises(DatabaseError, match=r"permission denied|by erasing alone"):
            _as_app(statement)
    with pytest.raises(DatabaseError), transaction.atomic():
        Erasure.objects.update(count=0)
    assert json.dumps(_with_content()) == "9"
