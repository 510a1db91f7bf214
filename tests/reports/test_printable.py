"""Text that prints as it reads (T24)."""

import pytest

from xinyong.reports import printable
from xinyong.reports.content import Bilingual, Line


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("云溪市青禾食品有限公司", "云溪市青禾食品有限公司"),
        ("A公司\u202eB", "A公司〔U+202E〕B"),  # right-to-left override
        ("甲\u2067乙\u2069", "甲〔U+2067〕乙〔U+2069〕"),  # isolates
        ("甲\x00乙\x07", "甲〔U+0000〕乙〔U+0007〕"),
        ("甲\u200b乙\ufeff", "甲〔U+200B〕乙〔U+FEFF〕"),
        ("甲\u3164", "甲〔U+3164〕"),  # a Hangul letter without ink
        ("甲\ue000", "甲〔U+E000〕"),  # private use
        ("甲\ufe0f", "甲〔U+FE0F〕"),  # variation selector
        ("一行\n二行\t三行\u2028四行", "一行 二行 三行 四行"),
        ("窄\u00a0空\u2003格", "窄 空 格"),
        ("全\u3000角", "全\u3000角"),
        ("𠮷野家\U0003134a", "𠮷野家\U0003134a"),  # Han of any plane stays
        ("\ud800", "〔U+D800〕"),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_printed_as_its_code_point(given: str, printed: str) -> None:
    assert printable.visible(given) == printed


def test_a_character_the_font_lacks_is_printed_as_its_code_point() -> None:
    assert printable.covered("吉𠮷", frozenset({ord("吉")})) == "吉〔U+20BB7〕"


def test_a_change_reaches_every_text_of_a_value_and_leaves_the_rest() -> None:
    value = {"a": (Line("甲", "a", "x\x00"), Bilingual("乙\x00", "b")), "n": 3, "none": None}
    changed = printable.everywhere(value, printable.visible)
    assert changed["a"] == (Line("甲", "a", "x〔U+0000〕"), Bilingual("乙〔U+0000〕", "b"))
    assert (changed["n"], changed["none"]) == (3, None)
