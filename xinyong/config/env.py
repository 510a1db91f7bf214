"""Every environment variable the program reads, typed and documented. Nothing else reads ``os.environ``.

``VARIABLES`` is also the source of docs/reference/settings.md.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from xinyong.kernel.secrets_kept import kept


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its name, the default shown to a reader, and what it does."""

    name: str
    default: str
    meaning: str


VARIABLES: tuple[Variable, ...] = (
    Variable("XINYONG_HOME", "./var", "Data directory: embedded database, received files, keys, logs. 数据目录"),
    Variable(
        "DATABASE_URL", "", "postgresql://user:password@host:port/name (PostgreSQL ≥ 15). Empty: embedded server."
    ),
    Variable(
        "XINYONG_OWNER_URL",
        "",
        "For your own server: the database user that owns the tables, for setup and upgrades only. Empty: DATABASE_URL's.",
    ),
    Variable(
        "XINYONG_DB_ROLES",
        "1",
        "For your own server: 1 runs as the role xinyong_app, which cannot change the tables or what is append-only and sees"
        " rows by row-level security; 0 runs as DATABASE_URL's user, without this second wall.",
    ),
    Variable("XINYONG_DEBUG", "0", "1 shows tracebacks in the browser. Never in production."),
    Variable(
        "XINYONG_HOSTS", "127.0.0.1,localhost,[::1],testserver", "Host names the server answers to, comma separated."
    ),
    Variable(
        "XINYONG_ORIGIN",
        "http://127.0.0.1:8000",
        "Public address printed in reports and their QR codes. Not set: where serve or run last listened.",
    ),
    Variable(
        "XINYONG_SECRET_KEY_FILE", "", "File holding the session secret. Empty: made in the data directory, 0600."
    ),
    Variable("XINYONG_SITE_NAME", "信用中国(云溪)", "Name of the site in page heads and reports."),
    Variable("XINYONG_HTTPS", "0", "1 behind TLS: secure cookies, HSTS."),
    Variable(
        "XINYONG_PROXIES",
        "0",
        "How many proxies of yours stand in front; the client's address is then taken from X-Forwarded-For, so many from"
        " its end. With 0 that header counts for nothing.",
    ),
    Variable(
        "XINYONG_RATE_LIMITS", "1", "0 turns the portal's rate limits off: for measurements, or when a proxy limits."
    ),
    Variable("XINYONG_CHUNK_ROWS", "25000", "Rows of a submitted file that go in together; fewer need less memory."),
    Variable("XINYONG_UPLOAD_LIMIT_MB", "1024", "Largest file accepted by the office, in MiB."),
)


def text(name: str) -> str:
    """The value of a declared variable, or its default. A name that is not declared is a programming error."""
    for variable in VARIABLES:
        if variable.name == name:
            return os.environ.get(name, variable.default) or variable.default
    raise KeyError(f"{name} is not declared in config/env.py")


def origin() -> str:
    """The public address: XINYONG_ORIGIN, else what the server wrote to ``<home>/origin`` when it last started."""
    kept = home() / "origin"
    if not os.environ.get("XINYONG_ORIGIN") and kept.is_file():
        return kept.read_text(encoding="utf-8").strip().rstrip("/")
    return text("XINYONG_ORIGIN").rstrip("/")


def flag(name: str) -> bool:
    """True for 1, true, yes, on."""
    return text(name).strip().lower() in {"1", "true", "yes", "on"}


def whole(name: str) -> int:
    """The value as a whole number; a clear error names the variable when it is not one."""
    try:
        return int(text(name))
    except ValueError as error:
        raise SystemExit(f"环境变量 {name} 应为整数 / {name} must be a whole number: {text(name)!r}") from error


def home() -> Path:
    """The data directory, absolute; made when absent."""
    path = Path(text("XINYONG_HOME")).expanduser().absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


def secret(name: str, size: int = 48) -> str:
    """A secret kept in ``<home>/keys/<name>``, mode 0600; made with the system's random source at first use."""
    return kept(home() / "keys" / name, lambda: secrets.token_urlsafe(size))
