"""The desk of rows that no code links (信用中心核对). Candidates by name come with their reasons; a judgement brings
the row in, and can be undone: the datum is withdrawn and the row waits again. A name alone never links."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from django.db import connection, transaction

from xinyong.catalogue import publish
from xinyong.intake import again
from xinyong.intake.again import StillWrong
from xinyong.intake.models import WaitingRow
from xinyong.kernel import names, sql
from xinyong.kernel.errors import Conflict, NotFound
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require, system
from xinyong.subjects import matching, registry, resolve
from xinyong.subjects.matching import Candidate

_SQL = sql.load(__file__, "intake.sql")
_MISNAMED = "V05-name-mismatch"
_NOW_REGISTERED = matching.Reason(
    "name-now-registered", "名称现已登记在该代码名下", "The name is now registered under this code", 1.0
)
#: Rows that one call of ``link_again`` brings in at most, rows it looks at in one statement, and rows of a submission that
#: go in together.
MOST_AGAIN = 10_000
_LOOKED_AT = 5_000
_TOGETHER = 500
#: Findings that say "whose row is it" and nothing else.
_WHOSE = ("V05-no-subject", "V05-name-mismatch", "V05-codes-disagree", "V05-ambiguous")


class UnknownRow(NotFound):
    """No such waiting row, or it does not wait any more."""

    code = "intake.unknown-row"


@dataclass(frozen=True, slots=True)
class DeskRow:
    """A row that waits for a word on whose it is."""

    id: int
    submission_id: int
    row_no: int
    item_title_zh: str
    item_title_en: str
    source_name: str
    received_at: datetime
    name: str
    code: str
    document_no: str
    problem_zh: str
    problem_en: str
    candidates: tuple[Candidate, ...]
    denied: Mapping[int, int]  # subject id → the standing judgement that the row is not this one's


@dataclass(frozen=True, slots=True)
class Judged:
    """A standing judgement that brought a row in."""

    judgement_id: int
    submission_id: int
    row_no: int
    subject_code: str
    subject_name: str
    judged_by: str


def rows(*, seen_by: Actor, after: int | None = None, limit: int = 20) -> list[DeskRow]:
    """Open rows that only lack their subject, oldest first; organisations only. One audit entry. Raises
    NotAllowed."""
    require(seen_by, Action.REVIEW_LINKS)
    audit.enter(audit.Event.LINKS_VIEWED, by=seen_by, object_kind="waiting-rows", object_ref=f"after {after or 0}")
    with connection.cursor() as cursor:
        cursor.execute(_SQL["desk_rows"], {"whose": list(_WHOSE), "after": after or 0, "limit": limit})
        found = cursor.fetchall()
    units = {unit.id: unit for unit in identity.source_units(with_subjects=True)}
    made = []
    for row_id, submission_id, row_no, item_id, version, source_id, received_at, values, problem in found:
        item = publish.version(item_id, version)
        row: dict[str, str] = json.loads(values) if isinstance(values, str) else values
        name = row.get(item.roles.subject_name, "")
        code = row.get(item.roles.subject_code or "", "")
        made.append(
            DeskRow(
                id=row_id, submission_id=submission_id, row_no=row_no, item_title_zh=item.title_zh,
                item_title_en=item.title_en, source_name=units[source_id].name, received_at=received_at, name=name,
                code=code, document_no=row.get(item.roles.document_no or "", ""),
                problem_zh=problem.partition("\x1f")[0],
                problem_en=problem.partition("\x1f")[2], candidates=_candidates(name, code, seen_by),
                denied=_denied(submission_id, row_no, seen_by),
            )
        )  # fmt: skip
    return made


def _candidates(name: str, code: str, seen_by: Actor) -> tuple[Candidate, ...]:
    """The owner of the code as written comes first, where there is one; then who the name may mean."""
    found = matching.candidates(name, limit=4)
    try:
        owner = registry.subject(code, seen_by=seen_by) if code else None
    except registry.UnknownSubject:
        owner = None
    if owner is None or owner.code is None or any(one.subject_id == owner.id for one in found):
        return tuple(found)
    reason = matching.Reason("same-code", "代码相同，名称不同", "Same code, another name", 0.5)
    return (Candidate(owner.id, owner.code, owner.name, 0.5, [reason]), *found)


def _denied(submission_id: int, row_no: int, seen_by: Actor) -> dict[int, int]:
    found = matching.judgements(submission_id, row_no, seen_by=seen_by)
    return {one.subject_id: one.id for one in found if one.verdict == matching.Verdict.DIFFERENT and not one.is_undone}


def judged(*, seen_by: Actor, limit: int = 20) -> list[Judged]:
    """The newest standing judgements, for the undo. Raises NotAllowed."""
    require(seen_by, Action.REVIEW_LINKS)
    made = []
    for one in matching.standing(limit=limit):
        subject = registry.by_id(one.subject_id)
        made.append(Judged(one.id, one.submission_id, one.row_no, subject.code or "", subject.name, one.judged_by))
    return made


def judge(row_id: int, *, subject_code: str, is_same: bool, by: Actor) -> None:
    """Judges whether the row is this organisation's; when it is, the row goes in.

    Pressed twice it does it once. Raises UnknownRow, UnknownSubject, AlreadyJudged, StillWrong, NotAllowed.
    """
    require(by, Action.REVIEW_LINKS)
    # The lock lets a second press wait for the first and find the row closed; a row that cannot go in keeps no judgement.
    with transaction.atomic():
        row = WaitingRow.objects.select_for_update().filter(pk=row_id, closed_at__isnull=True).first()
        if row is None:
            raise UnknownRow("这一行已不在待核对之列，可能刚被处理。", "This row does not wait any more.")
        subject = registry.subject(subject_code, seen_by=by)
        verdict = matching.Verdict.SAME if is_same else matching.Verdict.DIFFERENT
        name = again.values(row).get(
            publish.current(again.submission(row.submission_id).item_id).roles.subject_name, ""
        )
        chosen = next((c for c in matching.candidates(name, limit=10) if c.subject_id == subject.id), None)
        matching.judge(
            row.submission_id, row.row_no, subject.id, verdict, by,
            score=chosen.score if chosen else None, reasons=chosen.reasons if chosen else (),
        )  # fmt: skip
        if is_same:
            brought = again.bring_in(again.submission(row.submission_id), [row], subject_ids=[subject.id])
            if row.row_no not in brought.row_nos:
                raise again.still_wrong(brought.faults.get(row.row_no))
            again.close(row.submission_id, [row.row_no])


def link_again() -> int:
    """After the register has learnt names: rows whose one doubt was their name, and whose name now stands under their
    code, go in, judged by the system. Returns how many.

    A row that a person has ever judged stays that person's. At most ``MOST_AGAIN`` rows a call: the register's next file
    takes the rest.
    """
    by = system("register")
    done, after = 0, 0
    while done < MOST_AGAIN:
        with connection.cursor() as cursor:
            cursor.execute(_SQL["only_misnamed"], {"rule": _MISNAMED, "after": after, "limit": _LOOKED_AT})
            found = cursor.fetchall()
        if not found:
            break
        after = found[-1][0]
        for submission_id, subjects in _not_judged(_named_now(found)).items():
            ids = sorted(subjects)[: MOST_AGAIN - done]
            for start in range(0, len(ids), _TOGETHER):
                done += _go_in(
                    submission_id, {row_id: subjects[row_id] for row_id in ids[start : start + _TOGETHER]}, by
                )
    return done


def _not_judged(named: Sequence[tuple[int, int, int, int]]) -> dict[int, dict[int, int]]:
    """Those that nobody has ever judged: submission → row id → subject id."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    judged_in = {submission_id: matching.judged_rows(submission_id) for submission_id in {row[1] for row in named}}
    for row_id, submission_id, row_no, subject_id in named:
        if row_no not in judged_in[submission_id]:
            found[submission_id][row_id] = subject_id
    return found


def _named_now(found: list[tuple[Any, ...]]) -> list[tuple[int, int, int, int]]:
    """Of these rows those whose code and name are one subject's now: row id, submission, row number, subject id."""
    codes, keys = [], []
    versions = {one: publish.version(*one) for one in {(row[3], row[4]) for row in found}}
    for _, _, _, item_id, version, values in found:
        roles = versions[item_id, version].roles
        row: dict[str, str] = json.loads(values) if isinstance(values, str) else values
        codes.append(row.get(roles.subject_code or "") or None)
        keys.append(names.key(row.get(roles.subject_name, "")) or None)
    asked = pa.table({"uscc": pa.array(codes, pa.string()), "name_key": pa.array(keys, pa.string())})
    told = resolve.link(asked)
    columns = zip(
        found, codes, keys, told.column("subject_id").to_pylist(), told.column("problem").to_pylist(), strict=True
    )
    return [
        (row[0], row[1], row[2], subject_id)
        for row, code, key, subject_id, problem in columns
        if code and key and subject_id is not None and problem is None
    ]


def _go_in(submission_id: int, subjects: Mapping[int, int], by: Actor) -> int:
    """Judges rows of one submission (row id → subject id) and brings them in; what cannot go in waits on. Returns how many
    went in."""
    try:
        with transaction.atomic():
            locked = (
                WaitingRow.objects.select_for_update().filter(pk__in=subjects, closed_at__isnull=True).order_by("pk")
            )
            waits = list(locked)
            judged_meanwhile = matching.judged_rows(submission_id)
            waits = [row for row in waits if row.row_no not in judged_meanwhile]
            if not waits:
                return 0
            subject_of = {row.row_no: subjects[row.pk] for row in waits}
            brought = again.bring_in(again.submission(submission_id), waits, subject_ids=list(subject_of.values()))
            if brought.row_nos:
                judged_now = {row_no: subject_of[row_no] for row_no in brought.row_nos}
                matching.judge_same(submission_id, judged_now, by, reason=_NOW_REGISTERED)
                again.close(submission_id, sorted(brought.row_nos))
    except (Conflict, NotFound):  # the desk's to decide, as before
        return 0
    return len(brought.row_nos)


def undo(judgement_id: int, *, by: Actor) -> None:
    """Takes a judgement back: the datum it brought in is withdrawn, the row waits again. Raises UnknownJudgement,
    AlreadyUndone, NotAllowed."""
    require(by, Action.REVIEW_LINKS)
    with transaction.atomic():
        judgement = matching.judgement(judgement_id, seen_by=by)
        matching.undo(judgement_id, by)
        if judgement.verdict == matching.Verdict.SAME:
            again.take_out(judgement.submission_id, judgement.row_no, subject_id=judgement.subject_id)


__all__ = ["DeskRow", "Judged", "StillWrong", "UnknownRow", "judge", "judged", "link_again", "rows", "undo"]
