from datetime import date

import pytest

from xinyong.kernel import divisions

PLACES = divisions.builtin()


@pytest.mark.parametrize(
    ("old", "today"),
    [
        ("330185", ["330112"]),  # 临安市 → 临安区, 2017
        ("330124", ["330112"]),  # 临安县, through 临安市
        ("330103", ["330105"]),  # 下城区 → 拱墅区, 2021
        ("330104", ["330102", "330114"]),  # 江干区 divided
        ("341402", ["340181"]),  # 居巢区 → 巢湖市, 2011
        ("371200", ["370116"]),  # 莱芜市 → 莱芜区, 2018
        ("510200", ["500000"]),  # 重庆 from Sichuan, 1997
        ("350625", ["350605"]),
        ("330110", ["330110"]),
        ("330112", ["330112"]),
        ("330112001", ["330112001"]),
        ("330185001", ["330112"]),
        ("330112000000", ["330112"]),
        ("3301", ["330100"]),
        ("33", ["330000"]),
        ("123456", []),
        ("", []),
    ],
)
def test_a_code_resolves_to_those_of_today(old: str, today: list[str]) -> None:
    assert PLACES.resolve(old) == today


def test_a_name_holds_for_its_years() -> None:
    assert PLACES.name("420600", date(2005, 6, 1)) == "襄樊市"
    assert PLACES.name("420600", date(2015, 6, 1)) == "襄阳市"
    assert PLACES.name("420600") == "襄阳市"
    assert PLACES.resolve("420600", date(2005, 6, 1)) == ["420600"]
    assert PLACES.name("330114", date(2020, 1, 1)) is None
    assert PLACES.name("330185", date(2010, 1, 1)) == "临安市"


def test_a_code_given_to_another_place_resolves_by_its_time() -> None:
    assert PLACES.name("220402", date(1983, 6, 1)) == "西安区"
    assert PLACES.resolve("220402", date(1983, 6, 1)) == ["220403"]
    assert PLACES.name("220402") == "龙山区"


def test_the_path_leads_from_the_province_down() -> None:
    assert PLACES.path("330112001") == ("浙江省", "杭州市", "临安区", "锦城街道")
    assert PLACES.path("310101") == ("上海市", "黄浦区")
    assert PLACES.path("330185") == ("浙江省", "杭州市", "临安市")
    assert PLACES.path("nowhere") == ()


def test_children_are_those_of_today() -> None:
    assert PLACES.children("3305") == ["330502", "330503", "330521", "330522", "330523"]
    assert {"330112", "330113", "330114"} <= set(PLACES.children("330100"))
    assert "330103" not in PLACES.children("330100")
    assert len(PLACES.children("330112")) == 18
    assert len(PLACES.children()) == 34


def test_new_districts_and_counties_are_there() -> None:
    for code, name in (("330113", "临平区"), ("330114", "钱塘区"), ("653228", "和康县"), ("653229", "和安县")):
        assert PLACES.name(code) == name


def test_the_table_is_whole() -> None:
    rows = [PLACES.of(code) for code in PLACES.children()]
    assert all(row is not None and row.level == 1 for row in rows)
    counted = dict.fromkeys((1, 2, 3, 4), 0)
    front = PLACES.children()
    while front:
        code = front.pop()
        row = PLACES.of(code)
        assert row is not None
        counted[row.level] += 1
        front += PLACES.children(code)
    assert counted == {1: 34, 2: 333, 3: 2847, 4: 38537}
