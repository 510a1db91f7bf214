"""The outgoing scanner: persons' numbers are found however they are written, everything else goes through."""

import io
import random
import time
import zipfile
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kernel import codes_made
from tests.security import planted
from tools.evidence.hostile import scan_planted
from xinyong.security import scanned_files, scanner
from xinyong.security.scanned_files import NotScannable, scan_file
from xinyong.security.scanner import Kind, scan

CHANCE = random.Random(2026)
ID, OLD, PHONE, CARD = (planted.number_of(kind, CHANCE) for kind in Kind)


def kinds(text: str) -> list[Kind]:
    return [one.kind for one in scan(text, today=date(2026, 6, 15))]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (ID, Kind.CITIZEN_ID),
        (f"当事人身份证{ID}，男", Kind.CITIZEN_ID),
        (f"sfz{ID}x", Kind.CITIZEN_ID),
        (" ".join(ID), Kind.CITIZEN_ID),
        ("\n".join(ID), Kind.CITIZEN_ID),
        ("\u200b".join(ID), Kind.CITIZEN_ID),
        (f"{ID[:6]}-{ID[6:14]}-{ID[14:]}", Kind.CITIZEN_ID),
        (f"{ID[:6]}，{ID[6:14]}，{ID[14:]}", Kind.CITIZEN_ID),
        (f"第 2 条 {ID}", Kind.CITIZEN_ID),
        (f"2 {ID} 5", Kind.CITIZEN_ID),
        (ID.translate(planted._WIDE), Kind.CITIZEN_ID),
        ("".join(chr(0x1D7CE + int(c)) if c.isdigit() else c for c in ID), Kind.CITIZEN_ID),
        ("".join(chr(0x660 + int(c)) if c.isdigit() else c for c in ID), Kind.CITIZEN_ID),
        (OLD, Kind.CITIZEN_ID_15),
        (f"身份证号：{OLD}", Kind.CITIZEN_ID_15),
        (PHONE, Kind.PHONE),
        (f"联系{PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}", Kind.PHONE),
        (f"+86{PHONE}", Kind.PHONE),
        (f"(0086){PHONE}", Kind.PHONE),
        (CARD, Kind.BANK_CARD),
        (" ".join(CARD[at : at + 4] for at in range(0, len(CARD), 4)), Kind.BANK_CARD),
    ],
)
def test_a_number_is_found_in_every_writing(text: str, kind: Kind) -> None:
    assert kinds(text) == [kind]
    starred = scanner.masked(text)
    assert kinds(starred) == []
    assert "****" in starred


@pytest.mark.parametrize(
    "text",
    [
        "91130900MA0ABCD12X",
        ID[:17] + ("0" if ID[17] != "0" else "1"),
        ID[:6] + "********" + ID[14:],
        "9" + ID,
        ID + "0",
        f"企业注册号：{OLD}",
        f"云溪罚〔2026〕{PHONE}号",
        f"许可证编号 {PHONE}",
        f"订单号：{CARD}",
        f"A{CARD}",
        "6222021234567890123",
        "2020 年 1301 件，2021 年 2380 件",
        "0317-2012345",
        "12345678901",
        "1.30902199001011E+17",
        f"施工许可证 {'130902202401150'}{'123'}",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
        "",
        "罚款",
    ],
)
def test_other_numbers_are_none(text: str) -> None:
    assert kinds(text) == []


@given(st.randoms(use_true_random=False))
def test_a_unified_code_is_never_a_card_or_a_phone(chance: random.Random) -> None:
    assert not {Kind.BANK_CARD, Kind.PHONE} & set(kinds(f"代码 {codes_made.uscc(chance)}。"))


def test_the_look_at_whole_columns_misses_nothing() -> None:
    """What ``scan`` finds ``LIKENESS`` matches: a column is gone through value by value only where it does."""
    texts = [one.content.decode() for one in planted.documents(400, 400, seed=3, files=False)]
    matched = pc.match_substring_regex(pa.array(texts), scanner.LIKENESS).to_pylist()
    assert [text for text, is_like in zip(texts, matched, strict=True) if scan(text) and not is_like] == []
    assert not pc.match_substring_regex(pa.array(["罚款 2000 元，2026-01-05"]), scanner.LIKENESS)[0].as_py()


@pytest.mark.parametrize("text", ["1" * 300_000, "1 " * 30_000, "13 " * 30_000, "1-\n" * 30_000, "６２" * 50_000])
def test_no_text_takes_long(text: str) -> None:
    started = time.thread_time()
    scan(text)
    assert time.thread_time() - started < 60  # what grows with the square takes many minutes


def test_planted_numbers_are_found_and_innocent_documents_pass() -> None:
    """At full size: ``make evidence``, T21."""
    found = scan_planted(360, 60, seed=9)
    assert found.documents == 360
    assert found.missed == []
    assert found.false == []


def test_a_text_in_two_runs_is_one_and_two_cells_are_two() -> None:
    assert [hit.kind for hit in scan_file(planted.document_file(f"联系 {PHONE}")).hits] == [Kind.PHONE]
    sheet = planted._workbook("", random.Random(1))[0]
    assert scan_file(sheet).is_clean


def test_where_a_number_was_found_is_said_and_what_it_says_is_not() -> None:
    found = scan_file(planted.document_file(ID))
    assert ID not in repr(found)
    assert found.hits[0].place == "word/document.xml"


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + b"x" * 100,
        b"%PDF-1.7\n" + b"x" * 100,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        bytes(range(256)) * 10,
        planted._page(["x"])[:300],
    ],
)
def test_a_file_that_cannot_be_read_through_is_not_vouched_for(content: bytes) -> None:
    with pytest.raises(NotScannable):
        scan_file(content)


def test_a_picture_is_not_vouched_for() -> None:
    assert not scan_file(b"\x89PNG\r\n\x1a\n" + bytes(50)).is_clean


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()

    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bin", bytes(40 << 20))
    monkeypatch.setattr(scanned_files, "MOST_INFLATED", 16 << 20)
    with pytest.raises(NotScannable):
        scan_file(out.getvalue())
