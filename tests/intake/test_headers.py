"""Which column is which field: real layouts, spellings, and what must be asked."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinyong.catalogue import load
from xinyong.catalogue.schema import Item
from xinyong.intake import headers

SHARED = Path(__file__).parents[2] / "../shared/data"
LIBRARY = load.library()
LICENCE = LIBRARY["admin-licence-org"]
PENALTY = LIBRARY["admin-penalty-org"]


def mapped(sent: list[str], item: Item, **chosen: str) -> dict[str, str]:
    mapping = headers.map_headers(sent, item, chosen=chosen)
    return {sent[index]: code for index, code in mapping.columns.items()}


@pytest.mark.parametrize("item", LIBRARY.values(), ids=LIBRARY)
def test_every_item_maps_its_own_names_and_codes_whole(item: Item) -> None:
    for spelling in ("name_zh", "code"):
        mapping = headers.map_headers([getattr(one, spelling) for one in item.fields], item)
        assert list(mapping.columns.values()) == [one.code for one in item.fields]
        assert (mapping.unmapped, mapping.ambiguous, mapping.missing) == ((), {}, ())


#: layout → columns that no field of the item stands for, columns that are asked for
LAYOUTS = {
    "jiangsu_transport_xzcf_2018": ({"数据导出时间"}, set()),
    "jiangsu_transport_xzxk_2018": ({"数据导出时间"}, set()),
    "jiangsu_transport_xzcf_2015_order": ({"CF_ZT", "DFBM", "SJC", "CF_BM", "CF_SYFW", "CF_SXYZCD"}, set()),
    "suzhou_province_exchange_xzxk_2015": ({"RECID", "XK_BM", "DFBM", "SJC", "XK_SYFW"}, set()),
    "suzhou_province_exchange_xzcf_2015": (
        {"RECID", "CF_BM", "CF_SXYZCD", "CF_ZT", "DFBM", "SJC", "CF_SYFW"},
        {"CF_CFLB1", "CF_CFLB2"},
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_real_layouts_are_mapped_and_the_rest_is_kept_or_asked_for(name: str) -> None:
    if not SHARED.exists():
        pytest.skip("no shared data")
    sent = json.loads((SHARED / "headers_in_the_wild.json").read_text())[name]
    mapping = headers.map_headers(sent, LICENCE if "xk" in name else PENALTY)
    unmapped, asked = LAYOUTS[name]
    assert {sent[index] for index in mapping.unmapped} == unmapped
    assert {sent[index] for index in mapping.ambiguous} == asked
    assert len(mapping.columns) == len(sent) - len(unmapped) - len(asked)
    assert len(set(mapping.columns.values())) == len(mapping.columns)


def test_a_real_registry_goes_in_as_it_is() -> None:
    if not SHARED.exists():
        pytest.skip("no shared data")
    with (SHARED / "registry_sample.csv").open(newline="") as file:
        mapping = headers.map_headers(next(csv.reader(file)), LIBRARY["organisation-register"])
    assert (mapping.unmapped, mapping.ambiguous, mapping.missing) == ((), {}, ())


@pytest.mark.parametrize(
    "spelling",
    [
        "行政相对人代码_1（统一社会信用代码）",
        "＊行政相对人代码_1(统一社会信用代码)",
        " 行政相对人代码1 （统一社会信用代码） ",
        "行政相对人代码_1\n(统一社会信用代码)",
        "行政相对人代码_1【统一社会信用代码】(必填)",
        "xk_xdr_shxym",
        "ＸＫ＿ＸＤＲ＿ＳＨＸＹＭ",
        "XK-XDR-SHXYM",
    ],
)
def test_width_case_blanks_and_marks_do_not_matter(spelling: str) -> None:
    assert mapped([spelling], LICENCE) == {spelling: "XK_XDR_SHXYM"}


def test_a_choice_of_the_sender_settles_what_was_asked() -> None:
    sent = ["CF_CFLB1", "CF_CFLB2", "自定义列"]
    assert set(headers.map_headers(sent, PENALTY).ambiguous) == {0, 1}
    mapping = headers.map_headers(sent, PENALTY, chosen={"CF_CFLB1": "CF_CFLB", "自定义列": "BZ"})
    assert mapping.columns == {0: "CF_CFLB", 2: "BZ"}
    assert mapping.how == {0: "chosen", 2: "chosen"}
    assert (mapping.unmapped, mapping.ambiguous) == ((1,), {})
    assert headers.map_headers(sent, PENALTY, chosen={"CF_CFLB1": ""}).columns == {1: "CF_CFLB"}


def test_the_same_header_twice_is_asked_for() -> None:
    mapping = headers.map_headers(["许可机关", "许可机关"], LICENCE)
    assert mapping.ambiguous == {0: ("XK_XKJG",), 1: ("XK_XKJG",)}
    assert "XK_XKJG" not in mapping.missing


def test_a_name_beats_an_alias_of_the_same_field() -> None:
    assert mapped(["CF_CFLB1", "处罚类别"], PENALTY) == {"处罚类别": "CF_CFLB"}


@pytest.mark.parametrize("chosen", [{"没有的列": "BZ"}, {"备注": "NO_SUCH"}, {"备注": "BZ", "许可机关": "BZ"}])
def test_a_choice_that_cannot_be_is_refused(chosen: dict[str, str]) -> None:
    with pytest.raises(headers.UnknownChoice):
        headers.map_headers(["备注", "许可机关"], LICENCE, chosen=chosen)


def test_missing_required_fields_are_named() -> None:
    assert "XK_XKJG" in headers.map_headers(["行政相对人名称"], LICENCE).missing


@given(st.lists(st.sampled_from([one.name_zh for one in PENALTY.fields] + ["CF_CFLB1", "RECID", ""]), max_size=40))
def test_every_column_has_one_fate_and_every_field_one_column(sent: list[str]) -> None:
    mapping = headers.map_headers(sent, PENALTY)
    fates = [*mapping.columns, *mapping.unmapped, *mapping.ambiguous]
    assert sorted(fates) == list(range(len(sent)))
    assert len(set(mapping.columns.values())) == len(mapping.columns)
    assert mapping.how.keys() == mapping.columns.keys()
