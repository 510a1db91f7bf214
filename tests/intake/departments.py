"""Departments' own database servers: a PostgreSQL and a MariaDB that the tests start on loopback ports and stop."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psycopg
import pymysql
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import free_port
from tests.intake import made
from xinyong.config import postgres
from xinyong.intake.docking import Access
from xinyong.security.identity import SourceUnit

#: The account that the platform gets: it may read. The password has what breaks careless quoting.
READER, PASSWORD = "xinyong_reader", "pa'ss \"w@rd/%密:码"

#: The department's columns → our fields. Their names are its own.
COLUMNS = {
    "doc_no": "CF_WSH", "xdr_mc": "CF_XDR_MC", "xdr_lb": "CF_XDR_LB", "shxym": "CF_XDR_SHXYM", "frdb": "CF_FRDB",
    "wfxw": "CF_WFXW", "sy": "CF_SY", "yj": "CF_YJ", "cflb": "CF_CFLB", "nr": "CF_NR", "fkje": "CF_NR_FK",
    "jdrq": "CF_JDRQ", "yxq": "CF_YXQ", "jgmc": "CF_CFJG", "jgdm": "CF_CFJGDM", "sjly": "CF_SJLY", "sjlydm": "CF_SJLYDM",
    "Bz 注": "BZ",
}  # fmt: skip
_DDL = """
CREATE TABLE {name} (
  id bigint PRIMARY KEY, doc_no varchar(128), xdr_mc varchar(200), xdr_lb varchar(30), shxym char(18), frdb varchar(50),
  wfxw text, sy text, yj text, cflb varchar(100), nr text, fkje decimal(16,6), jdrq date, yxq date, jgmc varchar(200),
  jgdm varchar(18), sjly varchar(200), sjlydm varchar(18), {quoted} varchar(500), gxsj {moment}
)"""


@dataclass(slots=True)
class Server:
    """A running server: how to get in as its owner, and how the platform gets in."""

    dialect: str
    port: int
    folder: Path
    owner: Any  # opens a connection that commits by itself
    authority: str = ""
    process: Any = None
    names: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """A statement of the department's own."""
        with self.owner() as own, own.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    def access(self, **changes: Any) -> Access:
        """What is declared of it."""
        return Access(**{
            "dialect": self.dialect, "host": "127.0.0.1", "port": self.port, "database": "dept", "username": READER,
            "password": PASSWORD, "tls": "off", **changes,
        })  # fmt: skip

    def quoted(self, name: str) -> str:
        """A name as the department's server quotes it."""
        return f"`{name}`" if self.dialect == "mysql" else f'"{name}"'

    def table(self) -> str:
        """A new empty table of penalties, which the platform's account may read; returns its name."""
        name = f"cf_{next(self.names)}"
        kind = "datetime(6)" if self.dialect == "mysql" else "timestamp(6)"
        self.run(_DDL.format(name=name, quoted=self.quoted("Bz 注"), moment=kind))
        self.run(f"CREATE INDEX {name}_gxsj ON {name} (gxsj, id)")
        if self.dialect == "postgresql":
            self.run(f"GRANT SELECT ON {name} TO {READER}")
        return name

    def insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Rows by column name."""
        names = list(rows[0])
        marks = ", ".join(["%s"] * len(names))
        columns = ", ".join(self.quoted(name) for name in names)
        with self.owner() as own, own.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})", [[row.get(name) for name in names] for row in rows]
            )


def rows(
    unit: SourceUnit, count: int, *, first: int = 1, at: datetime | None = None, step: float = 1
) -> list[dict[str, Any]]:
    """Rows of penalties about organisations nobody knows, a second of watermark apart."""
    begin = at or datetime.fromisoformat("2026-06-01 08:00")
    found = []
    for place in range(count):
        who = made.organisation()
        found.append(row(made.penalty_row(who, unit), first + place, begin + timedelta(seconds=step * place)))
    return found


def row(values: dict[str, str], number: int, at: datetime | None) -> dict[str, Any]:
    """A row of fields as the department's own."""
    return {"id": number, "gxsj": at} | {name: values.get(code) for name, code in COLUMNS.items()}


@contextmanager
def postgresql() -> Iterator[Server]:
    """A PostgreSQL of a department: the wheel's build, which knows no TLS."""
    utils = postgres._library()
    binaries = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    with tempfile.TemporaryDirectory(prefix="department-pg-") as name:
        folder, port = Path(name), free_port()
        data = folder / "data"
        as_user = {"user": "pgserver", "cwd": "/"} if os.geteuid() == 0 else {}
        if as_user:
            utils.ensure_user_exists("pgserver")
            shutil.chown(folder, "pgserver")
        _quiet(
            [binaries / "initdb", "-A", "trust", "-U", "postgres", "-E", "utf8", "--locale=C.UTF-8", "-N", "-D", data],
            as_user,
        )
        (data / "pg_hba.conf").write_text(
            f"local all postgres trust\nhost all postgres 127.0.0.1/32 trust\nhost all {READER} 127.0.0.1/32 scram-sha-256\n"
        )
        options = f"-k {folder} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=32MB"
        _quiet([binaries / "pg_ctl", "-w", "-D", data, "-l", folder / "log", "-o", options, "start"], as_user)
        try:

            def owner(database: str = "dept") -> psycopg.Connection[Any]:
                return psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname=database, autocommit=True)

            with owner("postgres") as own:
                own.execute(f"CREATE ROLE {READER} LOGIN PASSWORD {psycopg.sql.Literal(PASSWORD).as_string(own)}")
                own.execute("CREATE DATABASE dept")
            yield Server("postgresql", port, folder, owner)
        finally:
            _quiet([binaries / "pg_ctl", "-m", "immediate", "-D", data, "stop"], as_user)


@contextmanager
def mariadb() -> Iterator[Server]:
    """A MariaDB of a department, with TLS by a certificate of its own; the package mariadb-server must be there
    (tools/departments.sh)."""
    with tempfile.TemporaryDirectory(prefix="department-my-") as name:
        folder, port = Path(name), free_port()
        data, way = folder / "data", folder / "sock"
        user = ["--user=mysql"] if os.geteuid() == 0 else []
        if user:
            shutil.chown(folder, "mysql")
        _quiet(["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
                "--auth-root-authentication-method=normal", *user], {})  # fmt: skip
        authority = _certificate(folder / "server.key", folder / "server.crt")
        if user:
            shutil.chown(folder / "server.key", "mysql")
        log = (folder / "log").open("wb")
        process = subprocess.Popen(
            [program(), "--no-defaults", f"--datadir={data}", f"--socket={way}", f"--port={port}", *user,
             "--bind-address=127.0.0.1", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0",
             "--innodb-buffer-pool-size=64M", f"--ssl-key={folder}/server.key", f"--ssl-cert={folder}/server.crt"],
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip

        def owner(database: str | None = "dept") -> Any:
            return pymysql.connect(
                unix_socket=str(way), user="root", database=database, charset="utf8mb4", autocommit=True
            )

        try:
            _wait(way, folder / "log")
            with owner(None) as own, own.cursor() as cursor:
                cursor.execute("CREATE DATABASE dept CHARACTER SET utf8mb4")
                cursor.execute(f"CREATE USER {READER}@'%%' IDENTIFIED BY %s", [PASSWORD])
                cursor.execute(f"GRANT SELECT ON dept.* TO {READER}@'%'")
            yield Server("mysql", port, folder, owner, authority, process)
        finally:
            process.kill()
            process.wait()
            log.close()


def program() -> str | None:
    """Where mariadbd is; Debian keeps it out of people's PATH."""
    return shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def _wait(way: Path, log: Path) -> None:
    for _ in range(200):
        if way.exists():
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace")[-2000:])


def _quiet(command: list[Any], options: dict[str, Any]) -> None:
    with tempfile.TemporaryFile("w+") as output:  # a pipe would stay open in a server that is left behind
        done = subprocess.run(
            [*map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            **options,
        )
        output.seek(0)
        assert done.returncode == 0, output.read()


def _certificate(key_path: Path, path: Path) -> str:
    """A key and a certificate for 127.0.0.1, signed by itself; returns the certificate, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "department.example")])
    now = datetime.now(UTC)
    made_certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=400))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    pem = made_certificate.public_bytes(serialization.Encoding.PEM)
    path.write_bytes(pem)
    return pem.decode()
