"""``xinyong serve`` keeps its parts running: one that dies comes back, and Ctrl-C leaves nothing behind."""

import fcntl
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT, free_port
from xinyong.operations import serve

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@dataclass(frozen=True, slots=True)
class Running:
    """A platform in a process of its own, and what it says."""

    process: "subprocess.Popen[bytes]"
    url: str
    home: Path
    log: Path

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/about/", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def part(self, words: str) -> int:
        """The process of a part, 0 when there is none."""
        return next((pid for pid in _children(self.process.pid) if words in _command(pid)), 0)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def postgres(self) -> list[int]:
        """Processes of the database of this data directory."""
        return [pid for pid in _all() if str(self.home) in _command(pid) and "postgres" in _command(pid)]


def _all() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _children(pid: int) -> list[int]:
    return [one for one in _all() if _parent(one) == pid]


def _family(pid: int) -> set[int]:
    return {pid}.union(*(_family(child) for child in _children(pid)))


def _until(what: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory, install: Callable[[Path], Path]) -> Iterator[Running]:
    """An empty installation, served."""
    home = install(tmp_path_factory.mktemp("serve"))
    log, port = home / "serve.log", free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "xinyong.config", "serve", "--port", str(port), "--workers", "1"],
            env=os.environ | {"XINYONG_HOME": str(home), "DATABASE_URL": ""}, stdout=output, stderr=subprocess.STDOUT,
            cwd=ROOT, start_new_session=True,
        )  # fmt: skip
    made = Running(process, f"http://127.0.0.1:{port}", home, log)
    try:
        _until(made.answers, 120)
        yield made
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def test_a_part_that_is_killed_comes_back_and_ctrl_c_leaves_no_process_and_no_database_behind(running: Running) -> None:
    for times, words in enumerate(("config worker", "gunicorn"), start=1):
        _kill(running, words)
        _until(running.answers)
        assert running.said().count("ended unexpectedly (-9)") == times
        assert running.process.poll() is None

    _until(lambda: len(_family(running.process.pid)) >= 4)
    family = _family(running.process.pid)
    assert running.postgres()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(30) == 0
    _until(lambda: not [pid for pid in family if _is_alive(pid)], 5)
    assert running.postgres() == []


def test_a_database_that_dies_is_started_again_and_meanwhile_pages_say_so(running: Running) -> None:
    pages = running.part("gunicorn")
    with (running.home / "pg.start.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # nobody starts it before it was looked at
        os.kill(int((running.home / "pg" / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        _until(lambda: running.postgres() == [])
        for accept, kind, words in (
            ("text/html", "text/html", "数据库正在重新启动"), ("*/*", "application/problem+json", "kernel.database-away"),
        ):  # fmt: skip
            asked = urllib.request.Request(f"{running.url}/about/", headers={"Accept": accept})
            with pytest.raises(urllib.error.HTTPError) as told:
                urllib.request.urlopen(asked, timeout=30)
            assert told.value.status == 503
            assert (told.value.headers["Retry-After"], told.value.headers.get_content_type()) == ("5", kind)
            assert words in told.value.read().decode()
    _until(running.answers)
    assert running.part("gunicorn") == pages
    assert running.process.poll() is None
    assert "Traceback" not in running.said().partition("worker")[0]


def _kill(running: Running, words: str) -> None:
    """Kills a part and waits for the one that takes its place."""
    _until(lambda: running.part(words))
    killed = running.part(words)
    os.kill(killed, signal.SIGKILL)
    _until(lambda: running.part(words) not in (0, killed))


def test_pages_that_never_come_up_end_the_whole_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from xinyong.operations import serve

    monkeypatch.setattr(serve, "_PAUSES", (0, 0))
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    patient = serve.Part("worker", [sys.executable, "-c", "import time; time.sleep(60)"])
    broken = serve.Part("pages", [sys.executable, "-c", "raise SystemExit(4)"], is_vital=True)
    try:
        assert serve.supervise([broken, patient]) == 1
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)
    said = capsys.readouterr().err
    assert said.count("ended unexpectedly (4)") == 2
    assert "it does not stay up" in said
    assert patient.deaths == 0


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this kernel does not group by session")
def test_a_part_that_stands_back_does_so_though_it_has_a_session_of_its_own(tmp_path: Path) -> None:
    """Where the kernel groups by session, niceness alone would count among the part's own processes only."""
    told = tmp_path / "told"
    program = (
        f"import os, pathlib; pathlib.Path({str(told)!r}).write_text("
        "f'{os.nice(0)} ' + pathlib.Path('/proc/self/autogroup').read_text().split()[-1])"
    )
    part = serve.Part("worker", [sys.executable, "-c", program], stands_back=True)
    part.start()
    assert part._process is not None
    part._process.wait(30)
    assert told.read_text() == "19 19"
