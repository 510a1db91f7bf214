"""修复条件 May this record be repaired, from when, and what is still missing: computed and explained, condition by condition.

The least time of publicity stands with the record (``repair_from``), under the rule set of its decision's day and the longest of its
penalties; papers and bars are the rule set's of the day of the application. Nothing here is a judgement: what papers have to show is
for the body that determined. Source: 信用修复管理办法（令第36号）, 国办发〔2025〕22号 (conditions, papers); rules.md 4.1, 4.2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Section
from xinyong.kernel import plain_yaml
from xinyong.kernel.periods import add_months
from xinyong.records.view import RecordView
from xinyong.workflow.definition import Library, Procedure, UnknownProcedure

_FOLDER = Path(__file__).parent / "library"
LIBRARY = Library(_FOLDER / "repair.yaml", _FOLDER / "repair")
#: Ways to repair (事由).
CORRECTED, RESTRUCTURING, JUDGMENT = "corrected", "restructuring", "performed-judgment"


class Rules(BaseModel):
    """What a version of a procedure asks for beyond its steps. ``bar_years``: how long after a repair that was revoked for fraud no
    other is granted; 0: it does not say."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    procedure: str
    version: Annotated[int, Field(ge=1)]
    bar_years: Annotated[int, Field(ge=0, le=10)]
    bar_basis: str = ""
    is_verified: bool


_RULES: Mapping[tuple[str, int], Rules] = {
    (one.procedure, one.version): one
    for one in TypeAdapter(list[Rules]).validate_python(
        plain_yaml.load((_FOLDER / "repair_conditions.yaml").read_text(encoding="utf-8"))
    )
}
if set(_RULES) != {(one.id, one.version) for one in LIBRARY.all()}:
    raise RuntimeError("repair_conditions.yaml does not say what every rule set of repair asks for")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. ``is_met`` None: papers have to show it, and the body that determined looks at them. ``on``: the first day on
    which it is met by itself, where there is one."""

    id: str
    zh: str
    en: str
    is_met: bool | None
    basis: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Whether a record can be repaired. ``possible_from``: the first day on which it may be asked for, where waiting is all that lacks."""

    ground: str
    procedure: Procedure
    conditions: tuple[Condition, ...]

    @property
    def may_apply(self) -> bool:
        """Nothing stands against it; papers still have to show what only they can."""
        return all(one.is_met is not False for one in self.conditions)

    @property
    def possible_from(self) -> date | None:
        """The day from which it may be asked for; None: it may be now, or waiting does not help."""
        against = [one for one in self.conditions if one.is_met is False]
        return max(one.on for one in against if one.on) if against and all(one.on for one in against) else None

    @property
    def against(self) -> Condition | None:
        """The first condition that is not met."""
        return next((one for one in self.conditions if one.is_met is False), None)


def in_force(on: date) -> Procedure:
    """The rule set of the setting's profile in force on a day; before all of them, the oldest."""
    try:
        return LIBRARY.in_force(settings.REPAIR_PROFILE, on)
    except UnknownProcedure:
        return min((one for one in LIBRARY.all() if one.id == settings.REPAIR_PROFILE), key=lambda one: one.version)


def rules(procedure: Procedure) -> Rules:
    """What a rule set asks for beyond its steps."""
    return _RULES[procedure.id, procedure.version]


def eligibility(
    record: RecordView, ground: str, *, is_repaired: bool, frauds: Sequence[date], on: date, procedure: Procedure | None = None
) -> Eligibility:  # fmt: skip
    """The conditions for one record on a day. ``frauds``: days on which repairs of the same subject were revoked for fraud."""
    chosen = procedure or in_force(on)
    found: list[Condition | None] = [_adverse(record), _shown(record, is_repaired, on)]
    if ground == CORRECTED:
        found += [_least(record, on), _performed(record)]
    elif ground == RESTRUCTURING:
        found.append(
            Condition(
                "ruling", "人民法院批准重整计划或者认可和解协议的裁定书", "The court's ruling that approves the plan or the settlement",
                None, "国办发〔2025〕22号：凭裁定书申请，临时屏蔽；执行情况另行评估",
            )
        )  # fmt: skip
    else:
        found += [
            _judicial(record),
            Condition(
                "performed", "生效裁判已履行完毕的证明（执行结案通知书等）", "Proof that the judgment was performed",
                None, "最高人民法院关于公布失信被执行人名单信息的若干规定：履行完毕后三个工作日内删除",
            ),
        ]  # fmt: skip
    if ground != JUDGMENT:
        found.append(
            Condition(
                "commitment", "公开作出信用承诺", "A public credit commitment", None, "令第36号；国办发〔2025〕22号"
            )
        )
    found.append(_no_bar(rules(chosen), frauds, on))
    return Eligibility(ground, chosen, tuple(one for one in found if one is not None))


def _adverse(record: RecordView) -> Condition:
    return Condition(
        "adverse", "属于失信信息", "It is information on dishonest conduct", record.is_adverse and record.declared is None,
        "令第36号第四条：列入目录的严重失信、行政处罚、经营异常等信息",
    )  # fmt: skip


def _shown(record: RecordView, is_repaired: bool, on: date) -> Condition:
    is_over = record.publish_until is not None and record.publish_until <= on
    is_shown = record.publish_from is not None and not is_over and not is_repaired
    zh = "已经修复，不需要再次申请" if is_repaired else "仍在公示期内（不公示的信息不需要修复）"
    en = "It was repaired already" if is_repaired else "It is still published (what is not, needs no repair)"
    return Condition("published", zh, en, is_shown, "令第36号第三条")


def _least(record: RecordView, on: date) -> Condition | None:
    if record.repair_from is None:
        return None
    return Condition(
        "least-publicity", f"最短公示期届满（{record.repair_from} 起可以申请）",
        f"The least time of publicity has passed (from {record.repair_from})", record.repair_from <= on,
        "自决定文书之日起计算；一份决定有几种处罚的，按最长的", record.repair_from,
    )  # fmt: skip


def _performed(record: RecordView) -> Condition:
    return Condition(
        "performed", "已纠正失信行为、履行完毕义务（如缴清罚款）的证明", "Proof that the conduct was corrected and the duties performed",
        None, "国办发〔2025〕22号：履行义务的证明材料",
    )  # fmt: skip


def _judicial(record: RecordView) -> Condition:
    section = publish.current(record.item_id).section
    return Condition(
        "judicial", "是司法裁判及执行信息", "It is about a judgment or its enforcement",
        section in (Section.JUDICIAL, Section.SERIOUS_LIST), "国办发〔2025〕22号",
    )  # fmt: skip


def _no_bar(rule: Rules, frauds: Sequence[date], on: date) -> Condition | None:
    if not rule.bar_years:
        return None
    ends = max((add_months(one, rule.bar_years * 12) for one in frauds), default=None)
    return Condition(
        "no-bar", f"{rule.bar_years} 年内没有因弄虚作假被撤销修复", f"No repair revoked for fraud within {rule.bar_years} years",
        ends is None or ends <= on, rule.bar_basis + ("" if rule.is_verified else "（未核对）"), ends,
    )  # fmt: skip
