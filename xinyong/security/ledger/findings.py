"""What a verification found: what kind of change, where, and what else is known of it."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of tampering."""

    ALTERED = "altered"
    MISSING = "missing"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    ROLLED_BACK = "rolled-back"
    BACKDATED = "backdated"
    FORGED = "forged"


#: Kind → what it means, in Chinese and English.
WORDS: dict[Kind, tuple[str, str]] = {
    Kind.ALTERED: ("内容被改动", "altered"),
    Kind.MISSING: ("缺失（被删除）", "missing (deleted)"),
    Kind.INSERTED: ("多出（不经程序写入）", "inserted past the program"),
    Kind.REORDERED: ("顺序被调换", "out of order"),
    Kind.TRUNCATED: ("被截断", "truncated"),
    Kind.ROLLED_BACK: ("回退到较早状态", "rolled back to an earlier state"),
    Kind.BACKDATED: ("时间被倒填", "backdated"),
    Kind.FORGED: ("签名不符", "signature does not fit"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One change: ``where`` names table and row, position or file."""

    kind: Kind
    where: str
    detail: str = ""

    def __str__(self) -> str:
        zh, en = WORDS[self.kind]
        return f"{zh} {en}: {self.where}" + (f"（{self.detail}）" if self.detail else "")
