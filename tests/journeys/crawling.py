"""A walk through every page that links lead to, in a real Chromium that watches what no page of ours may do: run what was
not ours, break the content policy, open a dialog, ask another host."""

import heapq
import itertools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag, urlsplit

from tests.journeys.hostile_text import HIT, PAYLOADS

#: What tells a kind of page from another: numbers, codes, cursors and what was searched for do not.
_PLACES = (
    (r"/[0-9A-HJ-NP-RT-UW-Y]{18}(?=/)", "/CODE"),
    (r"/[0-9a-f]{32}(?=/)", "/REF"),
    (r"/\d+(?=/|$)", "/N"),
    (r"=[^&]*", "="),
)
_FILE = re.compile(r"\.(xlsx|csv|pdf|zip|json)$|feedback\.|/sign-out")
_WATCH = """
document.addEventListener("securitypolicyviolation", (event) =>
  told(`${event.effectiveDirective} ${event.blockedURI} ${event.sample} at ${location.pathname}`));
"""
#: Pieces of a page that hold what others wrote and do not keep its direction to themselves.
_MIXING = """[...document.querySelectorAll("main :is(a, code, dd, del, ins, mark, span, td)")]
  .filter((e) => getComputedStyle(e).unicodeBidi !== "isolate").length"""
_MARK = re.compile(r"〔\d+〕")


@dataclass
class Walk:
    """What a walk saw. ``kinds``: pages by kind; ``hostile``: pages on which a planted text stood."""

    pages: int = 0
    hostile: int = 0
    planted: set[str] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Everything that must not be."""
        return [*self.violations, *self.dialogs, *self.elsewhere, *self.ran, *self.failed]


def kind(url: str) -> str:
    """The kind of page at an address."""
    parts = urlsplit(url)
    text = parts.path + ("?" + parts.query if parts.query else "")
    for pattern, word in _PLACES:
        text = re.sub(pattern, word, text)
    return text


def walk(
    browser: Any,
    origin: str,
    starts: Iterable[str],
    *,
    state: Any = None,
    pages: int,
    of_a_kind: int,
    language: str = "zh-hans",
) -> Walk:
    """Visits at most so many pages, at most so many of a kind, kinds not seen yet and pages with planted text first."""
    found = Walk()
    context = browser.new_context(
        base_url=origin, storage_state=state, locale="zh-CN" if language == "zh-hans" else "en"
    )
    context.set_default_timeout(20_000)
    context.expose_function("told", lambda told: found.violations.append(told))
    context.add_init_script(_WATCH)
    context.on("request", lambda r: None if r.url.startswith((origin, "data:")) else found.elsewhere.append(r.url))
    page = context.new_page()
    page.on(
        "console", lambda m: found.violations.append(f"console: {m.text[:200]}") if "ecurity Policy" in m.text else None
    )
    page.on("pageerror", lambda error: found.ran.append(f"script error: {error}"))
    page.on("dialog", lambda dialog: (found.dialogs.append(f"{dialog.message} at {page.url}"), dialog.dismiss()))
    order, queue, known = itertools.count(), [], set()

    def add(url: str, *, is_hostile: bool) -> None:
        url = urldefrag(url)[0]
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" == origin and url not in known and not _FILE.search(parts.path):
            known.add(url)
            heapq.heappush(queue, (not is_hostile, next(order), url))

    for start in starts:
        add(origin + start, is_hostile=True)
    later: list[str] = []
    while queue and found.pages < pages:
        _, _, url = heapq.heappop(queue)
        if found.kinds[kind(url)] >= of_a_kind:
            later.append(url)
            continue
        found.kinds[kind(url)] += 1
        found.pages += 1
        try:
            answer = page.goto(url)
        except Exception as error:
            if "Download is starting" not in str(error):
                raise
            continue  # a file, whatever its address looks like: it is kept, not shown
        if answer is None or answer.status >= 500:
            found.failed.append(f"{answer and answer.status} {url}")
        links, html, hit = page.evaluate(
            f"[[...document.links].map((a) => [a.href, a.textContent]), document.body.innerText, window.{HIT}]"
        )
        if hit:
            found.ran.append(f"ran on {url}")
        if mixing := page.evaluate(_MIXING):
            found.failed.append(f"{mixing} pieces of text that reorder what stands beside them: {url}")
        marks = set(_MARK.findall(html))
        found.hostile += bool(marks)
        found.planted |= {PAYLOADS[int(mark[1:-1]) % len(PAYLOADS)] for mark in marks}
        for href, text in links:
            if href.startswith("javascript:"):
                found.ran.append(f"javascript: link on {url}")
            add(href, is_hostile=bool(_MARK.search(text)) or found.kinds[kind(href)] == 0)
    context.close()
    return found


def negative_control(browser: Any, origin: str) -> Walk:
    """The same watch over a page into which a payload is put by hand: each watch must speak up."""
    found = Walk()
    context = browser.new_context(base_url=origin)
    context.expose_function("told", lambda told: found.violations.append(told))
    context.add_init_script(_WATCH)
    context.on("request", lambda r: None if r.url.startswith((origin, "data:")) else found.elsewhere.append(r.url))
    page = context.new_page()
    page.on("dialog", lambda dialog: (found.dialogs.append(dialog.message), dialog.dismiss()))
    page.route(
        "**/about/", lambda route: route.fulfill(content_type="text/html", body=f"<p>〔1〕{''.join(PAYLOADS[:20])}")
    )
    page.goto("/about/legal/")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'http://evil.example/control'}))"
    )
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.wait_for_timeout(200)
    page.goto("/about/")
    page.wait_for_timeout(300)
    if page.evaluate(f"window.{HIT}"):
        found.ran.append("ran")
    context.close()
    return found
