"""Hostile files through the real door, the bounded process: a sentence or a good reading, in bounded memory and time."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.intake import hostile
from tests.intake.hostile import others, texts
from tests.intake.hostile.workbooks import flipped
from tests.intake.reading import KNOWN, Result
from tools.evidence.hostile import craft_files, mutate_files
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

#: through the real door, the bounded process; the others in the test's own, because a parser written in Rust or C++ may end it
BOUNDED = {name for name in hostile.REFUSED if name.startswith("other: ")} - hostile.HEAVY | {
    "xlsx: shared texts too many",
    "xlsx: endless row",
    "xlsx: quadratic entities in the shared texts",
    "text: a million columns",
    "text: JSON of brackets",
}
QUICK = {name for name in hostile.REFUSED if name not in hostile.HEAVY and name not in BOUNDED}


@pytest.mark.parametrize("name", sorted(QUICK))
def test_a_hostile_file_is_refused_with_a_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / "input"
    hostile.REFUSED[name](path)
    with pytest.raises(read.Refused) as refusal:
        Result(path, limits=LIMITS)
    assert refusal.value.code.startswith("intake.")
    assert len(refusal.value.zh) < 600
    assert refusal.value.zh.endswith("。")
    assert refusal.value.en.endswith(".")


@pytest.mark.parametrize("name", sorted(set(hostile.READ) - hostile.HEAVY))
def test_an_awkward_file_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "input"
    hostile.READ[name](path)
    assert "甲公司" in Result(path, limits=LIMITS).rows[0]


def test_the_corpus_is_large_enough() -> None:
    assert len(hostile.REFUSED) + len(hostile.READ) >= 300
    assert set(hostile.REFUSED) | set(hostile.READ) >= hostile.HEAVY


def test_the_reading_process_stays_within_memory_and_time() -> None:
    """At full size: ``make evidence``, T2."""
    found = craft_files(BOUNDED)
    assert found.wrong == []
    assert found.files == len(BOUNDED)
    assert found.peak_kilobytes < PEAK_KILOBYTES
    assert found.seconds < 10


def test_a_refused_file_leaves_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "input"
    hostile.REFUSED["text: open quotation mark at the start"](path)
    with pytest.raises(read.Refused):
        read.read(path, folder=tmp_path / "out", file_name="a.xlsx", known_headers=KNOWN, limits=LIMITS)
    assert not list((tmp_path / "out").glob("rows-*.arrow"))


def test_a_file_that_would_fill_the_memory_is_ended_and_the_next_one_read(tmp_path: Path) -> None:
    path = tmp_path / "input"
    others.many_times("长" * 20_000, 100_000)(path)
    limits = Limits(unfolded_bytes=1 << 40)
    with pytest.raises(read.ReadingStopped, match="内存"):
        read.read(path, folder=tmp_path / "out", file_name="a", known_headers=KNOWN, limits=limits)
    others.sound(path)
    reading = read.read(path, folder=tmp_path / "next", file_name="a", known_headers=KNOWN, limits=limits)
    assert reading.rows == 50
    assert reading.peak_kilobytes < PEAK_KILOBYTES


def test_what_a_parser_says_of_a_row_is_not_in_the_sentence(tmp_path: Path) -> None:
    path = tmp_path / "input"
    hostile.REFUSED["other: CSV of 1,000 columns and a million short rows"](path)
    with pytest.raises(read.FileTooLarge, match="空单元格"):
        read.read(path, folder=tmp_path / "out", file_name="a", known_headers=KNOWN)


def test_mutated_files_of_every_format_have_one_verdict_each() -> None:
    """At full size: ``make evidence``, B1."""
    found = mutate_files(84, again=3)
    assert found.wrong == []
    assert found.files == 84
    assert found.peak_kilobytes < PEAK_KILOBYTES


def test_too_little_memory_and_too_little_time_are_sentences(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_text(texts.HEADER + "甲公司,91X,2026-01-05\n" * 300_000)
    for limits in (Limits(memory_bytes=300 * MEGABYTE), Limits(seconds=0, bytes_per_second=1 << 40)):
        with pytest.raises(read.ReadingStopped):
            read.read(path, folder=tmp_path / "out", file_name="a.csv", known_headers=KNOWN, limits=limits)


def test_changed_bytes_end_in_a_reading_or_a_refusal_always_the_same(tmp_path: Path) -> None:
    """Parsers may raise whatever they like: in the child any error ends in a refusal. Here none may hang or kill us."""
    verdicts = []
    for seed in [*range(40), *range(40)]:
        path = tmp_path / "input"
        flipped(seed)(path)
        try:
            verdicts.append(str(Result(path, limits=LIMITS).rows))
        except read.Refused as refusal:
            verdicts.append(refusal.code)
    assert verdicts[:40] == verdicts[40:]


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
