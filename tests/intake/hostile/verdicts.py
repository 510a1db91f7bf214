"""Files through the real door, the bounded process, and what it said of them."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.intake.reading import KNOWN
from xinyong.intake import read
from xinyong.intake._limits import LIMITS, Limits


@dataclass(frozen=True, slots=True)
class Verdict:
    """``text`` is the refusal, or what was read, word for word; the same file has the same one each time."""

    text: str
    is_read: bool
    is_stopped: bool
    seconds: float  # of processor time, of a refused file
    waited: float  # by the clock, on a machine that may be busy
    peak_kilobytes: int


def judge(path: Path, *, limits: Limits = LIMITS) -> Verdict:
    """One file, once. Whatever but a refusal it raises goes through: that is what is looked for."""
    started = time.monotonic()
    with TemporaryDirectory() as name:
        folder = Path(name)
        try:
            reading = read.read(path, folder=folder, file_name="报送", known_headers=KNOWN, limits=limits)
        except read.Refused as refusal:
            has_sentences = refusal.zh.endswith("。") and refusal.en.endswith(".")
            is_stopped = isinstance(refusal, read.ReadingStopped)
            text = f"{refusal.code}: {refusal.zh}" if has_sentences else f"no sentence: {refusal!r}"
            peak, seconds = refusal.peak_kilobytes, refusal.seconds
        else:
            rows = hashlib.sha256()
            for chunk in reading.chunks:
                rows.update(repr(read.table(chunk).to_pydict()).encode("utf-8"))
            noted = [each for number in range(len(reading.chunks)) for each in read.notes(_notes(folder, number))]
            text = f"read: {reading.rows} {rows.hexdigest()} {reading.headers} {noted} {reading.remarks}"
            is_stopped, peak, seconds = False, reading.peak_kilobytes, 0.0
        return Verdict(text, text.startswith("read: "), is_stopped, seconds, time.monotonic() - started, peak)


def _notes(folder: Path, number: int) -> Path | None:
    path = folder / f"notes-{number:05d}.parquet"
    return path if path.exists() else None
