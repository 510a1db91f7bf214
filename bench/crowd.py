"""Many departments hand in at once through the interface while the portal is read: does the portal stay quick, does every
department get on, does nothing deadlock? Everything runs on this machine, the senders too."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.start import start

DEPARTMENTS, EACH, ROWS = 50, 6, 200
#: Seconds between two looks of one reader, and readers: some 40 pages a second.
_PAUSE, _READERS = 0.1, 4


def main(departments: int, each: int) -> None:
    """Prints the measurements as JSON."""
    start()
    from django.conf import settings

    from xinyong.kernel import clock
    from xinyong.security import clients, identity
    from xinyong.security.access import system

    by = system("bench")
    senders = []
    for number in range(departments):
        code = _code(number)
        identity.register_department(code=code, name=f"云溪市第{number + 1}示例局", by=by)
        view, secret = clients.register(
            name=f"示例客户端{number + 1}", department=code, scopes=("read:submissions", "submit:admin-penalty-org"),
            networks=("127.0.0.0/8",), per_minute=1_000_000, per_day=1_000_000, by=by, now=clock.now(),
        )  # fmt: skip
        senders.append(
            {"code": code, "name": f"云溪市第{number + 1}示例局", "client": view.client_id, "secret": secret}
        )
    organisations = _organisations(400)
    folder = Path(settings.XINYONG_HOME) / "crowd"
    folder.mkdir(exist_ok=True)
    plan = folder / "plan.json"
    plan.touch(0o600)
    port = _free_port()
    plan.write_text(
        json.dumps({"port": port, "senders": senders, "organisations": organisations, "each": each}), encoding="utf-8"
    )
    server = subprocess.Popen(
        [sys.executable, "-m", "xinyong.config", "serve", "--port", str(port)], stdout=subprocess.DEVNULL,
        stderr=(folder / "serve.log").open("wb"), start_new_session=True,
    )  # fmt: skip
    try:
        paths = ["/", "/search?q=云溪", *(f"/subject/{code}/" for code, _ in organisations[:60])]
        _until_up(port)
        _for(3, port, paths)
        idle = _for(60, port, paths)
        before = _deadlocks()
        crowd = subprocess.Popen([sys.executable, "-m", "bench.crowd", "--send", str(plan)], stdout=subprocess.PIPE)
        busy = _read(port, paths, lambda: crowd.poll() is None)
        assert crowd.stdout is not None
        told = json.loads(crowd.stdout.read())
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)
        plan.unlink(missing_ok=True)
    rows = departments * each * ROWS
    kept = _records()
    if kept != rows:
        raise SystemExit(f"{rows} rows were handed in, {kept} records stand")
    print(json.dumps([
        _figure("portal p99, idle", _percentile(idle, 99), "ms"),
        _figure("portal p99, 50 departments handing in", _percentile(busy, 99), "ms",
                baseline={"name": "idle", "value": _percentile(idle, 99)}, ratio=_percentile(busy, 99) / _percentile(idle, 99)),
        _figure("portal p50, 50 departments handing in", _percentile(busy, 50), "ms",
                baseline={"name": "idle", "value": _percentile(idle, 50)}, ratio=_percentile(busy, 50) / _percentile(idle, 50)),
        _figure("crowd: rows", rows / told["seconds"], "rows/s"),
        _figure("crowd: asked to wait (429)", told["asked_to_wait"], "times"),
        _figure("crowd: deadlocks", _deadlocks() - before, "times"),
        _figure("crowd: last department done after", max(told["done"]), "s",
                baseline={"name": "first", "value": min(told["done"])}, ratio=max(told["done"]) / min(told["done"])),
    ], ensure_ascii=False))  # fmt: skip


def _send(path: Path) -> None:
    """The senders' process: every department in a thread of its own."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    waits: Counter[str] = Counter()
    began = time.monotonic()

    def one(sender: dict[str, str]) -> float:
        from xinyong.client.platform import Platform

        def pause(seconds: float) -> None:
            waits["pauses"] += 1
            time.sleep(seconds)

        platform = Platform(
            f"http://127.0.0.1:{plan['port']}", sender["client"], sender["secret"], tries=1000, pause=pause
        )
        under_way = []
        for number in range(plan["each"]):
            rows = []
            for k in range(ROWS):
                code, name = plan["organisations"][(number * ROWS + k) % len(plan["organisations"])]
                rows.append(_row(sender, code, name, number, k))
            under_way.append(platform.submit("admin-penalty-org", rows=rows, key=f"crowd-{sender['code']}-{number}"))
        asked = Counter(waits)
        for submission in under_way:
            platform.wait(submission)
        waits["asked"] = max(waits["asked"], asked["pauses"])
        return time.monotonic() - began

    threading.stack_size(1 << 20)
    with ThreadPoolExecutor(len(plan["senders"])) as many:
        done = list(many.map(one, plan["senders"]))
    print(json.dumps({"seconds": time.monotonic() - began, "done": done, "asked_to_wait": waits["asked"]}))


def _row(sender: dict[str, str], code: str, name: str, number: int, k: int) -> dict[str, Any]:
    return {
        "CF_XDR_MC": name, "CF_XDR_LB": "法人及非法人组织", "CF_XDR_SHXYM": code, "CF_FRDB": "示例人",
        "CF_WSH": f"示罚〔2026〕{sender['code'][-6:]}-{number}-{k}号", "CF_WFXW": "违反示例管理规定", "CF_SY": "未按规定公示价格",
        "CF_YJ": "《示例条例》第八条", "CF_CFLB": "罚款", "CF_NR": "罚款0.2万元", "CF_NR_FK": "0.2",
        "CF_JDRQ": f"2026-0{1 + k % 6}-{1 + (7 * number + k // 6) % 28:02}",
        "CF_YXQ": "2099-12-31", "CF_CFJG": sender["name"], "CF_CFJGDM": sender["code"], "CF_SJLY": sender["name"],
        "CF_SJLYDM": sender["code"],
    }  # fmt: skip


def _read(port: int, paths: list[str], goes_on: Callable[[], bool]) -> list[float]:
    """Milliseconds of each page, by a few readers with a pause between their pages, as visitors have one."""
    found: list[float] = []

    def reader(number: int) -> None:
        at = number
        while goes_on():
            began = time.perf_counter()
            address = f"http://127.0.0.1:{port}{urllib.parse.quote(paths[at % len(paths)], safe='/?=')}"
            with urllib.request.urlopen(address, timeout=60) as answer:
                answer.read()
            found.append((time.perf_counter() - began) * 1000)
            at += _READERS
            time.sleep(_PAUSE)

    with ThreadPoolExecutor(_READERS) as many:
        list(many.map(reader, range(_READERS)))
    return found


def _for(seconds: float, port: int, paths: list[str]) -> list[float]:
    until = time.monotonic() + seconds
    return _read(port, paths, lambda: time.monotonic() < until)


def _percentile(values: list[float], which: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * which // 100)]


def _figure(name: str, value: float, unit: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "value": round(value, 3), "unit": unit} | more


def _code(number: int) -> str:
    from xinyong.kernel import codes

    first = f"MB{number:06d}"
    body = f"11990100{first}{codes.org_check(first)}"
    return body + codes.check_character(body)


def _organisations(count: int) -> list[tuple[str, str]]:
    import pyarrow as pa

    from xinyong.kernel import clock, codes
    from xinyong.subjects import registry

    made = []
    for number in range(count):
        first = f"MC{number:06d}"
        body = f"91990100{first}{codes.org_check(first)}"
        made.append((body + codes.check_character(body), f"云溪市人群{number}号科技有限公司"))
    rows = pa.table({"code": [code for code, _ in made], "name": [name for _, name in made]})
    registry.register(rows, known_at=clock.now())
    return made


def _deadlocks() -> int:
    return _number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


def _records() -> int:
    return _number(
        "SELECT count(*) FROM record r JOIN intake_submission s ON s.id = r.submission_id WHERE s.channel = 'api'"
    )


def _number(statement: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_up(port: int) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise SystemExit("the platform did not come up")


if __name__ == "__main__":
    if sys.argv[1] == "--send":
        os.nice(5)
        _send(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]), int(sys.argv[2]))
