"""A person at a real Chromium sees a look in the access log, complains, the centre finds it founded, the person says it is settled."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.acts import Program
from tests.journeys.doors import Doors
from tests.journeys.fit import PHONE, follow, is_fit
from xinyong.kernel import clock
from xinyong.operations.city_persons import PEOPLE
from xinyong.operations.synthetic import people

pytestmark = pytest.mark.browser
_BANK = "云溪示例银行"


def _act(page: Page, name: str, **fields: str) -> None:
    follow(page.get_by_role("link", name=name, exact=True))
    for label, text in fields.items():
        page.get_by_label(label).fill(text)
    is_fit(page)
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_text(f"已办理：{name}").wait_for()
    is_fit(page)


def test_a_person_complains_about_a_look_and_reads_that_it_was_founded(doors: Doors) -> None:
    city = doors.city
    code = next(one["code"] for one in city.json("departments", "list") if one["name"] == _BANK)
    scopes = ("--scope", "query:authorised", "--network", "127.0.0.0/8")
    bank = Program(city, city.json("clients", "add", "示例银行程序", "--department", code, *scopes))
    _, number = people.person(PEOPLE["citizen"], seed=7, today=clock.today())
    person = doors.page("citizen", viewport=PHONE)
    person.goto("/own/consents/new/loan/")
    person.get_by_label("授权给").select_option(label=_BANK)
    person.locator("input[name=items][value=admin-penalty-person]").check()
    person.get_by_role("button", name="确认授权").click()
    person.wait_for_url(re.compile(r"/own/consents/\d+/$"))
    asked = {
        "subject": {"certificate": number},
        "purpose": "loan",
        "note": "示例授信〔2026〕31号",
        "items": ["admin-penalty-person"],
    }
    assert bank.post("/queries", asked)[0] == 200

    person.goto("/own/access-log/")
    is_fit(person)
    person.locator("tbody tr", has_text=_BANK).first.get_by_role("link", name=re.compile("^投诉")).click()
    person.get_by_role("button", name="提出投诉").click()
    expect(person.get_by_role("heading", name="有几处需要改")).to_be_visible()
    is_fit(person)
    person.get_by_label("我没有在该单位办理这样的事项").check()
    person.get_by_role("textbox", name="说明").fill("我没有向这家银行申请过贷款")
    person.get_by_role("button", name="提出投诉").click()
    person.wait_for_url(re.compile(r"/own/complaints/\d+/$"))
    address = person.url
    is_fit(person)

    desk = doors.page("operator")
    desk.goto("/office/complaints/")
    is_fit(desk)
    desk.locator("tbody tr", has_text="自然人").first.get_by_role("link").click()
    expect(desk.get_by_text("示例授信〔2026〕31号")).to_be_visible()
    assert number not in desk.content()
    is_fit(desk)
    _act(desk, "受理")
    _act(desk, "请查询单位说明")
    _act(desk, "不再等待说明", 理由="银行来电表示拿不出申请材料")
    desk.get_by_role("link", name="作出结论").click()
    desk.get_by_label("投诉成立：这次查询不当").check()
    desk.get_by_label(re.compile("同时终止这次查询所凭的授权")).check()
    desk.get_by_label("理由").fill("没有贷款申请，查询没有事由")
    is_fit(desk)
    desk.get_by_role("button", name="作出结论").click()
    desk.get_by_text("已办理：作出结论").wait_for()
    assert bank.post("/queries", asked)[0] == 403, "the authorisation is over"

    person.goto("/own/access-log/")
    expect(person.get_by_role("link", name=re.compile("投诉成立（"))).to_be_visible()
    is_fit(person)
    person.goto("/own/notices/")
    expect(person.get_by_role("heading", name="投诉已答复")).to_be_visible()
    person.goto(address)
    expect(person.get_by_text("没有贷款申请，查询没有事由")).to_be_visible()
    person.get_by_label("已解决", exact=True).check()
    is_fit(person)
    person.get_by_role("button", name="提交反馈").click()
    expect(person.get_by_text("您已反馈：已解决")).to_be_visible()
    is_fit(person)
    desk.goto("/office/feedback/")
    expect(desk.locator("tbody tr", has_text="投诉")).to_contain_text("（1 / 1）")
    is_fit(desk)


def test_a_unit_explains_and_an_organisation_appeals(doors: Doors) -> None:
    market = doors.page("market")
    market.goto("/office/complaints/")
    market.locator("tbody a").first.click()
    market.get_by_role("link", name="说明这次查询").click()
    market.get_by_label("理由").fill("列入本季度抽查名单，抽查计划已公示")
    is_fit(market)
    market.get_by_role("button", name="说明这次查询").click()
    market.get_by_text("已办理：说明这次查询").wait_for()
    is_fit(market)

    company = doors.page("company", viewport=PHONE)
    company.goto("/own/complaints/")
    is_fit(company)
    company.locator("tbody a").first.click()
    expect(company.get_by_text("列入本季度抽查名单，抽查计划已公示")).to_be_visible()
    is_fit(company)


def test_an_appeal_comes_after_the_review_and_is_not_for_who_decided(doors: Doors) -> None:
    company, desk = doors.page("company", viewport=PHONE), doors.page("operator")
    company.goto("/own/objections/")
    company.locator("tbody tr", has_text="不成立").first.get_by_role("link").click()
    company.get_by_role("heading", name="办结以后").wait_for()
    expect(company.get_by_text("请先申请复核", exact=False)).to_be_visible()
    address, case = company.url, company.url.rstrip("/").rpartition("/")[2]
    company.get_by_role("link", name="申请复核").click()
    company.get_by_label("理由").fill("证书上是全称，请核对原件")
    company.get_by_role("button", name="申请复核").click()
    company.get_by_text("已申请复核").first.wait_for()
    desk.goto(f"/office/objections/{case}/decide")
    desk.get_by_label("不成立：信息无误").check()
    desk.get_by_label("理由").fill("登记名称与证书一致，维持原结论")
    desk.get_by_role("button", name="作出结论").click()
    desk.get_by_text("已办理：作出结论").wait_for()
    company.goto(address)
    company.get_by_role("link", name="申诉", exact=True).click()
    company.get_by_label("认定的事实有误").check()
    company.get_by_role("textbox", name="说明").fill("证书上是全称，没有核对原件")
    is_fit(company)
    company.get_by_role("button", name="提出申诉").click()
    company.wait_for_url(re.compile(r"/own/appeals/\d+/$"))
    is_fit(company)
    company.goto("/own/appeals/")
    is_fit(company)
    desk.goto("/office/appeals/")
    is_fit(desk)
    desk.locator("tbody a").first.click()
    expect(desk.get_by_text("您办过原来的那一件", exact=False)).to_be_visible()
    expect(desk.get_by_role("link", name="作出结论")).to_have_count(0)
    is_fit(desk)
