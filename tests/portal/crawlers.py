"""Crawlers that want the whole portal, as an attacker would write them: three strategies, one address or many.

``codes`` asks for organisations by their codes, of which it knows every single one (a real one guesses: place, kind and check
digit are public, the eight characters between are not); ``links`` follows lists, pages, filters and organisations;
``names`` searches for pieces of names, and for the pieces of what it finds. They solve proofs of work up to a bound of
effort, wait when told to, and share what they know among their addresses. A client is a generator of pauses, so that the
same crawler runs on a simulated clock in process and in threads against a running server.
"""

import hashlib
import heapq
import http.client
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import quote, urlencode, urlsplit

from xinyong.kernel import codes

#: What a request takes on the simulated clock.
REQUEST = 0.05
#: Seconds without anything to ask for after which a client ends.
IDLE = 60
_CODE = re.compile(r"/subject/([0-9A-HJ-NP-RT-UW-Y]{18})/")
_HREF = re.compile(r'href="(/[^"#]*)"')
_NAME = re.compile(r'<h3><a href="/subject/[0-9A-Z]{18}/"><span[^>]*>(.*?)</span></a>')
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class Page:
    """An answer. ``wait``: seconds it asks to wait."""

    status: int
    html: str
    wait: int = 0


#: method, path, address, form → answer
Ask = Callable[[str, str, str, dict[str, str]], Page]


@dataclass
class Crawler:
    """What the addresses of one crawler share: where to go next (least number first), what was found."""

    name: str
    first: Iterable[tuple[int, str]]
    more: Callable[[str], Iterable[tuple[int, str]]]
    hardest: int = 64
    found: set[str] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)
    asked: int = 0
    refused: int = 0
    solved: int = 0

    def __post_init__(self) -> None:
        self._heap: list[tuple[int, int, str]] = []
        self._known: set[str] = set()
        self._order = itertools.count()
        self._lock = threading.Lock()
        self._source = iter(self.first)

    def next(self) -> str | None:
        """The most promising address not asked for yet."""
        with self._lock:
            if not self._heap and (one := next(self._source, None)) is not None:
                self._add([one])
            return heapq.heappop(self._heap)[2] if self._heap else None

    def back(self, path: str) -> None:
        """An address that was refused, for another client or later."""
        with self._lock:
            heapq.heappush(self._heap, (0, next(self._order), path))

    def read(self, html: str) -> None:
        """Takes from a page whom it names and where it leads."""
        with self._lock:
            self.found |= set(_CODE.findall(html))
            self.persons |= {one for one in _NUMBER.findall(html) if _is_person(one)}
            self._add(self.more(html))

    def _add(self, ways: Iterable[tuple[int, str]]) -> None:
        for rank, path in ways:
            if path not in self._known:
                self._known.add(path)
                heapq.heappush(self._heap, (rank, next(self._order), path))


def _is_person(number: str) -> bool:
    judged = codes.judge(number)
    return judged.kind is codes.Kind.CITIZEN_ID and judged.verdict is codes.Verdict.VALID


def by_codes(known: Iterable[str]) -> Crawler:
    """Goes from organisation to organisation by code."""
    return Crawler("codes", ((1, f"/subject/{code}/") for code in known), lambda html: ())


def by_links() -> Crawler:
    """Follows every link and every filter; pages that name many organisations first."""
    starts = [
        "/",
        "/publicity/admin-licence-org/",
        "/publicity/admin-penalty-org/",
        "/lists/honour/",
        "/search?q=有限公司",
    ]

    def more(html: str) -> Iterator[tuple[int, str]]:
        for path in map(unescape, _HREF.findall(html)):
            if not path.startswith(("/static/", "/office/")):
                yield (
                    (1 if "after=" in path else 2 if path.startswith(("/publicity", "/lists", "/search")) else 5),
                    path,
                )
        item = re.search(r'action="(/(?:publicity|lists)/[a-z-]+/)"', html)
        departments = re.search(r'name="department">(.*?)</select>', html, re.DOTALL)
        if item and departments:
            units = re.findall(r'<option value="(\w{18})"', departments[1])
            for unit, year, month in itertools.product(units, (2026, 2025, 2024), (*range(1, 13),)):
                yield 3, f"{item[1]}?{urlencode({'department': unit, 'year': year, 'month': month})}"

    return Crawler("links", ((1, quote(path, safe="/?=&")) for path in starts), more)


def by_names(seeds: Iterable[str]) -> Crawler:
    """Searches for pairs of characters: first of the seeds, then of every name it sees; pages on through the hits."""

    def more(html: str) -> Iterator[tuple[int, str]]:
        for path in map(unescape, _HREF.findall(html)):
            if (path.startswith("/search") and "after=" in path) or (path.startswith("?") and "after=" in path):
                yield 1, path
        for name in _NAME.findall(html):
            plain = re.sub(r"<[^>]+>", "", unescape(name))
            for pair in {plain[at : at + 2] for at in range(len(plain) - 1)}:
                yield 2, "/search?" + urlencode({"q": pair})

    return Crawler("names", ((1, "/search?" + urlencode({"q": one})) for one in seeds), more)


def client(crawler: Crawler, ask: Ask, address: str) -> Iterator[float]:
    """One address at work; yields seconds until its next request. Gives up when for a while nobody knows where to go."""
    idle = 0
    while idle < IDLE:
        path = crawler.next()
        if path is None:
            idle += 1
            yield 1.0
            continue
        idle = 0
        page = ask("GET", path, address, {})
        crawler.asked += 1
        if page.status == 429:
            crawler.refused += 1
            form = _solved(page.html, crawler.hardest)
            if form and ask("POST", "/continue/", address, form).status == 303:
                crawler.solved += 1
                crawler.back(path)
                yield REQUEST
                continue
            crawler.back(path)
            yield float(max(1, page.wait))
            continue
        if page.status == 200:
            crawler.read(_absolute(page.html, path))
        yield REQUEST


def _absolute(html: str, path: str) -> str:
    """Links that change the query only, as whole addresses."""
    return html.replace('href="?', f'href="{urlsplit(path).path}?')


def _solved(html: str, hardest: int) -> dict[str, str]:
    """The form of the page that asks for a proof, solved, unless that is more work than this crawler does."""
    asked = re.search(r'data-seed="(\w+)" data-bits="(\d+)"', html)
    if asked is None or int(asked[2]) > hardest:
        return {}
    fields = {name: unescape(value) for name, value in re.findall(r'name="(token|next)" value="([^"]*)"', html)}
    head, bound = f"{asked[1]}:".encode(), 1 << (256 - int(asked[2]))
    counter = next(
        n for n in itertools.count() if int.from_bytes(hashlib.sha256(head + b"%d" % n).digest()) < bound
    )  # fmt: skip
    return fields | {"counter": str(counter)}


def simulate(work: Iterable[tuple[Crawler, str]], ask: Ask, *, seconds: float, move: Callable[[float], None]) -> None:
    """Runs clients on a simulated clock: ``move`` sets it to so many seconds after the start."""
    order = itertools.count()
    due = [(0.0, next(order), client(crawler, ask, address)) for crawler, address in work]
    heapq.heapify(due)
    while due:
        at, _, one = heapq.heappop(due)
        if at >= seconds:
            return
        move(at)
        pause = next(one, None)
        if pause is not None:
            heapq.heappush(due, (at + pause, next(order), one))


def race(work: list[tuple[Crawler, str]], ask: Ask, *, seconds: float) -> None:
    """Runs clients against a running server, each in a thread, for so many real seconds."""
    end = time.monotonic() + seconds

    def run(crawler: Crawler, address: str) -> None:
        for pause in client(crawler, ask, address):
            left = end - time.monotonic()
            if left <= 0 or pause > left:
                return
            time.sleep(pause)

    with ThreadPoolExecutor(len(work)) as pool:
        for done in [pool.submit(run, *one) for one in work]:
            done.result()


def over_http(url: str) -> Ask:
    """Asks a running server behind one proxy, which we are: the address stands in X-Forwarded-For."""
    host = urlsplit(url).netloc

    def ask(method: str, path: str, address: str, form: dict[str, str]) -> Page:
        connection = http.client.HTTPConnection(host, timeout=60)
        headers = {"X-Forwarded-For": address, "Connection": "close"}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        html = answer.read().decode("utf-8", "replace")
        connection.close()
        return Page(answer.status, html, int(answer.headers.get("Retry-After", 0)))

    return ask
