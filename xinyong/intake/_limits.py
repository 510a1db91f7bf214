"""What reading one file may cost, and the ways a file is refused.

Every refusal is a sentence for the sender: what is wrong, where, what to do. The measurements behind the limits: a 768 KB
workbook inflates to 300 MB of XML and costs a fast reader 1.7 GB of memory; a reader that trusts a declared dimension
loses 998 of 1,000 rows without a word.
"""

from dataclasses import dataclass
from typing import ClassVar

from xinyong.kernel.errors import Conflict, Invalid

MEGABYTE = 1 << 20
CHUNK_ROWS = 25_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one reading. Bytes, rows, seconds; a file beyond one of them is refused, never cut short."""

    file_bytes: int = 64 << 30
    #: address space of the child process
    memory_bytes: int = 1536 * MEGABYTE
    #: what of it may be resident: looked at fifty times a second from outside, beyond it the child is ended
    resident_bytes: int = 448 * MEGABYTE
    #: wall clock and CPU: this many seconds, plus one for every ``bytes_per_second`` of the file
    seconds: int = 300
    bytes_per_second: int = 4 * MEGABYTE
    #: what a compressed file may inflate to, all entries together, counted while inflating, not as declared
    inflated_bytes: int = 1024 * MEGABYTE
    #: a workbook that inflates to more than ``ratio_from_bytes`` may not be denser than this
    inflation_ratio: int = 100
    ratio_from_bytes: int = 32 * MEGABYTE
    archive_entries: int = 1000
    shared_text_bytes: int = 256 * MEGABYTE
    columns: int = 1000
    sheets: int = 200
    #: a table of more cells than this must have one in a hundred filled: a few bytes a row would cost a thousand cells
    sparse_cells: int = 8_000_000
    rows: int = 2_000_000_000
    #: rows of one file of the reading, deposited in one go
    chunk_rows: int = CHUNK_ROWS
    #: one row of a text file, with everything in its cells
    row_bytes: int = MEGABYTE
    cell_characters: int = 1_000_000
    #: a Parquet file that unfolds to more than ``unfolded_bytes`` may not be denser than this
    unfolded_bytes: int = 64 * MEGABYTE
    unfolding_ratio: int = 1000
    #: a JSON array is held whole as text; JSON Lines have no such bound
    json_array_bytes: int = 64 * MEGABYTE
    header_characters: int = 2_000
    #: rows looked at for the header
    header_rows: int = 30


LIMITS = Limits()


class Refused(Invalid):
    """The file cannot be read as a table; nothing of it is taken in."""

    code: ClassVar[str] = "intake.file-refused"
    #: what the reading process used before it refused: memory at most, processor time
    peak_kilobytes: int = 0
    seconds: float = 0


class UnknownFormat(Refused):
    """Neither CSV, workbook, JSON nor Parquet."""

    code = "intake.unknown-format"


class DamagedFile(Refused):
    """The file ends early, or its bytes are not what its format demands."""

    code = "intake.damaged-file"


class DangerousFile(Refused):
    """The file carries something a data file has no need of: macros, entities, references to other files, a bomb."""

    code = "intake.dangerous-file"


class EncryptedFile(Refused):
    """The workbook is protected by a password."""

    code = "intake.encrypted-file"


class FileTooLarge(Refused):
    """The file is beyond a limit; the sentence says which and what to send instead."""

    code = "intake.file-too-large"


class HeaderNotFound(Refused):
    """No row near the top looks like the header of the item."""

    code = "intake.header-not-found"


class SheetUnclear(Refused):
    """Two sheets could be meant, or the named one does not exist."""

    code = "intake.sheet-unclear"


class ReaderKilled(Conflict):
    """Something else ended the reading process: the system for want of memory, or an administrator. The file may be fine."""

    code = "intake.reader-killed"
    status = 503


class ReadingStopped(Refused):
    """The reading process ran out of its time or memory, or died."""

    code = "intake.reading-stopped"


REFUSALS: dict[str, type[Refused]] = {
    each.code: each
    for each in (
        Refused,
        UnknownFormat,
        DamagedFile,
        DangerousFile,
        EncryptedFile,
        FileTooLarge,
        HeaderNotFound,
        SheetUnclear,
        ReadingStopped,
    )
}
