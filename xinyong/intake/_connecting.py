"""How a connection to a department's database comes about, driver by driver: to the checked address, encrypted as declared,
read-only, with time limits, every value as the department has it and instants in Beijing time.

SQL Server and Oracle are written after their drivers' documents and were never tried against a real server.
"""

import contextlib
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xinyong.kernel.errors import Conflict

#: Seconds until a connection must have come about.
PATIENCE = 10
_ZONE = "+08:00"

URLS: dict[str, str] = {
    "postgresql": "postgresql+psycopg://",
    "mysql": "mysql+pymysql://",
    "mssql": "mssql+pymssql://",
    "oracle": "oracle+oracledb://",
}
PORTS: dict[str, int] = {"postgresql": 5432, "mysql": 3306, "mssql": 1433, "oracle": 1521}


class NoDriver(Conflict):
    """The driver of this kind of database is not installed."""

    code = "intake.no-driver"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is and how to get in; the password is not among it."""

    name: str
    dialect: str
    host: str
    port: int
    database: str
    username: str
    tls: str
    ca_pem: str = ""


def connect(place: Place, password: str, address: str, seconds: int) -> Any:
    """A connection of the dialect's driver. Raises NoDriver and what the driver raises."""
    try:
        return _WAYS[place.dialect](place, password, address, seconds)
    except ImportError as error:
        raise no_driver(place.dialect) from error


def errors(dialect: str) -> tuple[type[BaseException], ...]:
    """What the driver of a dialect raises of its own. Raises NoDriver."""
    try:
        if dialect == "postgresql":
            import psycopg

            return (psycopg.Error,)
        if dialect == "mysql":
            import pymysql

            return (pymysql.err.MySQLError,)
        if dialect == "mssql":
            import pymssql

            return (pymssql.Error,)
        import oracledb

        return (oracledb.Error,)
    except ImportError as error:
        raise no_driver(dialect) from error


def no_driver(dialect: str) -> NoDriver:
    """The error for a driver that is missing."""
    return NoDriver(
        f"没有安装 {dialect} 的驱动程序。请执行 pip install 'xinyong[docking]' 后重启平台。",
        f"The driver for {dialect} is not installed: pip install 'xinyong[docking]', then start again.",
    )


def _postgresql(place: Place, password: str, address: str, seconds: int) -> Any:
    import psycopg
    from psycopg.types.string import TextLoader

    options = (
        f"-c default_transaction_read_only=on -c statement_timeout={seconds * 1000} -c lock_timeout=30000"
        f" -c idle_in_transaction_session_timeout={seconds * 1000} -c timezone=Asia/Shanghai -c datestyle=ISO"
    )
    modes = {"verify": "verify-full", "require": "require", "off": "disable"}
    with _ca_file(place) as authorities:
        found = psycopg.connect(
            host=place.host, hostaddr=address, port=place.port, dbname=place.database, user=place.username,
            password=password, sslmode=modes[place.tls], sslrootcert=authorities, connect_timeout=PATIENCE, options=options,
            application_name="xinyong-docking", gssencmode="disable", require_auth="scram-sha-256,md5,none",
        )  # fmt: skip
    for name in (
        "date", "timestamp", "timestamptz", "time", "timetz", "interval", "numeric", "int2", "int4", "int8", "float4",
        "float8", "json", "jsonb", "uuid",
    ):  # fmt: skip
        found.adapters.register_loader(name, TextLoader)
    return found


@contextlib.contextmanager
def _ca_file(place: Place) -> Iterator[str | None]:
    """A file with the authorities whose certificates count; the driver takes nothing else."""
    if place.tls != "verify":
        yield None
    elif not place.ca_pem:
        yield ssl.get_default_verify_paths().cafile
    else:
        with tempfile.TemporaryDirectory(prefix="xinyong-ca-") as folder:
            path = Path(folder) / "ca.pem"
            path.write_text(place.ca_pem, encoding="ascii")
            yield str(path)


def _tls(place: Place) -> ssl.SSLContext | None:
    if place.tls == "off":
        return None
    context = ssl.create_default_context(cadata=place.ca_pem or None)
    if place.tls == "require":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _mysql(place: Place, password: str, address: str, seconds: int) -> Any:
    import pymysql
    from pymysql.cursors import Cursor

    found = pymysql.connect(
        host=place.host, port=place.port, user=place.username, password=password.encode(), database=place.database,
        charset="utf8mb4", conv=dict(pymysql.converters.encoders), ssl=_tls(place), ssl_disabled=place.tls == "off",
        connect_timeout=PATIENCE, read_timeout=seconds, write_timeout=seconds, local_infile=False, defer_connect=True,
        cursorclass=Cursor, program_name="xinyong-docking",
    )  # fmt: skip
    # A socket of ours to the checked address: the driver would ask for the name's address again. The name stays for TLS.
    line = socket.create_connection((address, place.port), timeout=PATIENCE)
    line.settimeout(None)
    found.connect(line)
    is_mariadb = "mariadb" in found.get_server_info().lower()
    limit = f"max_statement_time={seconds}" if is_mariadb else f"max_execution_time={seconds * 1000}"
    with found.cursor() as cursor:
        # nosemgrep: sql-from-pieces  a number of ours and a constant
        cursor.execute(f"SET SESSION {limit}, time_zone='{_ZONE}'")
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
    return found


def _mssql(place: Place, password: str, address: str, seconds: int) -> Any:
    import pymssql

    return pymssql.connect(
        server=address, port=str(place.port), user=place.username, password=password, database=place.database,
        login_timeout=PATIENCE, timeout=seconds, charset="UTF-8", appname="xinyong-docking", read_only=True,
        encryption="off" if place.tls == "off" else "require", tds_version="7.4",
    )  # fmt: skip


def _oracle(place: Place, password: str, address: str, seconds: int) -> Any:
    import oracledb

    oracledb.defaults.fetch_lobs = False
    oracledb.defaults.fetch_decimals = True
    found = oracledb.connect(
        host=address, port=place.port, service_name=place.database, user=place.username, password=password,
        tcp_connect_timeout=PATIENCE, protocol="tcp" if place.tls == "off" else "tcps", ssl_context=_tls(place),
        ssl_server_dn_match=False, program="xinyong-docking",
    )  # fmt: skip
    found.call_timeout = seconds * 1000
    with found.cursor() as cursor:
        cursor.execute(f"ALTER SESSION SET TIME_ZONE = '{_ZONE}'")
    return found


_WAYS: dict[str, Callable[[Place, str, str, int], Any]] = {
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mssql": _mssql,
    "oracle": _oracle,
}
