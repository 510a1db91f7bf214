"""Evidence about the log: tampers found, proofs refused, speed, receipts, rollbacks (security.md §3-18, §5 T1; T13, T16)."""

import random
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import _empty
from tests.security.ledger import planted, tampers, test_tampers
from tests.security.ledger.test_merkle import Memory, forgiving, hashed
from xinyong.kernel import clock
from xinyong.records import evidence
from xinyong.security.ledger import merkle, sequencer, store
from xinyong.security.ledger.findings import Kind

Row = tuple[object, str, bool]


def tampers_row() -> Row:
    """T1: a thousand tampers by a superuser, each looked for with a checkpoint kept elsewhere; and the negative control."""
    count = 1_000
    with TemporaryDirectory() as name:
        _empty()
        history = test_tampers.write_history(Path(name))
        missed = test_tampers.missed(history, count, seed=2026, folder=history.folder)
        with test_tampers.superuser() as connection:
            alarms = evidence.verify(connection, history.trusted, keys=history.keys, folder=history.folder).findings
    is_fooled = _a_forgiving_check_is_fooled()
    figure = f"{count - len(missed)}/{count} found and located; {len(alarms)} false alarms; check without sizes fooled: {is_fooled}"
    return figure, "1,000/1,000, 0 false alarms, the forgiving check fooled", not missed and not alarms and is_fooled


def _a_forgiving_check_is_fooled() -> bool:
    tree = Memory(hashed(8))
    node, proof, root = merkle.subtree(tree, 0, 1), merkle.inclusion(tree, 0, 8)[1:], merkle.root(tree, 8)
    return forgiving(0, 8, node, proof, root) and not merkle.is_included(node, 0, 8, proof, root)


def tree_row() -> Row:
    """S3-18: roots as another implementation's on 20,000 leaves, in SM3 too by two ways of ours; proofs; leaves a second."""
    import pymerkle

    leaves, tree, other = hashed(20_000), Memory(), pymerkle.InmemoryTree(algorithm="sha256")
    tree.add(leaves)
    differ = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(20_000):
            other.append_entry(str(number).encode())
            if number % 97 == 0 or number == 19_999:
                differ += other.get_state(number + 1) != merkle.root(tree, number + 1)
    chance, slowest, wrong = random.Random(18), 0.0, 0
    root = merkle.root(tree, 20_000)
    for _ in range(2_000):
        place = chance.randrange(20_000)
        proof = merkle.inclusion(tree, place, 20_000)
        began = time.thread_time()  # what it costs, whoever else is at work
        holds = merkle.is_included(leaves[place], place, 20_000, proof, root)
        slowest = max(slowest, time.thread_time() - began)
        at = chance.randrange(len(proof))
        bent = [*proof[:at], merkle.sha256(proof[at]), *proof[at + 1 :]]
        wrong += not holds or merkle.is_included(leaves[place], place, 20_000, bent, root)
    rate = append_rate(50_000)
    figure = f"{differ} roots differ; {wrong} wrong verdicts in 4,000; slowest proof {slowest * 1000:.2f} ms; {rate:,.0f} leaves/s"
    passed = not differ and not wrong and slowest < 0.005 and rate >= 2_000
    return figure, "0 differ, 0 wrong, proof ≤ 5 ms, ≥ 2,000 leaves/s into PostgreSQL", passed


def append_rate(count: int) -> float:
    """Leaves a second, from waiting entries in the table to committed leaves and nodes."""
    _empty()
    with store.own() as connection:
        connection.execute(
            "INSERT INTO security_auditentry (at, role, actor, department, event, object_kind, object_ref, purpose, outcome,"
            " facts) SELECT now(), 'operator', 'bench', '', 'submission-viewed', 'submission', n::text, '', 'done',"
            """ '{"rows": 5}' FROM generate_series(1, %s) n""",
            [count],
        )
        began = time.perf_counter()
        done = sequencer.append(connection)
        took = time.perf_counter() - began
    _empty()
    return done / took


def rollback_row() -> Row:
    """T16: earlier dumps put back; a verification and the sequencer itself must both say so."""
    count, found, refused = 100, 0, 0
    with TemporaryDirectory() as name:
        _empty()
        history = test_tampers.write_history(Path(name))
        chance, back = random.Random(16), tampers.roll_back(history.snapshots)
        for _ in range(count):
            with test_tampers.superuser() as connection:
                connection.execute("BEGIN; SET LOCAL session_replication_role = replica")
                back(connection, chance)
                report = evidence.verify(connection, history.trusted, keys=history.keys, folder=history.folder)
                found += any(one.kind is Kind.ROLLED_BACK for one in report.findings)
                try:
                    sequencer._sign(connection, clock.now(), history.folder)
                except sequencer.RolledBack:
                    refused += 1
                connection.execute("ROLLBACK")
    figure = f"{found}/{count} called rolled back; {refused}/{count} not signed over"
    return figure, "100/100 detected, 100/100 not signed over", found == refused == count


def receipts_row() -> Row:
    """T13: a department's file edited after it was handed in, against the receipt and what was received."""
    planned, found, proved, bent = planted.run(500)
    figure = f"{found}/{planned} planted edits found; receipt proves the file; {bent} altered receipts accepted"
    return (
        figure,
        "500/500 found, the receipt holds, 0 altered receipts accepted",
        found == planned and proved and not bent,
    )


ROWS: dict[str, Callable[[], Row]] = {
    "S3-18": tree_row,
    "T1": tampers_row,
    "T13": receipts_row,
    "T16": rollback_row,
}
