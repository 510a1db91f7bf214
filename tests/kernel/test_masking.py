"""What a mask leaves visible names nobody: neither birth date nor tail, and a million candidates at the least."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kernel import codes_made
from xinyong.catalogue.schema import Masking
from xinyong.kernel import codes
from xinyong.kernel.codes import Kind
from xinyong.kernel.masking import CANDIDATES, HIDDEN, Personal, certificate, mask
from xinyong.kernel.scrubbing import scrubbed, unnumbered

seeds = st.randoms(use_true_random=False)
cells = st.one_of(
    st.text(max_size=40), st.from_regex(r"\A[0-9]{6}(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-3][0-9][0-9]{3}[0-9Xx]\Z"),
    st.from_regex(r"\A[0-9 -]{4,30}\Z"), st.from_regex(r"\A[0-9A-Z]{8,18}\Z"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "what", "shown"),
    [
        ("张三", Personal.NAME, "张**"),
        ("张 三丰", Personal.NAME, "张**"),
        ("欧阳某某", Personal.NAME, "欧阳**"),
        ("欧阳", Personal.NAME, "欧**"),
        ("阿里木·买买提", Personal.NAME, "阿**"),
        ("John Q Smith", Personal.NAME, "J***"),
        ("李", Personal.NAME, "**"),
        ("", Personal.NAME, ""),
        ("138 0013 8000", Personal.PHONE, "138********"),
        ("+86-13800138000", Personal.PHONE, "138********"),
        ("0317-2160000", Personal.PHONE, "031********"),
        ("12345", Personal.PHONE, "********"),
        ("6228 4800 1234 5678 901", Personal.BANK_CARD, "622848" + "*" * 13),
        ("6228480012", Personal.BANK_CARD, "*" * 16),
        ("河北省沧州市新华区解放路 7 号 2 单元", Personal.ADDRESS, "河北省沧州市新华区****"),
        ("沧州市任丘市某街 5 号", Personal.ADDRESS, "沧州市任丘市****"),
        ("解放路七号", Personal.ADDRESS, "****"),
        ("anything", Personal.ALL, HIDDEN),
        ("110105491231002", Personal.CERTIFICATE, "110105*********"),
        ("E12345678", Personal.CERTIFICATE, "E1*******"),
        ("E1234567", Personal.CERTIFICATE, "********"),
        ("91130902MA00000075", Personal.CERTIFICATE, None),
        ("  ", Personal.CERTIFICATE, ""),
    ],
)
def test_each_kind_of_value_keeps_what_is_said_of_it(text: str, what: Personal, shown: str | None) -> None:
    assert shown is None or mask(text, what) == shown


def test_an_organisations_code_keeps_its_ends() -> None:
    code = codes_made.uscc(random.Random(3), "91")
    assert mask(code, Personal.CERTIFICATE) == f"{code[:8]}******{code[14:]}"


@given(rng=seeds)
def test_a_mask_never_shows_birth_date_or_tail(rng: random.Random) -> None:
    number = codes_made.citizen_id(rng)
    for written in (number, number.lower(), f" {number} ", number[:17] + "0", number[:6] + " " + number[6:]):
        shown = mask(written, Personal.CERTIFICATE)
        assert number[6:14] not in shown
        assert number[10:14] not in shown[6:]
        assert number[-4:] not in shown[6:]
    assert mask(number, Personal.CERTIFICATE) == number[:6] + "*" * 12
    assert certificate(number[:17] + "0", Kind.CITIZEN_ID) == number[:6] + "*" * 12


@given(text=cells, what=st.sampled_from([one for one in Personal if one is not Personal.ADDRESS]))
def test_of_whatever_is_written_the_last_four_characters_and_most_others_are_hidden(text: str, what: Personal) -> None:
    shown = mask(text, what)
    assert shown == mask(text, what)
    code = codes.canonical(text)
    is_organisation = codes.judge(code).kind is Kind.USCC
    visible = shown.replace("*", "")
    if len(code) > 4 and not is_organisation:
        assert not shown.endswith(code[-4:]) or set(code[-4:]) == {"*"}
        assert len(visible) <= 6
    if text.strip():
        assert "*" in shown


@given(rng=seeds)
def test_of_a_residents_number_a_million_candidates_remain(rng: random.Random) -> None:
    """Counted, not estimated: every birth date of living people, every order, the one check character that fits."""
    number = codes_made.citizen_id(rng)
    place = mask(number, Personal.CERTIFICATE).rstrip("*")
    days = (date(2026, 1, 1) - date(1916, 1, 1)).days
    orders = 1_000
    assert place == number[:6]
    assert days * orders >= 40 * CANDIDATES
    for _ in range(20):  # each of them is a number that could be
        day = date(1916, 1, 1) + timedelta(days=rng.randrange(days))
        body = f"{place}{day:%Y%m%d}{rng.randrange(orders):03}"
        candidate = body + codes.citizen_check(body)
        assert codes.judge(candidate, expect=Kind.CITIZEN_ID).verdict is not codes.Verdict.INVALID
        assert mask(candidate, Personal.CERTIFICATE) == mask(number, Personal.CERTIFICATE)


def test_six_and_four_digits_left_visible_would_not_do() -> None:
    """The negative control (security.md F13): the customary mask leaves some 3,300."""
    number = codes_made.citizen_id(random.Random(5))
    head, tail = number[:6], number[-4:]
    day, found = date(1916, 1, 1), 0
    while day < date(2026, 1, 1):
        body = f"{head}{day:%Y%m%d}{tail[:3]}"
        found += codes.citizen_check(body) == tail[3]
        day += timedelta(days=1)
    assert 3_000 < found < 4_500 < CANDIDATES


def test_phones_cards_and_documents_leave_a_million_candidates() -> None:
    for text, what, letters in (
        ("13800138000", Personal.PHONE, 10), ("6228480012345678", Personal.BANK_CARD, 10), ("E12345678", Personal.CERTIFICATE, 10),
    ):  # fmt: skip
        hidden = mask(text, what).count("*") - (what is Personal.BANK_CARD)  # the last digit of a card is a check
        assert letters**hidden >= CANDIDATES


def test_every_masking_of_the_catalogue_is_one_of_the_function() -> None:
    assert {one.value for one in Masking} - {"none"} == {one.value for one in Personal}


def test_a_line_of_a_log_keeps_no_number() -> None:
    number = codes_made.citizen_id(random.Random(9))
    assert (
        scrubbed(f"GET /x/{number}?phone=13800138000 id=12345 2026-06-15") == "GET /x/***?phone=*** id=12345 2026-06-15"
    )


def test_a_sentence_keeps_organisations_codes_and_no_persons_number() -> None:
    rng = random.Random(9)
    number, code = codes_made.citizen_id(rng), codes_made.uscc(rng, "11", "130902")
    assert unnumbered(f"{number}、{code} 13800138000 20260615123045001") == f"***、{code} *** 20260615123045001"
