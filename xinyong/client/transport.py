"""Requests that survive a bad day: a token that is fetched anew when it ends, pauses as the platform asks for them, tries
again after a broken connection. Whatever is sent more than once has one effect, because writes carry a key.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from xinyong.client.answers import PlatformError, Unreachable

#: Answers after which the same request may do better.
_AGAIN = frozenset({429, 500, 502, 503, 504, 507})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: A token is left aside this many seconds before it ends, so that none ends on its way.
_EARLY = 30
_LONGEST_PAUSE = 60.0
_STEP = 1 << 20


@dataclass(slots=True)
class Transport:
    """One platform, one client. ``tries``: how often a request is made at most; ``most_wait``: a pause longer than this many
    seconds is not waited for, the refusal is raised. ``pause`` and ``clock`` are there for tests."""

    address: str
    client_id: str
    secret: str = field(repr=False)
    tries: int = 5
    most_wait: float = 120
    timeout: float = 60
    ca_file: Path | None = None
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _pool: urllib3.PoolManager = field(init=False, repr=False)
    _token: str = field(init=False, default="", repr=False)
    _good_until: float = field(init=False, default=0)

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ValueError(
                "地址应为 https://（仅本机可用 http）/ the address must be https:// (http only for this machine)"
            )
        self.address = self.address.rstrip("/")
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=10, read=self.timeout), retries=False,
            ca_certs=str(self.ca_file) if self.ca_file else None,
        )  # fmt: skip

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at a path below /api/v1."""
        return json.loads(self._asked("GET", path, query=query).data)

    def post(
        self,
        path: str,
        *,
        content: bytes | Path = b"",
        kind: str = "",
        key: str = "",
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """The JSON answered to a body, or to a file streamed from disk. ``key`` makes it safe to send twice."""
        headers = {"Idempotency-Key": key} if key else {}
        if content:
            headers["Content-Type"] = kind
        return json.loads(self._asked("POST", path, headers=headers, content=content, query=query or {}).data)

    def fetch(self, path: str, to: Path) -> Path:
        """Writes what is at a path to a file, whole or not at all."""
        answer = self._asked("GET", path, stream=True)
        part = to.with_name(f"{to.name}.part")
        try:
            with part.open("wb") as file:
                for piece in answer.stream(_STEP):
                    file.write(piece)
            part.replace(to)
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"{self.address}: {type(error).__name__}") from error
        finally:
            part.unlink(missing_ok=True)
            answer.release_conn()
        return to

    def _asked(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, content: bytes | Path = b"",
        query: Mapping[str, Any] | None = None, stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:  # fmt: skip
        """The answer to a call with the token; a token refused is fetched anew once."""
        url = f"{self.address}/api/v1{path}"
        given = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        url += f"?{urlencode(given, doseq=True)}" if given else ""
        has_new_token = False
        while True:
            bearer = {"Authorization": f"Bearer {self._bearer()}"}
            try:
                return self._tried(method, url, {**(headers or {}), **bearer}, content, stream=stream)
            except PlatformError as error:
                if error.status != 401 or has_new_token:
                    raise
                has_new_token, self._token = True, ""

    def _bearer(self) -> str:
        if not self._token or self.clock() >= self._good_until:
            credentials = urllib3.make_headers(basic_auth=f"{self.client_id}:{self.secret}")
            form = {**credentials, "Content-Type": "application/x-www-form-urlencoded"}
            answer = self._tried("POST", f"{self.address}/oauth/token", form, b"grant_type=client_credentials")
            said = json.loads(answer.data)
            self._token = str(said["access_token"])
            self._good_until = self.clock() + max(1, int(said["expires_in"]) - _EARLY)
        return self._token

    def _tried(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | Path, *, stream: bool = False
    ) -> urllib3.BaseHTTPResponse:
        for attempt in range(1, self.tries + 1):
            pause = min(2.0 ** (attempt - 1), _LONGEST_PAUSE)
            is_last = attempt == self.tries
            try:
                answer = self._once(method, url, headers, content, stream=stream)
            except urllib3.exceptions.HTTPError as error:
                if is_last:
                    raise Unreachable(f"{self.address}: {type(error).__name__}") from error
            else:
                if answer.status < 400:
                    return answer
                refused = _refused(answer)
                pause = pause if refused.retry_after is None else refused.retry_after
                if answer.status not in _AGAIN or is_last or pause > self.most_wait:
                    raise refused
            self.pause(pause)
        raise AssertionError("the last attempt returns or raises")

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | Path, *, stream: bool
    ) -> urllib3.BaseHTTPResponse:
        if isinstance(content, bytes):
            return self._pool.request(
                method, url, headers=headers, body=content or None, preload_content=not stream, redirect=False
            )
        with content.open("rb") as file:
            size = {"Content-Length": str(content.stat().st_size)}
            return self._pool.request(method, url, headers={**headers, **size}, body=file, redirect=False)


def _refused(answer: urllib3.BaseHTTPResponse) -> PlatformError:
    """The refusal an answer is; a proxy's page is one without a sentence of the platform's."""
    try:
        said = json.loads(answer.data)
    except ValueError:
        said = {}
    wait = answer.headers.get("Retry-After", "")
    return PlatformError(
        answer.status, said if isinstance(said, dict) else {}, float(wait) if wait.isdigit() else None
    )  # fmt: skip
