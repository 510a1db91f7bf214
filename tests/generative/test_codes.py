"""Codes: two implementations give one answer; one mutant in thousands is never taken for the code it came from."""

import random
import string
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel import codes_made
from xinyong.kernel import code_columns, codes
from xinyong.kernel.code_tables import REASON_TABLE, USCC_ALPHABET
from xinyong.kernel.codes import Kind, Verdict

RANK = {
    Verdict.VALID: code_columns.VALID,
    Verdict.DOUBTFUL: code_columns.DOUBTFUL,
    Verdict.INVALID: code_columns.INVALID,
}
EXPECTED = [kind for kind in Kind if kind is not Kind.UNKNOWN]
PILOT = "91350203M0001FUE2P"
TODAY = date(2026, 11, 21)

seeds = st.integers(0, 2**32 - 1).map(random.Random)
good = st.one_of(
    seeds.map(codes_made.uscc),
    seeds.map(codes_made.organisation_code),
    seeds.map(codes_made.citizen_id),
    seeds.map(lambda rng: codes_made.citizen_id(rng, "810000")),
    seeds.map(lambda rng: codes_made.citizen_id(rng, "911156")),
    seeds.map(lambda rng: codes_made.citizen_id(rng, "110000")),
    seeds.map(codes_made.registration_number),
    seeds.map(lambda rng: codes_made.uscc(rng, division="130119")[:8] + codes_made.citizen_id(rng)[8:]),
    st.sampled_from(
        [PILOT, "0" * 17 + "X", "0" * 18, "110105491231002", "1309022100001", "FRA110000123456", "9.1E+17"]
    ),
)


@st.composite
def mutants(draw: st.DrawFn) -> str:
    text: str = draw(good)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text) - 1))
        new = draw(st.sampled_from([*USCC_ALPHABET, *"IOSVZ -az$\tАО０Ｘ٣\u200b\u3000ı①"]))
        text = draw(
            st.sampled_from(
                [text[:at] + new + text[at + 1 :], text[:at] + new + text[at:], text[:at] + text[at + 1 :] or "9"]
            )
        )
    written: list[str] = [text, text.lower(), text[:9] + " " + text[9:], text[:-3] + "000"]
    return written[draw(st.integers(0, len(written) - 1))]


cells = st.one_of(
    good,
    mutants(),
    st.none(),
    st.text(max_size=20),
    st.text(alphabet=string.digits, min_size=18, max_size=18),
    st.text(alphabet=USCC_ALPHABET, min_size=18, max_size=18),
)


@pytest.mark.parametrize("expect", EXPECTED)
@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(cells, max_size=30),
    has_exceptions=st.booleans(),
    allowed=st.booleans(),
    day=st.sampled_from([None, TODAY]),
)
def test_a_column_is_judged_as_its_cells_are(
    expect: Kind, values: list[str | None], has_exceptions: bool, allowed: bool, day: date | None
) -> None:
    exceptions = frozenset({PILOT}) if has_exceptions else frozenset[str]()
    array = pa.array(["padding", *values], type=pa.string())[1:]
    column = codes.judge_column(array, expect=expect, exceptions=exceptions, today=day, placeholder_allowed=allowed)
    assert len(column.verdict) == len(column.reason) == len(column.normalised) == len(values)
    normalised = column.normalised.to_pylist()
    for row, value in enumerate(values):
        judged = codes.judge(value or "", expect=expect, exceptions=exceptions, today=day, placeholder_allowed=allowed)
        assert codes.REASONS[column.reason[row]] == judged.reason, value
        assert normalised[row] == (judged.normalised or None)
        assert column.verdict[row] == (code_columns.EMPTY if judged.reason == "empty" else RANK[judged.verdict])


@settings(max_examples=300, deadline=None)
@given(text=mutants())
def test_a_mutant_is_accepted_only_when_it_is_the_code_itself(text: str) -> None:
    judged = codes.judge(text, expect=Kind.USCC)
    if judged.verdict is Verdict.VALID:
        assert judged.normalised.isascii()
        assert codes.check_character(judged.normalised[:17]) == judged.normalised[17]
        assert codes.judge(judged.normalised, expect=Kind.USCC).reason == judged.reason


def test_of_thousands_of_single_changes_of_a_code_none_is_accepted() -> None:
    rng = random.Random(20)
    for _ in range(40):
        code = codes_made.uscc(rng)
        changed = [
            code[:at] + new + code[at + 1 :]
            for at in range(18)
            for new in USCC_ALPHABET + "IOSVZА٣ı"
            if new != code[at]
        ]
        swapped = [code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(17) if code[at] != code[at + 1]]
        verdicts = codes.judge_column(pa.array(changed + swapped), expect=Kind.USCC).verdict
        assert (verdicts == code_columns.INVALID).all()


@settings(max_examples=300, deadline=None)
@given(text=cells)
def test_judging_never_fails_and_judging_the_normal_form_says_the_same(text: str | None) -> None:
    judged = codes.judge(text or "")
    assert judged.reason in REASON_TABLE
    again = codes.judge(judged.normalised)
    assert (again.kind, again.reason, again.normalised) == (judged.kind, judged.reason, judged.normalised)


@settings(max_examples=200, deadline=None)
@given(text=mutants(), kind=st.sampled_from([None, Kind.USCC, Kind.CITIZEN_ID, Kind.ORG_CODE]))
def test_a_suggestion_follows_its_standard_completely(text: str, kind: Kind | None) -> None:
    suggestion = codes.judge(text, expect=kind).suggestion
    if suggestion is not None:
        assert codes.judge(suggestion, expect=kind).reason in ("", "old-15-digit-id")
        assert codes.judge(suggestion, expect=kind).suggestion is None


@given(rng=seeds)
def test_a_single_wrong_check_character_is_always_given_a_valid_suggestion(rng: random.Random) -> None:
    code = codes_made.uscc(rng)
    wrong = code[:17] + rng.choice([c for c in USCC_ALPHABET if c != code[17]])
    suggestion = codes.suggest(wrong, Kind.USCC)
    assert suggestion is not None
    assert codes.judge(suggestion, expect=Kind.USCC).verdict is Verdict.VALID


def test_a_chunked_a_large_and_a_dictionary_column_are_judged_alike() -> None:
    values = ["91130902MA0000007T", None, "91130902ma0000007t", "", "x"]
    plain = pa.array(values)
    forms = [plain.cast(pa.large_string()), plain.dictionary_encode(), pa.chunked_array([plain[:2], plain[2:]])]
    due = codes.judge_column(plain, expect=Kind.USCC)
    assert due.verdict.tolist() == [0, -1, 0, -1, 2]
    for form in forms:
        column = codes.judge_column(form, expect=Kind.USCC)
        assert column.verdict.tolist() == due.verdict.tolist()
        assert column.normalised.to_pylist() == ["91130902MA0000007T", None, "91130902MA0000007T", None, "X"]
    assert len(codes.judge_column(pa.chunked_array([], type=pa.string()), expect=Kind.USCC).verdict) == 0


def test_a_column_of_numbers_is_refused() -> None:
    with pytest.raises(TypeError, match="must be text"):
        codes.judge_column(pa.array([911309020000007]), expect=Kind.USCC)
