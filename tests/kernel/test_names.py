import csv
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinyong.kernel import names
from xinyong.kernel.names import NameParts

DATA = Path(__file__).parents[2] / "../shared/data"

texts = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="臺台灣峯峰羣裏鐘鍾()（）[]【】 　ＡaßﬃİıΣ①㈱·•—-é\u0301´\u200b\x00\n、，。", max_size=12),
)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("上海某某(集团)有限公司", "上海某某（集团）有限公司"),
        ("  云溪　某某 科技 有限公司 ", "云溪某某科技有限公司"),
        ("ＡＢＣ商贸有限公司", "ABC商贸有限公司"),
        ("Acme  (China)  Ltd", "Acme (China) Ltd"),
        ("臺灣某公司", "臺灣某公司"),
        ("阿里木•买买提", "阿里木·买买提"),
        ("\ufeff某\u200b某厂", "某某厂"),
        ("", ""),
    ],
)
def test_a_name_is_shown_with_one_width_and_no_stray_blanks(name: str, shown: str) -> None:
    assert names.normalise(name) == shown
    assert names.normalise(shown) == shown


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("云溪(集团)有限公司", "云溪（集团）有限公司"),
        ("云溪[集团]有限公司", "云溪【集团】有限公司"),
        ("臺灣商貿有限公司", "台湾商贸有限公司"),
        ("群峰实业", "羣峯實業"),
        ("ａｂｃ电子", "ABC 电子"),
        ("“云溪”饭店", "云溪饭店"),
        ("里仁書店", "裏仁书店"),
        ("鍾樓飯店", "鐘楼饭店"),
        ("买买提•阿里", "买买提·阿里"),
        ("云溪——商行", "云溪－－商行"),
        ("劵商大厦", "券商大厦"),
        ("髙桥五金", "高桥五金"),
        ("Acme Co., Ltd.", "ACME CO LTD"),
    ],
)
def test_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert names.key(one) == names.key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("云溪北京有限公司", "云溪（北京）有限公司"),
        ("云溪一厂", "云溪二厂"),
        ("张喆商行", "张哲商行"),
        ("李堃饭店", "李坤饭店"),
    ],
)
def test_other_names_keep_other_keys(one: str, other: str) -> None:
    assert names.key(one) != names.key(other)


@settings(max_examples=300, deadline=None)
@given(name=texts)
def test_folding_again_changes_nothing(name: str) -> None:
    assert names.key(names.key(name)) == names.key(name)
    assert names.key(names.normalise(name)) == names.key(name)


@settings(max_examples=150, deadline=None)
@given(values=st.lists(st.one_of(st.none(), texts), max_size=8))
def test_a_column_of_names_is_folded_as_its_cells_are(values: list[str | None]) -> None:
    array = pa.array(values, type=pa.string())
    assert names.key_column(array).to_pylist() == [None if v is None else names.key(v) for v in values]


def test_a_column_of_ordinary_names_is_folded_as_its_cells_are() -> None:
    values = ["上海某某(集团)有限公司", "ＡＢＣ 商貿", None, "“云溪”饭店", "臺灣某公司"] * 3
    array = pa.chunked_array([pa.array(values[:4]), pa.array(values[4:])])
    assert names.key_column(array).to_pylist() == [None if v is None else names.key(v) for v in values]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("杭州宏拓科技有限公司", ("杭州", "宏拓", "科技", "有限公司", "")),
        ("亿丰置业(湖州)有限公司", ("湖州", "亿丰", "置业", "有限公司", "")),
        ("浙江省杭州市西湖区某某餐饮店", ("浙江省杭州市西湖区", "某某", "餐饮", "店", "")),
        ("临安天翊办公设备有限公司", ("临安", "天翊", "办公设备", "有限公司", "")),
        ("河北永兴绒毛有限公司", ("河北", "永兴绒毛", "", "有限公司", "")),
        ("平安机械租赁有限公司", ("", "平安", "机械租赁", "有限公司", "")),
        ("某某建筑工程股份有限公司沧州分公司", ("", "某某", "建筑工程", "股份有限公司", "沧州分公司")),
        ("云南地矿工贸公司工会委员会", ("云南", "地矿", "工贸", "公司", "工会委员会")),
        ("大厂回族自治县华宇建筑安装工程有限公司", ("大厂回族自治县", "华宇", "建筑安装工程", "有限公司", "")),
        ("南涧县某某核桃专业合作社", ("南涧县", "某某核桃", "", "专业合作社", "")),
        ("兴国县某某幼儿园", ("兴国县", "某某", "", "幼儿园", "")),
        ("张三", ("", "张三", "", "", "")),
        ("公司", ("", "公司", "", "", "")),
        ("", ("", "", "", "", "")),
    ],
)
def test_a_name_is_cut_into_its_parts(name: str, parts: tuple[str, ...]) -> None:
    assert names.dissect(name) == NameParts(*parts)


@settings(max_examples=200, deadline=None)
@given(name=texts)
def test_no_name_breaks_the_cut(name: str) -> None:
    parts = names.dissect(name)
    assert (
        parts.division + parts.trade_name + parts.legal_form in names.normalise(name)
        or parts.industry
        or "（" in (names.normalise(name))
    )


@pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")
def test_nearly_every_real_name_has_a_form_and_a_trade_name() -> None:
    with (DATA / "registry_sample.csv").open(encoding="utf-8-sig", newline="") as lines:
        cut = [names.dissect(row["企业名称"]) for row in csv.DictReader(lines)]
    assert all(parts.trade_name for parts in cut)
    assert sum(bool(parts.legal_form) for parts in cut) > 0.99 * len(cut)
    assert sum(bool(parts.division) for parts in cut) > 0.95 * len(cut)
