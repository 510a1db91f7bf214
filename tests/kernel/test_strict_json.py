"""Strict JSON: what two parsers could read in two ways is refused with a sentence, and nothing breaks the reader."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinyong.kernel import strict_json
from xinyong.kernel.strict_json import NotStrictJson, StrictJson

#: text → reason
REFUSED: list[tuple[bytes | str, str]] = [
    ('{"a": 1, "a": 2}', "duplicate-key"),
    ('{"a": 1, "\\u0061": 2}', "duplicate-key"),
    ('[{"x": {"a": 1, "b": 2, "a": 1}}]', "duplicate-key"),
    ('{"a": NaN}', "not-a-number"),
    ("[Infinity]", "not-a-number"),
    ("-Infinity", "not-a-number"),
    ('"\\u0000"', "zero-character"),
    ('{"a\\u0000": 1}', "zero-character"),
    ('"a\0b"', "zero-character"),
    ('"\\ud800"', "lone-surrogate"),
    ('["\\udc00\\ud800"]', "lone-surrogate"),
    ('{"\\udfff": 1}', "lone-surrogate"),
    ('"\ud800"', "lone-surrogate"),
    ("[" * 33 + "]" * 33, "depth"),
    ('{"a":' * 33 + "1" + "}" * 33, "depth"),
    ("[" * 900_000, "depth"),
    ('{"a":' * 200_000, "depth"),
    ("9" * 41, "long-number"),
    ("-" + "9" * 100_000, "long-number"),
    ("0." + "0" * 50, "long-number"),
    ("1e301", "long-number"),
    ("1e-99999999999999999999", "long-number"),
    (b'"' + b"a" * (1 << 20) + b'"', "size"),
    ("长" * 400_000, "size"),
    (b'"\xff"', "not-utf-8"),
    (b'"\xed\xa0\x80"', "not-utf-8"),
    ('{"a": 1}'.encode("utf-16"), "not-utf-8"),
    ('{"a": 1}'.encode("utf-16-le"), "zero-character"),
    ("\ufeff{}", "byte-order-mark"),
    ("", "syntax"),
    (" ", "syntax"),
    ("{} {}", "syntax"),
    ("[1,]", "syntax"),
    ("{'a': 1}", "syntax"),
    ("01", "syntax"),
    ('"\t"', "syntax"),
    ("// note\n1", "syntax"),
    ('{"a": 1', "syntax"),
    ('"\\', "syntax"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=range(len(REFUSED)))
def test_json_that_is_not_strict_is_refused_with_a_sentence_in_two_languages(text: bytes | str, reason: str) -> None:
    with pytest.raises(NotStrictJson) as refusal:
        strict_json.parse(text)
    assert refusal.value.facts["reason"] == reason
    assert refusal.value.zh.endswith("。")
    assert refusal.value.en.endswith(".")
    assert len(refusal.value.zh) < 200


def test_what_is_read_is_exact() -> None:
    value = strict_json.parse('{"a": 0.10, "b": 12345678901234567890, "c": ["\\ud83d\\ude00", "[[[[{{{{", null, true]}')
    assert value == {"a": Decimal("0.10"), "b": 12345678901234567890, "c": ["😀", "[[[[{{{{", None, True]}
    assert not isinstance(value["a"], float)


def test_brackets_within_texts_are_no_depth() -> None:
    text = json.dumps(["[{" * 1000, '\\"[[[' * 50, [[["]"]]]])
    assert strict_json.parse(text) == json.loads(text)
    assert strict_json.parse("[" * 32 + "]" * 32)


def test_bounds_are_the_readers_own() -> None:
    reader = StrictJson(most_bytes=64, most_depth=2, long_number=str)
    assert reader.parse("[" + "9" * 50 + "]") == ["9" * 50]
    assert reader.parse("[1e999]") == ["1e999"]
    with pytest.raises(NotStrictJson):
        reader.parse("[[[]]]")
    with pytest.raises(NotStrictJson):
        reader.parse('"' + "a" * 64 + '"')


def test_a_key_that_may_be_somebodys_number_is_not_repeated() -> None:
    key = "1" * 18
    with pytest.raises(NotStrictJson) as refusal:
        strict_json.parse(f'{{"{key}": 1, "{key}": 2}}')
    assert key[:6] not in str(refusal.value)


@pytest.mark.parametrize(
    "text", ['"' + '\\"' * 400_000, '{"a":"' * 150_000, "[]," * 300_000, '"' + "\\" * 900_000, '["' + '","' * 250_000]
)
def test_no_text_of_a_megabyte_takes_more_than_it_is_long(text: str) -> None:
    started = time.thread_time()
    with pytest.raises(NotStrictJson):
        strict_json.parse(text)
    assert time.thread_time() - started < 20  # what grows with the square takes minutes


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("ab", max_size=3), inner),
        max_leaves=20,
    )
)  # fmt: skip
def test_what_is_written_is_read(value: Any) -> None:
    assert strict_json.parse(json.dumps(value)) == value
    assert strict_json.parse(json.dumps(value, ensure_ascii=False).encode()) == value


def test_fuzzed_texts_end_in_a_value_or_a_refusal_and_never_mean_something_else() -> None:
    """The same cases by the hundred thousand: ``make evidence``, T26."""
    from tools.evidence.hostile import fuzz_json

    found = fuzz_json(4_000)
    assert found.crashes == []
    assert found.read > 500
    assert found.refused > 500
    assert found.loose > 50  # the ordinary parser takes what is refused here: the cases bite
