"""Text tables: encodings, delimiters, headers below titles, odd rows, quotation marks."""

import csv
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xinyong.intake import headers, read
from xinyong.intake._csv import open_csv, read_csv
from xinyong.intake._limits import Limits
from xinyong.intake._table import Writer, chunk_path

HEADERS = ["行政相对人名称", "统一社会信用代码", "许可决定日期", "备注"]
KNOWN = frozenset(map(headers.normalise, HEADERS))
ROW = ["云溪市甲商贸有限公司", "91990100MA0000001X", "2026-01-05", ""]
SHARED = Path(__file__).parents[2] / "../shared/data"


def reading_of(content: bytes, folder: Path, *, limits: Limits = read.LIMITS, name: str = "rows.csv") -> read.Reading:
    path = folder / "input"
    path.write_bytes(content)
    return read.read(path, folder=folder / "out", file_name=name, known_headers=KNOWN, limits=limits)


def quickly(
    content: bytes, folder: Path, *, limits: Limits = read.LIMITS
) -> tuple[list[tuple[object, ...]], list[tuple[int, str]]]:
    """The CSV reader in this process: rows with their numbers, and the notes."""
    path = folder / "input"
    path.write_bytes(content)
    opened = open_csv(path, folder=folder, known=KNOWN, limits=limits)
    writer = Writer(folder, len(opened.head.headers), limits, lambda number, has_notes: None)
    read_csv(opened, writer, limits)
    notes = writer.finish()
    rows: list[tuple[object, ...]] = []
    for number in range(writer.chunk_count):
        rows += [tuple(row.values()) for row in read.table(chunk_path(folder, number)).to_pylist()]
    noted = pq.read_table(notes).to_pylist() if notes else []
    return rows, [(each["row_no"], each["note"]) for each in noted]


def csv_text(*rows: list[str], delimiter: str = ",", end: str = "\r\n") -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def rows_of(reading: read.Reading) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for chunk in reading.chunks for row in read.table(chunk).to_pylist()]


def test_a_file_comes_out_as_numbered_rows_of_text(tmp_path: Path) -> None:
    reading = reading_of(csv_text(HEADERS, ROW).encode(), tmp_path)
    assert reading.headers == HEADERS
    assert (reading.format, reading.encoding, reading.delimiter, reading.header_row) == ("csv", "utf-8", ",", 1)
    assert rows_of(reading) == [(2, *ROW[:3], None)]
    assert reading.remarks == []
    assert reading.notes is None


@pytest.mark.parametrize(
    ("codec", "encoding"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_every_encoding_and_delimiter_gives_the_same_rows(
    codec: str, encoding: str, delimiter: str, tmp_path: Path
) -> None:
    rare = ["云溪市𠮷祥㐂䶮商贸有限公司", *ROW[1:]]
    path = tmp_path / "input"
    path.write_bytes(csv_text(HEADERS, ROW, rare, delimiter=delimiter).encode(codec))
    opened = open_csv(path, folder=tmp_path, known=KNOWN, limits=read.LIMITS)
    assert (opened.head.encoding, opened.head.delimiter, opened.head.headers) == (encoding, delimiter, HEADERS)
    rows, notes = quickly(path.read_bytes(), tmp_path)
    assert rows == [(2, *ROW[:3], None), (3, rare[0], *ROW[1:3], None)]
    assert notes == []


def test_title_and_instruction_rows_above_the_header_are_passed_over(tmp_path: Path) -> None:
    above = [["行政许可信息表", "", "", ""], ["填表说明：名称、\n代码必填", "", "", ""], [""]]
    rows, _ = quickly(csv_text(*above, HEADERS, ROW).encode(), tmp_path)
    assert rows == [(5, *ROW[:3], None)]


def test_blank_rows_are_left_out_and_counted_but_keep_their_numbers(tmp_path: Path) -> None:
    text = csv_text(HEADERS, ROW) + "\r\n,,,\r\n \u3000,,,\r\n" + csv_text(ROW)
    reading = reading_of(text.encode(), tmp_path)
    assert [row[0] for row in rows_of(reading)] == [2, 6]
    assert reading.remarks == ["跳过 3 个空行 / 3 empty rows skipped"]


def test_a_row_with_a_wrong_number_of_cells_is_noted_in_its_place(tmp_path: Path) -> None:
    lines = [",".join(HEADERS), *["甲,1,2,3"] * 3, "乙,1", *["丙,1,2,3"] * 2, "丁,1,2,3,4,5", "戊,1,2,3", "己"]
    rows, notes = quickly("\n".join(lines).encode(), tmp_path)
    assert [(row[0], row[1]) for row in rows] == list(zip(range(2, 11), "甲甲甲乙丙丙丁戊己", strict=True))
    assert notes == [(5, "row-too-short"), (8, "row-too-long"), (10, "row-too-short")]
    assert rows[3] == (5, "乙", "1", None, None)
    assert rows[6] == (8, "丁", "1", "2", "3")


def test_trailing_delimiters_are_no_fault(tmp_path: Path) -> None:
    text = ",".join(HEADERS) + "\n" + "甲,1,2,3,,\n" * 3 + "乙,1,2,3,,,,\n" + "丙,1,2,3,4,\n"
    rows, notes = quickly(text.encode(), tmp_path)
    assert [row[1] for row in rows] == ["甲", "甲", "甲", "乙", "丙"]
    assert notes == [(6, "row-too-long")]


def test_a_file_of_odd_rows_only_is_read_in_bounded_memory(tmp_path: Path) -> None:
    text = ",".join(HEADERS) + "\n" + ("甲," + "一" * 60 + "\n") * 120_000
    reading = reading_of(text.encode(), tmp_path)
    assert reading.rows == 120_000
    assert len(reading.chunks) == 6
    assert reading.notes is not None
    assert pq.read_metadata(reading.notes).num_rows == 120_000
    first = pq.read_table(tmp_path / "out" / "notes-00001.parquet")
    assert first["row_no"][0].as_py() == 10_002


def test_quoted_cells_may_hold_delimiters_quotes_and_line_breaks(tmp_path: Path) -> None:
    row = ['甲"乙"', "a,b", "第一行\n第二行\r\n第三行", "尾"]
    rows, notes = quickly(csv_text(HEADERS, row, ROW).encode(), tmp_path)
    assert rows == [(2, *row), (3, *ROW[:3], None)]
    assert notes == []


def test_a_quotation_mark_that_joins_two_rows_is_noted(tmp_path: Path) -> None:
    text = csv_text(HEADERS, ROW) + '甲,1,2,"备注\n乙,1,2,3\n丙,1,2,"3\n' + csv_text(ROW)
    rows, notes = quickly(text.encode(), tmp_path)
    assert (3, "rows-joined") in notes
    assert rows[-1][0] == 4


@pytest.mark.parametrize("tail", ['甲,1,2,"备注', '甲,1,2,"备注\n乙,1,2,3\n', '甲,1,"2,3\n', '甲,1,2,"'])
def test_a_quotation_mark_never_closed_refuses_the_file(tail: str, tmp_path: Path) -> None:
    with pytest.raises(read.DamagedFile, match="引号"):
        quickly((csv_text(HEADERS, ROW) + tail).encode(), tmp_path)


@pytest.mark.parametrize("tail", ['甲,1,2,"备注"', '甲,1,2,""', '甲,1,2,3"', '甲,1,2,"备""注"\n', "甲,1,2,3"])
def test_a_last_row_without_line_end_is_whole(tail: str, tmp_path: Path) -> None:
    rows, _ = quickly((csv_text(HEADERS, ['"', "", "", ""]) + tail).encode(), tmp_path)
    assert rows[-1][:2] == (3, "甲")


def test_a_file_without_a_known_header_is_refused_and_no_cell_of_it_quoted(tmp_path: Path) -> None:
    with pytest.raises(read.HeaderNotFound) as refusal:
        reading_of("姓名,电话\n张某,1\n".encode(), tmp_path)
    assert "第 1 行（2 格有内容）" in refusal.value.zh
    assert not any(cell in f"{refusal.value}" for cell in ("姓名", "电话", "张某"))  # it may be a person's row
    assert "Expected column names" in refusal.value.en


def test_a_zero_byte_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(read.DamagedFile, match="第 3 行"):
        quickly(csv_text(HEADERS, ROW).encode() + b"a,\0,b,c\n", tmp_path)


def test_bytes_of_no_encoding_are_refused_with_their_place(tmp_path: Path) -> None:
    with pytest.raises(read.DamagedFile, match="第 2 行"):
        quickly(csv_text(HEADERS).encode() + b"\xff\xff,1,2,3\n", tmp_path)


def test_private_use_characters_earn_a_remark(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(csv_text(HEADERS, ["\ue863某", *ROW[1:]]).encode())
    assert any("自造字" in each for each in open_csv(path, folder=tmp_path, known=KNOWN, limits=read.LIMITS).remarks)


def test_chunks_are_handed_out_while_reading_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_text(csv_text(HEADERS, *[[f"企业{i}", *ROW[1:]] for i in range(120_001)]))
    with read.stream(path, folder=tmp_path / "out", file_name="a.csv", known_headers=KNOWN) as stream:
        assert stream.head.headers == HEADERS
        sizes = [read.table(chunk.path).num_rows for chunk in stream]
        assert sizes == [10_000, 20_000, 25_000, 25_000, 25_000, 15_001]
        assert stream.reading().rows == 120_001


def test_a_real_registry_file_is_read_whole(tmp_path: Path) -> None:
    if not SHARED.exists():
        pytest.skip("no shared data")
    known = frozenset(map(headers.normalise, ["企业名称", "统一社会信用代码", "注册日期"]))
    path = SHARED / "registry_sample.csv"
    reading = read.read(path, folder=tmp_path, file_name=path.name, known_headers=known)
    assert reading.rows == 1500
    with path.open(newline="") as file:
        expected = [tuple(cell if cell.strip() else None for cell in row) for row in csv.reader(file)][1:]
    assert [row[1:] for row in rows_of(reading)] == expected


_cell = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters='\n\r\t",;|'), max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(_cell, min_size=1, max_size=6), max_size=12), delimiter=st.sampled_from(",\t;|"))
def test_what_the_standard_library_writes_is_read_cell_by_cell(
    rows: list[list[str]], delimiter: str, tmp_path: Path
) -> None:
    text = csv_text(HEADERS, ROW, *rows, ROW, delimiter=delimiter)
    read_rows, _ = quickly(text.encode(), tmp_path)
    expected = []
    for number, row in enumerate([ROW, *rows, ROW], start=2):
        cells = [cell if cell.strip() else None for cell in (row + [""] * 4)[:4]]
        if any(cells):
            expected.append((number, *cells))
    assert read_rows == expected
