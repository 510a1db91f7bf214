"""Search: every way an organisation is looked for finds it, in the order of the issue, and never a person."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.subjects.conftest import DAY_TWO, code, table
from xinyong.kernel import codes
from xinyong.security.access import PUBLIC, Actor, Role
from xinyong.subjects import registry, search

Register = Callable[..., dict[str, int]]
OPERATOR = Actor(role=Role.OPERATOR, name="operator")


@pytest.fixture
def city(registered: Register) -> dict[str, int]:
    """Seven organisations whose names share words."""
    return registered(
        {"code": code(1), "name": "云溪市星河科技有限公司", "region_code": "990101", "status": "存续",
         "former_names": ["云溪市银汉网络有限公司"], "registration_no": "990100000000018"},
        {"code": code(2), "name": "星河商贸有限公司", "region_code": "990102", "status": "存续"},
        {"code": code(3), "name": "云溪市大星河物流有限公司", "region_code": "990102", "status": "注销"},
        {"code": code(4, kind="92"), "name": "白鹭县长乐重庆小面店", "region_code": "990102", "status": "存续"},
        {"code": code(5, kind="51"), "name": "云溪市银行业协会", "region_code": "990101", "status": "存续"},
        {"code": code(6), "name": "TCL(云溪)电器有限公司", "region_code": "990101", "status": "存续"},
        {"code": code(7, kind="93"), "name": "望川县绿源种植专业合作社", "region_code": "990103", "status": "存续"},
    )  # fmt: skip


def find(query: str, **options: Any) -> list[tuple[str, str]]:
    return [(hit.name, hit.matched_by.value) for hit in search.find(query, seen_by=PUBLIC, **options).hits]


def first(query: str, **options: Any) -> tuple[str, str]:
    return find(query, **options)[0]


@pytest.mark.parametrize(
    ("query", "name", "matched_by"),
    [
        ("云溪市星河科技有限公司", "云溪市星河科技有限公司", "exact-name"),
        ("雲溪市星河科技有限公司", "云溪市星河科技有限公司", "traditional"),
        ("TCL\uff08云溪\uff09电器有限公司", "TCL\uff08云溪\uff09电器有限公司", "exact-name"),
        ("tcl", "TCL\uff08云溪\uff09电器有限公司", "prefix"),
        ("云溪市银行", "云溪市银行业协会", "prefix"),
        ("望川", "望川县绿源种植专业合作社", "prefix"),
        ("绿源", "望川县绿源种植专业合作社", "trade-name"),
        ("銀漢", "云溪市星河科技有限公司", "former-name"),
        ("云溪市银汉网络有限公司", "云溪市星河科技有限公司", "former-name"),
        ("重庆小面", "白鹭县长乐重庆小面店", "fragment"),
        ("种植专业", "望川县绿源种植专业合作社", "fragment"),
        ("溪市 物流", "云溪市大星河物流有限公司", "fragment"),
        ("科技有限公司", "云溪市星河科技有限公司", "fragment"),
        ("星河物流有限", "云溪市大星河物流有限公司", "fragment"),
        ("yunxishiyinhangyexiehui", "云溪市银行业协会", "pinyin"),
        ("yinhang ye", "云溪市银行业协会", "pinyin"),
        ("changlechongqing", "白鹭县长乐重庆小面店", "pinyin"),
        ("lvyuan", "望川县绿源种植专业合作社", "pinyin"),
        ("LvYuanZhongzh", "望川县绿源种植专业合作社", "pinyin"),
        ("xiehui", "云溪市银行业协会", "pinyin"),
        ("xhkj", "云溪市星河科技有限公司", "initials"),
        ("yxsxhkjyxgs", "云溪市星河科技有限公司", "initials"),
        ("kj", "云溪市星河科技有限公司", "initials"),
        ("lyzz", "望川县绿源种植专业合作社", "initials"),
    ],
)
def test_every_way_of_looking_finds_its_organisation(
    city: dict[str, int], query: str, name: str, matched_by: str
) -> None:
    assert first(query) == (name, matched_by)


def test_codes_are_found_whole_or_by_another_number(city: dict[str, int]) -> None:
    assert find(code(1)) == [("云溪市星河科技有限公司", "code")]
    assert search.find(code(1), seen_by=PUBLIC).hits[0].score == 1.0
    assert find(codes.group(code(1)).lower()) == [("云溪市星河科技有限公司", "code")]
    assert find(code(1)[8:17]) == [("云溪市星河科技有限公司", "code")]
    assert find("990100000000018") == [("云溪市星河科技有限公司", "code")]


def test_a_begun_code_finds_for_the_office_only(city: dict[str, int]) -> None:
    def found(query: str, actor: Actor) -> int:
        return len(search.find(query, seen_by=actor).hits)

    for length in (8, 12, 17):  # 91990101: the enterprises of a county; a shorter piece of a code is no query for codes
        assert found(code(1)[:length], PUBLIC) == 0
        assert found(code(1)[:length], OPERATOR) == (4 if length < 17 else 1)
    assert found(code(1)[:5], OPERATOR) == 0


def test_the_public_writes_two_characters_and_the_office_may_write_one(city: dict[str, int]) -> None:
    for query in ("望", " 望 ", "y", "７"):
        found = search.find(query, seen_by=PUBLIC)
        assert (found.hits, found.total, found.is_too_short) == ((), 0, True)
    assert search.find("望", seen_by=OPERATOR).hits[0].name == "望川县绿源种植专业合作社"


def test_of_many_hits_the_public_pages_through_the_best_fifty_and_of_too_many_the_first_page(
    registered: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered(*[{"code": code(n), "name": f"云溪市第{n}号科技商店"} for n in range(70)])

    def reached(actor: Actor) -> tuple[int, bool, int]:
        hits, after = set(), None
        while True:
            page = search.find("科技", seen_by=actor, limit=10, after=after)
            hits |= {hit.code for hit in page.hits}
            after = page.next_after
            if after is None:
                return len(hits), page.is_cut, page.total

    assert reached(PUBLIC) == (50, True, 70)
    assert reached(OPERATOR) == (70, False, 70)
    monkeypatch.setattr(search, "DEPTH", 60)
    assert reached(PUBLIC) == (10, True, 60)


def test_a_cursor_says_nothing_and_fits_its_own_query_only(city: dict[str, int]) -> None:
    given = [search.find("云溪", seen_by=PUBLIC, limit=2).next_after for _ in range(2)]
    assert given[0]
    assert given[0] != given[1]  # sealed anew each time: nothing in it to compare or to count on from
    for query, options in (
        ("云溪市", {}),
        ("云溪", {"region_code": "990101"}),
        ("云溪", {"subject_class": "enterprise"}),
    ):
        with pytest.raises(search.BadCursor):
            search.find(query, seen_by=PUBLIC, after=given[0], **options)


def test_better_kinds_of_match_and_living_shorter_names_come_first(city: dict[str, int]) -> None:
    found = search.find("星河", seen_by=PUBLIC)
    assert [(hit.name, hit.matched_by.value) for hit in found.hits] == [
        ("星河商贸有限公司", "prefix"),
        ("云溪市星河科技有限公司", "trade-name"),
        ("云溪市大星河物流有限公司", "fragment"),
    ]
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    assert (found.total, found.is_capped, found.next_after) == (3, False, None)
    assert found.facets == {
        "subject_class": {"enterprise": 3},
        "region_code": {"990102": 2, "990101": 1},
        "status": {"active": 2, "cancelled": 1},
    }


def test_the_words_that_matched_are_marked(city: dict[str, int]) -> None:
    hit = search.find("yinhang", seen_by=PUBLIC).hits[0]
    assert hit.marked is not None
    assert hit.matched_text[slice(*hit.marked)] == "银行"
    former = search.find("银汉", seen_by=PUBLIC).hits[0]
    assert former.marked is not None
    assert (former.name, former.matched_text) == ("云溪市星河科技有限公司", "云溪市银汉网络有限公司")
    assert former.matched_text[slice(*former.marked)] == "银汉"


@pytest.mark.parametrize("query", ["星河", "星", "xinghe", "xh", code(1)[:2] + "9901", "有限公司"])
def test_class_and_region_narrow_every_way_of_looking(city: dict[str, int], query: str) -> None:
    whole = search.find(query, seen_by=PUBLIC).hits
    for options in (
        {"subject_class": "enterprise"},
        {"region_code": "990102"},
        {"region_code": "990100"},
        {"region_code": "990000"},
    ):
        stem = options.get("region_code", "").rstrip("0")
        expected = {h.code for h in whole if h.subject_class == options.get("subject_class", h.subject_class)
                    and h.region_code.startswith(stem)}  # fmt: skip
        assert {h.code for h in search.find(query, seen_by=PUBLIC, **options).hits} == expected  # type: ignore[arg-type]
    for nobody in ({"subject_class": "government_body"}, {"subject_class": "%"}, {"region_code": "x\x00"}):
        assert not search.find(query, seen_by=PUBLIC, **nobody).hits  # type: ignore[arg-type]


def test_a_township_narrows_more_than_its_county(registered: Register) -> None:
    registered(
        {"code": code(1), "name": "星河店", "region_code": "990101001"},
        {"code": code(2), "name": "星河馆", "region_code": "990101002"},
        {"code": code(3), "name": "星河站", "region_code": "990102"},
    )
    for region, names_ in (("990101001", {"星河店"}), ("990101001000", {"星河店"}), ("990101", {"星河店", "星河馆"})):
        assert {name for name, _ in find("星河", region_code=region)} == names_


def test_pages_follow_each_other_without_gap_or_repetition(city: dict[str, int]) -> None:
    whole = find("云溪")
    paged: list[tuple[str, str]] = []
    after = None
    while True:
        page = search.find("云溪", seen_by=PUBLIC, limit=2, after=after)
        assert page.total == len(whole)
        paged += [(hit.name, hit.matched_by.value) for hit in page.hits]
        after = page.next_after
        if after is None:
            break
    assert paged == whole
    for broken in ("!!", "LTE", "YWJj", "OTk5OTk5"):
        with pytest.raises(search.BadCursor):
            search.find("云溪", seen_by=PUBLIC, after=broken)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "  ",
        "%",
        "_",
        "\\",
        "'",
        "a'b:*&|!",
        "(((",
        "\x00",
        "☃",
        "x" * 5000,
        "星" * 500,
        "公司公司有限",
        "1' OR '1'='1",
        "qqqq",
        ":*",
    ],
)
def test_odd_queries_find_nothing_and_break_nothing(city: dict[str, int], query: str) -> None:
    found = search.find(query, seen_by=PUBLIC)
    assert (found.hits, found.total, found.next_after) == ((), 0, None)


def test_provisional_organisations_are_found_with_their_state(city: dict[str, int]) -> None:
    registry.ensure_organisations(table({"code": code(8), "name": "河湾县报来的店"}), known_at=DAY_TWO)
    assert search.find("报来的店", seen_by=PUBLIC).hits[0].status == "provisional"


def test_an_organisation_stands_once_however_many_of_its_names_fit(registered: Register) -> None:
    registered(
        {"code": code(1), "name": "云溪市星河科技有限公司", "former_names": ["云溪市星河网络有限公司", "星河店"]}
    )
    assert find("星河") == [("云溪市星河科技有限公司", "trade-name")]


def test_a_renamed_organisation_is_found_by_both_names(city: dict[str, int], registered: Register) -> None:
    registered({"code": code(2), "name": "天琴商贸有限公司"}, at=DAY_TWO)
    assert first("天琴商贸有限公司") == ("天琴商贸有限公司", "exact-name")
    assert first("星河商贸有限公司") == ("天琴商贸有限公司", "former-name")


def test_more_than_can_be_counted_is_told_as_capped(registered: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "DEPTH", 10)
    registered(*[{"code": code(n), "name": f"云溪市第{n}号科技商店"} for n in range(30)])
    found = search.find("科技", seen_by=PUBLIC)
    assert (found.total, found.is_capped, len(found.hits)) == (10, True, 10)
    exact = search.find("云溪市第7号科技商店", seen_by=PUBLIC)
    assert (exact.hits[0].matched_by.value, exact.is_capped) == ("exact-name", False)
