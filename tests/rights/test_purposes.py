"""The register of purposes is read by anybody: who may look for what, on which law, since when, and how it was before."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import translation

from tests.intake import made
from xinyong.catalogue.schema import Grade
from xinyong.rights import purposes
from xinyong.web import messages

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")

_EDITION = """
  - id: loan
    name: {{zh: {name}, en: A loan}}
    bases: [{{title: 某法, article: 第一条}}]
    is_verified: true
    from: {begins}
    {to}
    roles: [client]
    units: ["9"]
    sections: [penalty]
    level: authorised
    needs_authorisation: true
    max_days: {days}
"""


def editions(*said: tuple[str, str, str, int]) -> tuple[purposes.Purpose, ...]:
    """A register of editions of one purpose: name, first day, line of its end, longest authorisation."""
    return purposes.read(
        "purposes:"
        + "".join(_EDITION.format(name=name, begins=begins, to=to, days=days) for name, begins, to, days in said)
    )


@pytest.fixture(autouse=True)
def _languages() -> Iterator[None]:
    messages.compile_messages()
    with translation.override("zh-hans"):
        yield


def page(path: str, status: int = 200, language: str = "zh-hans") -> str:
    browser = Client(headers={"accept-language": language})
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return answer.content.decode()


def test_anybody_reads_every_purpose_with_its_law_and_its_authorisation() -> None:
    html = page("/purposes/")
    for one in purposes.register():
        assert f'href="/purposes/{one.id}/"' in html
        assert one.name_zh in html
        assert all(title in html for title, _ in one.bases)
    assert len(html.encode()) <= 60 * 1024
    assert "必须有授权，查单位也一样；一次最长 365 天" in html
    assert "由他人复核" in html
    assert "不能查自然人" in html
    assert 'href="/purposes/"' in page("/"), "a visitor finds it at the foot of every page"


@pytest.mark.parametrize("one", purposes.register(), ids=lambda one: one.id)
def test_each_purpose_has_a_page_with_the_items_by_name_in_both_languages(one: purposes.Purpose) -> None:
    html = page(f"/purposes/{one.id}/")
    for item in purposes.reached(one, on=made.TODAY):
        assert item.title_zh in html
    assert "这是第一版" in html
    assert ("关于自然人的" in html) is (one.is_emergency or one.max_days > 0), "nobody looks at persons without"
    if one.withheld_days:
        assert f"最多 {one.withheld_days} 天" in html
        assert one.withheld_basis in html
    else:
        assert "不得隐去" in html
    english = page(f"/purposes/{one.id}/", language="en")
    assert one.name_en in english
    assert "谁可以用" not in english


def test_the_same_is_there_for_programs() -> None:
    answer = Client().get("/purposes.json")
    said = {one["id"]: one for one in answer.json()["purposes"]}
    assert set(said) == {one.id for one in purposes.register()}
    assert (said["loan"]["authorisation"], said["loan"]["longest_authorisation_days"]) == ("always", 365)
    assert said["loan"]["users"] == ["client"]
    assert said["court"]["withheld"]["days"] == 180
    assert said["licensing"]["withheld"] is None
    assert {one["about"] for one in said["loan"]["items"]} == {"persons", "organisations"}
    assert all(one["earlier"] == [] for one in said.values())
    assert answer["Cache-Control"].startswith("public")


def test_a_purpose_that_is_not_there_is_said_to_be() -> None:
    assert "目的登记簿里没有这个目的" in page("/purposes/curiosity/", 404)


def test_an_earlier_edition_stays_readable_and_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    begins = made.TODAY - timedelta(days=10)
    made_up = editions(("旧贷款目的", "2020-01-01", f"to: {begins}", 730), ("新贷款目的", str(begins), "", 90))
    monkeypatch.setattr(purposes, "register", lambda: made_up)
    assert purposes.find("loan", on=made.TODAY).max_days == 90
    assert purposes.find("loan", on=begins - timedelta(days=1)).max_days == 730
    assert purposes.words("loan: 某事项") == ("新贷款目的", "A loan")
    html = page("/purposes/loan/")
    now, earlier = html.split("以前的版本")
    assert "一次最长 90 天" in now
    assert "旧贷款目的" in earlier
    assert f"2020-01-01 – {begins:%Y-%m-%d}" in earlier
    [said] = Client().get("/purposes.json").json()["purposes"]
    assert [one["valid_to"] for one in said["earlier"]] == [begins.isoformat()]
    assert "旧贷款目的" not in page("/purposes/"), "the list shows what holds"


def test_one_that_has_ended_stands_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purposes, "register", lambda: editions(("贷款", "2020-01-01", f"to: {made.TODAY}", 90)))
    assert "贷款" in page("/purposes/").split("已停用")[1]
    with pytest.raises(purposes.PurposeNeeded):
        purposes.find("loan", on=made.TODAY)


def test_two_editions_never_hold_on_the_same_day() -> None:
    with pytest.raises(ValueError, match="loan"):
        editions(("甲", "2020-01-01", "", 90), ("乙", "2026-01-01", "", 90))
    assert [one.level for one in editions(("甲", "2020-01-01", "to: 2026-01-01", 9), ("乙", "2026-01-01", "", 9))] == [
        Grade.AUTHORISED, Grade.AUTHORISED
    ]  # fmt: skip
