"""Rows about good deeds that their subject does not want recorded (INV-29): a finding, and the row is not taken.

Said of rows whose subject is known; what a subject left out it says itself (records/opt_outs.py).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from xinyong.intake.plan import Plan
from xinyong.intake.validate import Checked
from xinyong.records import opt_outs
from xinyong.security import scope
from xinyong.security.access import system


def check(checked: Checked, plan: Plan, subject_id: npt.NDArray[np.int64], *, is_blind: bool) -> None:
    """Notes what must not go in. Writes nothing."""
    covers = opt_outs.covers(plan.item)
    known = np.unique(subject_id[subject_id > 0])
    if not covers or is_blind or not len(known):
        return
    with scope.acting(system("left-out")):
        out = opt_outs.out(known.tolist(), kinds=[kind for kind, _, _ in covers])
    for kind, field, words in covers if out else ():
        subjects = [subject for subject, of in out if of == kind]
        rows = np.flatnonzero(np.isin(subject_id, subjects) & _is_of(checked, field, words))
        checked.findings.add(
            rows, rule="E_SUBJECT_OPTOUT", severity="error", field_code=plan.item.roles.subject_name,
            message=f"该主体已表示不记载“{opt_outs.KINDS[kind][0]}”类信息，本行未被采集。无须更正，也不要另行记载。",
            message_en=f"The subject has said that it does not want “{opt_outs.KINDS[kind][1]}” recorded: the row was not taken. "
            "There is nothing to correct; do not record it elsewhere.",
            basis="《深圳经济特区社会信用条例》第三十九条",
        )  # fmt: skip


def _is_of(checked: Checked, field: str, words: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Which rows are of a kind, by how the field's value begins; all, where no field says it."""
    if not field:
        return np.ones(len(checked), dtype=bool)
    column: Any = checked.columns[field]
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    is_one = np.zeros(len(checked), dtype=bool)
    for word in words:
        is_one |= pc.fill_null(pc.starts_with(column.cast(pa.string()), word), False).to_numpy(zero_copy_only=False)
    return is_one
