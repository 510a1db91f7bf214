"""Code science: what a code is, whether it stands, what would mend it.

Unified social credit code (统一社会信用代码, GB 32100-2015 with amendment 1), organisation code (GB 11714), business
registration number (GS 15-2006), citizen ID (GB 11643-1999), residence permits and the foreign permanent residence card.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from xinyong.kernel import code_judgement as judgement
from xinyong.kernel import code_tables as tables
from xinyong.kernel.code_checks import canonical, check_character, citizen_check, org_check, registration_check
from xinyong.kernel.code_tables import PERSONAL, PLACEHOLDER, REASONS, Kind, Verdict

if TYPE_CHECKING:
    from xinyong.kernel.code_columns import JudgedColumn

__all__ = [
    "PERSONAL",
    "PLACEHOLDER",
    "REASONS",
    "Department",
    "Judged",
    "Kind",
    "Verdict",
    "canonical",
    "category",
    "check_character",
    "citizen_check",
    "department",
    "division",
    "group",
    "judge",
    "judge_column",
    "org_check",
    "registration_check",
    "sentence",
    "subject_class",
    "suggest",
]


@dataclass(frozen=True, slots=True)
class Judged:
    """One code judged. ``normalised`` is the code to keep and compare; ``reason`` is "" when nothing is to be said (a
    valid code may carry a remark); ``suggestion`` is a valid code one change away, never applied by the program."""

    input: str
    kind: Kind
    verdict: Verdict
    normalised: str
    reason: str
    sentence: str
    sentence_en: str
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class Department:
    """A registration department (登记管理部门) or category (机构类别): its code and names."""

    code: str
    zh: str
    en: str


def judge(
    text: str,
    *,
    expect: Kind | None = None,
    exceptions: Container[str] = frozenset(),
    today: date | None = None,
    placeholder_allowed: bool = False,
) -> Judged:
    """Judges one code, as ``expect`` when given, else as the kind it looks like. Never raises.

    ``exceptions``: legally issued codes whose check character is wrong (the operator's table): doubtful, not invalid.
    ``today``: a birth date after it is refused (without it, only after 2099). ``placeholder_allowed``: 17 zeros and X may
    stand where a sole trader has no code yet (doubtful); elsewhere it is invalid.
    """
    code = canonical(text)
    found = judgement.assess(code, expect, judgement.Terms(exceptions, today, placeholder_allowed))
    verdict, zh, en = tables.REASON_TABLE[found.reason]
    needs_mending = verdict is Verdict.INVALID or found.reason in ("old-15-digit-id", "ambiguous-15-digits")
    suggestion = suggest(text, expect, today=today) if needs_mending else None
    return Judged(text, found.kind, verdict, code, found.reason, zh, en, suggestion)


def judge_column(
    values: Any,
    *,
    expect: Kind,
    exceptions: Container[str] = frozenset(),
    today: date | None = None,
    placeholder_allowed: bool = False,
) -> "JudgedColumn":
    """``judge`` over an Arrow string array or chunked array; see ``code_columns``. Raises TypeError for other types."""
    from xinyong.kernel import code_columns  # NumPy and Arrow are loaded only where columns are judged

    return code_columns.judge_column(
        values, expect=expect, exceptions=exceptions, today=today, placeholder_allowed=placeholder_allowed
    )


def suggest(text: str, kind: Kind | None = None, *, today: date | None = None) -> str | None:
    """A valid code one change away from ``text`` (look-alike, transposition, check character), or None."""
    from xinyong.kernel import code_suggestions  # loads the divisions; most codes need no suggestion

    return code_suggestions.suggest(text, kind, today=today)


def sentence(reason: str) -> tuple[str, str]:
    """What a machine reason says, in Chinese and English. KeyError for a reason not in ``REASONS``."""
    return tables.REASON_TABLE[reason][1:]


def group(code: str) -> str:
    """A unified social credit code in its parts, for reading: ``91 130900 MA0000007 T``. Other codes unchanged."""
    return f"{code[:2]} {code[2:8]} {code[8:17]} {code[17]}" if len(code) == 18 else code


def department(code: str) -> Department | None:
    """The registration department of a unified social credit code, or None when the table has none."""
    names = tables.DEPARTMENTS.get(code[:1])
    return Department(code[:1], *names) if names else None


def category(code: str) -> Department | None:
    """The category of a unified social credit code (its first two characters), or None when the table has none."""
    row = tables.CATEGORIES.get(code[:2])
    return Department(code[:2], row[0], row[1]) if row else None


def division(code: str) -> str:
    """The registering division: characters 3 to 8 of a unified social credit code."""
    return code[2:8]


def subject_class(code: str) -> str:
    """The class of subject a unified social credit code stands for; ``other`` where the five classes name none."""
    row = tables.CATEGORIES.get(code[:2])
    return row[2] if row else "other"
