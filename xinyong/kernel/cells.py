"""Texts on their way into a spreadsheet (导出): none of them is taken for a formula, in CSV or in a workbook.

A company may be named ``=HYPERLINK(…)``; quotation marks do not stop a spreadsheet program from running it (security.md
§3-25, T1). Every CSV of ours is written by ``csv_writer``, every new workbook is opened with ``WORKBOOK_OPTIONS`` and filled
with ``write_string``.
"""

import csv
import re
from collections.abc import Iterable
from typing import IO, Any, Protocol

#: For ``xlsxwriter.Workbook``: a text stays a text, whatever it looks like.
WORKBOOK_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

#: What a program may begin a formula with, in the widths that input methods give and programs fold.
_SIGNS = "=+-@\t\r＝＋－＠﹦﹢﹣﹫"
#: Leading characters that a program may not show, or may leave out before it looks: blanks, zero-width, control characters.
_UNSEEN = re.compile(
    "^[\\s\x00-\x08\x0e-\x1f\x7f-\x9f\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb]*"
)
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


class Writer(Protocol):
    """What ``csv_writer`` gives."""

    def writerow(self, row: Iterable[Any], /) -> Any:
        """Writes one row."""

    def writerows(self, rows: Iterable[Iterable[Any]], /) -> Any:
        """Writes rows."""


def harmless(text: str) -> str:
    """The text as it may stand in a CSV. An apostrophe goes before what a program may take for a formula: ``= + - @``, tab
    and carriage return and their kin, full width too, also behind blanks and characters nobody sees. Numbers stay; zero
    characters go."""
    if "\0" in text:
        text = text.replace("\0", "")
    if not text or text[0].isalnum():
        return text
    unseen = _UNSEEN.match(text)
    start = unseen.end() if unseen else 0
    is_sign = text[start : start + 1] in _SIGNS if text[start:] else False
    if (is_sign or any(sign in text[:start] for sign in "\t\r")) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def csv_writer(file: IO[str], *, delimiter: str = ",") -> Writer:
    """A CSV writer every text of which is harmless. Open the file with ``newline=""`` and, for spreadsheet programs,
    ``encoding="utf-8-sig"``."""
    return _Harmless(csv.writer(file, delimiter=delimiter))


class _Harmless:
    def __init__(self, out: Any) -> None:
        self._out = out

    def writerow(self, row: Iterable[Any], /) -> None:
        self._out.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])

    def writerows(self, rows: Iterable[Iterable[Any]], /) -> None:
        for row in rows:
            self.writerow(row)
