"""From codes to subjects: precedence, problems, and the column form equal to the rule for one row."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.subjects.conftest import DAY_TWO, code, table
from xinyong.kernel import names
from xinyong.subjects import resolve

Register = Callable[..., dict[str, int]]
STAR, SILVER, RIVER = "云溪市星河科技有限公司", "云溪市银河科技有限公司", "云溪市大河科技有限公司"


@pytest.fixture
def three(registered: Register) -> list[int]:
    """Three organisations; the third has the first's old tax number too."""
    ids = registered(
        {"code": code(1), "name": STAR, "former_names": [RIVER], "registration_no": "990100000000018", "tax_no": "T1"},
        {"code": code(2), "name": SILVER, "registration_no": "990100000000026", "tax_no": "T2"},
        {"code": code(3), "name": RIVER, "tax_no": "T1", "org_code": "X12345678"},
    )
    return [ids[code(n)] for n in (1, 2, 3)]


def link(**row: str | None) -> tuple[Any, Any, Any]:
    found = resolve.link(pa.table({name: pa.array([value], pa.string()) for name, value in row.items()})).to_pylist()[0]
    return found["subject_id"], found["how"], found["problem"]


def test_the_unified_code_links_and_the_name_is_compared_with_current_and_former_names(three: list[int]) -> None:
    assert link(uscc=code(1), name_key=names.key(STAR)) == (three[0], "uscc", None)
    assert link(uscc=code(1), name_key=names.key(RIVER)) == (three[0], "uscc", None)
    assert link(uscc=code(1), name_key=names.key(SILVER)) == (three[0], "uscc", "name-mismatch")
    assert link(uscc=code(1), name_key=None) == (three[0], "uscc", None)


def test_a_name_after_a_rename_still_links_under_the_old_one(three: list[int], registered: Register) -> None:
    registered({"code": code(1), "name": "云溪市新河科技有限公司"}, at=DAY_TWO)
    assert link(uscc=code(1), name_key=names.key(STAR)) == (three[0], "uscc", None)


def test_other_numbers_link_in_the_order_of_precedence(three: list[int]) -> None:
    assert link(uscc=None, org_code=code(2)[8:17]) == (three[1], "org_code", None)
    assert link(uscc=None, org_code="X12345678") == (three[2], "org_code", None)
    assert link(uscc="", registration_no="990100000000026", tax_no="T2") == (three[1], "registration_no", None)


def test_numbers_of_different_subjects_disagree(three: list[int]) -> None:
    assert link(uscc=code(1), registration_no="990100000000026") == (None, "uscc", "codes-disagree")
    assert link(registration_no="990100000000018", tax_no="T2") == (None, "registration_no", "codes-disagree")


def test_an_unknown_unified_code_beside_a_known_organisation_code_disagrees(three: list[int]) -> None:
    other = code(1, division="990102")  # same organisation code, another unified code
    assert link(uscc=other, org_code=code(1)[8:17]) == (None, "org_code", "codes-disagree")
    assert link(uscc=other) == (None, None, "not-found")


def test_a_number_that_several_have_decides_nothing_but_confirms_one_of_them(three: list[int]) -> None:
    assert link(tax_no="T1") == (None, "tax_no", "ambiguous-identifier")
    assert link(uscc=code(3), tax_no="T1") == (three[2], "uscc", None)
    assert link(uscc=code(2), tax_no="T1") == (None, "uscc", "codes-disagree")


def test_a_name_alone_never_links(three: list[int]) -> None:
    assert link(uscc=None, name_key=names.key(STAR)) == (None, None, "not-found")
    assert resolve.link(table({"name_key": names.key(STAR)})).to_pylist()[0]["problem"] == "not-found"


def test_look_ups_give_only_what_is_known(three: list[int]) -> None:
    found = resolve.by_codes([code(1), code(1), code(8)]).to_pylist()
    assert found == [
        {"code": code(1), "subject_id": three[0], "name_keys": [names.key(STAR), names.key(RIVER)], "status": "active"}
    ]
    assert resolve.by_codes([]).num_rows == 0
    pairs = [
        ("tax_no", "T1"),
        ("org_code", code(2)[8:17]),
        ("uscc", code(3)),
        ("tax_no", "nobody's"),
        ("social_no", "T1"),
    ]
    assert resolve.by_identifiers(pairs) == {
        pairs[0]: [three[0], three[2]], pairs[1]: [three[1]], pairs[2]: [three[2]],
    }  # fmt: skip


NUMBERS = {
    "uscc": [None, "", code(1), code(2), code(3), code(8), code(1, division="990102")],
    "org_code": [None, code(1)[8:17], code(2)[8:17], "X12345678", "000000000"],
    "registration_no": [None, "990100000000018", "990100000000026", "990100000000099"],
    "tax_no": [None, "", "T1", "T2", "T9"],
    "name_key": [None, names.key(STAR), names.key(SILVER), names.key(RIVER)],
}


@given(
    st.lists(
        st.fixed_dictionaries({name: st.sampled_from(values) for name, values in NUMBERS.items()}),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_columns_and_single_rows_are_decided_alike(three: list[int], rows: list[dict[str, str | None]]) -> None:
    linked = resolve.link(pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in NUMBERS}))
    known_keys = {
        row["subject_id"]: row["name_keys"] for row in resolve.by_codes([code(1), code(2), code(3)]).to_pylist()
    }
    pairs = [(scheme, row[scheme]) for row in rows for scheme in resolve.PRECEDENCE if row.get(scheme)]
    found = resolve.by_identifiers(pairs)  # type: ignore[arg-type]
    for row, column_form in zip(rows, linked.to_pylist(), strict=True):
        given_codes = {s: found.get((s, row[s] or ""), []) for s in resolve.PRECEDENCE if row.get(s)}
        decision = resolve.decide(given_codes, name_key=row["name_key"], known_keys=known_keys)
        assert column_form == {"subject_id": decision.subject_id, "how": decision.how, "problem": decision.problem}
        assert decision.zh
        assert decision.en
