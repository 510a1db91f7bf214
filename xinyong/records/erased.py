"""删除 What may be kept no longer is erased, with proof: persons' records whose retention is over.

The content of every version goes (fields, sealed fields, the sender's own columns); what stays is that there was a version,
its dates, and its digest in the evidence log, so that chains and counts stay whole and the erasing itself can be checked. A
person of whom nothing else is left is forgotten with it. Of each run and item one proof is kept: how many, and the Merkle root
over the digests of what was erased. Records of organisations stay archived and are shown to nobody after their end.
Source: PIPL (个人信息保护法) 19, 47; Zhejiang regulation 16. The act itself is the owner's of the tables (migration 0008).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import connection as django_connection
from django.db import transaction

from xinyong.catalogue import publish
from xinyong.kernel import clock, sql
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.records import _canonical
from xinyong.records._stream import COLUMNS
from xinyong.records.models import ErasedBeside, Erasure, ErasureRun
from xinyong.security import audit, scope, separation
from xinyong.security.access import Action, Actor, require, system
from xinyong.security.ledger import batches, merkle
from xinyong.security.ledger.merkle import HASHES
from xinyong.subjects import forgotten

_SQL = sql.load(__file__, "erased.sql")
_LOCK: Final = (7320, 0)  # one run at a time
#: Data of a chunk, which is one transaction.
CHUNK: Final = 2_000
#: What a run erases.
RECORDS, WAITING_ROWS, ORIGINALS, KEPT_ANSWERS = "records", "waiting-rows", "originals", "kept-answers"
BASIS = "《个人信息保护法》第十九条、第四十七条；目录规定的保存期限届满"
_PLACES = {name: COLUMNS.index(name) for name in ("subject_id", "key_digest", "version")}

Progress = Callable[[int], None]
#: How much there still is of what a proof says was erased, by its places (submission or id, row).
Left = Callable[[list[tuple[int, int]]], int]
_LEFT: dict[str, Left] = {}


class Busy(Conflict):
    """Another process is erasing."""

    code = "records.erasing-busy"


class NotOwner(Conflict):
    """Only the owner of the tables erases."""

    code = "records.erasing-by-owner"


class TooEarly(Invalid):
    """Nothing is erased before its day, nor with a grace that is none."""

    code = "records.erasing-too-early"


class UnknownProof(NotFound):
    """No such proof of deletion."""

    code = "records.unknown-erasure"


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof of deletion as it is shown: what of which item, how much, why, by whom, and the root in hexadecimal."""

    id: int
    run: int
    what: str
    item_id: str
    count: int
    root: str
    hash_name: str
    first_ended_on: date | None
    last_ended_on: date | None
    grace_days: int
    basis: str
    began_at: datetime
    finished_at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A proof looked at again: how many digests there are, whether they make its root, and how much of what it says was erased
    has any content or is gone without a trace (0)."""

    proof: Proof
    digests: int
    is_root_right: bool
    left: int

    @property
    def holds(self) -> bool:
        """True when everything it says is so."""
        return self.is_root_right and self.digests == self.proof.count and self.left == 0


def run(*, today: date, grace_days: int, by: Actor, progress: Progress | None = None) -> list[Proof]:
    """Erases what ended ``grace_days`` before ``today`` or earlier, and returns a proof for each item there was anything of.

    Chunk by chunk, each a transaction: a run that was killed is taken up by the next one, and nothing is counted twice. Raises
    TooEarly, Busy, NotOwner, NotAllowed, ledger.health's NoEvidence.
    """
    require(by, Action.OPERATE)
    if today > clock.today() or grace_days < 0:
        raise TooEarly(
            "只能删除到今天为止已经期满的数据，宽限天数不能为负。",
            "Only what has ended by today is erased, and a grace is not negative.",
        )
    ended_by = today - timedelta(days=grace_days)
    with _owner() as own:
        own.execute(_SQL["gather"], {"items": _items_of_persons(), "ended_by": ended_by})
        total = int(_one(own, "SELECT count(*) FROM due"))
        left_open = broken_off(RECORDS)
        if not total and left_open is None:
            return []
        now_run = left_open or begin(RECORDS, ended_by=ended_by, grace_days=grace_days, by=by)
        for after in range(0, total, CHUNK):
            count = _chunk(own, now_run, after)
            if progress:
                progress(count)
    return finish(now_run, by=by)


def watch(what: str, left: Left) -> None:
    """A room above that erases beside the archive says how a proof of its is checked. ValueError when that is said already."""
    if what in _LEFT:
        raise ValueError(f"how this is checked is said already: {what}")
    _LEFT[what] = left


@transaction.atomic
def begin(
    what: str, *, ended_by: date, grace_days: int, by: Actor, basis: str = BASIS, is_new: bool = False
) -> int:  # fmt: skip
    """Notes that a run begins, in the log too, before anything of it is done: chunks are committed one by one. Its number. A run
    of the same that was broken off goes on instead, but for one that is a single transaction and cannot be (``is_new``)."""
    require(by, Action.OPERATE)
    found = None if is_new else broken_off(what)
    if found is not None:
        return found
    made = ErasureRun.objects.create(
        what=what, ended_by=ended_by, grace_days=grace_days, basis=basis, began_at=clock.now(), began_by=by.name
    )
    if not is_new:
        audit.enter(
            audit.Event.ERASING_BEGUN, by=by, object_kind="erasure-run", object_ref=str(made.pk), basis=basis, what=what,
            ended_by=ended_by.isoformat(), grace_days=grace_days,
        )  # fmt: skip
    return made.pk


def broken_off(what: str) -> int | None:
    """A run that was begun and has no proof yet."""
    found = ErasureRun.objects.filter(what=what, erasure__isnull=True).order_by("id").first()
    return found.pk if found else None


def beside(run_id: int, what: str, erased: Sequence[tuple[int, int, str, bytes]], *, by: Actor) -> int:
    """Notes what was erased beside the archive, in the transaction of the act: (submission, row or 0, item, digest). What was
    noted before is not noted again; returns how many are new."""
    require(by, Action.OPERATE)
    now = clock.now()
    made = ErasedBeside.objects.bulk_create(
        [
            ErasedBeside(
                what=what, submission_id=number, row_no=row_no, item_id=item, leaf=leaf, run_id=run_id, erased_at=now
            )
            for number, row_no, item, leaf in erased
        ],
        ignore_conflicts=True,
    )
    return len(made)


@transaction.atomic
def finish(run_id: int, *, by: Actor) -> list[Proof]:
    """Closes a run: a proof for each item, and an entry in the log with its root."""
    require(by, Action.OPERATE)
    one = ErasureRun.objects.get(pk=run_id)
    made = []
    for item_id, first, last in _rows("items_of_run", run=run_id):
        leaves = _leaves(one, item_id)
        proof = Erasure.objects.create(
            run=one, item_id=item_id, count=len(leaves), root=merkle.fold(leaves, HASHES[settings.LOG_HASH]),
            hash_name=settings.LOG_HASH, first_ended_on=first, last_ended_on=last, finished_at=clock.now(), finished_by=by.name,
        )  # fmt: skip
        if one.what == KEPT_ANSWERS:  # with the end of an authorisation, which no state of the log holds up
            audit.enter(
                audit.Event.ANSWERS_ERASED, by=by, object_kind="erasure", object_ref=str(proof.pk), basis=one.basis,
                count=proof.count, root=bytes(proof.root).hex(), run=run_id,
            )  # fmt: skip
        else:
            audit.enter(
                audit.Event.CONTENT_ERASED, by=by, object_kind="erasure", object_ref=str(proof.pk), basis=one.basis,
                what=one.what, item=item_id, count=proof.count, root=bytes(proof.root).hex(), run=run_id,
                grace_days=one.grace_days, ended_by=one.ended_by.isoformat(),
            )  # fmt: skip
        made.append(_view(proof))
    return made


def proofs(*, seen_by: Actor, before: int | None = None, limit: int = 50) -> list[Proof]:
    """Proofs of deletion, the newest first. Raises NotAllowed."""
    require(seen_by, Action.VIEW_DATA_DUTIES)
    found = Erasure.objects.select_related("run").order_by("-id")
    return [_view(one) for one in (found.filter(pk__lt=before) if before else found)[:limit]]


def check(proof_id: int, *, seen_by: Actor) -> Checked:
    """Makes the root again from the digests, and looks whether anything of what they stand for has content. Raises
    UnknownProof, NotAllowed."""
    require(seen_by, Action.VIEW_DATA_DUTIES)
    with scope.acting(system("erasure-check")):  # row-level security hides persons' versions from who may ask
        found = Erasure.objects.select_related("run").filter(pk=proof_id).first()
        if found is None:
            raise UnknownProof(f"没有编号为 {proof_id} 的删除凭证。", f"There is no proof of deletion {proof_id}.")
        leaves = _leaves(found.run, found.item_id)
        if found.run.what == RECORDS:
            left = int(_rows("left", run=found.run_id, item=found.item_id)[0][0])
        else:
            count_left = _LEFT.get(found.run.what)
            left = count_left(beside_of(found.run_id, found.item_id)) if count_left else 0
    is_right = bool(leaves) and merkle.fold(leaves, HASHES[found.hash_name]) == bytes(found.root)
    return Checked(_view(found), len(leaves), is_right, left)


def beside_of(run_id: int, item_id: str) -> list[tuple[int, int]]:
    """Submission and row (0: the file) of what a run erased beside the archive."""
    found = ErasedBeside.objects.filter(run_id=run_id, item_id=item_id).order_by("submission_id", "row_no")
    return list(found.values_list("submission_id", "row_no"))


def is_erased_beside(what: str, submission_id: int, row_no: int = 0) -> bool:
    """True when this was erased."""
    return ErasedBeside.objects.filter(what=what, submission_id=submission_id, row_no=row_no).exists()


def over(*, seen_by: Actor) -> dict[int, date]:
    """Submissions about persons that brought something of which nothing has content any more → first day of the last of it."""
    require(seen_by, Action.OPERATE)
    with scope.acting(seen_by):
        return dict(_rows("over", items=_items_of_persons()))


def _items_of_persons() -> list[str]:
    return sorted({one.id for one in publish.every_version() if one.is_about_persons})


def _chunk(own: psycopg.Connection[Any], run_id: int, after: int) -> int:
    """Erases one chunk, whole or not at all; how many versions that were."""
    with own.transaction():
        own.execute("SET LOCAL xinyong.erase = 'on'")
        statement = _SQL["chunk"].format(columns=", ".join(f"r.{name}" for name in COLUMNS))
        found = own.execute(statement, {"after": after, "to": after + CHUNK}, binary=True)
        lines = _canonical.rows(found.pgresult)
        if not lines:
            return 0
        ends = list(accumulate(map(len, lines)))
        leaves = batches.digest_of_rows(memoryview(b"".join(lines)), ends, HASHES[settings.LOG_HASH])
        rows = found.fetchall()
        subjects, keys, versions = ([row[place] for row in rows] for place in _PLACES.values())
        which = {"subjects": subjects, "keys": [bytes(one) for one in keys], "versions": versions}
        own.execute(_SQL["bury"], which | {"leaves": leaves, "run": run_id, "now": clock.now()})
        own.execute(_SQL["erase"], which)
        empty = own.execute(_SQL["without_content"], {"subjects": sorted(set(subjects))}).fetchall()
        forgotten.release(own, [number for (number,) in empty])
    return len(lines)


@contextmanager
def _owner() -> Iterator[psycopg.Connection[Any]]:
    """A connection of the tables' owner, alone at it."""
    with closing(separation.owner()) as own:
        row = own.execute(
            "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = 'record'::regclass"
        ).fetchone()
        if row != (True,):
            raise NotOwner(
                "数据库用户不是数据表的所有者，不能删除期满的内容：请设置 XINYONG_OWNER_URL 后再运行。",
                "The database user does not own the tables and may not erase what is over: set XINYONG_OWNER_URL, then run it again.",
            )
        if own.execute("SELECT pg_try_advisory_lock(%s, %s)", _LOCK).fetchone() != (True,):
            raise Busy(
                "另一个进程正在删除期满的内容，请等它完成。", "Another process is erasing what is over; wait for it."
            )
        yield own


def _leaves(one: ErasureRun, item_id: str) -> list[bytes]:
    name = "leaves" if one.what == RECORDS else "leaves_beside"
    return [bytes(leaf) for (leaf,) in _rows(name, run=one.pk, item=item_id)]


def _rows(name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with django_connection.cursor() as cursor:
        cursor.execute(_SQL[name], parameters)
        return list(cursor.fetchall())


def _one(own: psycopg.Connection[Any], statement: str) -> Any:
    row = own.execute(statement).fetchone()  # nosemgrep: sql-from-pieces  a constant of ours
    assert row is not None
    return row[0]


def _view(one: Erasure) -> Proof:
    return Proof(
        id=one.pk, run=one.run_id, what=one.run.what, item_id=one.item_id, count=one.count, root=bytes(one.root).hex(),
        hash_name=one.hash_name, first_ended_on=one.first_ended_on, last_ended_on=one.last_ended_on,
        grace_days=one.run.grace_days, basis=one.run.basis, began_at=one.run.began_at, finished_at=one.finished_at,
        by=one.finished_by,
    )  # fmt: skip
