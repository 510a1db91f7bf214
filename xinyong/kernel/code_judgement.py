"""What one code is and what is wrong with it: the rules, one function per kind. Front: ``codes.judge``."""

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from xinyong.kernel import code_checks as checks
from xinyong.kernel import code_tables as tables
from xinyong.kernel.code_tables import PERSONAL, Kind

#: Without ``today`` birth dates end here: the last century the two-digit forms could mean.
_LAST_DAY: Final = date(2099, 12, 31)
_WHOLE_PROVINCES: Final = frozenset({"710000", *tables.RESIDENCE_PERMIT_HEADS})


class Finding(NamedTuple):
    """What the code is and the machine reason; "" and remarks are valid (``code_tables.REASON_TABLE``)."""

    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What a judgement rests on beside the code: the operator's exceptions, the day, whether the placeholder may stand."""

    exceptions: Container[str] = frozenset()
    today: date | None = None
    placeholder_allowed: bool = False


PLAIN: Final = Terms()


def assess(code: str, expect: Kind | None, terms: Terms = PLAIN) -> Finding:
    """Judges a canonical code (``code_checks.canonical``), as ``expect`` when given, else as what it looks like."""
    if not code:
        return Finding(expect or Kind.UNKNOWN, "empty")
    flaw = _flaw_of_writing(code)
    if flaw:
        return Finding(expect or (Kind.USCC if len(code) == 18 else Kind.UNKNOWN), flaw)
    if expect is not None and (rule := _EXPECTED.get(expect)) is not None:
        return rule(code, terms)
    return _recognise(code, terms)


def _flaw_of_writing(code: str) -> str:
    if not code.isascii():
        return "not-ascii"
    if checks.is_alnum(code):
        return ""
    return "number-lost-digits" if checks.is_spreadsheet_number(code) else "illegal-character"


def _recognise(code: str, terms: Terms) -> Finding:
    match len(code):
        case 18:
            return _recognise_18(code, terms)
        case 15:
            return _recognise_15(code, terms)
        case 13 if _is_registration_13(code):
            return Finding(Kind.REGISTRATION_13, "no-check-character")
        case 9:
            return Finding(Kind.ORG_CODE, _org_reason(code))
        case 16 | 17 | 19 | 20:
            return Finding(Kind.USCC, "wrong-length")
    return Finding(Kind.UNKNOWN, "unknown-kind")


def _recognise_18(code: str, terms: Terms) -> Finding:
    """A citizen's number is taken for one before anything else: the mistake must not publish a person."""
    as_uscc = _uscc_reason(code, terms)
    if as_uscc.startswith("placeholder"):
        return Finding(Kind.PLACEHOLDER, as_uscc)
    kind, as_person = _person_18(code, terms)
    if as_person == "":
        return Finding(kind, "also-citizen-id" if as_uscc == "also-citizen-id" else "")
    if tables.REASON_TABLE[as_uscc][0] is tables.Verdict.INVALID and _has_birth_date(code):
        return Finding(kind, as_person)
    return Finding(Kind.USCC, as_uscc)


def _recognise_15(code: str, terms: Terms) -> Finding:
    if _is_old_foreign_permit(code):
        return Finding(Kind.FOREIGN_PERMANENT, "old-foreign-permit")
    if not checks.is_digits(code):
        return Finding(Kind.UNKNOWN, "unknown-kind")
    is_registration = checks.registration_check(code[:14]) == code[14]
    if _is_citizen_15(code):
        # What may be a person's number is treated as one.
        return Finding(Kind.CITIZEN_ID_15, "ambiguous-15-digits" if is_registration else "old-15-digit-id")
    return Finding(Kind.REGISTRATION_15, "" if is_registration else "wrong-check-character")


def _expect_uscc(code: str, terms: Terms) -> Finding:
    if len(code) == 18:
        reason = _uscc_reason(code, terms)
        kinds = {"citizen-id-instead": _person_18(code, terms)[0]} if reason == "citizen-id-instead" else {}
        kind = Kind.PLACEHOLDER if reason.startswith("placeholder") else kinds.get(reason, Kind.USCC)
        return Finding(kind, reason)
    found = _recognise(code, terms)
    if found == (Kind.CITIZEN_ID_15, "old-15-digit-id"):
        return Finding(found.kind, "citizen-id-instead")
    if found.kind is Kind.REGISTRATION_13 or found == (Kind.REGISTRATION_15, ""):
        return Finding(found.kind, "old-registration-number")
    if found.kind in (Kind.REGISTRATION_15, Kind.CITIZEN_ID_15):
        return found
    if found == (Kind.ORG_CODE, ""):
        return Finding(Kind.ORG_CODE, "organisation-code-instead")
    return Finding(Kind.USCC, "wrong-length")


def _expect_org_code(code: str, terms: Terms) -> Finding:
    if len(code) == 9:
        return Finding(Kind.ORG_CODE, _org_reason(code))
    return _other_kind(code, Kind.ORG_CODE, terms)


def _expect_registration(code: str, terms: Terms) -> Finding:
    found = _recognise(code, terms)
    if found.reason == "ambiguous-15-digits":
        # Where a registration number is due, its right check character settles what the 15 digits are.
        return Finding(Kind.REGISTRATION_15, "")
    if found.kind in (Kind.REGISTRATION_15, Kind.REGISTRATION_13):
        return found
    if len(code) == 15 and checks.is_digits(code):
        return Finding(Kind.REGISTRATION_15, "wrong-check-character")
    return _other_kind(code, Kind.REGISTRATION_15, terms)


def _expect_citizen(code: str, terms: Terms) -> Finding:
    """An identity card column takes the old 15 digits and the residence permits too: offices write them there."""
    if len(code) == 18:
        return _person_18(code, terms)
    if len(code) == 15:
        if _is_old_foreign_permit(code):
            return Finding(Kind.FOREIGN_PERMANENT, "old-foreign-permit")
        if not checks.is_digits(code):
            return Finding(Kind.CITIZEN_ID_15, "not-digits")
        return Finding(Kind.CITIZEN_ID_15, "old-15-digit-id" if _is_citizen_15(code) else "impossible-birth-date")
    return _other_kind(code, Kind.CITIZEN_ID, terms)


def _expect_only(kind: Kind) -> Callable[[str, Terms], Finding]:
    def rule(code: str, terms: Terms) -> Finding:
        found = _expect_citizen(code, terms)
        if found.kind is kind or tables.REASON_TABLE[found.reason][0] is tables.Verdict.INVALID:
            return Finding(kind, found.reason)
        return Finding(found.kind, "other-kind")

    return rule


def _other_kind(code: str, expect: Kind, terms: Terms) -> Finding:
    """Another kind's valid code in this place is named as such; anything else has the wrong length."""
    found = _recognise(code, terms)
    if found.reason == "":
        is_person = found.kind in PERSONAL and expect not in PERSONAL
        return Finding(found.kind, "citizen-id-instead" if is_person else "other-kind")
    return Finding(expect, "wrong-length")


def _uscc_reason(code: str, terms: Terms) -> str:
    """What is wrong with 18 capital letters and digits as a unified social credit code."""
    if code == tables.PLACEHOLDER:
        return "placeholder-allowed" if terms.placeholder_allowed else "placeholder"
    if code == "0" * 18:
        return "all-zeros"
    if not checks.is_uscc_alphabet(code):
        return "division-not-digits" if not checks.is_digits(code[2:8]) else "forbidden-letter"
    if not checks.is_digits(code[2:8]):
        return "division-not-digits"
    is_person = _person_18(code, terms)[1] == ""
    if checks.check_character(code[:17]) != code[17]:
        if is_person:
            return "citizen-id-instead"
        if code in terms.exceptions:
            return "legally-issued-exception"
        return _lost_or_wrong(code)
    if is_person:
        return "also-citizen-id"
    fails = checks.org_check(code[8:16]) != code[16]
    if code[:2] not in tables.CATEGORIES:
        return "unknown-category-and-organisation-check" if fails else "unknown-category"
    return "organisation-check-failed" if fails else ""


def _org_reason(code: str) -> str:
    return "" if checks.org_check(code[:8]) == code[8] else "wrong-check-character"


def _person_18(code: str, terms: Terms) -> Finding:
    """The kind and the reason of 18 characters read as a person's number. The place is a hint, never a refusal: codes
    were given from 1984 on, whatever the birth year, and an abolished county stays in the number for life."""
    kind = _person_kind(code)
    if not checks.is_digits(code[:17]) or code[17] not in tables.CITIZEN_CHECKS:
        return Finding(kind, "not-digits")
    if born_reason := _birth_reason(code[6:14], terms.today):
        return Finding(kind, born_reason)
    if checks.citizen_check(code[:17]) != code[17]:
        return Finding(kind, _lost_or_wrong(code))
    if kind is Kind.FOREIGN_PERMANENT:
        return Finding(kind, "")
    is_known = code[:2] in tables.PROVINCES and (code[2:6] != "0000" or code[:6] in _WHOLE_PROVINCES)
    return Finding(kind, "" if is_known else "unknown-place")


def _person_kind(code: str) -> Kind:
    """The 2023 foreign permanent residence card is 9, province, country, birth date, sequence, the same check."""
    if code[:6] in tables.RESIDENCE_PERMIT_HEADS:
        return Kind.RESIDENCE_PERMIT
    if code[0] == "9" and code[:2] != "99" and code[1:3] in tables.PROVINCES:
        return Kind.FOREIGN_PERMANENT
    return Kind.CITIZEN_ID


def _birth_reason(digits8: str, today: date | None) -> str:
    born = checks.birth_date(digits8)
    if born is None:
        return "impossible-birth-date"
    if born.year < tables.FIRST_BIRTH_YEAR:
        return "birth-date-too-early"
    return "birth-date-in-future" if born > (today or _LAST_DAY) else ""


def _has_birth_date(code: str) -> bool:
    return checks.is_digits(code[:17]) and code[17] in tables.CITIZEN_CHECKS and not _birth_reason(code[6:14], None)


def _lost_or_wrong(code: str) -> str:
    """A number keeps 15 digits in a spreadsheet: 18 digits ending in 000 with a wrong check were cut, not mistyped."""
    return "number-lost-digits" if code.endswith("000") and checks.is_digits(code) else "wrong-check-character"


def _is_citizen_15(code: str) -> bool:
    return code[:2] in tables.PROVINCES and checks.birth_date("19" + code[6:12]) is not None


def _is_registration_13(code: str) -> bool:
    return checks.is_digits(code) and code[:2] in tables.PROVINCES


def _is_old_foreign_permit(code: str) -> bool:
    return code[:3].isalpha() and checks.is_digits(code[3:])


_EXPECTED: Final[dict[Kind, Callable[[str, Terms], Finding]]] = {
    Kind.USCC: _expect_uscc,
    Kind.ORG_CODE: _expect_org_code,
    Kind.REGISTRATION_15: _expect_registration,
    Kind.REGISTRATION_13: _expect_registration,
    Kind.CITIZEN_ID: _expect_citizen,
    Kind.CITIZEN_ID_15: _expect_only(Kind.CITIZEN_ID_15),
    Kind.RESIDENCE_PERMIT: _expect_only(Kind.RESIDENCE_PERMIT),
    Kind.FOREIGN_PERMANENT: _expect_only(Kind.FOREIGN_PERMANENT),
}
