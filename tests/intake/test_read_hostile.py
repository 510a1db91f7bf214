"""Hostile files through the real door, the bounded process: a sentence or a good reading, in bounded memory and time."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.intake.hostile import texts, workbooks
from tests.intake.hostile.workbooks import flipped
from tests.intake.reading import KNOWN, Result
from xinyong.intake import read
from xinyong.intake._limits import MEGABYTE, Limits

#: small bounds, so that files that exceed them are made quickly
LIMITS = Limits(
    memory_bytes=1024 * MEGABYTE,
    inflated_bytes=128 * MEGABYTE,
    ratio_from_bytes=16 * MEGABYTE,
    seconds=40,
    json_array_bytes=4 * MEGABYTE,
)
PEAK_KILOBYTES = 512 * 1024

REFUSED = workbooks.REFUSED | {f"{name} (text)": make for name, make in texts.REFUSED.items()}
#: read through the real door, in the bounded process; the others in the test's own
BOUNDED = {
    "bomb of 300 MB",
    "giant cell",
    "endless row",
    "quadratic entities in the shared texts",
    "a million columns (text)",
    "open quotation mark far above the end (text)",
    "JSON of brackets (text)",
}
MERGED = "300,000 merged cells"
READ = workbooks.READ | {f"{name} (text)": make for name, make in texts.READ.items()}


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in BOUNDED])
def test_a_hostile_file_is_refused_with_a_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / "input"
    REFUSED[name](path)
    with pytest.raises(read.Refused) as refusal:
        Result(path, limits=LIMITS)
    assert refusal.value.code.startswith("intake.")
    assert len(refusal.value.zh) < 600
    assert refusal.value.zh.endswith("。")
    assert refusal.value.en.endswith(".")


@pytest.mark.parametrize("name", [name for name in READ if name != MERGED])
def test_an_awkward_file_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "input"
    READ[name](path)
    assert Result(path, limits=LIMITS).rows[0][1] == "甲公司"


def test_the_corpus_is_large_enough() -> None:
    assert len(REFUSED) + len(READ) >= 100


@pytest.mark.parametrize("name", sorted(BOUNDED))
def test_the_reading_process_stays_within_memory_and_time(name: str, tmp_path: Path) -> None:
    path = tmp_path / "input"
    REFUSED[name](path)
    started = time.monotonic()
    with pytest.raises(read.Refused):
        read.read(path, folder=tmp_path / "out", file_name="a.xlsx", known_headers=KNOWN, limits=LIMITS)
    assert time.monotonic() - started < LIMITS.seconds
    assert not list((tmp_path / "out").glob("rows-*.arrow"))


def test_merged_cells_cost_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "input"
    workbooks.READ[MERGED](path)
    reading = read.read(path, folder=tmp_path / "out", file_name="a.xlsx", known_headers=KNOWN, limits=LIMITS)
    assert reading.rows == 1
    assert reading.peak_kilobytes < PEAK_KILOBYTES


def test_too_little_memory_and_too_little_time_are_sentences(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_text(texts.HEADER + "甲公司,91X,2026-01-05\n" * 300_000)
    for limits in (Limits(memory_bytes=300 * MEGABYTE), Limits(seconds=0, bytes_per_second=1 << 40)):
        with pytest.raises(read.ReadingStopped):
            read.read(path, folder=tmp_path / "out", file_name="a.csv", known_headers=KNOWN, limits=limits)


def test_changed_bytes_end_in_a_reading_or_a_refusal_always_the_same(tmp_path: Path) -> None:
    """Parsers may raise whatever they like: in the child any error ends in a refusal. Here none may hang or kill us."""
    verdicts = []
    for seed in [*range(60), *range(60)]:
        path = tmp_path / "input"
        flipped(seed)(path)
        try:
            verdicts.append(str(Result(path, limits=LIMITS).rows))
        except read.Refused as refusal:
            verdicts.append(refusal.code)
    assert verdicts[:60] == verdicts[60:]


def _readers_of(folder: Path) -> Iterator[int]:
    """Processes that work in the folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") == str(folder):
                yield int(process.name)
        except OSError:
            continue


def test_a_stream_left_early_leaves_no_process(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_text(texts.HEADER + "甲公司,91X,2026-01-05\n" * 200_000)
    with read.stream(path, folder=tmp_path / "out", file_name="a.csv", known_headers=KNOWN) as stream:
        first = next(iter(stream))
        assert 0 < read.table(first.path).num_rows < read.CHUNK_ROWS
        assert [*_readers_of(tmp_path / "out")]
    assert not [*_readers_of(tmp_path / "out")]
