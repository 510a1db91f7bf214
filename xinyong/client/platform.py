"""A platform as a department's program sees it.

    platform = Platform("https://credit.example.gov.cn", client_id, secret)
    done = platform.wait(platform.submit("admin-penalty-org", rows=rows, key="2026-06-15-penalties"))
    for row in platform.rows(done.id): ...

Errors: ``PlatformError`` with the platform's code and sentences, ``Unreachable``, ``NotOver`` (all in ``answers``).
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xinyong.client import answers
from xinyong.client.answers import Change, Feed, NotOver, Row, Submission, Trial
from xinyong.client.transport import Transport

#: Ending of a file's name → its content type. What it is the platform sees from its content.
KINDS = {
    ".csv": "text/csv", ".tsv": "text/csv", ".txt": "text/csv", ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".parquet": "application/vnd.apache.parquet", ".jsonl": "application/x-ndjson", ".ndjson": "application/x-ndjson",
    ".json": "application/x-ndjson",
}  # fmt: skip
#: Rows of one JSON request; more go as JSON Lines, which has no such bound.
MOST_ROWS = 1_000
#: Events of the base register in one request.
MOST_EVENTS = 500
_SOON, _LATER = 1.0, 15.0


class Platform:
    """One platform, for one client. Not for several threads at once: give each its own."""

    def __init__(
        self,
        address: str,
        client_id: str,
        secret: str,
        *,
        tries: int = 5,
        ca_file: Path | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """``address`` is https, but on this machine; ``ca_file`` a certificate authority of your own. ``tries``: how often a
        request is made when the network or the platform fails; ``pause`` waits between (for tests)."""
        self._ask = Transport(address, client_id, secret, tries=tries, ca_file=ca_file, pause=pause)
        self._pause = pause

    def who_am_i(self) -> Mapping[str, Any]:
        """The client as the platform knows it: department, scopes, quotas, whether it is a sandbox client."""
        found: Mapping[str, Any] = self._ask.get("/whoami")
        return found

    def submit(
        self,
        item: str,
        *,
        rows: Sequence[Mapping[str, Any]] | None = None,
        file: Path | None = None,
        key: str = "",
        mapping: Mapping[str, str] | None = None,
    ) -> Submission:
        """Hands in rows or a file; returns at once, see ``wait``. ``mapping``: header → field code, for unclear headers.

        ``key`` names this submission: the same key and content give the same submission, after a crash too. Without one a
        key is made, good for this call's own retries only. Raises PlatformError (``intake.key-reused``: the key stood for
        other content), Unreachable.
        """
        chosen = key or str(uuid.uuid4())
        return answers.submission(self._sent(item, rows, file, mapping, key=chosen), key=chosen)

    def trial(
        self,
        item: str,
        *,
        rows: Sequence[Mapping[str, Any]] | None = None,
        file: Path | None = None,
        mapping: Mapping[str, str] | None = None,
    ) -> Trial:
        """What would become of the rows; the platform keeps nothing. At most 4 MB. Raises PlatformError, Unreachable."""
        return answers.trial(self._sent(item, rows, file, mapping, test="true"))

    def submission(self, submission_id: int) -> Submission:
        """A submission as it stands now."""
        return answers.submission(self._ask.get(f"/submissions/{submission_id}"))

    def submissions(self, *, item: str = "", status: str = "") -> Iterator[Submission]:
        """The department's submissions, newest first, page after page."""
        after = None
        while True:
            page = self._ask.get("/submissions", item=item, status=status, after=after)
            yield from (answers.submission(one) for one in page["submissions"])
            after = page["next_after"]
            if after is None:
                return

    def wait(self, one: Submission, *, seconds: float = 3600) -> Submission:
        """The submission once the work on it is over; asks soon at first, later less often. Raises NotOver."""
        waited, pause, seen = 0.0, _SOON, one
        while not seen.is_over:
            if waited >= seconds:
                raise NotOver(seen)
            self._pause(pause)
            waited, pause = waited + pause, min(pause * 1.5, _LATER)
            seen = answers.submission(self._ask.get(f"/submissions/{one.id}"), key=one.key)
        return seen

    def rows(self, submission_id: int, *, outcome: str = "") -> Iterator[Row]:
        """Rows of which something is said, in order, page after page; every other row is in. ``outcome``: only these."""
        after = 0
        while True:
            page = self._ask.get(f"/submissions/{submission_id}/rows", outcome=outcome, after=after, limit=1000)
            yield from (answers.row(one) for one in page["rows"])
            if page["next_after"] is None:
                return
            after = page["next_after"]

    def feedback(self, submission_id: int, to: Path) -> Path:
        """Writes the returned workbook (XLSX) of a submission that is done."""
        return self._ask.fetch(f"/submissions/{submission_id}/feedback", to)

    def receipt(self, submission_id: int) -> Mapping[str, Any]:
        """The signed receipt, for ``xinyong verify-receipt``."""
        found: Mapping[str, Any] = self._ask.get(f"/submissions/{submission_id}/receipt")["receipt"]
        return found

    def cancel(self, submission_id: int) -> Submission:
        """Takes a submission back. PlatformError ``intake.already-begun`` when work has begun."""
        return answers.submission(self._ask.post(f"/submissions/{submission_id}/cancel"))

    def feed(self) -> Feed:
        """How far the platform is with the events of the base register that this authority sends."""
        return answers.feed(self._ask.get("/register-changes"))

    def send_changes(self, events: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
        """Sends events of the base register in the order of their numbers, as many requests as it takes, and says what became of
        each. Sent again, an event is answered again and happens once: after a crash go on from ``feed``. An event: sequence,
        event_id, kind, on, code, row … (docs/how-to/change-feed.md). Raises PlatformError, Unreachable."""
        for start in range(0, len(events), MOST_EVENTS):
            body = {"events": [dict(one) for one in events[start : start + MOST_EVENTS]]}
            content = json.dumps(body, ensure_ascii=False, default=str).encode()
            said = self._ask.post("/register-changes", content=content, kind="application/json")
            yield from (answers.change(one) for one in said["events"])

    def _sent(
        self,
        item: str,
        rows: Sequence[Mapping[str, Any]] | None,
        file: Path | None,
        mapping: Mapping[str, str] | None,
        *,
        key: str = "",
        test: str = "",
    ) -> Any:
        if (rows is None) == (file is None):
            raise ValueError("rows 与 file 应给出其一 / give either rows or file")
        chosen = dict(mapping or {})
        if rows is not None and len(rows) <= MOST_ROWS:
            body = {"item": item, "rows": list(rows)} | ({"mapping": chosen} if chosen else {})
            content = json.dumps(body, ensure_ascii=False).encode()
            return self._ask.post(
                "/submissions", content=content, kind="application/json", key=key, query={"test": test}
            )  # fmt: skip
        query = {"item": item, "test": test} | ({"map": [f"{a}={b}" for a, b in chosen.items()]} if chosen else {})
        if rows is not None:
            lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows).encode()
            return self._ask.post(
                "/submissions", content=lines, kind="application/x-ndjson", key=key, query=query | {"file_name": "rows.jsonl"}
            )  # fmt: skip
        assert file is not None
        kind = KINDS.get(file.suffix.lower())
        if kind is None:
            raise ValueError(f"不支持的文件后缀 / not a kind of file that is taken: {file.suffix}")
        return self._ask.post("/submissions", content=file, kind=kind, key=key, query=query | {"file_name": file.name})
