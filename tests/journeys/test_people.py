"""Rights in a real Chromium: one makes the account, another gives the right, a third passes one on, the auditor sees it all;
a catalogue version by two; access explained."""

import random
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import City
from tests.journeys.doors import Doors
from tests.journeys.fit import PHONE, follow, is_wide

pytestmark = pytest.mark.browser

NAMES = ("system", "safety", "chief", "auditor", "operator", "operator2")
UNIT = "云溪市市场监督管理局"
Pages = Callable[..., Any]


@pytest.fixture(scope="module")
def pages(city: City, browser: Any) -> Pages:
    """A page of somebody who signed in once, in Chinese."""
    doors = Doors(city, browser)

    def of(who: str, **options: Any) -> Any:
        context = doors.context(who, **{"viewport": {"width": 1366, "height": 900}} | options)
        page = context.new_page()
        page.set_default_timeout(20_000)
        return page

    return of


def newcomer(pages: Pages) -> str:
    """The system administrator makes an account for a colleague of the market administration; its name."""
    name = f"zhou-{random.randrange(10**6)}"
    page = pages("system")
    page.goto("/office/people/")
    page.get_by_role("link", name="新建账号").click()
    page.get_by_label("用户名").fill(name)
    page.get_by_label("姓名").fill(f"周{name[5:]}")
    page.get_by_label("任职单位和科室").select_option(label=UNIT)
    follow(page.get_by_role("button", name="建立账号"))
    assert "/office/welcome/" in page.locator(".link-once").inner_text()
    follow(page.get_by_role("link", name="查看此人"))
    assert "还没有任何授权" in page.locator("main").inner_text()
    assert page.get_by_role("link", name="授权", exact=True).count() == 0, "who makes accounts gives no rights"
    return name


def test_one_makes_another_gives_a_third_passes_on_and_the_auditor_sees_all_of_it(pages: Pages) -> None:
    name = newcomer(pages)
    page = pages("safety")
    page.goto(f"/office/people/?text={name}")
    page.get_by_role("link", name="周").click()
    page.get_by_role("link", name="授权", exact=True).click()
    page.get_by_label("角色").select_option(label="查询员")
    page.get_by_label("事由").fill("联合检查")
    follow(page.get_by_role("button", name="授权"))
    assert "safety 授予" in page.locator("main").inner_text()

    page = pages("chief")
    page.goto("/office/grants/")
    page.get_by_role("link", name="委托").first.click()
    page.get_by_label("委托给").select_option(label=f"周{name[5:]}（{name}）")
    page.get_by_label("有效至").fill(_in_days(page, 20))
    page.get_by_label("事由").fill("外出培训")
    follow(page.get_by_role("button", name="委托"))
    assert "已委托" in page.locator("main").inner_text()

    page = pages("auditor")
    page.goto(f"/office/people/?text={name}")
    follow(page.get_by_role("link", name="周"))
    seen = page.locator("main").inner_text()
    assert "safety 授予" in seen
    assert "chief 委托" in seen
    assert "外出培训" in seen
    events = []
    for event in ("account-created", "grant-given", "grant-delegated"):
        page.goto(f"/office/log/?event={event}&object_ref={name}")
        events.append(page.locator("table.log tbody tr").count())
    assert events == [1, 1, 1]
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename.startswith("操作日志-")
    page.goto(f"/office/explain/?who={name}&thing=/office/people/")
    said = page.locator("main").inner_text()
    assert "由 chief 委托" in said
    assert "策略 view-people" in said
    page.get_by_label("账号或角色").fill("market")
    follow(page.get_by_role("button", name="解释"))
    assert "不可以" in page.locator("main").inner_text()


def _in_days(page: Any, days: int) -> str:
    return str(page.evaluate(f"new Date(Date.now() + {days} * 864e5).toISOString().slice(0, 10)"))


def test_two_publish_a_catalogue_version(pages: Pages, city: City, tmp_path: Any) -> None:
    version = _drafted(city, tmp_path)
    first, second = pages("operator"), pages("operator2")
    page = f"/office/catalogue/honour/{version}/"
    first.goto("/office/catalogue/")
    first.locator(f"a[href='{page}']").click()
    first.get_by_label("事由").fill("年度修订", timeout=60_000)  # once the worker has checked the records on file
    follow(first.get_by_role("button", name="申请发布"))
    assert "honour@" in first.locator("main").inner_text() or "honour" in first.locator("main").inner_text()
    assert first.get_by_role("button", name="同意", exact=True).count() == 0
    second.goto("/office/approvals/")
    follow(second.get_by_role("link", name="发布目录版本").first)
    assert "没有存量数据受影响" in second.locator("main").inner_text()
    follow(second.get_by_role("button", name="同意", exact=True))
    assert "已同意" in second.locator("main").inner_text()
    first.goto(page)
    follow(first.get_by_role("button", name="发布", exact=True))
    assert "已发布。" in first.locator("main").inner_text()
    (published,) = (
        one for one in city.json("catalogue", "list") if (one["item_id"], one["version"]) == ("honour", version)
    )
    assert published["status"] == "published"


def _drafted(city: City, folder: Any) -> int:
    """A next version of the honours' item as a draft, as the owner's command makes one; its number."""
    path = folder / "next.yaml"
    path.write_text(city.xinyong("catalogue", "export", "honour", "--format", "yaml"), encoding="utf-8")
    last = max(int(one["version"]) for one in city.json("catalogue", "list") if one["item_id"] == "honour")
    text = re.sub(r"(?m)^version: .*$", f"version: {last + 1}", path.read_text(encoding="utf-8"))
    path.write_text(re.sub(r"(?m)^effective_from: .*$", f"effective_from: {2030 + last}-01-01", text), encoding="utf-8")
    return int(city.json("catalogue", "draft", str(path))["version"])


@pytest.mark.parametrize("who", ["system", "safety", "auditor", "operator"])
def test_the_pages_fit_a_phone(pages: Pages, who: str) -> None:
    page = pages(who, viewport=PHONE)
    page.goto("/office/")
    places = page.locator(".side-nav a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    wide = []
    for place in places:
        if place.startswith("/office/"):
            page.goto(place)
            if is_wide(page):
                wide.append(place)
    assert wide == []
