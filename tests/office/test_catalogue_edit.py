"""A draft edited by forms: the file's own checks at the input they are about, the difference in words, every change taken back."""

import html
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client

from tests.intake import made
from tests.office.conftest import page_of, two_operators
from xinyong.catalogue import body, load, publish
from xinyong.catalogue.schema import Grade, Requirement

ITEM = "honour"
ITEM_PAGE, HOME = f"/office/catalogue/{ITEM}/", f"/office/catalogue/{ITEM}/2/"


@pytest.fixture
def clients(lasting_db: None) -> Iterator[dict[str, Client]]:
    """Two operators and an auditor."""
    with time_machine.travel(made.NOW, tick=True):
        yield two_operators()


def _sent(client: Client, path: str, **changes: Any) -> dict[str, Any]:
    """What the browser would send back: every input of the page's last form as it stands, changed."""
    page = page_of(client, path)
    form = page[page.rindex("<form", 0, page.rindex('name="seen"')) :]
    form = form[: form.index("</form>")]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name is None or name[1] == "csrfmiddlewaretoken" or ('type="checkbox"' in tag and "checked" not in tag):
            continue
        text = html.unescape(value[1]) if value else ("on" if "checkbox" in tag else "")
        found[name[1]] = [*found.get(name[1], []), text] if 'type="checkbox"' in tag else text
    for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s*(.*?)</textarea>', form, re.DOTALL):
        found[name] = html.unescape(text)
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    return {key: value for key, value in (found | changes).items() if value is not None}


def _begun(client: Client) -> None:
    done = client.post(f"{ITEM_PAGE}edit")
    assert (done.status_code, done["Location"]) == (302, f"{HOME}edit")


def _seen() -> str:
    return publish.versions(ITEM)[-1].digest


def test_a_draft_begins_as_what_rules_and_a_second_begin_goes_on_with_it(clients: dict[str, Client]) -> None:
    first = clients["first"]
    assert "修改（起草新版本）" in page_of(first, ITEM_PAGE)
    assert "修改（起草新版本）" not in page_of(clients["auditor"], ITEM_PAGE)
    _begun(first)
    assert publish.version(ITEM, 2).fields == publish.version(ITEM, 1).fields
    assert publish.version(ITEM, 2).effective_from == date(2026, 7, 1)
    _begun(clients["second"])
    assert [one.version for one in publish.versions(ITEM)] == [1, 2]
    assert clients["auditor"].get(f"{HOME}edit").status_code == 403


def test_saving_the_forms_as_they_stand_changes_nothing(clients: dict[str, Client]) -> None:
    first = clients["first"]
    _begun(first)
    before = publish.version(ITEM, 2)
    assert first.post(f"{HOME}edit", _sent(first, f"{HOME}edit")).status_code == 302
    for one in before.fields:
        path = f"{HOME}edit/fields/{one.code}"
        assert first.post(path, _sent(first, path)).status_code == 302, one.code
    for rule in before.rules:
        path = f"{HOME}edit/rules/{rule.id}"
        assert first.post(path, _sent(first, path)).status_code == 302, rule.id
    assert publish.version(ITEM, 2) == before
    assert "撤销上一次修改" not in page_of(first, f"{HOME}edit")


def test_head_field_and_rule_are_changed_and_the_difference_is_told_in_words(clients: dict[str, Client]) -> None:
    first = clients["first"]
    _begun(first)
    head = _sent(
        first, f"{HOME}edit", title_zh="守信荣誉信息", disclosure="shared", retention_years="3", section="other"
    )
    assert first.post(f"{HOME}edit", head).status_code == 302
    path = f"{HOME}edit/fields/RDWSH"
    changed = _sent(
        first, path, requirement="required", length="64", grade="shared", aliases="文号\n决定文号\n荣誉文号"
    )
    assert first.post(path, changed).status_code == 302
    path = f"{HOME}edit/rules/V16"
    assert (
        first.post(path, _sent(first, path, check="ND BETWEEN 1990 AND 2099", severity="doubtful")).status_code == 302
    )
    item = publish.version(ITEM, 2)
    field = item.field_of("RDWSH")
    assert (item.title_zh, item.disclosure, item.retention.years) == ("守信荣誉信息", Grade.SHARED, 3)
    assert (field.requirement, field.length, field.grade) == (Requirement.REQUIRED, 64, Grade.SHARED)
    assert field.aliases == ("文号", "决定文号", "荣誉文号")
    page = page_of(first, f"{HOME}edit")
    for said in (
        "名称（zh）由“诚实守信相关荣誉信息”改为“守信荣誉信息”",
        "数据项“RDWSH 认定文书号”的长度由“128”改为“64”",
        "规则“V16”的条件由",
    ):
        assert said in page


def test_a_field_and_a_rule_over_it_are_added_moved_and_removed(clients: dict[str, Client]) -> None:
    first = clients["first"]
    _begun(first)
    path = f"{HOME}edit/fields/new"
    new = _sent(
        first,
        path,
        code="JLJE",
        name_zh="奖励金额",
        name_en="Amount",
        type="decimal",
        length="18",
        scale="6",
        unit="万元",
    )
    assert first.post(path, new).status_code == 302
    path = f"{HOME}edit/rules/new"
    rule = _sent(
        first, path, id="V17", check="JLJE IS NULL OR JLJE >= 0", message_zh="奖励金额不能为负数。", message_en="Not negative.",
        basis="platform-practice", columns="JLJE",
    )  # fmt: skip
    assert first.post(path, rule).status_code == 302
    item = publish.version(ITEM, 2)
    assert [one.code for one in item.fields][-2:] == ["BZ", "JLJE"]
    assert item.rules[-1].id == "V17"
    first.post(f"{HOME}edit", {"act": "up", "which": "fields:JLJE", "seen": _seen()})
    assert [one.code for one in publish.version(ITEM, 2).fields][-2:] == ["JLJE", "BZ"]
    refused = first.post(f"{HOME}edit", {"act": "remove", "which": "fields:JLJE", "seen": _seen()}, follow=True)
    assert "没有数据项“JLJE”" in refused.content.decode()
    first.post(f"{HOME}edit", {"act": "remove", "which": "rules:V17", "seen": _seen()})
    first.post(f"{HOME}edit", {"act": "remove", "which": "fields:JLJE", "seen": _seen()})
    now, ruling = publish.version(ITEM, 2), publish.version(ITEM, 1)
    assert (now.fields, now.rules) == (ruling.fields, ruling.rules)


@pytest.mark.parametrize(("part", "changes", "at", "said", "said_en"), [
    ("fields/RDWSH", {"length": "0"}, "length", "应在 1 至", "must lie between"),
    ("fields/RDWSH", {"type": "code"}, "code_list", "代码型数据项且仅代码型须指定", "Code fields, and only they"),
    ("fields/RDWSH", {"scale": "2"}, "scale", "小数型数据项且仅小数型", "Decimal fields, and only they"),
    ("fields/RDWSH", {"required_when": "NOPE = 1"}, "required_when", "NOPE", "NOPE"),
    ("fields/RDWSH", {"is_personal": "on"}, "grade", "个人信息的 grade 应为", "Personal fields have grade"),
    ("fields/BZ", {"aliases": "认定文书号"}, "aliases", "表头“认定文书号”同时指向", "The header “认定文书号” means both"),
    ("fields/RDWSH", {"name_zh": "宗教信仰"}, "name_zh", "禁止归集的信息", "may never be collected"),
    ("fields/new", {"code": "x-1", "name_zh": "甲", "name_en": "A"}, "code", "格式", "wrong form"),
    ("rules/V16", {"check": "ND BETWEEN"}, "check", "", ""),
    ("rules/V16", {"columns": "NOPE"}, "columns", "没有数据项“NOPE”", "There is no field “NOPE”"),
    ("", {"effective_from": ""}, "effective_from", "", ""),
    ("", {"basis_title": "某市条例", "basis_id": "BAD ID"}, "basis_id", "", ""),
])  # fmt: skip
def test_what_the_file_would_refuse_is_refused_at_the_input_in_both_languages(
    clients: dict[str, Client], part: str, changes: dict[str, str], at: str, said: str, said_en: str
) -> None:
    first = clients["first"]
    _begun(first)
    before, path = publish.version(ITEM, 2), f"{HOME}edit/{part}".rstrip("/")
    sent = _sent(first, path, **changes)
    for language, sentence in (("zh-hans", said), ("en", said_en)):
        answer = first.post(path, sent, headers={"Accept-Language": language})
        page = html.unescape(answer.content.decode())
        assert answer.status_code == 400
        shown = re.search(rf'id="id_{at}_error">(.*?)</p>', page, re.DOTALL)
        assert shown is not None, at
        assert sentence in shown[1]
    assert publish.version(ITEM, 2) == before


def test_a_change_is_taken_back_step_by_step(clients: dict[str, Client]) -> None:
    first = clients["first"]
    _begun(first)
    start = publish.version(ITEM, 2)
    for title in ("甲荣誉信息", "乙荣誉信息"):
        first.post(f"{HOME}edit", _sent(first, f"{HOME}edit", title_zh=title))
    assert publish.version(ITEM, 2).title_zh == "乙荣誉信息"
    first.post(f"{HOME}undo")
    assert publish.version(ITEM, 2).title_zh == "甲荣誉信息"
    first.post(f"{HOME}undo")
    assert publish.version(ITEM, 2) == start
    assert "没有更早的文字" in first.post(f"{HOME}undo", follow=True).content.decode()


def test_two_who_edit_at_once_do_not_overwrite_each_other(clients: dict[str, Client]) -> None:
    first, second = clients["first"], clients["second"]
    _begun(first)
    mine, theirs = (_sent(one, f"{HOME}edit", title_zh=title) for one, title in ((first, "甲信息"), (second, "乙信息")))
    assert first.post(f"{HOME}edit", mine).status_code == 302
    late = second.post(f"{HOME}edit", theirs)
    assert late.status_code == 400
    assert "刚被别人改过" in late.content.decode()
    assert publish.version(ITEM, 2).title_zh == "甲信息"


def test_the_yaml_stays_the_source_of_truth(clients: dict[str, Client]) -> None:
    first = clients["first"]
    _begun(first)
    first.post(f"{HOME}edit", _sent(first, f"{HOME}edit", title_zh="守信荣誉信息", basis_id="city-credit", basis_title="某市信用条例",
               basis_article="第三条", basis_rank="local-regulation"))  # fmt: skip
    text = page_of(first, f"{HOME}file.yaml")
    item = load.load_item(text)
    assert item == publish.version(ITEM, 2)
    assert item.bases[-1].id == "city-credit"
    assert body.to_yaml(item) == text


def test_a_published_version_cannot_be_edited(clients: dict[str, Client]) -> None:
    first = clients["first"]
    for path in (f"{ITEM_PAGE}1/edit", f"{ITEM_PAGE}1/edit/fields/ND", f"{HOME}edit", f"{ITEM_PAGE}1/edit/roles/ND"):
        page_of(first, path, 404)
    with pytest.raises(publish.Frozen):
        publish.undo(ITEM, 1, by=made.SYSTEM)
