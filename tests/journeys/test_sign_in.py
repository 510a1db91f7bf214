"""The first administrator's way in, in a real Chromium with a virtual security key: link, password, app, key, sessions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.conftest import City
from tests.journeys.fit import PHONE, faults, follow, is_wide
from tests.signing import next_code, through_the_pages

pytestmark = pytest.mark.browser

PASSWORD = "Quiet-Otter-Ladder-7"


@dataclass(slots=True)
class Visitor:
    """Somebody at a browser. Security keys want a site with a name: localhost."""

    city: City
    browser: Any
    base: str

    def page(self, **options: Any) -> Any:
        """A page of a fresh browser with a security key plugged in."""
        context = self.browser.new_context(base_url=self.base, locale="zh-CN", **options)
        page = context.new_page()
        page.set_default_timeout(15_000)
        session = context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        key = {
            "protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }  # fmt: skip
        session.send("WebAuthn.addVirtualAuthenticator", {"options": key})
        return page


@pytest.fixture
def visitor(city: City, browser: Any) -> Iterator[Visitor]:
    one = Visitor(city, browser, city.url.replace("127.0.0.1", "localhost"))
    yield one
    city.xinyong("accounts", "disable", "director", code=None)


def clean(page: Any) -> None:
    """axe finds nothing on the page, and nothing is lost sideways on a phone."""
    assert faults(page) == [], page.url
    kept = page.viewport_size
    page.set_viewport_size(PHONE)
    assert not is_wide(page), page.url
    page.set_viewport_size(kept)


def test_from_the_first_link_to_signing_out_everywhere(visitor: Visitor) -> None:
    link = visitor.city.json("accounts", "first-admin", "director", "--name", "陈主任")["link"]
    page, blocked = visitor.page(), []
    page.on("console", lambda message: blocked.append(message.text) if "Content Security" in message.text else None)

    page.goto("/office/welcome/" + link.rpartition("/")[2])
    assert link.rpartition("/")[2] not in page.url
    clean(page)
    page.get_by_label("新密码").fill(PASSWORD)
    page.get_by_label("再输一遍").fill(PASSWORD)
    page.get_by_role("button", name="继续").click()

    page.get_by_role("heading", name="设置第二因素").wait_for()
    assert page.locator("img.qr").evaluate("one => one.naturalWidth") > 100
    clean(page)
    page.get_by_text("不能扫描").click()
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.get_by_label("验证码").fill("000000")
    follow(page.get_by_role("button", name="完成设置并登录"))
    assert "验证码不正确" in page.get_by_role("alert").first.inner_text()
    page.get_by_label("验证码").fill(next_code(secret))
    page.get_by_role("button", name="完成设置并登录").click()

    page.get_by_role("heading", name="您的恢复码").wait_for()
    assert page.locator(".recovery-codes li").count() == 10
    clean(page)
    page.get_by_role("button", name="我已保存好").click()

    page.goto("/office/account/")
    clean(page)
    page.get_by_role("link", name="添加安全密钥").click()
    page.get_by_role("heading", name="添加安全密钥").wait_for()
    clean(page)
    page.get_by_label("给它起个名字").fill("抽屉里那把")
    page.get_by_role("button", name="添加", exact=True).click()
    page.get_by_text("安全密钥已添加").wait_for()
    assert page.get_by_role("row", name="抽屉里那把").count() == 1
    page.get_by_role("button", name="退出登录").click()

    page.goto("/office/sign-in?next=/office/account/")
    page.get_by_label("用户名").fill("director")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_role("heading", name="验证身份").wait_for()
    clean(page)
    page.get_by_role("button", name="使用安全密钥").click()
    page.get_by_role("button", name="退出登录").wait_for()

    page.goto("/office/confirm?next=/office/account/")
    clean(page)
    page.get_by_role("button", name="使用安全密钥").click()
    page.get_by_role("heading", name="我的登录").wait_for()

    other = visitor.page(viewport=PHONE, java_script_enabled=False)
    through_the_pages(other, "director", PASSWORD, secret)
    other.get_by_role("button", name="退出登录").wait_for()
    other.goto("/office/account/")
    assert other.get_by_role("button", name="退出这个登录").count() == 1

    page.goto("/office/account/")
    expect(page.get_by_text("Chrome").first).to_be_visible()
    page.get_by_role("button", name="在所有设备上退出").click()
    page.get_by_text("已在所有设备上退出登录").wait_for()
    other.goto("/office/account/")
    assert "/office/sign-in" in other.url
    expect(other.get_by_text("您的会话已结束")).to_be_visible()
    assert blocked == []
    page.context.close()
    other.context.close()


def test_a_key_of_another_browser_opens_nothing(visitor: Visitor) -> None:
    page = visitor.page()
    page.goto("/office/sign-in")
    assert page.get_by_text("xinyong accounts code market").is_visible(), "a newcomer is told how"
    page.get_by_label("用户名").fill("auditor")
    page.get_by_label("密码").fill(visitor.city.accounts["auditor"])
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_label("验证码").wait_for()
    assert page.get_by_role("button", name="使用安全密钥").count() == 0
    page.goto("/office/log/")
    assert "/office/sign-in" in page.url
    assert visitor.city.xinyong("accounts", "code", "auditor").strip().isdigit()
    page.context.close()
