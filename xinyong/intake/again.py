"""A waiting row is tried again: with its subject judged, with a cell corrected, with a doubt waived.

It goes the way of a submission's rows (checked, linked, prepared, deposited) as its own submission's row, and its ledger
line moves it from where it was counted to accepted; taken out, it moves back and waits again.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from django.db import connection, transaction

from xinyong.catalogue import publish
from xinyong.intake import link, prepare, validate, waiting, work
from xinyong.intake import plan as plans
from xinyong.intake.deposit import Deposit, Load, move, release
from xinyong.intake.link import NOBODY, Linked
from xinyong.intake.models import Finding, Submission, WaitingRow
from xinyong.intake.outcome import DOUBTFUL, FINE, WARNED, WRONG, Found, Outcome
from xinyong.intake.plan import Plan
from xinyong.intake.validate import Checked
from xinyong.kernel import clock, sql
from xinyong.kernel.errors import Conflict
from xinyong.records import withdrawal
from xinyong.security import encryption, identity

_SQL = sql.load(__file__, "intake.sql")
_LEVEL = {"warning": WARNED, "doubtful": DOUBTFUL, "error": WRONG}


class StillWrong(Conflict):
    """The row has other faults than those that were settled; its source must correct them."""

    code = "intake.still-wrong"


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of waiting rows: those that stand in the archive now, and the first fault of those that are wrong."""

    row_nos: set[int]
    faults: Mapping[int, Found]


#: Row number → field → what stands there instead.
Changes = Mapping[int, Mapping[str, str]]


def bring_in(
    submission: Submission,
    rows: Sequence[WaitingRow],
    *,
    subject_ids: Sequence[int] | None = None,
    changes: Changes | None = None,
    waived: Collection[str] = (),
) -> Brought:
    """Checks rows of one submission again and brings in those that lack nothing any more.

    ``subject_ids``: whose they were judged to be; without them the rows are linked by their codes as any row is.
    ``changes``: cells that were corrected. ``waived``: rules whose doubts (never errors) are let pass.
    """
    source = identity.source_unit(submission.source.code, even_closed=True)
    item = publish.version(submission.item_id, submission.item_version)
    cells = [values(row) for row in rows]
    extras: list[dict[str, Any]] = [json.loads(one.pop(waiting.EXTRA, "{}")) for one in cells]
    for row, one in zip(rows, cells, strict=True):
        one.update((changes or {}).get(row.row_no, {}))
    fields, own_columns = list(dict.fromkeys(chain(*cells))), list(dict.fromkeys(chain(*extras)))
    plan = plans.plan(
        item, source=source, columns=dict(enumerate(fields)), headers=(*fields, *own_columns),
        received_at=submission.received_at.astimezone(clock.ZONE), own_code=plans.own_code(submission.subject_id),
    )  # fmt: skip
    columns = [[one.get(name) for one in cells] for name in fields]
    columns += [[one.get(name) for one in extras] for name in own_columns]
    arrays = {f"c{index}": pa.array(column, pa.string()) for index, column in enumerate(columns)}
    table = pa.table({"row_no": pa.array([row.row_no for row in rows], pa.int32()), **arrays})
    checked = validate.validate(0, table, [], plan)
    linked, faults = _whose(checked, plan, subject_ids, waived)
    linked[[row.row_no in faults for row in rows]] = NOBODY
    if submission.subject_id is not None:  # who declares of itself declares of nobody else, whoever judges
        linked[linked != submission.subject_id] = NOBODY
    if (linked == NOBODY).all():
        return Brought(set(), faults)
    checked.findings.level[:] = np.minimum(checked.findings.level, DOUBTFUL - 1)
    load = Load(0, 0, prepare.prepare(checked, Linked(linked), plan), 0)
    rejected = {row.row_no for row in rows if row.outcome == Outcome.REJECTED}
    with work.connect() as own:
        into = Deposit(submission.pk, source.id, plan, clock.now())
        return Brought(release(own, load, into, rejected=rejected), faults)


def take_out(submission_id: int, row_no: int, *, subject_id: int) -> None:
    """The datum that the row brought is withdrawn, and the row waits again."""
    where, now = {"submission_id": submission_id, "row_no": row_no}, clock.now()
    row = WaitingRow.objects.get(submission_id=submission_id, row_no=row_no)
    rejected = {row_no} if row.outcome == Outcome.REJECTED else set()
    with work.connect() as own, own.transaction():
        withdrawal.withdraw_row(own, **where, subject_id=subject_id, now=now)
        move(own, submission_id, [row_no], accepted=-1, at=now, rejected=rejected)
    with transaction.atomic():
        for model in (WaitingRow, Finding):
            model.objects.filter(submission_id=submission_id, row_no=row_no, closed_by=submission_id).update(
                closed_at=None, closed_by=None
            )
        _sum(submission_id)


@transaction.atomic
def close(submission_id: int, row_nos: Sequence[int]) -> None:
    """The rows wait no more, and their findings are closed, by their own submission."""
    closed = {"closed_at": clock.now(), "closed_by": submission_id}
    for model in (WaitingRow, Finding):
        model.objects.filter(submission_id=submission_id, row_no__in=row_nos, closed_at__isnull=True).update(**closed)
    _sum(submission_id)


def submission(submission_id: int) -> Submission:
    """The submission with its department."""
    return Submission.objects.select_related("source").get(pk=submission_id)


def values(row: WaitingRow) -> dict[str, str]:
    """The row's normalised fields, the sealed ones (a representative's certificate) too: for bringing it in."""
    sealed = row.sealed
    hidden = json.loads(encryption.unseal(bytes(sealed), context="waiting.sealed")) if sealed is not None else {}
    return dict(row.row or {}) | hidden


def still_wrong(fault: Found | None) -> StillWrong:
    """Why a row did not go in."""
    if fault is not None:
        return StillWrong(
            f"这一行还有其他问题，须由信源单位更正后重报：{fault.message}",
            f"The row has other faults that its source must correct: {fault.message_en}",
        )
    return StillWrong(
        "档案中已有同一文书、同一主体的数据，来自另一信源单位或同一文件，不作覆盖。",
        "The archive has this document for this subject from another source or the same file.",
    )


def _whose(
    checked: Checked, plan: Plan, subject_ids: Sequence[int] | None, waived: Collection[str]
) -> tuple[npt.NDArray[np.int64], dict[int, Found]]:
    """Subjects by position, and the first fault of each row that has one left."""
    settled = plan.item.roles.subject_code if subject_ids is not None else None
    found = checked.findings
    found.found[:] = [
        one
        for one in found.found
        if (settled is None or one.field != settled) and not (one.severity == "doubtful" and one.rule in waived)
    ]
    places = {int(number): place for place, number in enumerate(checked.row_no)}
    found.level[:] = FINE
    for one in found.found:
        place = places[one.row_no]
        found.level[place] = max(int(found.level[place]), _LEVEL[one.severity])
    linked = np.array(
        link.link(checked, plan, may_create=True, memory=link.Memory()).subject_id
        if subject_ids is None
        else subject_ids
    )
    faults: dict[int, Found] = {}
    for one in found.found:
        if one.severity != "warning":
            faults.setdefault(one.row_no, one)
    return linked, faults


def _sum(submission_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SQL["sums"], [submission_id])
        _, accepted, doubtful, rejected, *_ = (int(value) for value in cursor.fetchone())
    Submission.objects.filter(pk=submission_id).update(accepted=accepted, doubtful=doubtful, rejected=rejected)
