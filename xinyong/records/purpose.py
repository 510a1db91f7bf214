"""What a file is looked into for (查询目的): one of a closed list, and the matter it belongs to. Without it nobody looks.

Basis: 发改财金〔2016〕 and provincial regulations on query logs (Zhejiang 20, Shenzhen 45: who, when, what, for what purpose);
INV-70. Curiosity is the commonest abuse of such registers (security.md T8): the matter's number makes a look checkable.
"""

from enum import StrEnum

from xinyong.kernel.errors import Invalid

_SHORTEST, _LONGEST = 4, 120


class Purpose(StrEnum):
    """Work of office for which the law lets a department look."""

    LICENSING = "licensing"
    PENALTY = "penalty"
    TENDER = "tender"
    FUNDS = "funds"
    AWARD = "award"
    INSPECTION = "inspection"
    OBJECTION = "objection"
    COURT = "court"


LABELS: dict[Purpose, tuple[str, str]] = {
    Purpose.LICENSING: ("办理行政许可", "Deciding a licence"),
    Purpose.PENALTY: ("行政处罚裁量", "Weighing a penalty"),
    Purpose.TENDER: ("政府采购、招标投标审查", "Procurement or tender"),
    Purpose.FUNDS: ("财政资金、项目审批", "Public funds or projects"),
    Purpose.AWARD: ("评优评先、资格认定", "Awards and qualifications"),
    Purpose.INSPECTION: ("日常监管、抽查检查", "Supervision and inspection"),
    Purpose.OBJECTION: ("异议、修复核查", "Checking an objection or a repair"),
    Purpose.COURT: ("协助司法、监察、审计", "Assisting court, supervision or audit"),
}


class PurposeNeeded(Invalid):
    """A look at what is not public needs its purpose and the matter it is for."""

    code = "records.purpose-needed"


def written(purpose: str, matter: str) -> str:
    """The purpose as it stands in the log: the listed word and the matter. Raises PurposeNeeded."""
    matter = " ".join(matter.split())
    try:
        known = Purpose(purpose)
    except ValueError:
        known = None
    if known is None or not _SHORTEST <= len(matter) <= _LONGEST:
        raise PurposeNeeded(
            f"请选择查询目的，并写明所办事项的名称或文号（{_SHORTEST} 至 {_LONGEST} 字）。",
            f"Choose the purpose and name the matter or its number ({_SHORTEST} to {_LONGEST} characters).",
        )
    return f"{known.value}: {matter}"


def required(purpose: str) -> None:
    """Raises PurposeNeeded when nothing was said."""
    if not purpose.strip():
        raise PurposeNeeded("查看非公开信息须说明目的。", "Looking at what is not public needs a purpose.")
