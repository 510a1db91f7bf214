"""What a workbook's cell says, as text: dates from serials, numbers in their shortest exact form, and what was lost.

A number keeps the 15 significant digits a spreadsheet shows. An integer of 16 digits or more is already destroyed when
the file is made (F9): it is noted, never mended.
"""

import math
import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from xinyong.intake._table import NUMBER_AS_TEXT, NUMBER_LOST_DIGITS

#: built-in number formats that show a date; 27–36 and 50–58 are those of Chinese, Japanese and Korean versions
_DATE_FORMATS = {*range(14, 18), 22, *range(27, 32), 36, *range(50, 55), 57, 58}
_TIME_FORMATS = {18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56}
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LAST_SERIAL = 2_958_466  # the day after 9999-12-31
#: a spreadsheet's dates have no zone
_START_1900 = datetime(1899, 12, 30)  # noqa: DTZ001
_START_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
_LOST = Decimal(10) ** 15
_LONG = Decimal(10) ** 10

NUMBER, DATE, TIME = "number", "date", "time"


def shows(format_id: int, formats: dict[int, str]) -> str:
    """Whether a number under this format is shown as a number, a date or a time of day."""
    code = formats.get(format_id)
    if code is None:
        return DATE if format_id in _DATE_FORMATS else TIME if format_id in _TIME_FORMATS else NUMBER
    bare = _NOT_SHOWN.sub("", code.split(";", 1)[0]).lower().replace("general", "").replace("am/pm", "")
    if re.search(r"[ydeg年月日]|m{3,}", bare) or ("m" in bare and not re.search(r"[hs]", bare)):
        return DATE
    return TIME if re.search(r"[hs]", bare) else NUMBER


def number_text(value: str | float) -> tuple[str, str | None]:
    """A number as text without exponent or needless zeros, and the note it earns."""
    text = value if isinstance(value, str) else repr(value)
    if text.isascii() and text.isdigit() and len(text) <= 10:
        return (text.lstrip("0") or "0"), None
    try:
        number = float(text)
    except ValueError:
        return text, None
    if not math.isfinite(number):
        return text, None
    exact = Decimal(f"{number:.15g}")
    plain = f"{exact:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    plain = "0" if plain in ("-0", "") else plain
    size = abs(exact)
    if size >= _LOST:
        return plain, NUMBER_LOST_DIGITS
    return plain, NUMBER_AS_TEXT if size >= _LONG and "." not in plain else None


def serial_text(value: str, *, is_1904: bool, is_time: bool) -> str | None:
    """A date serial as ``YYYY-MM-DD`` (with ``HH:MM:SS`` where there is a time); None when it is no date."""
    try:
        serial = float(value)
    except ValueError:
        return None
    if not 0 <= serial < _LAST_SERIAL:
        return None
    if is_time and serial < 1:
        return f"{_START_1900 + timedelta(seconds=round(serial * 86400)):%H:%M:%S}"
    # in the 1900 system serial 60 is 29 February 1900, a day that never was
    start = _START_1904 if is_1904 else _START_1900 if serial >= 60 else _START_1900 + timedelta(days=1)
    try:
        return moment_text(start + timedelta(seconds=round(serial * 86400)))
    except OverflowError:
        return None


def moment_text(moment: datetime | date) -> str:
    """A date, with its time when that is not midnight."""
    if isinstance(moment, datetime) and (moment.hour or moment.minute or moment.second):
        return f"{moment.year:04d}-{moment:%m-%d %H:%M:%S}"
    return f"{moment.year:04d}-{moment:%m-%d}"


def iso_text(value: str) -> str:
    """A cell of type ``d``: an ISO date, its midnight left out."""
    day, _, time = value.partition("T")
    time = time.rstrip("Z").split(".", 1)[0]
    return day if time in ("", "00:00:00", "00:00") else f"{day} {time}"


def unescape(text: str) -> str:
    """Characters that XML cannot hold stand as ``_x000D_``."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(_character, text)


def _character(found: "re.Match[str]") -> str:
    code = int(found[1], 16)
    return found[0] if 0xD800 <= code < 0xE000 else chr(code)
