"""A department's client against a platform that listens: what it hands in arrives once, whatever the network does."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connections

from tests.exchange.conftest import Door, serving
from tests.exchange.test_handing_in import ITEM, rows_of
from tests.intake import made
from xinyong.client import platform as platforms
from xinyong.client.answers import NotOver, PlatformError, Unreachable
from xinyong.client.platform import Platform
from xinyong.intake.models import Submission
from xinyong.kernel import clock
from xinyong.operations.intake import submit as command

ROOT = Path(__file__).parents[2]


def platform_of(door: Door, address: str, **choices: Any) -> Platform:
    """The full client's program, which does not pause for long."""
    return Platform(address, door.full.client_id, door.full.secret, **({"pause": lambda seconds: None} | choices))


@dataclass(slots=True)
class Lossy:
    """A gateway before the program that loses answers: the request arrives, the answer does not."""

    lose: list[str] = field(default_factory=list)  # what comes instead, one for each POST to ``path``
    path: str = "/api/v1/submissions"

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        from xinyong.config.wsgi import application

        try:
            answer = application(environ, start if not self._is_lost(environ) else lambda *_: lambda _: None)
            if not self._is_lost(environ):
                return answer
            answer.close()
        finally:
            connections.close_all()
        what = self.lose.pop(0)
        if what == "cut":
            environ["wsgi.file_wrapper"] = None
            raise ConnectionAbortedError
        start(what, [("Content-Type", "text/html"), ("Retry-After", "7")])
        return [b"<html>gateway</html>"]

    def _is_lost(self, environ: dict[str, Any]) -> bool:
        return bool(self.lose) and environ["PATH_INFO"] == self.path and environ["REQUEST_METHOD"] == "POST"


@pytest.fixture
def lossy(door: Door) -> Iterator[tuple[Lossy, str]]:
    """The gateway and its address."""
    gateway = Lossy()
    with serving(gateway) as place:
        yield gateway, place


def test_rows_are_handed_in_waited_for_and_told(door: Door, address: str, worker: None, tmp_path: Path) -> None:
    platform = platform_of(door, address, pause=__import__("time").sleep)
    assert platform.who_am_i()["department"] == door.unit.code
    sent = [*rows_of(door, 2), *rows_of(door, 1, CF_JDRQ="2026年13月5日")]
    tried = platform.trial(ITEM, rows=sent)
    assert (tried.counts.accepted, tried.rows_told, tried.rows[0].outcome) == (2, 1, "rejected")
    entered = platform.submit(ITEM, rows=sent, key="client-0001")
    assert (entered.is_over, entered.key) == (False, "client-0001")
    done = platform.wait(entered)
    assert (done.status, done.counts, done.key) == ("deposited", tried.counts, "client-0001")
    told = list(platform.rows(done.id))
    assert [(one.row, one.findings[0].field) for one in told] == [(3, "CF_JDRQ")]
    assert platform.feedback(done.id, tmp_path / "feedback.xlsx").read_bytes()[:2] == b"PK"
    assert list(tmp_path.iterdir()) == [tmp_path / "feedback.xlsx"]
    assert platform.receipt(done.id)["id"]
    assert done.id in {one.id for one in platform.submissions(item=ITEM, status="deposited")}
    with pytest.raises(PlatformError) as refused:
        platform.cancel(done.id)
    assert (refused.value.status, refused.value.code) == (409, "intake.already-begun")


def test_changes_of_the_register_go_in_order_and_a_lost_answer_changes_nothing(
    door: Door, lossy: tuple[Lossy, str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platforms, "MOST_EVENTS", 2)
    gateway, place = lossy
    program = door.program(unit=made.department(), scopes=["submit:organisation-register"])
    platform = Platform(place, program.client_id, program.secret, pause=lambda seconds: None)
    assert (platform.feed().last_sequence, platform.feed().gap) == (0, None)
    new, today = made.code_of(), clock.today()
    kept = {"ZTMC": "云溪市示例客户端有限公司", "CLRQ": today.isoformat(), "XZQH": "990102"}
    events = [
        {"sequence": 1, "event_id": "C-1", "kind": "new", "on": today, "code": new, "row": kept},
        {"sequence": 2, "event_id": "C-2", "kind": "renamed", "on": today, "code": new, "row": {"ZTMC": "云溪市新客户端有限公司"}},
        {"sequence": 3, "event_id": "C-3", "kind": "renamed", "on": today, "code": made.code_of(), "row": {"ZTMC": "无"}},
    ]  # fmt: skip
    gateway.lose, gateway.path = ["502 Bad Gateway"], "/api/v1/register-changes"
    told = list(platform.send_changes(events))
    assert gateway.lose == []
    assert [(one.sequence, one.outcome, one.is_repeated) for one in told] == [
        (1, "applied", True), (2, "applied", True), (3, "refused", False),
    ]  # fmt: skip
    assert told[2].reasons[0]["message"]
    assert [one.is_repeated for one in platform.send_changes(events)] == [True] * 3
    last = platform.feed()
    assert (last.last_sequence, last.applied, last.refused, last.gap) == (3, 2, 1, None)
    assert program.get("/register-changes").json()["last_sequence"] == 3
    capfd.readouterr()  # the server tells of the connections it was made to break


@pytest.mark.parametrize("name", ["rows.csv", "rows.xlsx", "rows.jsonl"])
def test_a_file_of_every_kind_goes_as_a_stream(
    door: Door, address: str, worker: None, tmp_path: Path, name: str
) -> None:
    write: dict[str, Any] = {".csv": made.csv_file, ".xlsx": made.xlsx_file, ".jsonl": made.jsonl_file}
    path = write[Path(name).suffix](tmp_path / name, rows_of(door, 3))
    platform = platform_of(door, address, pause=__import__("time").sleep)
    done = platform.wait(platform.submit(ITEM, file=path))
    assert (done.counts.accepted, Submission.objects.get(pk=done.id).file_name) == (3, name)


def test_more_rows_than_json_takes_go_as_lines_and_a_mapping_goes_along(door: Door, address: str, worker: None) -> None:
    sent = [{("日期甲" if k == "CF_JDRQ" else k): v for k, v in one.items()} for one in rows_of(door, 1001)]
    platform = platform_of(door, address, pause=__import__("time").sleep)
    done = platform.wait(platform.submit(ITEM, rows=sent, mapping={"日期甲": "CF_JDRQ"}))
    assert (done.status, done.counts.accepted) == ("deposited", 1001)


@pytest.mark.parametrize("lost", [["502 Bad Gateway"], ["cut"], ["cut", "503 Busy", "504 Late"]])
def test_an_answer_that_is_lost_is_asked_for_again_and_there_is_one_submission(
    door: Door, lossy: tuple[Lossy, str], tmp_path: Path, lost: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    gateway, place = lossy
    pauses: list[float] = []
    platform = platform_of(door, place, pause=pauses.append)
    before, gateway.lose = Submission.objects.count(), list(lost)
    for content in ({"rows": rows_of(door)}, {"file": made.csv_file(tmp_path / "a.csv", rows_of(door))}):
        gateway.lose = list(lost)
        assert platform.submit(ITEM, **content).status == "received"
        assert gateway.lose == []
    assert Submission.objects.count() == before + 2
    assert len(pauses) == 2 * len(lost)
    assert all(pause == 7 for pause, how in zip(pauses, lost * 2, strict=True) if how != "cut")
    capfd.readouterr()  # the server tells of the connections it was made to break


def test_what_trying_again_does_not_help_is_raised_at_once_with_code_and_sentences(door: Door, address: str) -> None:
    pauses: list[float] = []
    platform = platform_of(door, address, pause=pauses.append)
    with pytest.raises(PlatformError) as refused:
        platform.submit("admin-licence-org", rows=rows_of(door))
    assert (refused.value.status, refused.value.code) == (403, "security.scope-missing")
    assert "submit:admin-licence-org" in refused.value.zh
    assert "submit:admin-licence-org" in refused.value.en
    with pytest.raises(PlatformError) as unfit:
        platform.submit(ITEM, rows=[{"CF_WSH": {"nested": 1}}])
    assert unfit.value.errors[0]["where"].startswith("body.rows.0")
    first = platform.submit(ITEM, rows=rows_of(door), key="client-0002")
    with pytest.raises(PlatformError, match="key-reused"):
        platform.submit(ITEM, rows=rows_of(door), key="client-0002")
    assert platform.cancel(first.id).status == "cancelled"
    assert pauses == []


def test_the_platforms_wish_to_wait_is_followed_unless_it_is_long(door: Door, address: str, settings: Any) -> None:
    settings.API_WAITING = 0
    pauses: list[float] = []
    with pytest.raises(PlatformError) as many:
        platform_of(door, address, pause=pauses.append, tries=3).submit(ITEM, rows=rows_of(door))
    assert (many.value.status, many.value.retry_after, pauses) == (429, 15, [15, 15])
    settings.API_DAILY_MEGABYTES = 0
    pauses.clear()
    with pytest.raises(PlatformError, match="quota-spent"):
        platform_of(door, address, pause=pauses.append).submit(ITEM, rows=rows_of(door))
    assert [one for one in pauses if one > 120] == []


def test_a_token_that_was_revoked_is_fetched_anew_and_a_wrong_secret_is_told(door: Door, address: str) -> None:
    from oauth2_provider.models import AccessToken

    platform = platform_of(door, address)
    platform.who_am_i()
    AccessToken.objects.filter(application__client_id=door.full.client_id).delete()
    assert platform.who_am_i()["client_id"] == door.full.client_id
    with pytest.raises(PlatformError) as wrong:
        Platform(address, door.full.client_id, "0123456789.wrong").who_am_i()
    assert (wrong.value.status, wrong.value.code) == (401, "invalid_client")
    door.full.tokens.clear()


def test_nobody_there_is_unreachable_and_a_secret_goes_over_tls_only(door: Door) -> None:
    pauses: list[float] = []
    with pytest.raises(Unreachable):
        Platform("http://127.0.0.1:9", "xy", "secret", pause=pauses.append).who_am_i()
    assert pauses == [1, 2, 4, 8]
    with pytest.raises(ValueError, match="https"):
        Platform("http://credit.example.gov.cn", "xy", "secret")
    assert "secret" not in repr(Platform("https://credit.example.gov.cn", "xy", "secret")._ask)


def test_waiting_ends(door: Door, address: str) -> None:
    pauses: list[float] = []
    platform = platform_of(door, address, pause=pauses.append)
    entered = platform.submit(ITEM, rows=rows_of(door))
    Submission.objects.filter(pk=entered.id).update(status="cancelled")
    waits = platform_of(door, address, pause=pauses.append)
    assert waits.wait(entered).status == "cancelled"
    Submission.objects.filter(pk=entered.id).update(status="staged")
    with pytest.raises(NotOver) as late:
        waits.wait(entered, seconds=5)
    Submission.objects.filter(pk=entered.id).update(status="cancelled")
    assert late.value.submission.status == "staged"


def test_it_needs_nothing_of_a_platform() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, xinyong.client.platform; print(json.dumps(sorted(sys.modules)))".replace("print", "import json; print")],
        cwd=ROOT, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    names = set(json.loads(loaded.stdout))
    assert {one for one in names if one.startswith("xinyong")} == {
        "xinyong", "xinyong.client", "xinyong.client.answers", "xinyong.client.platform", "xinyong.client.transport",
    }  # fmt: skip
    assert not names & {"django", "psycopg", "pyarrow", "numpy", "pydantic"}


def _run(*arguments: str, secret: str = "") -> Any:
    return CliRunner().invoke(command, list(arguments), env={"XINYONG_CLIENT_SECRET": secret})


def test_the_command_line_hands_in_elsewhere(door: Door, address: str, worker: None, tmp_path: Path) -> None:
    path = made.csv_file(tmp_path / "六月.csv", [*rows_of(door, 2), *rows_of(door, 1, CF_JDRQ="2026年13月5日")])
    secret_file = tmp_path / "secret"
    secret_file.write_text(door.full.secret + "\n")
    there = (str(path), "--item", ITEM, "--to", address, "--client-id", door.full.client_id)
    tried = _run(*there, "--trial", "--json", secret=door.full.secret)
    assert (tried.exit_code, json.loads(tried.stdout)["accepted"]) == (1, 2), tried.output
    back = tmp_path / "feedback.xlsx"
    done = _run(*there, "--secret-file", str(secret_file), "--key", "command-0001", "--feedback", str(back))
    assert done.exit_code == 1, done.output
    assert "入库 2" in done.stdout
    assert "CF_JDRQ" in done.stdout
    assert back.exists()
    again = _run(*there, "--key", "command-0001", "--json", secret=door.full.secret)
    assert json.loads(again.stdout)["rows"][0]["row"] == 4
    unread = tmp_path / "unread.csv"
    unread.write_text("甲,乙\n1,2\n", encoding="utf-8")
    refused = _run(str(unread), *there[1:], secret=door.full.secret)
    assert (refused.exit_code, "intake.header-not-found" in refused.output) == (3, True)


def test_the_secret_is_not_taken_from_the_command_line(door: Door, tmp_path: Path) -> None:
    path = made.csv_file(tmp_path / "a.csv", rows_of(door))
    there = (str(path), "--item", ITEM, "--to", "https://credit.example.gov.cn", "--client-id", "xy-1")
    for arguments in (("--client-secret", "0123456789.abc"), ()):
        refused = _run(*there, *arguments)
        assert refused.exit_code == 2
        assert "XINYONG_CLIENT_SECRET" in refused.output
    assert _run(*there, "--source", "x", secret="s").exit_code == 2
    assert _run(str(path), "--item", ITEM).exit_code == 2


def test_two_programs_under_one_key_are_one_submission(door: Door, address: str) -> None:
    sent, found = rows_of(door), []

    def call() -> None:
        found.append(platform_of(door, address).submit(ITEM, rows=sent, key="client-0003").id)

    threads = [threading.Thread(target=call) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(set(found)) == 1
