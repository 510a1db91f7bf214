"""Whose row is it: linking by code with precedence. A name alone never links; it makes a candidate for the desk.

Subjects that a report names for the first time are entered as provisional (data.md §1.4 V05) in a transaction of their
own before the chunk's: a run that dies between leaves a subject without records, which the resumed run finds again.
"""

import hashlib
import json
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction

from xinyong.catalogue.schema import Section
from xinyong.intake import _columns, _register_rows
from xinyong.intake.outcome import DOUBTFUL, WRONG
from xinyong.intake.plan import Plan
from xinyong.intake.validate import Checked
from xinyong.kernel import codes
from xinyong.security import encryption
from xinyong.subjects import registry, resolve

#: Positions get this id when the row has no subject.
NOBODY = -1

_PROBLEMS: dict[str, tuple[str, str, str, str]] = {
    "name-mismatch": (
        "V05-name-mismatch", "doubtful",
        "名称与该代码登记的现用名、曾用名都不一致。若主体已更名，请先更新登记信息；若填错，请更正名称或代码。",
        "The name is neither the current nor a former name registered under this code. Correct the name or the code.",
    ),
    "codes-disagree": (
        "V05-codes-disagree", "doubtful", "同一行的几个代码属于不同主体。请逐一核对。",
        "The codes of this row belong to different subjects. Check each of them.",
    ),
    "ambiguous-identifier": (
        "V05-ambiguous", "doubtful", "此代码对应多个主体，不能据此确定是谁。请补填统一社会信用代码。",
        "This code fits several subjects. Give the unified social credit code.",
    ),
    "not-found": (
        "V05-no-subject", "doubtful", "没有可用于确定主体的有效代码。请补填统一社会信用代码；仅凭名称不能关联。",
        "No valid code says whose row this is. Give the unified social credit code; a name alone never links.",
    ),
}  # fmt: skip

#: Scheme of subjects.resolve → name of the part in the catalogue's roles.
_SCHEMES = {
    "org_code": "org_code", "registration_no": "registration_no", "tax_no": "tax_no",
    "institution_no": "institution_no", "social_no": "social_org_no",
}  # fmt: skip


#: Combinations of codes and name kept in memory during a run (some 200 bytes each).
_KEPT = 200_000


@dataclass(slots=True)
class Memory:
    """What a run has learnt: combination of codes and name → (subject id, problem)."""

    found: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    entered: dict[str, str] = field(default_factory=dict)  # new code → key of the name that came first, for a trial

    def forget(self, unique: list[str]) -> None:
        """Drops what will have changed (subjects about to be entered), and everything when there is too much."""
        if len(self.found) > _KEPT:
            self.found.clear()
            return
        for combination in unique:
            if self.found[combination][0] == NOBODY:
                del self.found[combination]


@dataclass(frozen=True, slots=True)
class Linked:
    """Subject ids by position (NOBODY where none), and how each was found."""

    subject_id: npt.NDArray[np.int64]


def link(checked: Checked, plan: Plan, *, may_create: bool, memory: Memory) -> Linked:
    """Links every row that is not already rejected; adds doubtful findings where that fails.

    With ``may_create`` False (a trial) nothing is written, and new subjects get ids of no subject (below NOBODY).
    """
    if plan.item.is_about_persons:
        return _link_persons(checked, plan, may_create=may_create)
    if plan.item.section is Section.REGISTRATION:
        return _register(checked, plan, may_create=may_create)
    return _link_organisations(checked, plan, may_create=may_create, memory=memory)


def _link_organisations(checked: Checked, plan: Plan, *, may_create: bool, memory: Memory) -> Linked:
    roles = plan.item.roles
    assert roles.subject_code is not None
    given = checked.columns[roles.subject_code]
    usable, registration = _sort_codes(given, plan)
    others = {scheme: _column(checked, roles.other_codes.get(part)) for scheme, part in _SCHEMES.items()}
    others["registration_no"] = pc.coalesce(registration, others["registration_no"])
    subject_id, problem = _resolve(pa.table({"uscc": usable, **others, "name_key": checked.name_keys}), memory)
    is_wrong = checked.findings.level >= WRONG
    is_new = (problem == "not-found") & pc.is_valid(usable).to_numpy(zero_copy_only=False) & ~is_wrong
    if is_new.any():
        _enter_provisional(checked, plan, usable, is_new, subject_id, memory, may_create=may_create)
    for name, (rule, severity, zh, en) in _PROBLEMS.items():
        rows = np.flatnonzero((problem == name) & ~is_new & ~is_wrong)
        marked = roles.subject_name if name == "name-mismatch" else roles.subject_code
        checked.findings.add(
            rows, rule=rule, severity=severity, message=zh, message_en=en, field_code=marked, basis="法人基础库",
            values=_columns.shown(plan.item.field_of(marked), checked.columns[marked].take(pa.array(rows))),
        )  # fmt: skip
    _forgive_registration_numbers(checked, registration, subject_id, problem)
    return Linked(subject_id)


def _resolve(rows: pa.Table, memory: Memory) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """``resolve.link`` for the combinations of codes and name that this run has not met yet; subjects come again and
    again, and a look-up of five codes a row is what linking costs."""
    combined = pc.binary_join_element_wise(
        *(column.combine_chunks() for column in rows.columns), "\x1f", null_handling="replace", null_replacement=""
    ).dictionary_encode()
    unique = combined.dictionary.to_pylist()
    indices = combined.indices.to_numpy()
    _, first = np.unique(indices, return_index=True)
    new = [place for place, combination in enumerate(unique) if combination not in memory.found]
    if new:
        found = resolve.link(rows.take(pa.array(first[new])))
        ids = pc.fill_null(found.column("subject_id"), NOBODY).to_pylist()
        for place, subject_id, problem in zip(new, ids, found.column("problem").to_pylist(), strict=True):
            memory.found[unique[place]] = (subject_id, problem)
    pairs = [memory.found[combination] for combination in unique]
    memory.forget(unique)
    ids_by_place = np.array([pair[0] for pair in pairs], dtype=np.int64)
    problems_by_place = np.array([pair[1] for pair in pairs], dtype=object)
    return ids_by_place[indices], problems_by_place[indices]


def _column(checked: Checked, code: str | None) -> pa.Array:
    return checked.columns[code] if code else pa.nulls(len(checked), pa.string())


def _sort_codes(given: pa.Array, plan: Plan) -> tuple[pa.Array, pa.Array]:
    """The valid unified codes, and the old registration numbers that stand in the same column."""
    judged = codes.judge_column(
        given, expect=codes.Kind.USCC, exceptions=plan.tables.exceptions, today=plan.tables.today
    )
    lengths = pc.fill_null(pc.utf8_length(judged.normalised), 0)
    verdict = pa.array(np.asarray(judged.verdict))
    is_code = pc.and_(pc.is_in(verdict, value_set=pa.array([0, 1], verdict.type)), pc.equal(lengths, 18))
    is_code = pc.and_(is_code, pc.invert(pc.starts_with(pc.fill_null(judged.normalised, ""), "00000000000000000")))
    nothing = pa.scalar(None, pa.string())
    is_number = pc.is_in(lengths, value_set=pa.array([13, 15], lengths.type))
    return (
        pc.if_else(is_code, judged.normalised, nothing),
        pc.if_else(is_number, judged.normalised, nothing),
    )


def _forgive_registration_numbers(
    checked: Checked, registration: pa.Array, subject_id: npt.NDArray[np.int64], problem: npt.NDArray[np.object_]
) -> None:
    """A row whose old registration number found its subject goes in, with a warning instead of a doubt."""
    has_number = np.flatnonzero(pc.is_valid(registration).to_numpy(zero_copy_only=False))
    forgiven = [place for place in has_number.tolist() if subject_id[place] != NOBODY and problem[place] is None]
    if not forgiven:
        return
    numbers = set(checked.row_no[forgiven].tolist())
    kept = []
    for found in checked.findings.found:
        if found.row_no in numbers and found.rule.startswith("V04-old-registration"):
            kept.append(replace(found, severity="warning"))
        else:
            kept.append(found)
    checked.findings.found[:] = kept
    worst: dict[int, int] = {}
    for found in kept:
        if found.row_no in numbers:
            worst[found.row_no] = max(
                worst.get(found.row_no, 0), {"warning": 1, "doubtful": 2, "error": 3}[found.severity]
            )
    for position in forgiven:
        checked.findings.level[position] = worst.get(int(checked.row_no[position]), 0)


def _enter_provisional(
    checked: Checked,
    plan: Plan,
    usable: pa.Array,
    is_new: npt.NDArray[np.bool_],
    subject_id: npt.NDArray[np.int64],
    memory: Memory,
    *,
    may_create: bool,
) -> None:
    """Enters new codes under the name that came first; rows that give such a code another name are doubtful, in this
    chunk as in every later one."""
    rows, first = _one_name(checked, plan, usable, np.flatnonzero(is_new & (checked.findings.level < DOUBTFUL)), memory)
    if not rows:
        return
    places = pa.array(rows)
    new_codes = usable.take(places)
    checked.findings.add(
        first, rule="V05-new-subject", severity="warning", field_code=plan.item.roles.subject_code or "",
        message="法人基础库中还没有此代码，已按报送内容暂建主体，待登记部门的数据到达后核对。",
        message_en="This code is not in the base register yet; the subject was entered provisionally.",
        values=usable.take(pa.array(first, pa.int64())).to_pylist(),
    )  # fmt: skip
    if not may_create:
        subject_id[rows] = [_stand_in(code) for code in new_codes.to_pylist()]
        return
    table = pa.table({"code": new_codes, "name": checked.columns[plan.item.roles.subject_name].take(places)})
    with transaction.atomic():
        entered = registry.ensure_organisations(table, known_at=plan.received_at)
    ids = dict(zip(entered.column("code").to_pylist(), entered.column("subject_id").to_pylist(), strict=True))
    subject_id[rows] = [ids[code] for code in new_codes.to_pylist()]
    memory.entered.clear()  # from now on the register knows their names


def _one_name(
    checked: Checked, plan: Plan, usable: pa.Array, rows: npt.NDArray[np.int64], memory: Memory
) -> tuple[list[int], list[int]]:
    """Of ``rows``, those whose name is the first one given to their code, and the first row of each code."""
    places = pa.array(rows)
    kept: list[int] = []
    first: list[int] = []
    strange: list[int] = []
    keys = checked.name_keys.take(places).to_pylist()
    for row, code, key in zip(rows.tolist(), usable.take(places).to_pylist(), keys, strict=True):
        if code not in memory.entered:
            memory.entered[code] = key
            first.append(row)
        (kept if memory.entered[code] == key else strange).append(row)
    rule, severity, zh, en = _PROBLEMS["name-mismatch"]
    name = plan.item.roles.subject_name
    checked.findings.add(
        strange, rule=rule, severity=severity, message=zh, message_en=en, field_code=name, basis="法人基础库",
        values=_columns.shown(plan.item.field_of(name), checked.columns[name].take(pa.array(strange, pa.int64()))),
    )  # fmt: skip
    return kept, first


def _register(checked: Checked, plan: Plan, *, may_create: bool) -> Linked:
    """The base register: its rows make and change subjects."""
    roles = plan.item.roles
    assert roles.subject_code is not None
    usable, _ = _sort_codes(checked.columns[roles.subject_code], plan)
    subject_id = np.full(len(checked), NOBODY, dtype=np.int64)
    good = (checked.findings.level < DOUBTFUL) & pc.is_valid(usable).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(good)
    if not len(rows):
        return Linked(subject_id)
    if not may_create:
        found = resolve.by_codes(usable.take(pa.array(rows)).to_pylist())
        known = dict(zip(found.column("code").to_pylist(), found.column("subject_id").to_pylist(), strict=True))
        for place, code in zip(rows.tolist(), usable.take(pa.array(rows)).to_pylist(), strict=True):
            subject_id[place] = known.get(code) or _stand_in(code)
        return Linked(subject_id)
    places = pa.array(rows)
    columns = {field.code: checked.columns[field.code].take(places) for field in plan.item.fields}
    with transaction.atomic():
        entered = registry.register(_register_rows.rows(columns, code=usable.take(places)), known_at=plan.received_at)
    ids = dict(zip(entered.column("code").to_pylist(), entered.column("subject_id").to_pylist(), strict=True))
    subject_id[rows] = [ids[code] for code in usable.take(places).to_pylist()]
    return Linked(subject_id)


def _link_persons(checked: Checked, plan: Plan, *, may_create: bool) -> Linked:
    """Persons are found by the keyed digest of their certificate, and sealed (INV-70)."""
    roles = plan.item.roles
    assert roles.person_certificate is not None
    subject_id = np.full(len(checked), NOBODY, dtype=np.int64)
    numbers = checked.columns[roles.person_certificate].to_pylist()
    kinds = _column(checked, roles.person_certificate_kind).to_pylist()
    people = checked.columns[roles.subject_name].to_pylist()
    rows = [place for place in np.flatnonzero(checked.findings.level < DOUBTFUL).tolist() if numbers[place] is not None]
    digests = [person_digest(kinds[place], numbers[place]) for place in rows]
    if not may_create:
        known = resolve.by_people(digests)
        for place, digest in zip(rows, digests, strict=True):
            subject_id[place] = known.get(digest) or _stand_in(digest.hex())
        return Linked(subject_id)
    sealed = [
        encryption.seal(
            json.dumps([people[place], kinds[place], numbers[place]], ensure_ascii=False).encode(),
            context="subject.sealed",
        )
        for place in rows
    ]
    with transaction.atomic():
        ids = registry.ensure_persons(list(zip(digests, sealed, strict=True)), known_at=plan.received_at)
    for place, digest in zip(rows, digests, strict=True):
        subject_id[place] = ids[digest]
    return Linked(subject_id)


def _stand_in(key: str) -> int:
    """An id below NOBODY, equal for equal keys: lets a trial tell subjects apart that it may not enter."""
    return -2 - int.from_bytes(hashlib.sha256(key.encode()).digest()[:7])


def person_digest(kind: str | None, number: str) -> bytes:
    """The blind index of a person: kind and number of the certificate."""
    return encryption.digest(f"{kind or '身份证'}\x1f{number}", kind="person")
