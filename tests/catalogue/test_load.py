"""Loading a catalogue file: what is sound comes in complete, what is not is refused with place and sentence."""

import itertools
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.catalogue import samples
from xinyong.analytics import definitions
from xinyong.catalogue import body, load
from xinyong.catalogue.load import CatalogueError
from xinyong.catalogue.schema import FieldType, Requirement

HEADERS = Path(__file__).parents[2] / "../shared/data/headers_in_the_wild.json"
Edit = Callable[[dict[str, Any]], object]


def test_the_sample_is_sound() -> None:
    assert load.load_item(samples.ITEM).id == "site-safety"


TEN_ACTS = (
    "admin-licence-org", "admin-penalty-org", "admin-compulsion", "admin-confirmation", "admin-levy", "admin-payment",
    "admin-adjudication", "admin-compensation", "admin-reward", "admin-inspection",
)  # fmt: skip


def test_the_library_holds_an_item_of_every_category_in_the_order_of_the_national_catalogue() -> None:
    library = load.library()
    assert [item.category for item in library.values()] == sorted(item.category for item in library.values())
    assert {item.category for item in library.values()} == set(range(1, 14))
    assert set(TEN_ACTS) <= set(library)
    assert {library[one].category for one in TEN_ACTS} == {3}
    assert library["contract-performance"].category == 7
    assert library["credit-commitment"].category == 8


def test_each_of_the_six_specific_classes_has_an_item_whose_amounts_are_no_persons() -> None:
    for _, _, _, items in definitions.SPECIFIC:
        for one in items:
            item = load.library()[one]
            assert not item.is_about_persons
            assert item.disclosure == "authorised"
            assert not item.is_verified


def test_no_item_whose_fields_are_unverified_is_public_about_amounts_disputes_or_promises() -> None:
    shared = {"admin-compulsion", "admin-levy", "admin-payment", "admin-compensation", "admin-adjudication", "credit-commitment",
              "contract-performance", "judicial-enforcement", "evaluation-result", "legal-compliance"}  # fmt: skip
    assert {load.library()[one].disclosure for one in shared} == {"shared"}


@pytest.mark.parametrize(
    ("item_id", "filled", "total"),
    [
        ("admin-licence-org", 26, 28),
        ("admin-licence-person", 19, 28),
        ("admin-penalty-org", 28, 30),
        ("admin-penalty-person", 21, 30),
    ],
)
def test_the_templates_of_2018_are_complete(item_id: str, filled: int, total: int) -> None:
    item = load.library()[item_id]
    assert len(item.fields) == total
    assert sum(one.requirement is not Requirement.BLANK for one in item.fields) == filled


def test_amounts_are_kept_in_ten_thousand_yuan_with_six_decimals() -> None:
    fine = load.library()["admin-penalty-org"].field_of("CF_NR_FK")
    assert (fine.type, fine.length, fine.scale, fine.unit) == (FieldType.DECIMAL, 18, 6, "万元")


def test_items_about_persons_are_never_public_and_every_identifying_field_is_sealed() -> None:
    for item in load.library().values():
        if item.is_about_persons:
            assert item.disclosure == "authorised"
            assert item.publicity.clock == "never"
            assert all(one.grade != "public" for one in item.fields if one.requirement is not Requirement.BLANK)
        for one in item.fields:
            if one.type is FieldType.CERTIFICATE:
                assert one.is_personal


def test_what_rests_on_memory_says_so() -> None:
    assert not load.bases()["two-item-annex-2018"].is_verified
    assert not load.library()["admin-penalty-org"].is_verified
    assert {one.id: one.is_verified for one in load.rule_sets()} == {
        "notice-527-2019": False, "order-58-2023": True, "order-36-2026": True,
    }  # fmt: skip


def test_rule_sets_follow_each_other_without_gap() -> None:
    sets = load.rule_sets()
    for before, after in itertools.pairwise(sets):
        assert before.valid_to == after.valid_from
    assert sets[-1].valid_to is None
    assert sets[-1].months == {"minor": (0, 0), "general": (3, 12), "serious": (12, 36)}


def test_code_lists_are_dated() -> None:
    before = load.code_list("penalty-kind", date(2020, 1, 1))
    after = load.code_list("penalty-kind", date(2021, 7, 15))
    assert "通报批评" not in {code.value for code in before.codes}
    assert "通报批评" in {code.value for code in after.codes}
    with pytest.raises(load.UnknownCodeList):
        load.code_list("no-such-list", date(2026, 1, 1))


def test_every_example_in_the_library_fits_its_field() -> None:
    for item in load.library().values():
        for one in item.fields:
            assert one.length is None or len(one.example) <= one.length
            if one.code_list and one.example:
                spellings = {
                    text for code in load.code_lists()[one.code_list].codes for text in (code.value, code.name_zh)
                }
                assert set(one.example.split(";")) <= spellings


@pytest.mark.skipif(not HEADERS.exists(), reason="the real samples are not here")
def test_the_layouts_found_in_the_wild_map_up_to_columns_that_have_no_successor() -> None:
    no_successor = {
        "RECID",
        "DFBM",
        "SJC",
        "XK_BM",
        "CF_BM",
        "XK_SYFW",
        "CF_SYFW",
        "CF_SXYZCD",
        "CF_ZT",
        "数据导出时间",
    }
    for layout, headers in json.loads(HEADERS.read_text(encoding="utf-8")).items():
        item = load.library()["admin-licence-org" if "xzxk" in layout else "admin-penalty-org"]
        known = {_plain(text) for one in item.fields for text in (one.code, one.name_zh, *one.aliases)}
        assert {header.strip() for header in headers if _plain(header) not in known} <= no_successor, layout


@pytest.mark.parametrize("headers", [
    "企业名称,统一社会信用代码,注册日期,企业类型,注册资金,经营范围,所在省份,地区,注册地址",
    "名称,统一社会信用代码,注册日期,类型,所在省份,地区,地址",
])  # fmt: skip
def test_headers_of_real_registers_are_known_to_the_base_register(headers: str) -> None:
    item = load.library()["organisation-register"]
    known = {_plain(text): one.code for one in item.fields for text in (one.code, one.name_zh, *one.aliases)}
    found = [known[_plain(header)] for header in headers.split(",")]
    assert len(set(found)) == len(found)
    assert {one.code for one in item.fields if one.requirement is Requirement.REQUIRED} <= set(found)


def test_an_item_survives_the_way_through_data_and_yaml() -> None:
    for item in load.library().values():
        assert load.item_from_data(json.loads(body.canonical(item)), file="body") == item
        assert load.load_item(body.to_yaml(item)) == item


def _set(path: str, value: object) -> Edit:
    def edit(data: dict[str, Any]) -> None:
        target: Any = data
        *way, last = path.split(".")
        for step in way:
            target = target[int(step)] if step.isdigit() else target[step]
        if value is None:
            del target[last]
        else:
            target[last] = value

    return edit


CASES: list[tuple[Edit, str, str]] = [
    (_set("colour", "red"), "colour", "不认识的键"),
    (_set("retention.yeers", 5), "retention.yeers", "是否想写“years”"),
    (_set("version", "one"), "version", "整数"),
    (_set("version", True), "version", "整数"),
    (_set("title.en", None), "title.en", "缺少"),
    (_set("category", 14), "category", "1 至 13"),
    (_set("nature", "red-list"), "nature", "可选"),
    (_set("bases", []), "bases", "必须写明依据"),
    (_set("bases", ["no-such-law", "platform-practice"]), "bases[0]", "没有依据"),
    (_set("rules.0.basis", "gb-32100"), "rules[0].basis", "未列入本事项"),
    (_set("rules.0.check", "JCRQ <= 5"), "rules[0].check", ""),
    (_set("rules.0.check", "JCRQ <="), "rules[0].check", ""),
    (_set("rules.0.check", "NO_SUCH_FIELD = 'x'"), "rules[0].check", ""),
    (_set("rules.0.check", "(SELECT 1) = 1"), "rules[0].check", ""),
    (_set("rules.0.columns", ["JCXX"]), "rules[0].columns[0]", "没有数据项"),
    (_set("fields.4.required_when", "JCRQ"), "fields[4].required_when", ""),
    (_set("fields.4.code", "JCRQ"), "fields[4].code", "出现两次"),
    (_set("fields.4.aliases", ["检查日期"]), "fields[4].aliases", "同时指向"),
    (_set("fields.4.type", "code"), "fields[4].code_list", "code_list"),
    (_set("fields.4.type", "decimal"), "fields[4].scale", "scale"),
    (_set("fields.4.type", "certificate"), "fields[4]", "is_personal"),
    (_set("fields.4.is_personal", True), "fields[4].grade", "authorised"),
    (_set("roles.valid_to", "JCZZ"), "roles.valid_to", "没有数据项"),
    (_set("roles.valid_to", "JCJG"), "roles.valid_to", "不是日期型"),
    (_set("roles.subject_code", None), "roles", "无法关联主体"),
    (_set("publicity.clock", "for-ever"), "publicity.clock", "可选"),
    (_set("publicity.clock", "while_valid"), "roles.valid_to", "valid_to"),
    (_set("publicity.clock", "severity"), "severity", "severity"),
    (_set("natural_key", ["JCBH"]), "natural_key", "$subject"),
    (_set("level", "city"), "bases", "地方性法规"),
    (_set("effective_from", "2026-02-30"), "effective_from", "日期"),
    (_set("subject_classes", ["enterprise", "natural_person"]), "is_about_persons", "不一致"),
    (_set("is_about_persons", True), "disclosure", "不得公开"),
    # INV-06: refused always, by Chinese name, English name, column code or alias
    (_set("fields.4.name.zh", "宗教信仰"), "fields[4].name", "禁止归集"),
    (_set("fields.4.name.zh", "血 型"), "fields[4].name", "禁止归集"),
    (_set("fields.4.name.en", "Fingerprint number"), "fields[4].name", "E_FORBIDDEN_CLASS"),
    (_set("fields.4.code", "MEDICAL_HISTORY"), "fields[4].name", "E_FORBIDDEN_CLASS"),
    (_set("fields.4.aliases", ["民族"]), "fields[4].name", "禁止归集"),
    (_set("title.zh", "居民病史信息"), "title", "禁止归集"),
    # INV-08: no topic without a law that names it
    (_set("fields.4.name.zh", "物业费欠缴情况"), "fields[4].name", "E_OFF_TOPIC"),
    (_set("title.zh", "信访人员信息"), "title", "E_OFF_TOPIC"),
]


@pytest.mark.parametrize(("edit", "path", "sentence"), CASES)
def test_what_is_wrong_is_refused_with_path_line_and_sentence(edit: Edit, path: str, sentence: str) -> None:
    data = samples.data()
    edit(data)
    with pytest.raises(CatalogueError) as caught:
        load.load_item(samples.text(data))
    found = [one for one in caught.value.problems if one.path == path]
    assert found, [one.place for one in caught.value.problems]
    assert any(sentence in one.zh for one in found)
    assert all(one.zh and one.en and one.line for one in found)


def test_all_problems_are_told_at_once() -> None:
    data = samples.data()
    for edit, _, _ in CASES[:5]:
        edit(data)
    with pytest.raises(CatalogueError) as caught:
        load.load_item(samples.text(data))
    assert len(caught.value.problems) >= 4
    assert "另有" in caught.value.zh


@pytest.mark.parametrize(("text", "sentence"), [
    ("[1, 2]", "映射"),
    ("", "缺少"),
    ("id: a\nid: b", "写了两次"),
    ("a: &x {b: 1}\nc: *x", "锚点"),
    ("a: [", "不是有效的 YAML"),
    ("a: !!python/object/apply:os.system ['true']", "YAML"),
    ("x: " + "y" * 1_100_000, "超过"),
    ("[" * 5000, "YAML"),
])  # fmt: skip
def test_files_that_are_no_catalogue_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        load.load_item(text)
    assert any(sentence in one.zh for one in caught.value.problems)


def test_a_personal_item_may_hold_income_only_with_declared_written_consent() -> None:
    data = body.to_data(load.library()["admin-licence-person"])
    data["fields"].append({"code": "NSR", "name": {"zh": "年收入", "en": "Yearly amount"}, "grade": "authorised"})
    with pytest.raises(CatalogueError, match="书面同意"):
        load.load_item(samples.text(data))
    data["consent"] = {"zh": "申请人签署书面同意书，载明不利后果。", "en": "Signed consent that names adverse effects."}
    assert load.load_item(samples.text(data)).consent


def test_a_delicate_topic_is_allowed_where_a_law_names_it() -> None:
    data = samples.data()
    data["fields"][4]["name"]["zh"] = "生活垃圾分类处罚情况"
    data["topic_basis"] = "penalty-law-2021"
    assert load.load_item(samples.text(data)).topic_basis == "penalty-law-2021"
    data["topic_basis"] = "platform-practice"
    with pytest.raises(CatalogueError, match="topic_basis"):
        load.load_item(samples.text(data))


def _plain(header: str) -> str:
    return "".join(header.split()).replace("（", "(").replace("）", ")").upper()
