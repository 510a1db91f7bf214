"""What a draft of the catalogue would do to the records on file, before it is published.

The current version of every record of the item is read in columns, as it was deposited, and checked by the same code as a
file (validate), against the draft's fields, rules and the code lists of the day it takes effect. Rows that it finds wrong
or doubtful are checked once more against the version in force: only what is new counts. Nothing is written but the answer,
and no record is changed: they stay as they were found right when they came in.
"""

import io
import time as watch
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
from psycopg import sql as composed

from xinyong.catalogue import body, codes, publish, recheck
from xinyong.catalogue.recheck import Effect, Example, OfDepartment, OfRule, Removed
from xinyong.catalogue.schema import CodeList, Item, Requirement
from xinyong.intake import validate, work
from xinyong.intake.outcome import DOUBTFUL, WRONG, Found
from xinyong.intake.plan import Material, Plan, installed, plan
from xinyong.kernel import clock, sql
from xinyong.security import encryption, identity
from xinyong.security.access import Action, Actor, require

_SQL = sql.load(__file__, "intake.sql")
#: Bytes of a block of rows: some twenty thousand.
_BLOCK = 12 << 20
_RULES, _EXAMPLES, _OF_A_RULE = 20, 20, 3
_AS_ERROR = {"error": WRONG, "doubtful": DOUBTFUL}
_HEAD = ("source_id", "submission_id", "row_no", "sealed")

Progress = Callable[[int], None]


@dataclass(slots=True)
class _Sums:
    """What has been counted so far."""

    records: int = 0
    of: Counter[int] = field(default_factory=Counter)  # source → records
    newly: Counter[tuple[int, int]] = field(default_factory=Counter)  # (source, level) → records
    rules: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (rule, field, severity) → records
    sentences: dict[tuple[str, str, str], tuple[str, str]] = field(default_factory=dict)
    examples: list[tuple[int, int, int, Found]] = field(default_factory=list)
    shown: Counter[str] = field(default_factory=Counter)  # rule → examples
    removed: Counter[str] = field(default_factory=Counter)


def total(item_id: str) -> int:
    """About how many records the item has, by what was deposited."""
    with closing(work.connect()) as own:
        return int(own.execute(_SQL["deposited"], [item_id]).fetchone()[0])  # type: ignore[index]  # a sum is one row


def effect(draft: Item, *, by: Actor, progress: Progress | None = None, edition: CodeList | None = None) -> Effect:
    """What publishing the draft would do to the item's records; or, of an item in force, what an ``edition`` of a code list
    would. ``progress`` hears how many have been checked. Raises NotAllowed."""
    require(by, Action.MANAGE_CATALOGUE)
    begun, now = watch.monotonic(), clock.now()
    ruling, material = _in_force(draft.id), installed()
    columns = tuple(dict.fromkeys(one.code for item in (draft, ruling) if item for one in item.fields))
    first = edition.valid_from if edition else draft.effective_from
    assert first is not None
    starts = max(now, datetime.combine(first, time(), clock.ZONE))
    would = replace(material, editions=(*material.editions, edition)) if edition else material
    new, old = _plan(draft, columns, starts, would), _plan(ruling, columns, now, material) if ruling else None
    gone = [code for code in columns if code not in {one.code for one in draft.fields}]
    sums = _Sums()
    with closing(work.connect()) as own:
        for table in _records(own, draft.id, columns):
            _count(table, new, old, columns, gone, sums)
            if progress:
                progress(sums.records)
    return _summed(sums, draft, ruling, starts, watch.monotonic() - begun)


def run(item_id: str, version: int, *, by: Actor) -> None:
    """Works out what was asked for (recheck.ask) and keeps it; the worker's part. A draft thrown away meanwhile is left."""
    try:
        draft = publish.version(item_id, version)
    except publish.UnknownItem:
        return
    digest = body.digest(draft)
    found = None
    try:
        found = effect(draft, by=by, progress=lambda done: recheck.proceed(item_id, version, done=done, by=by))
    finally:
        recheck.finish(item_id, version, digest=digest, effect=found, by=by)


def run_edition(list_id: str, valid_from: date, *, by: Actor) -> None:
    """Works out what a drafted edition of a code list would do to the records of every item that takes it; the worker's part.
    A draft thrown away or published meanwhile is left."""
    try:
        drafted = codes.drafted(list_id, valid_from)
    except (codes.UnknownEdition, codes.EditionFrozen):
        return
    found = None
    try:
        found = {item.id: effect(item, by=by, edition=drafted) for item in codes.users(list_id)}
    finally:
        codes.keep_effects(drafted, found, by=by)


def _in_force(item_id: str) -> Item | None:
    try:
        return publish.current(item_id)
    except publish.UnknownItem:
        return None


def _plan(item: Item, columns: tuple[str, ...], at: datetime, material: Material) -> Plan:
    # What the platform computes is not in the records' payload, and nobody can have left it out.
    fields = tuple(
        replace(one, requirement=Requirement.OPTIONAL, required_when=None) if one.is_computed else one
        for one in item.fields
    )
    own = {one.code for one in fields}
    places = {place: code for place, code in enumerate(columns) if code in own}
    made = replace(item, fields=fields)
    return plan(
        made, source=None, columns=places, headers=columns, received_at=at.astimezone(clock.ZONE), material=material
    )


def _records(own: psycopg.Connection[Any], item_id: str, columns: tuple[str, ...]) -> Iterator[pa.Table]:
    """The newest versions of the item's records that stand, in blocks: the four head columns and a text column a field."""
    statement = composed.SQL(_SQL["on_file"]).format(
        fields=composed.SQL(", ").join(composed.Identifier("x", code) for code in columns),
        shape=composed.SQL(", ").join(composed.SQL("{} text").format(composed.Identifier(code)) for code in columns),
        item=composed.Literal(item_id),
    )
    texts = dict.fromkeys((*columns, "sealed"), pa.string())
    numbers = {"source_id": pa.int64(), "submission_id": pa.int64(), "row_no": pa.int32()}
    with own.cursor() as cursor, cursor.copy(statement) as copied:
        source = _Bytes(copied)
        if source.is_empty():
            return
        blocks = pa_csv.open_csv(
            pa.PythonFile(source, "r"),
            read_options=pa_csv.ReadOptions(block_size=_BLOCK, column_names=[*_HEAD, *columns]),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=texts | numbers, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
            ),
        )  # fmt: skip
        for block in blocks:
            yield _opened(pa.Table.from_batches([block]), columns)


class _Bytes(io.RawIOBase):
    """What COPY sends, to be read like a file."""

    def __init__(self, copied: psycopg.Copy) -> None:
        self._copied, self._held = copied, b""

    def readable(self) -> bool:
        """It can be read."""
        return True

    def is_empty(self) -> bool:
        """True when not one row comes."""
        self._held = self._held or bytes(self._copied.read())
        return not self._held

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        parts, missing = [], size if size >= 0 else 1 << 62
        while missing > 0:
            piece = self._held or bytes(self._copied.read())
            if not piece:
                break
            parts.append(piece[:missing])
            self._held = piece[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)


def _opened(table: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    """The block with the sealed fields in their columns. They are encrypted one by one and so opened one by one; the JSON in
    them is read as columns."""
    sealed = table.column("sealed").combine_chunks()
    if sealed.null_count == len(sealed):
        return table
    unseal, unhex = encryption.unseal, bytes.fromhex
    texts = [b"{}" if one is None else unseal(unhex(one), context="record.sealed") for one in sealed.to_pylist()]
    text = b"\n".join(texts)
    hidden = pa_json.read_json(
        pa.BufferReader(text),
        read_options=pa_json.ReadOptions(block_size=len(text) + 1),
        parse_options=pa_json.ParseOptions(
            explicit_schema=pa.schema([(code, pa.string()) for code in columns]), unexpected_field_behavior="ignore"
        ),
    )
    for code in columns:
        own = hidden.column(code)
        if own.null_count < len(own):
            place = table.column_names.index(code)
            table = table.set_column(place, code, pc.coalesce(own, table.column(code)))
    return table


def _count(
    table: pa.Table, new: Plan, old: Plan | None, columns: tuple[str, ...], gone: list[str], sums: _Sums
) -> None:  # fmt: skip
    sources = table.column("source_id").to_numpy()
    sums.records += len(table)
    sums.of.update(_tally(sources))
    for code in gone:
        sums.removed[code] += len(table) - table.column(code).null_count
    rows = pa.table(
        {"row_no": np.arange(len(table), dtype=np.int32)}
        | {f"c{place}": table.column(code) for place, code in enumerate(columns)}
    )
    found = validate.validate(0, rows, [], new).findings
    bad = np.flatnonzero(found.level >= DOUBTFUL)
    if not len(bad):
        return
    before = np.zeros(len(table), dtype=np.uint8)
    if old is not None:
        before[bad] = validate.validate(0, rows.take(pa.array(bad)), [], old).findings.level
    newly = bad[found.level[bad] > np.maximum(before[bad], DOUBTFUL - 1)]
    for level in (DOUBTFUL, WRONG):
        of_level = sources[newly[found.level[newly] == level]]
        sums.newly.update({(source, level): count for source, count in _tally(of_level).items()})
    _note(found.found, frozenset(newly.tolist()), table, sums)


def _tally(values: npt.NDArray[np.int64]) -> dict[int, int]:
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _note(found: list[Found], newly: frozenset[int], table: pa.Table, sums: _Sums) -> None:
    counted = [one for one in found if one.row_no in newly and one.severity in _AS_ERROR]
    keys = {(one.row_no, one.rule, one.field): (one.rule, one.field, one.severity) for one in counted}
    sums.rules.update(keys.values())
    for one in counted:
        sums.sentences.setdefault((one.rule, one.field, one.severity), (one.message, one.message_en))
        if len(sums.examples) < _EXAMPLES and sums.shown[one.rule] < _OF_A_RULE:
            source, submission, row = (table.column(name)[one.row_no].as_py() for name in _HEAD[:3])
            sums.examples.append((source, submission, row, one))
            sums.shown[one.rule] += 1


def _summed(sums: _Sums, draft: Item, ruling: Item | None, at: datetime, seconds: float) -> Effect:
    names = identity.department_names()
    by_source = {one: (sums.newly[one, DOUBTFUL], sums.newly[one, WRONG]) for one in sums.of}
    departments = [
        OfDepartment(names.get(source, str(source)), sums.of[source], doubtful, wrong)
        for source, (doubtful, wrong) in sorted(by_source.items(), key=lambda one: (-sum(one[1]), one[0]))
    ]
    rules = [OfRule(*key[:2], key[2], *sums.sentences[key], records) for key, records in sums.rules.most_common(_RULES)]
    examples = [
        Example(names.get(source, str(source)), submission, row, one.rule, one.field, one.message, one.message_en)
        for source, submission, row, one in sums.examples
    ]
    gone = {one.code: one for one in ruling.fields} if ruling else {}
    removed = [Removed(code, gone[code].name_zh, gone[code].name_en, records) for code, records in sums.removed.items()]
    return Effect(
        compared_with=ruling.version if ruling else None, on=clock.day(at).isoformat(),
        records=sums.records, doubtful=sum(one.doubtful for one in departments),
        wrong=sum(one.wrong for one in departments), departments=tuple(departments), rules=tuple(rules),
        rules_count=len(sums.rules), examples=tuple(examples), removed=tuple(removed), seconds=round(seconds, 2),
    )  # fmt: skip
