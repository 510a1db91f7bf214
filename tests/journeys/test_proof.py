"""Who looks up more than a person does: the browser computes for a moment and goes on; without JavaScript one waits."""

import contextlib
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.conftest import ROOT, City, free_port
from tests.journeys.fit import PHONE, faults

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def limited(city: City) -> Iterator[str]:
    """The city's pages once more, by another server that counts; the address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "xinyong.config.wsgi:application", "--bind", f"127.0.0.1:{port}", "--workers", "2",
         "--threads", "3", "--worker-class", "gthread", "--log-level", "error", "--no-control-socket",
         "--config", "python:xinyong.operations.front"],
        env=os.environ | {"XINYONG_HOME": str(city.home), "XINYONG_RATE_LIMITS": "1", "XINYONG_PROXIES": "1"}, cwd=ROOT,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    for _ in range(150):
        try:
            ask(url, "/about/", "192.0.2.1")
            break
        except OSError:
            time.sleep(0.2)
    yield url
    process.terminate()
    process.wait(20)


def ask(url: str, path: str, address: str) -> int:
    """The status of a page, asked for from an address behind the proxy that we are."""
    with contextlib.closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)) as connection:
        connection.request("GET", path, headers={"X-Forwarded-For": address})
        return connection.getresponse().status


def worn(url: str, address: str) -> int:
    """Looks up until it is too much; how many look-ups that took."""
    for count in range(200):
        if ask(url, "/search?person=1", address) == 429:
            return count
    raise AssertionError


def test_the_browser_computes_for_a_moment_and_opens_the_page_asked_for(limited: str, browser: Any) -> None:
    address = "198.51.100.44"
    assert 60 <= worn(limited, address) <= 70  # two processes count together; some come back meanwhile
    context = browser.new_context(base_url=limited, extra_http_headers={"X-Forwarded-For": address}, locale="zh-CN")
    page, complaints = context.new_page(), []
    page.set_default_timeout(30_000)
    page.on("console", lambda m: complaints.append(m.text) if "ecurity Policy" in m.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/search?q=云溪市")
    page.locator(".result").first.wait_for()
    assert page.url.endswith("/search?q=%E4%BA%91%E6%BA%AA%E5%B8%82")
    assert complaints == []
    context.close()


def test_without_javascript_the_page_says_how_long_to_wait(limited: str, browser: Any) -> None:

    address = "203.0.113.45"
    worn(limited, address)
    headers = {"X-Forwarded-For": address}
    context = browser.new_context(
        base_url=limited, extra_http_headers=headers, java_script_enabled=False, viewport=PHONE
    )
    page = context.new_page()
    assert page.goto("/search?q=云溪市").status == 429
    expect(page.get_by_text("请等")).to_be_visible()
    assert page.get_by_role("link", name="继续").get_attribute("href").startswith("/search?q=")
    assert not page.get_by_role("progressbar").is_visible()
    context.close()

    context = browser.new_context(base_url=limited, extra_http_headers=headers, reduced_motion="reduce")
    page = context.new_page()
    page.route("**/proof-worker.js", lambda route: None)  # computes for ever
    page.goto("/search?q=云溪市")
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert faults(page) == []
    context.close()


def test_what_is_no_http_is_answered_with_the_headers_of_every_page(limited: str) -> None:
    import socket

    host, port = urlsplit(limited).netloc.split(":")
    for asked, status in ((b"GET / HTTP/1.1\r\nx" + b"y" * 20_000 + b": z\r\n\r\n", (400, 431)), (b"\x16\x03\x01 nonsense\r\n\r\n", (400,)),
                          (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n\r\n", (414,))):  # fmt: skip
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(asked)
            told = line.recv(10_000).decode()
        assert int(told.split()[1]) in status
        assert "Content-Security-Policy: default-src 'none'" in told
        assert "gunicorn" not in told.lower()


def test_no_answer_names_the_server_and_its_version(limited: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(limited).netloc, timeout=20)
    connection.request("GET", "/about/")
    assert connection.getresponse().headers["Server"] == "xinyong"
    connection.close()
