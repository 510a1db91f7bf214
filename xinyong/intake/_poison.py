"""Rows on which checking itself fails: found by halving, refused with a sentence, so that one row does not stop a file.

An error of a rule or of the engine ends the check of a whole chunk. The rows that raise it are looked for; they are checked as
if they were empty, so nothing of what could not be checked is kept, and what is said of them is that one sentence. Where so many
raise it that no row can be meant, the error is the program's, and goes up.
"""

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xinyong.intake import validate
from xinyong.intake.plan import Plan
from xinyong.intake.validate import Checked
from xinyong.kernel.errors import XinyongError

Notes = list[tuple[int, int, str]]

GOES_UP = (XinyongError, MemoryError, duckdb.OutOfMemoryException)
#: What a rule, the engine or a column's arithmetic raises over a value nobody thought of. Memory and disks are not a row's fault.
FAILS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    duckdb.Error,
    pa.ArrowException,
)

RULE = "V00-unchecked"
#: Rows of one chunk that may be set aside so.
_MOST = 20
_SENTENCE = (
    "检查这一行时程序出错，本行没有入库，其余各行不受影响。请核对本行有无异常的内容，改后重报；仍然如此的，请联系信用中心。",
    "The program failed on this row and it did not go in; the other rows did. Look for something odd in it and hand it in again; "
    "if that does not help, ask the credit centre.",
)


def checked(number: int, table: pa.Table, notes: Notes, plan: Plan) -> Checked:
    """``validate.validate``, but for rows on which that fails. Raises what it raises when more than a few do."""
    try:
        return validate.validate(number, table, notes, plan)
    except GOES_UP:
        raise
    except FAILS:
        bad = _bad(number, table.combine_chunks(), notes, plan)
        if not bad or len(bad) == len(table) > 1:
            raise
    return _without(bad, number, table.combine_chunks(), notes, plan)


def _bad(number: int, table: pa.Table, notes: Notes, plan: Plan) -> list[int]:
    """Places of the rows that raise alone; none when there are too many, or when only several together do."""
    bad: list[int] = []
    asked = [(0, len(table))]
    while asked:
        start, length = asked.pop()
        if not _fails(number, table.slice(start, length), notes, plan):
            continue
        if length == 1:
            bad.append(start)
            if len(bad) > _MOST:
                return []
        else:
            half = length // 2
            asked += [(start + half, length - half), (start, half)]
    return bad


def _fails(number: int, part: pa.Table, notes: Notes, plan: Plan) -> bool:
    try:
        validate.validate(number, part, notes, plan)
    except GOES_UP:
        raise
    except FAILS:
        return True
    return False


def _without(bad: list[int], number: int, table: pa.Table, notes: Notes, plan: Plan) -> Checked:
    """The chunk checked with these rows empty, and the one sentence said of each."""
    is_bad = np.zeros(len(table), dtype=bool)
    is_bad[bad] = True
    mask = pa.array(is_bad)
    for index, name in enumerate(table.column_names):
        if name != "row_no":
            column = table.column(name)
            plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
            empty = pc.if_else(mask, pa.scalar(None, plain.type), plain)
            table = table.set_column(index, name, empty)
    numbers = set(table.column("row_no").filter(mask).to_pylist())
    found = validate.validate(number, table, [one for one in notes if one[0] not in numbers], plan)
    found.findings.found[:] = [one for one in found.findings.found if one.row_no not in numbers]
    found.findings.add(bad, rule=RULE, severity="error", message=_SENTENCE[0], message_en=_SENTENCE[1])
    return found


__all__ = ["RULE", "checked"]
