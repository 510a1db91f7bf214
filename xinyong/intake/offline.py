"""The department's own check (离线校验): a file against a bundle of rules, on any computer, with no database and no key.

The same code as a trial at the platform (``submit.check``), on an empty register and an empty archive: whatever those two would
say is not said (``NOT_CHECKED``), everything else is, finding for finding.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from xinyong.catalogue.bundle import Bundle
from xinyong.intake import deposit, headers, link, prepare, staging, submit, work
from xinyong.intake.outcome import DOUBTFUL, WRONG, Counts, Found
from xinyong.intake.plan import Material, Plan
from xinyong.intake.read import read
from xinyong.intake.staging import Staged
from xinyong.intake.views import Trial
from xinyong.kernel import clock
from xinyong.records.archive import Known

#: Findings of linking; without the register there are none.
_OF_LINKING = "V05-"

#: What only the platform can say: rules, Chinese, English.
NOT_CHECKED: tuple[tuple[str, str, str], ...] = (
    (
        "V05-*", "主体关联：代码与名称是否与法人基础库一致、没有统一代码的行能否找到主体",
        "Linking: whether code and name agree with the base register, and whose a row without a unified code is",
    ),
    (
        "V04-old-registration-number", "15 位旧注册号：平台按登记找到主体时，由“疑问”降为“提示”",
        "Old registration numbers: a doubt here is a warning where the register knows the subject",
    ),
    (
        "V11-other-source, V11-same-key-twice", "与已入库数据比对：是否已经报过、是否与他单位数据冲突；文件内部的重复和矛盾已经检查",
        "Against the archive: what is in already, and other sources' data. Repeats within the file are checked",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OfflineTrial(Trial):
    """A trial without the platform. Of the accepted rows, ``unsettled`` go in only if the platform finds whose they are."""

    unsettled: int


def check(
    path: Path,
    bundle: Bundle,
    *,
    file_name: str,
    received_at: datetime,
    source_code: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> OfflineTrial:
    """The outcome that the file would have on an empty register and archive; nothing is kept.

    Raises the reader's Refused, AmbiguousHeaders, MissingColumns, NoSuchUnit.
    """
    item = bundle.item
    source = bundle.unit(source_code) if source_code else None
    material = Material(bundle.editions, bundle.exceptions, bundle.calendar)
    at = received_at.astimezone(clock.ZONE)
    with tempfile.TemporaryDirectory(prefix="xinyong-check-") as name:
        folder = Path(name)
        reading = read(path, folder=folder, file_name=file_name, known_headers=headers.known(item))
        staged = staging.save(reading, folder)
        plan = submit.planned(staged.headers, item, source, mapping or {}, at, material)
        counts, found, late, unsettled = _try_out(staged, plan)
    found.sort(key=lambda one: one.row_no)
    return OfflineTrial(counts, tuple(found), late, submit.shown(plan), staged.facts, unsettled)


def _try_out(staged: Staged, plan: Plan) -> tuple[Counts, list[Found], int, int]:
    """As ``work.try_out``, where nobody and nothing is known."""
    memory = link.Memory(is_blind=True)
    standing: dict[bytes, Known] = {}
    found: list[Found] = []
    sums = np.zeros(6, dtype=np.int64)
    late_rows = unsettled_rows = 0
    for number, path in enumerate(staged.chunks):
        checked = work.checked_chunk(staged, number, path, plan)
        before = checked.findings.level.copy()
        linked = link.link(checked, plan, may_create=False, memory=memory)
        table = prepare.sketch(checked, linked, plan)
        parts = deposit.sort(table, {}, submission_id=-1, source_id=None, standing=standing)
        note, warn = work.noter(checked, plan), work.warner(checked, plan)
        checked.findings.found.extend(note(place, "V11-same-key-twice", deposit.TWICE) for place in parts.twice)
        late = [
            place
            for place in table.filter(table.column("is_late")).column("place").to_pylist()
            if place in parts.version
        ]
        checked.findings.found.extend(warn(parts, late))
        level = checked.findings.level
        unsettled = int(np.count_nonzero((level == DOUBTFUL) & (before < DOUBTFUL)))
        doubtful = int(np.count_nonzero(before == DOUBTFUL)) + len(parts.twice)
        rejected = int(np.count_nonzero(level >= WRONG))
        sums += [
            len(checked), len(parts.version) + unsettled, doubtful, rejected, len(parts.duplicate), len(parts.unchanged),
        ]  # fmt: skip
        late_rows += len(late)
        unsettled_rows += unsettled
        found += [one for one in checked.findings.found if not one.rule.startswith(_OF_LINKING)]
    return Counts(*(int(value) for value in sums)), found, late_rows, unsettled_rows
