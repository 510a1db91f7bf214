"""Who is signed in where. An account signs in once for a while, whichever journey asks: a code of its second factor is good
once, so that signing in again and again would mean to wait for the next."""

import time
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from tests.conftest import City
from tests.signing import through_the_pages

#: Seconds after which an account signs in anew: a session lets one do grave things for five minutes.
_LASTS = 150
#: Whose way in leads to their own area, and not to the office.
_OWN = frozenset({"company", "builder", "citizen", "driver"})
_kept: dict[tuple[str, str], tuple[float, Any]] = {}


def state(city: City, browser: Any, who: str) -> Any:
    """The browser's state after this account has signed in through the pages."""
    since, kept = _kept.get((city.url, who), (0.0, None))
    if kept is None or time.monotonic() - since > _LASTS:
        context = browser.new_context(base_url=city.url, locale="zh-CN")
        page = context.new_page()
        through_the_pages(page, who, city.accounts[who], city.secrets[who])
        page.get_by_role("button", name="退出登录").wait_for()
        assert page.url.endswith("/own/") == (who in _OWN), f"{who} comes in at {page.url}"
        since, kept = time.monotonic(), context.storage_state()
        context.close()
        _kept[city.url, who] = since, kept
    return kept


def forget(city: City, who: str) -> None:
    """What this account did ended its session or changed its key: the next journey signs in anew."""
    _kept.pop((city.url, who), None)


@dataclass(frozen=True, slots=True)
class Doors:
    """The city, and a browser."""

    city: City
    browser: Any

    def page(self, who: str = "", **options: Any) -> Page:
        """A page of somebody signed in, or of the public; Chinese unless said otherwise."""
        page: Page = self.context(who, **options).new_page()
        return page

    def context(self, who: str = "", **options: Any) -> Any:
        """The same with nothing opened yet."""
        known = {"storage_state": state(self.city, self.browser, who)} if who else {}
        return self.browser.new_context(**{"base_url": self.city.url, "locale": "zh-CN"} | known | options)
