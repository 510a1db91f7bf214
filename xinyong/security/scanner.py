r"""Persons' numbers in what is about to become public (出口扫描): identity numbers, mobile phones, bank cards (security.md T21).

Pure: text in, findings out; ``scanned_files`` opens files. A number is found whole or cut by blanks, line ends, hyphens and
characters nobody sees, in any width and any script's digits. What makes it one is arithmetic, not looks: province, date and
check digit of an identity number (GB 11643), Luhn's sum and the issuer's length of a card (GB/T 14504). Unified codes, document
and registration numbers are none.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from xinyong.kernel import codes


class Kind(StrEnum):
    """What was found."""

    CITIZEN_ID = "citizen-id"  # 18 characters, check digit right
    CITIZEN_ID_15 = "citizen-id-15"  # of before 1999, without a check digit
    PHONE = "phone"
    BANK_CARD = "bank-card"


#: Chinese and English names, for sentences.
NAMES: dict[Kind, tuple[str, str]] = {
    Kind.CITIZEN_ID: ("公民身份号码", "citizen identity number"),
    Kind.CITIZEN_ID_15: ("15 位身份证号码", "15-digit identity number"),
    Kind.PHONE: ("手机号码", "mobile phone number"),
    Kind.BANK_CARD: ("银行卡号", "bank card number"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A number and its place in the text: ``text[start:end]``. What it is, and never what it says."""

    kind: Kind
    start: int
    end: int


#: What may stand between the digits of one number: at most three of blanks, line ends, hyphens, dots, invisible ones.
_GAP = "[-\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff_.·•‐-―−－～~,，、/|]{0,3}"
_ANY_GAP = "[-\\s\x0b\x1c-\x1f\u0085\u00a0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u206f\u3000\ufeff_.·•‐-―−－～~,，、/|]{0,3}"
#: For whole columns, in RE2 (whose ``\s`` is ASCII's): every text in which ``scan`` may find something. Eighteen digits, or eleven
#: that no letter touches: a licence number like JY11309… costs no closer look.
_EIGHTEEN = f"(?:\\p{{Nd}}{_ANY_GAP}){{17}}[\\p{{Nd}}XxＸｘХхΧχ×✕]"
_ELEVEN = f"[^\\p{{Nd}}A-Za-z]\\p{{Nd}}(?:{_ANY_GAP}\\p{{Nd}}){{10}}"
LIKENESS = f"{_EIGHTEEN}|^\\p{{Nd}}(?:{_ANY_GAP}\\p{{Nd}}){{10}}|{_ELEVEN}"
#: The same for a column whose name says that a register's or a document's number begins its cells.
LIKENESS_BEHIND = f"{_EIGHTEEN}|{_ELEVEN}"
_RUN = re.compile(f"[0-9](?:{_GAP}[0-9]){{10,}}(?:{_GAP}[Xx])?")
_TIGHT = re.compile(r"[-\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff‐-―−－]*")
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]+")
_MOST_GROUPS = 5
#: 99 is no place: the one our own examples and demonstrations use.
_PROVINCES = frozenset(
    map(
        str,
        (
            *range(11, 16),
            *range(21, 24),
            *range(31, 38),
            *range(41, 47),
            *range(50, 55),
            *range(61, 66),
            71,
            81,
            82,
            83,
            99,
        ),
    )
)
_PHONE = re.compile(r"(?:86|0086)?1(?:3\d|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d{8}")
#: Issuers' prefixes and the lengths of their cards: UnionPay, Visa, Mastercard, JCB, older domestic ones.
_CARDS = re.compile(r"(?:62\d{14,17}|81\d{14,17}|4\d{15}|5[1-5]\d{14}|35\d{14}|9(?:40|55|59|68)\d{13,16})")
#: Right before a number: it is a document's, a register's, an order's.
_OTHER_NUMBER = re.compile(
    "(?:注册号|登记号|执照号码?|统一社会信用代码|组织机构代码|信用代码|税号|识别号|文号|文书号|编号|案号|许可证号?|批准号|备案号|流水号|"
    "订单号|发票号码?|发票代码|票号|单号|批次号?|条形?码|序列号|设备号|机身号|校验码|报告编号|区划代码?|regno|invoice|order|serial)"
    r"[^0-9\n]{0,6}$",
    re.IGNORECASE,
)
_IDENTITY = re.compile(r"(?:身份|证件|公民|居民|identity|idcard|id\s?no)[^0-9\n]{0,12}$", re.IGNORECASE)
#: Permits whose number is place, day and serial: a day of the last years is theirs, not somebody's birth.
_PERMIT = re.compile("(?:施工|许可证|工程|项目|合同|备案)[^0-9\n]{0,8}$")
_PERMIT_YEARS = 14
_LOOK_BACK = 24


def scan(text: str, *, today: date | None = None) -> list[Found]:
    """Every person's number in the text, in order. ``today`` bounds birth dates; without it they end with 2099."""
    if len(text) < 11:
        return []
    folded = _folded(text)
    found: list[Found] = []
    for run in _RUN.finditer(folded):
        found += _in_run(folded, run.start(), run.end(), today)
    return found


def holds_any(text: str, *, today: date | None = None) -> bool:
    """True when a person's number stands in the text."""
    return bool(scan(text, today=today))


def names_another_number(label: str) -> bool:
    """True when a column of this name holds a document's, a register's, an order's numbers."""
    return _OTHER_NUMBER.search(f"{label}：") is not None


def masked(text: str, *, today: date | None = None) -> str:
    """The text with every person's number starred out; everything else as it is."""
    found = scan(text, today=today)
    for one in reversed(found):
        text = f"{text[: one.start]}{'*' * 8}{text[one.end :]}"
    return text


def _folded(text: str) -> str:
    """The text, character for character, with every script's digits as ASCII, and what looks like an X as one."""
    if text.isascii():
        return text
    return "".join(c if c.isascii() else _fold(c) for c in text) if _needs_folding(text) else text


_OTHER_DIGITS = re.compile(r"(?![0-9])\d|[ＸｘХхΧχ×✕]")


def _needs_folding(text: str) -> bool:
    return _OTHER_DIGITS.search(text) is not None


def _fold(character: str) -> str:
    value = unicodedata.decimal(character, None)
    if value is not None:
        return str(value)
    return "X" if character in "ＸｘХхΧχ×✕" else character


@dataclass(frozen=True, slots=True)
class _Run:
    """Digits with little between them: their characters and places, and where a number may begin or end."""

    text: str
    digits: str
    places: list[int]
    starts: list[int]
    ends: set[int]
    alone: list[bool]  # digits that have none beside them

    def before(self, first: int) -> str:
        place = self.places[first]
        return self.text[max(0, place - _LOOK_BACK) : place]

    def touches_letters(self, first: int, last: int) -> bool:
        beside = self.text[self.places[first] - 1 : self.places[first]] if self.places[first] else ""
        after = self.text[self.places[last - 1] + 1 : self.places[last - 1] + 2]
        return any(one.isascii() and one.isalpha() for one in (beside, after) if one)

    def is_tight(self, first: int, last: int) -> bool:
        """Nothing but blanks, hyphens and invisible characters between the digits, and those as somebody would set them:
        in at most five groups, or digit by digit."""
        pieces = re.split(r"[0-9]+", self.text[self.places[first] : self.places[last - 1] + 1])[1:-1]
        groups = sum(1 for piece in pieces if _UNSEEN.sub("", piece)) + 1
        return all(map(_TIGHT.fullmatch, pieces)) and (groups <= _MOST_GROUPS or self.is_apart(first, last))

    def is_apart(self, first: int, last: int) -> bool:
        """True for all of the run, and for digits set one by one where their neighbours are not."""
        if last - first == len(self.digits):
            return True
        beside = [self.alone[n] for n in (first - 1, last) if 0 <= n < len(self.digits)]
        return all(self.alone[first:last]) and not any(beside)

    def is_of_a_document(self, first: int, last: int) -> bool:
        """〔2026〕13800000000号, or said to be another kind of number right before."""
        before, after = self.before(first), self.text[self.places[last - 1] + 1 : self.places[last - 1] + 2]
        return (before[-1:] in tuple("〕］】]）)第字#") and after == "号") or _OTHER_NUMBER.search(before) is not None


def _split(text: str, start: int, end: int) -> _Run:
    places = [at for at in range(start, end) if text[at].isdigit() or text[at] in "Xx"]
    count = len(places)
    digits = "".join(text[at] for at in places).upper()
    starts = [n for n in range(count) if n == 0 or places[n] > places[n - 1] + 1]
    ends = {n for n in range(1, count + 1) if n == count or places[n] > places[n - 1] + 1}
    if digits.endswith("X"):  # perhaps the letter of another word
        ends.add(count - 1)
    begins = set(starts)
    alone = [n in begins and n + 1 in ends for n in range(count)]
    return _Run(text, digits, places, starts, ends, alone)


def _in_run(text: str, start: int, end: int, today: date | None) -> Iterator[Found]:
    run = _split(text, start, end)
    past = -1
    for first in run.starts:
        if first <= past:
            continue
        for length, kind, is_right, stands_right in _TESTS:
            last = first + length
            if last in run.ends and is_right(run.digits[first:last], today) and stands_right(run, first, last, today):
                yield Found(kind, run.places[first], run.places[last - 1] + 1)
                past = last - 1
                break


def _birth(text: str, today: date | None) -> date | None:
    try:
        born = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return born if date(1880, 1, 1) <= born <= (today or date(2099, 12, 31)) else None


def _is_citizen_id(digits: str, today: date | None) -> bool:
    return (
        digits[:2] in _PROVINCES
        and digits[:17].isdigit()
        and digits[17] == codes.citizen_check(digits[:17])
        and _birth(digits[6:14], today) is not None
    )


def _is_no_permit(run: _Run, first: int, last: int, today: date | None) -> bool:
    is_recent = today is not None and int(run.digits[first + 6 : first + 10]) >= today.year - _PERMIT_YEARS
    return not (is_recent and _PERMIT.search(run.before(first)))


def _is_citizen_id_15(digits: str, today: date | None) -> bool:
    is_place = digits[:2] in _PROVINCES and digits[2:6] != "0000"
    return is_place and digits.isdigit() and _birth(f"19{digits[6:12]}", None) is not None


def _is_a_persons(run: _Run, first: int, last: int, today: date | None) -> bool:
    if _IDENTITY.search(run.before(first)):
        return run.is_tight(first, last) and not run.touches_letters(first, last)
    return _is_nothing_else(run, first, last, today)


def _is_nothing_else(run: _Run, first: int, last: int, today: date | None) -> bool:
    return (
        not run.touches_letters(first, last)
        and not run.is_of_a_document(first, last)
        and run.is_tight(first, last)
    )  # fmt: skip


def _is_phone(digits: str, today: date | None) -> bool:
    return _PHONE.fullmatch(digits) is not None and digits[:-11] in ("", "86", "0086")


def _is_bank_card(digits: str, today: date | None) -> bool:
    if _CARDS.fullmatch(digits) is None:
        return False
    doubled = [int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits))]
    if sum(n - 9 if n > 9 else n for n in doubled) % 10:
        return False
    # A unified code may happen to be all digits.
    return len(digits) != 18 or codes.check_character(digits[:17]) != digits[17]


_Arithmetic = Callable[[str, date | None], bool]
_Surroundings = Callable[[_Run, int, int, date | None], bool]

#: Length, kind, whether the digits are such a number, whether it stands where one would; the surest first.
_TESTS: tuple[tuple[int, Kind, _Arithmetic, _Surroundings], ...] = (
    (18, Kind.CITIZEN_ID, _is_citizen_id, _is_no_permit),
    (19, Kind.BANK_CARD, _is_bank_card, _is_nothing_else),
    (18, Kind.BANK_CARD, _is_bank_card, _is_nothing_else),
    (17, Kind.BANK_CARD, _is_bank_card, _is_nothing_else),
    (16, Kind.BANK_CARD, _is_bank_card, _is_nothing_else),
    (15, Kind.PHONE, _is_phone, _is_nothing_else),
    (15, Kind.CITIZEN_ID_15, _is_citizen_id_15, _is_a_persons),
    (13, Kind.PHONE, _is_phone, _is_nothing_else),
    (11, Kind.PHONE, _is_phone, _is_nothing_else),
)
