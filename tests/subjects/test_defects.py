"""Duplicate and wrong codes are counted, and the cases behind the count are shown to those who clear them."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.subjects.conftest import code
from xinyong.security.access import PUBLIC, NotAllowed, system
from xinyong.subjects import defects

Register = Callable[..., dict[str, int]]


def test_one_organisation_code_in_two_unified_codes_and_one_name_under_two_codes_are_told(registered: Register) -> None:
    wrong = code(5)[:17] + ("0" if code(5)[17] != "0" else "1")
    twin = code(1, division="990102")
    ids = registered(
        {"code": code(1), "name": "云溪市星河科技有限公司", "region_code": "990101"},
        {"code": twin, "name": "云溪市银河科技有限公司", "region_code": "990102"},
        {"code": code(2), "name": "星河店", "region_code": "990101"},
        {"code": code(3), "name": "星河店", "region_code": "990101"},
        {"code": code(4), "name": "星河店", "region_code": "990102"},
        {"code": wrong, "name": "云溪市错码商行", "region_code": "990102"},
    )
    found = defects.duplicates(seen_by=system("test"))
    assert found == [
        defects.Duplicate("same-org-code", code(1)[8:17], "", (code(1), twin), (ids[code(1)], ids[twin])),
        defects.Duplicate("same-name", "星河店", "990101", (code(2), code(3)), (ids[code(2)], ids[code(3)])),
    ]
    assert defects.duplicates(seen_by=system("test"), kind="same-name", after="星河店") == []
    assert defects.duplicates(seen_by=system("test"), kind="same-org-code", after=code(1)[8:17]) == []
    assert defects.duplicates(seen_by=system("test"), limit=1) == found[:1]
    assert defects.rates(seen_by=system("test")) == defects.CodeDefects(6, 1, 1, Decimal("0.333333"))
    assert defects.rates(seen_by=system("test"), exceptions=frozenset({wrong})).wrong == 0


def test_a_name_that_is_past_or_of_an_organisation_that_ended_is_no_duplicate(registered: Register) -> None:
    registered(
        {"code": code(1), "name": "云溪市新名商行", "region_code": "990101", "former_names": ["星河店"]},
        {"code": code(2), "name": "星河店", "region_code": "990101", "status": "注销"},
        {"code": code(3), "name": "星河店", "region_code": "990101"},
    )
    assert defects.duplicates(seen_by=system("test")) == []


def test_pages_of_cases_have_no_gap_and_no_repeat(registered: Register) -> None:
    rows = [{"code": code(at), "name": f"{'甲乙丙丁戊'[at // 2]}记店", "region_code": "990101"} for at in range(10)]
    registered(*rows)
    found: list[str] = []
    for _ in range(10):
        after = found[-1] if found else ""
        found += [
            one.value for one in defects.duplicates(seen_by=system("test"), kind="same-name", after=after, limit=2)
        ]
    assert found == sorted({row["name"] for row in rows})


def test_no_codes_have_no_rate(db: None) -> None:
    assert defects.rates(seen_by=system("test")) == defects.CodeDefects(0, 0, 0, None)


def test_the_public_does_not_see_the_cases(db: None) -> None:
    with pytest.raises(NotAllowed):
        defects.duplicates(seen_by=PUBLIC)
    with pytest.raises(NotAllowed):
        defects.rates(seen_by=PUBLIC)
