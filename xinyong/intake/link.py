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
from xinyong.intake import _columns, _register_rows, left_out
from xinyong.intake._coded import Coded, coded, combinations, empty, encoded
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

#: Problems as numbers, so that columns of them can be compared.
_NUMBER: dict[str | None, int] = {None: 0} | {name: number for number, name in enumerate(_PROBLEMS, start=1)}

#: Scheme of subjects.resolve → name of the part in the catalogue's roles.
_SCHEMES = {
    "org_code": "org_code", "registration_no": "registration_no", "tax_no": "tax_no",
    "institution_no": "institution_no", "social_no": "social_org_no",
}  # fmt: skip


#: Combinations of codes and name kept in memory during a run (some 200 bytes each).
_KEPT = 200_000


@dataclass(slots=True)
class Memory:
    """What a run has learnt: combination of codes and name → (subject id, number of the problem). ``is_blind``: there is no
    register to ask (an offline check), so nobody is known."""

    found: dict[str, tuple[int, int]] = field(default_factory=dict)
    entered: dict[str, str] = field(default_factory=dict)  # new code → key of the name that came first, for a trial
    is_blind: bool = False

    def forget(self, unique: list[str]) -> None:
        """Drops what will have changed (subjects about to be entered), and everything when there is too much."""
        if len(self.found) > _KEPT:
            self.found.clear()
            return
        for combination in dict.fromkeys(unique):
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
    if plan.item.section is Section.REGISTRATION:
        return _register(checked, plan, may_create=may_create, is_blind=memory.is_blind)
    if plan.item.is_about_persons:
        linked = _link_persons(checked, plan, may_create=may_create, is_blind=memory.is_blind)
    else:
        linked = _link_organisations(checked, plan, may_create=may_create, memory=memory)
    left_out.check(checked, plan, linked.subject_id, is_blind=memory.is_blind)
    return linked


def known(checked: Checked, plan: Plan, *, memory: Memory) -> Linked | None:
    """As ``link``, for rows about organisations that are all in the register already: nothing is written. None, and no
    finding added, when one is new; then linking has to wait until the whole file is known to be readable."""
    if plan.item.is_about_persons or plan.item.section is Section.REGISTRATION:
        return None
    found = _find(checked, plan, memory)
    if found.is_new.any():
        return None
    linked = _conclude(checked, plan, found)
    left_out.check(checked, plan, linked.subject_id, is_blind=memory.is_blind)
    return linked


@dataclass(frozen=True, slots=True)
class _Found:
    """What the register says of each row: subject or NOBODY, the number of the problem, whether it is a new subject."""

    usable: Coded
    registration: Coded
    subject_id: npt.NDArray[np.int64]
    problem: npt.NDArray[np.int8]
    is_new: npt.NDArray[np.bool_]


def _link_organisations(checked: Checked, plan: Plan, *, may_create: bool, memory: Memory) -> Linked:
    found = _find(checked, plan, memory)
    if found.is_new.any():
        _enter_provisional(checked, plan, found, memory, may_create=may_create)
    return _conclude(checked, plan, found)


def _find(checked: Checked, plan: Plan, memory: Memory) -> _Found:
    roles = plan.item.roles
    assert roles.subject_code is not None
    usable, registration = _sort_codes(checked.columns.coded(roles.subject_code), plan)
    others = {scheme: _column(checked, roles.other_codes.get(part)) for scheme, part in _SCHEMES.items()}
    if registration.null_count < len(registration):
        given = others["registration_no"].plain()
        others["registration_no"] = encoded(pc.coalesce(registration.plain(), given))
    subject_id, problem = _resolve({"uscc": usable, **others, "name_key": checked.name_keys}, memory)
    is_new = problem == _NUMBER["not-found"]
    if is_new.any():
        is_new &= pc.is_valid(usable.plain()).to_numpy(zero_copy_only=False) & (checked.findings.level < WRONG)
    return _Found(usable, registration, subject_id, problem, is_new)


def _conclude(checked: Checked, plan: Plan, found: _Found) -> Linked:
    """Notes the problems of rows that are neither wrong nor about a new subject."""
    roles = plan.item.roles
    is_settled = found.is_new | (checked.findings.level >= WRONG)
    for name, (rule, severity, zh, en) in _PROBLEMS.items():
        rows = np.flatnonzero((found.problem == _NUMBER[name]) & ~is_settled)
        marked = roles.subject_name if name == "name-mismatch" else roles.subject_code or roles.subject_name
        checked.findings.add(
            rows, rule=rule, severity=severity, message=zh, message_en=en, field_code=marked, basis="法人基础库",
            values=_columns.shown(plan.item.field_of(marked), checked.columns.coded(marked).take(rows)),
        )  # fmt: skip
    _forgive_registration_numbers(checked, found.registration, found.subject_id, found.problem)
    return Linked(found.subject_id)


def _resolve(columns: dict[str, Coded], memory: Memory) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]:
    """``resolve.link`` for the combinations of codes and name that this run has not met yet; subjects come again and
    again, and a look-up of five codes a row is what linking costs. Problems are numbers, 0 for none."""
    if memory.is_blind:
        rows = len(next(iter(columns.values())))
        return np.full(rows, NOBODY, dtype=np.int64), np.full(rows, _NUMBER["not-found"], dtype=np.int8)
    first, back = combinations(columns.values())
    rows = pa.table({name: column.take(first) for name, column in columns.items()})
    texts = pc.binary_join_element_wise(
        *(column.combine_chunks() for column in rows.columns), "\x1f", null_handling="replace", null_replacement=""
    ).to_pylist()
    new = [place for place, combination in enumerate(texts) if combination not in memory.found]
    if new:
        found = resolve.link(rows.take(pa.array(new)))
        ids = pc.fill_null(found.column("subject_id"), NOBODY).to_pylist()
        for place, subject_id, problem in zip(new, ids, found.column("problem").to_pylist(), strict=True):
            memory.found[texts[place]] = (subject_id, _NUMBER[problem])
    pairs = [memory.found[combination] for combination in texts]
    memory.forget(texts)
    subject_ids = np.array([pair[0] for pair in pairs], dtype=np.int64)
    problems = np.array([pair[1] for pair in pairs], dtype=np.int8)
    return subject_ids[back], problems[back]


def _column(checked: Checked, code: str | None) -> Coded:
    return checked.columns.coded(code) if code else empty(pa.string(), len(checked))


def _sort_codes(given: Coded, plan: Plan) -> tuple[Coded, Coded]:
    """The valid unified codes, and the old registration numbers that stand in the same column."""
    judged = codes.judge_column(
        given.values, expect=codes.Kind.USCC, exceptions=plan.tables.exceptions, today=plan.tables.today
    )
    lengths = pc.fill_null(pc.utf8_length(judged.normalised), 0)
    verdict = pa.array(np.asarray(judged.verdict))
    is_code = pc.and_(pc.is_in(verdict, value_set=pa.array([0, 1], verdict.type)), pc.equal(lengths, 18))
    is_code = pc.and_(is_code, pc.invert(pc.starts_with(pc.fill_null(judged.normalised, ""), "00000000000000000")))
    nothing = pa.scalar(None, pa.string())
    is_number = pc.is_in(lengths, value_set=pa.array([13, 15], lengths.type))
    return (
        coded(pc.if_else(is_code, judged.normalised, nothing), given.indices),
        coded(pc.if_else(is_number, judged.normalised, nothing), given.indices),
    )


def _forgive_registration_numbers(
    checked: Checked, registration: Coded, subject_id: npt.NDArray[np.int64], problem: npt.NDArray[np.int8]
) -> None:
    """A row whose old registration number found its subject goes in, with a warning instead of a doubt."""
    has_number = registration.rows(pc.is_valid(registration.values))
    forgiven = has_number[(subject_id[has_number] != NOBODY) & (problem[has_number] == 0)].tolist()
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
    found: _Found,
    memory: Memory,
    *,
    may_create: bool,
) -> None:
    """Enters new codes under the name that came first; rows that give such a code another name are doubtful, in this
    chunk as in every later one."""
    usable, subject_id = found.usable, found.subject_id
    rows, first = _one_name(
        checked, plan, usable, np.flatnonzero(found.is_new & (checked.findings.level < DOUBTFUL)), memory
    )
    if not rows:
        return
    new_codes = usable.take(rows)
    checked.findings.add(
        first, rule="V05-new-subject", severity="warning", field_code=plan.item.roles.subject_code or "",
        message="法人基础库中还没有此代码，已按报送内容暂建主体，待登记部门的数据到达后核对。",
        message_en="This code is not in the base register yet; the subject was entered provisionally.",
        values=usable.take(first).to_pylist(),
    )  # fmt: skip
    if not may_create:
        subject_id[rows] = [_stand_in(code) for code in new_codes.to_pylist()]
        return
    table = pa.table({"code": new_codes, "name": checked.columns.coded(plan.item.roles.subject_name).take(rows)})
    with transaction.atomic():
        entered = registry.ensure_organisations(table, known_at=plan.received_at)
    ids = dict(zip(entered.column("code").to_pylist(), entered.column("subject_id").to_pylist(), strict=True))
    subject_id[rows] = [ids[code] for code in new_codes.to_pylist()]
    memory.entered.clear()  # from now on the register knows their names


def _one_name(
    checked: Checked, plan: Plan, usable: Coded, rows: npt.NDArray[np.int64], memory: Memory
) -> tuple[list[int], list[int]]:
    """Of ``rows``, those whose name is the first one given to their code, and the first row of each code."""
    kept: list[int] = []
    first: list[int] = []
    strange: list[int] = []
    keys = checked.name_keys.take(rows).to_pylist()
    for row, code, key in zip(rows.tolist(), usable.take(rows).to_pylist(), keys, strict=True):
        if code not in memory.entered:
            memory.entered[code] = key
            first.append(row)
        (kept if memory.entered[code] == key else strange).append(row)
    rule, severity, zh, en = _PROBLEMS["name-mismatch"]
    name = plan.item.roles.subject_name
    checked.findings.add(
        strange, rule=rule, severity=severity, message=zh, message_en=en, field_code=name, basis="法人基础库",
        values=_columns.shown(plan.item.field_of(name), checked.columns.coded(name).take(strange)),
    )  # fmt: skip
    return kept, first


def _register(checked: Checked, plan: Plan, *, may_create: bool, is_blind: bool) -> Linked:
    """The base register: its rows make and change subjects."""
    roles = plan.item.roles
    assert roles.subject_code is not None
    usable, _ = _sort_codes(checked.columns.coded(roles.subject_code), plan)
    subject_id = np.full(len(checked), NOBODY, dtype=np.int64)
    good = (checked.findings.level < DOUBTFUL) & pc.is_valid(usable.plain()).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(good)
    if not len(rows):
        return Linked(subject_id)
    if not may_create:
        found = None if is_blind else resolve.by_codes(usable.take(rows).to_pylist())
        known = (
            dict(zip(found.column("code").to_pylist(), found.column("subject_id").to_pylist(), strict=True))
            if found is not None
            else {}
        )
        for place, code in zip(rows.tolist(), usable.take(rows).to_pylist(), strict=True):
            subject_id[place] = known.get(code) or _stand_in(code)
        return Linked(subject_id)
    columns = {field.code: checked.columns.coded(field.code).take(rows) for field in plan.item.fields}
    with transaction.atomic():
        entered = registry.register(_register_rows.rows(columns, code=usable.take(rows)), known_at=plan.received_at)
    ids = dict(zip(entered.column("code").to_pylist(), entered.column("subject_id").to_pylist(), strict=True))
    subject_id[rows] = [ids[code] for code in usable.take(rows).to_pylist()]
    return Linked(subject_id)


def _link_persons(checked: Checked, plan: Plan, *, may_create: bool, is_blind: bool) -> Linked:
    """Persons are found by the keyed digest of their certificate, and sealed (INV-70)."""
    roles = plan.item.roles
    assert roles.person_certificate is not None
    subject_id = np.full(len(checked), NOBODY, dtype=np.int64)
    numbers = checked.columns[roles.person_certificate].to_pylist()
    kinds = _column(checked, roles.person_certificate_kind).plain().to_pylist()
    people = checked.columns[roles.subject_name].to_pylist()
    rows = [place for place in np.flatnonzero(checked.findings.level < DOUBTFUL).tolist() if numbers[place] is not None]
    if is_blind:  # the installation's key is not here, and nothing is kept: the number itself tells people apart
        for place in rows:
            subject_id[place] = _stand_in(f"{kinds[place] or '身份证'}\x1f{numbers[place]}")
        return Linked(subject_id)
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
