"""``xinyong city``: a fictitious city, made from a seed and submitted through the same intake as any department's files.

Loading twice is loading once: equal content is one submission, and ``city/state.json`` in the data directory says how
far it came. Killed, it goes on where it stopped, with the date of the day on which it began.
"""

import json
import os
import re
import secrets
import shutil
import sys
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict
from xinyong.operations import (
    city_changes,
    city_complaints,
    city_consents,
    city_objections,
    city_own,
    city_persons,
    city_repairs,
    city_reporting,
    city_supply,
    city_tasks,
    command,
)

if TYPE_CHECKING:
    from xinyong.intake.views import SubmissionView
    from xinyong.operations.synthetic import CityFile, Manifest
    from xinyong.security.access import Actor

_OUTCOMES = ("rows_read", "accepted", "doubtful", "rejected", "duplicate", "unchanged")
_REGISTER = "organisation-register"
_SECRET = re.compile(r"[A-Z2-7]{32}")
#: When in the day a department's file comes.
_RECEIVED_AT = time_of_day(16, 30, tzinfo=clock.ZONE)


class OtherCity(Conflict):
    """Another city is loaded here."""

    code = "operations.other-city"


@dataclass(slots=True)
class State:
    """How far the city came. ``today`` is the day it was made on and stays so."""

    subjects: int
    records: int
    seed: int
    today: str
    files: int = 0
    is_complete: bool = False
    rows_read: int = 0
    accepted: int = 0
    doubtful: int = 0
    rejected: int = 0
    duplicate: int = 0
    unchanged: int = 0
    late: int = 0
    seconds: float = 0.0


@click.command()
@click.option("--subjects", default=20_000, show_default=True, type=click.IntRange(1), help="主体数 organisations")
@click.option("--records", default=200_000, show_default=True, type=click.IntRange(0), help="记录数 records")
@click.option("--seed", default=7, show_default=True, type=int, help="种子 the same seed makes the same city")
@click.option(
    "--today", default=None, type=click.DateTime(["%Y-%m-%d"]), help="城市的今天 the city's today (default: today)"
)
@click.option(
    "--write-only",
    "folder",
    default=None,
    type=click.Path(file_okay=False, path_type=Path),
    help="只写文件 only write the files",
)
@click.option("--json", "as_json", is_flag=True, help="one JSON document with stable keys")
def city(subjects: int, records: int, seed: int, today: datetime | None, folder: Path | None, as_json: bool) -> None:
    """生成演示城市。Makes the synthetic city and submits its departments' files; done once, it stays as it is."""
    on = today.date() if today else None
    if folder is not None:
        _write_only(folder, subjects=subjects, records=records, seed=seed, today=on or clock.today(), as_json=as_json)
        return
    command.with_database()
    from xinyong.operations.setup import prepare

    prepare()
    existing = loaded()
    if existing is not None and (existing.subjects, existing.records, existing.seed) != (subjects, records, seed):
        raise OtherCity(
            f"这里已有演示城市（{existing.subjects} 个主体、{existing.records} 条记录、种子 {existing.seed}）。"
            "如需另建，请换一个数据目录（XINYONG_HOME）。",
            f"A city of {existing.subjects} subjects, {existing.records} records, seed {existing.seed} is here already. "
            "For another one use another data directory (XINYONG_HOME).",
        )
    state = load(subjects=subjects, records=records, seed=seed, today=on, is_quiet=as_json)
    if as_json:
        command.print_json(
            asdict(state) | {"already_loaded": existing is not None, "accounts_file": str(accounts_file())}
        )
    else:
        print_accounts()


def load(*, subjects: int, records: int, seed: int, today: date | None = None, is_quiet: bool = False) -> State:
    """Loads the city unless one is loaded; returns what came of it. Django must be set up and the catalogue installed.

    A city that was begun is finished, whatever the arguments say now; its counts are those of all its files.
    """
    found = loaded()
    if found is not None:
        _say(f"· 演示城市已就绪 city is here ({found.subjects:,} 个主体，{found.rows_read:,} 行)", is_quiet)
        if not accounts_file().exists() or not _has_secrets():
            _create_accounts(_system())
            _admit_citizens(found, _system())
        return found
    started = time.monotonic()
    begun = _begun()
    state = State(subjects, records, seed, (today or clock.today()).isoformat())
    if begun is not None and not begun.is_complete:
        state = State(begun.subjects, begun.records, begun.seed, begun.today)
    _save(state)
    by = _system()
    speakers = _register(by)
    company = speakers[city_own.USERNAME]
    citizens = _admit_citizens(state, by)
    city_supply.say(
        subjects=state.subjects, records=state.records, seed=state.seed, today=date.fromisoformat(state.today), by=by
    )
    written = _Written(state)
    with closing(iter(written)) as files:
        for number, done in enumerate(_submitted(files, by), start=1):
            for outcome in _OUTCOMES:
                setattr(state, outcome, getattr(state, outcome) + getattr(done.counts, outcome))
            state.late += done.late
            _progress(f"报送 submitting {number}/{written.total}, {state.rows_read:,} 行 rows", started, is_quiet)
            state.files = number
    _settle()
    city_reporting.say(today=date.fromisoformat(state.today), by=by)
    city_changes.say(authority=_authority(), today=date.fromisoformat(state.today), by=by)
    city_tasks.say(today=date.fromisoformat(state.today), by=by)
    city_own.say(account_id=company, today=date.fromisoformat(state.today), by=by)
    city_objections.say(account_id=company, by=by)
    city_repairs.say(account_id=speakers[city_repairs.USERNAME], by=by)
    city_repairs.train(today=date.fromisoformat(state.today), by=by)
    city_repairs.assess(today=date.fromisoformat(state.today), by=by)
    city_consents.say(account_id=company, authority=_authority(), by=by)
    city_complaints.say(account_id=company)
    city_persons.say(citizens, company=company, by=by)
    state.is_complete, state.seconds = True, round(time.monotonic() - started, 1)
    _save(state)
    shutil.rmtree(_folder() / "files", ignore_errors=True)  # the intake keeps its own sealed copies
    _end_line(is_quiet)
    _say(
        f"· 演示城市 city: {state.files} 个文件，读取 {state.rows_read:,} 行，入库 {state.accepted:,}，疑问 {state.doubtful:,}，"
        f"退回 {state.rejected:,}，重复 {state.duplicate:,}，未变 {state.unchanged:,} ({state.seconds:.0f} s)", is_quiet,
    )  # fmt: skip
    return state


def loaded() -> State | None:
    """The city that stands in this installation's database, or None: a marker without its departments counts for
    nothing (another database, or a new one)."""
    from xinyong.intake import views
    from xinyong.operations.synthetic import inhabitants
    from xinyong.security import identity

    state = _begun()
    if state is None or not state.is_complete:
        return None
    known = {unit.code for unit in identity.source_units()}
    is_there = all(one.code in known for one in inhabitants().departments)
    return state if is_there and views.submissions(seen_by=_system(), limit=1) else None


def accounts_file() -> Path:
    """Where names, passwords and authenticator secrets of the demo accounts stand (mode 0600)."""
    from django.conf import settings

    return Path(settings.XINYONG_HOME) / "demo-accounts.txt"


def _has_secrets() -> bool:
    """False for a file written before there was a second factor."""
    lines = accounts_file().read_text(encoding="utf-8").splitlines()
    return all(len(line.split()) > 2 and _SECRET.fullmatch(line.split()[2]) for line in lines if line)


def print_accounts() -> None:
    """Prints the demo accounts, and how to get a code to sign in with."""
    click.echo(f"· 演示账号 demo accounts ({accounts_file()}):")
    for line in accounts_file().read_text(encoding="utf-8").splitlines():
        click.echo(f"    {line}")
    tool = Path(sys.argv[0])
    name = os.path.relpath(tool) if tool.name == "xinyong" else "xinyong"
    click.echo(
        "  用户名、密码、动态口令密钥、姓名 user, password, authenticator secret, name. 登录时的验证码 codes for signing in:"
    )
    click.echo(f"    {name} accounts code market")


def _write_only(folder: Path, *, subjects: int, records: int, seed: int, today: date, as_json: bool) -> None:
    from xinyong.operations import synthetic

    started = time.monotonic()

    def say(done: int, total: int) -> None:
        _progress(f"写文件 writing {done}/{total}", started, as_json)

    manifest = synthetic.write(folder, subjects=subjects, records=records, seed=seed, today=today, progress=say)
    _end_line(as_json)
    rows = sum(file.rows for file in manifest.files)
    facts = {
        "subjects": subjects, "records": records, "seed": seed, "today": today.isoformat(), "files": len(manifest.files),
        "rows": rows, "bytes": sum(file.path.stat().st_size for file in manifest.files), "folder": str(folder),
        "seconds": round(time.monotonic() - started, 1),
    }  # fmt: skip
    (folder / "manifest.json").write_text(_listing(manifest), encoding="utf-8")
    if as_json:
        command.print_json(facts)
    else:
        click.echo(f"✓ {facts['files']} 个文件 files, {rows:,} 行 rows → {folder}")


def _listing(manifest: "Manifest") -> str:
    """The manifest's files as JSON, with names in place of paths."""
    rows = [asdict(file) | {"path": file.path.name} for file in manifest.files]
    return json.dumps({"files": rows}, ensure_ascii=False, indent=1, default=str)


class _Written:
    """The city's files, each as soon as it is whole: another process writes while this one submits. Whoever begins anew
    writes the same files again, byte for byte, and what was submitted of them is known."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.total = 0

    def __iter__(self) -> Generator["CityFile", None, None]:
        from xinyong.operations import synthetic

        state, folder = self._state, _folder() / "files"
        shutil.rmtree(folder, ignore_errors=True)
        files = synthetic.write_apart(
            folder,
            subjects=state.subjects,
            records=state.records,
            seed=state.seed,
            today=date.fromisoformat(state.today),
        )
        with closing(files):
            for _, self.total, file in files:
                if file is not None:
                    yield file


def _register(by: "Actor") -> dict[str, int]:
    """The divisions, departments and accounts; returns those of the organisations' agents, by user name."""
    from xinyong.operations.synthetic import inhabitants, places
    from xinyong.security import identity

    manifest = inhabitants()
    identity.load_regions(manifest.regions, source=places.SOURCE, by=by)
    for one in manifest.departments:
        identity.register_department(
            code=one.code, name=one.name, short_name=one.short_name, region_code=one.region_code, by=by
        )
    return _create_accounts(by)


def _create_accounts(by: "Actor") -> dict[str, int]:
    """Creates the demo accounts; those of the organisations' agents by user name. Their passwords and authenticator secrets are this
    installation's: drawn once, kept in the file of accounts, so that a newcomer can sign in at once."""
    from xinyong.operations.synthetic import inhabitants
    from xinyong.security import factors, identity

    path = accounts_file()
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    known = {line.split()[0]: line.split()[1:] for line in kept.splitlines()}
    lines: list[str] = []
    for one in inhabitants().accounts:
        password, secret = (known.get(one.username) or [secrets.token_urlsafe(12), ""])[:2]
        secret = secret if _SECRET.fullmatch(secret) else factors.fresh_secret()
        made = identity.create_account(
            username=one.username, password=password, display_name=one.display_name, role=one.role,
            department=one.department, is_demo=True, by=by,
        )  # fmt: skip
        factors.give_demo(made, secret, now=clock.now())
        lines.append(f"{one.username:<12}{password:<20}{secret:<36}{one.display_name}")
    speakers = {}
    for agent in (city_own, city_repairs):
        password, secret = (known.get(agent.USERNAME) or [secrets.token_urlsafe(12), factors.fresh_secret()])[:2]
        speakers[agent.USERNAME] = city_own.open_account(agent.USERNAME, agent.DISPLAY_NAME, password, by=by)
        factors.give_demo(speakers[agent.USERNAME], secret, now=clock.now())
        lines.append(f"{agent.USERNAME:<12}{password:<20}{secret:<36}{agent.DISPLAY_NAME}")
    _keep_accounts([*lines, *(line for line in kept.splitlines() if line.split()[0] in city_persons.PEOPLE)])
    return speakers


def _admit_citizens(state: State, by: "Actor") -> dict[str, int]:
    """The demo accounts of persons, whose names and numbers the city's seed makes; their ids by user name."""
    from xinyong.security import factors

    kept = accounts_file().read_text(encoding="utf-8").splitlines()
    known = {line.split()[0]: line.split()[1:] for line in kept}
    citizens, lines = {}, [line for line in kept if line.split()[0] not in city_persons.PEOPLE]
    for username in city_persons.PEOPLE:
        password, secret = (known.get(username) or [secrets.token_urlsafe(12), factors.fresh_secret()])[:2]
        citizens[username], name = city_persons.open_account(
            username, password, seed=state.seed, today=date.fromisoformat(state.today), by=by
        )
        factors.give_demo(citizens[username], secret, now=clock.now())
        lines.append(f"{username:<12}{password:<20}{secret:<36}{name}（个人）")
    _keep_accounts(lines)
    return citizens


def _keep_accounts(lines: list[str]) -> None:
    path = accounts_file()
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    part.replace(path)


def _submitted(files: Iterable["CityFile"], by: "Actor") -> Iterator["SubmissionView"]:
    """Submits the files in order, two at a time where the order cannot matter: one is read while another is deposited.

    A register goes alone, as others look its subjects up; files of one sender for one item follow each other.
    What an earlier run submitted is the same submission and costs a look.
    """
    with ThreadPoolExecutor(2, "city") as pool:
        under_way: deque[tuple[CityFile, Future[SubmissionView]]] = deque()
        for file in files:
            while under_way and (len(under_way) > 1 or _must_follow(file, under_way[0][0])):
                yield under_way.popleft()[1].result()
            under_way.append((file, pool.submit(_submit, file, by)))
        while under_way:
            yield under_way.popleft()[1].result()


def _must_follow(file: "CityFile", other: "CityFile") -> bool:
    same = (file.item_id, file.source_code) == (other.item_id, other.source_code)
    return same or _REGISTER in (file.item_id, other.item_id)


def _submit(file: "CityFile", by: "Actor") -> "SubmissionView":
    from django.db import connection

    from xinyong.intake import submit

    try:
        received = submit.receive(
            file.path, item_id=file.item_id, source_code=file.source_code, file_name=file.path.name, by=by,
            received_at=datetime.combine(file.received_on, _RECEIVED_AT),
        )  # fmt: skip
        done = submit.run(received.id, by=by, original=file.path)
    finally:
        connection.close()  # the thread's own
    if done.refusal:
        raise RuntimeError(f"the intake refused {file.path.name}: {done.refusal}")  # our own file: a bug of ours
    return done


def _settle() -> None:
    """Lets the planner know the tables as they are now."""
    from django.db import connection

    from xinyong.security import separation

    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _authority() -> str:
    """The code of the department that sends changes of the register."""
    from xinyong.operations.synthetic import inhabitants

    return next(one.code for one in inhabitants().departments if one.name.endswith("市市场监督管理局"))


def _system() -> "Actor":
    from xinyong.security.access import system

    return system("city")


def _folder() -> Path:
    from django.conf import settings

    path = Path(settings.XINYONG_HOME) / "city"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _begun() -> State | None:
    path = _folder() / "state.json"
    return State(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _save(state: State) -> None:
    path = _folder() / "state.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
    part.replace(path)


def _progress(text: str, started: float, is_quiet: bool) -> None:
    if not is_quiet and sys.stdout.isatty():
        click.echo(f"\r· 演示城市 city: {text} ({time.monotonic() - started:.0f} s)\x1b[K", nl=False)


def _end_line(is_quiet: bool) -> None:
    if not is_quiet and sys.stdout.isatty():
        click.echo("\r\x1b[K", nl=False)


def _say(text: str, is_quiet: bool) -> None:
    if not is_quiet:
        click.echo(text)
