"""What went wrong with a department's database, in our own words. A driver's text may quote a row, a statement or a
password; of it only the server's code goes on."""

import re
import ssl
from typing import ClassVar

from xinyong.intake._connecting import Place
from xinyong.kernel.errors import Conflict


class DatabaseFailed(Conflict):
    """The department's database refused, or something else went wrong there."""

    code: ClassVar[str] = "intake.database-failed"


class Unreachable(DatabaseFailed):
    """No connection comes about, or it broke."""

    code = "intake.database-unreachable"


class NotEncrypted(DatabaseFailed):
    """The server does not encrypt, or its certificate does not hold."""

    code = "intake.database-tls"


class SignInRefused(DatabaseFailed):
    """User name, password or database name is wrong."""

    code = "intake.database-sign-in"


class TableChanged(DatabaseFailed):
    """A table, view or column is not there any more."""

    code = "intake.table-changed"


class NotReadable(DatabaseFailed):
    """The account has no right to read the table."""

    code = "intake.table-not-readable"


class TooSlow(DatabaseFailed):
    """A statement took longer than allowed."""

    code = "intake.database-slow"


class WriteRefused(DatabaseFailed):
    """The session tried to write, and the server said no, as it should."""

    code = "intake.database-read-only"


#: SQLSTATE (PostgreSQL) or number of the server's error → what it is.
_CODES: dict[type[DatabaseFailed], frozenset[str]] = {
    SignInRefused: frozenset({"28P01", "28000", "3D000", "1045", "1044", "1049", "1698", "18456", "4060", "1017"}),
    TableChanged: frozenset({"42P01", "42703", "3F000", "1146", "1054", "1356", "208", "207", "942", "904"}),
    NotReadable: frozenset({"42501", "1142", "1143", "1370", "229", "230", "1031"}),
    TooSlow: frozenset({"57014", "55P03", "3024", "1969", "1205", "1013", "3156"}),
    WriteRefused: frozenset({"25006", "1792", "1456"}),
    Unreachable: frozenset(
        {"57P01", "57P02", "57P03", "2002", "2003", "2006", "2013", "20009", "12170", "12514", "12541"}
    ),
}
_SIGNS: tuple[tuple[type[DatabaseFailed], re.Pattern[str]], ...] = (
    (NotEncrypted, re.compile(r"\bSSL\b|\bTLS\b|certificate", re.I)),
    (
        SignInRefused,
        re.compile(r"authentication failed|password|no pg_hba\.conf entry|(database|role) .* does not exist", re.I),
    ),
    (TooSlow, re.compile(r"call timeout", re.I)),
    (Unreachable, re.compile(r"connect|closed|timeout|timed out|unreachable|terminat|Lost|refused|reset|EOF", re.I)),
)
_ORACLE = re.compile(r"(?:ORA|DPY)-0*(\d+)")


def told(error: BaseException, place: Place) -> DatabaseFailed:
    """The failure as one of ours: what, where, what to do."""
    own = _kind_of(error)
    where = f"{place.name}（{place.host}:{place.port}）"
    zh, en = _SAID[own]
    mark = _mark(error)
    return own(zh.format(where=where), en.format(where=f"{place.name} ({place.host}:{place.port})"), server_code=mark)


_SAID: dict[type[DatabaseFailed], tuple[str, str]] = {
    Unreachable: (
        "连接不上 {where}，或连接中断。请核对主机和端口、防火墙是否放行，以及数据库是否在运行。",
        "{where} cannot be reached, or the connection broke. Check host and port, the firewall, and that the database runs.",
    ),
    NotEncrypted: (
        "{where}不能按要求加密连接，或证书不对。请让对方启用 TLS、补上其根证书，或在确信网络可靠时改为不加密。",
        "{where} does not encrypt as declared, or its certificate does not hold. Have TLS turned on there, give its authority's "
        "certificate, or declare no encryption where the network itself is trusted.",
    ),
    SignInRefused: (
        "{where}拒绝登录：用户名、密码或库名不对，或没有允许从本机登录。请与该部门核对后更换密码。",
        "{where} refused to let us in: user, password or database name is wrong, or this machine is not allowed. Check with the "
        "department and give the password anew.",
    ),
    TableChanged: (
        "{where}中声明的表、视图或列已经不在。请与该部门核对表结构，改好对应关系后再拉取。",
        "In {where} a declared table, view or column is not there any more. Ask the department what changed and map it anew.",
    ),
    NotReadable: (
        "{where}的账号没有读取这张表的权限。请该部门授予 SELECT 权限（只要这一项）。",
        "The account at {where} may not read the table. Ask the department for SELECT on it, and nothing else.",
    ),
    TooSlow: (
        "{where}查询超过规定时间，已停止。请该部门给水位列建索引，或减少每批行数。",
        "{where} took longer than allowed and was stopped. Ask for an index on the watermark column, or take smaller slices.",
    ),
    WriteRefused: (
        "{where}拒绝了写入：这个会话只读。",
        "{where} refused to write: the session is read-only.",
    ),
    DatabaseFailed: (
        "{where}返回了错误，没有取到数据。请把服务器错误码告诉该部门的数据库管理员。",
        "{where} answered with an error and nothing was read. Tell the department's administrator the server's code.",
    ),
}  # fmt: skip


def _kind_of(error: BaseException) -> type[DatabaseFailed]:
    if isinstance(error, ssl.SSLError) or isinstance(getattr(error, "orig", None), ssl.SSLError):
        return NotEncrypted
    if type(error).__name__ in {"NoSuchTableError", "NoSuchColumnError"}:
        return TableChanged
    mark = _mark(error)
    for kind, codes in _CODES.items():
        if mark in codes and mark not in {"2003", "2013"}:  # said of TLS too
            return kind
    said = str(getattr(error, "orig", None) or error)
    for kind, sign in _SIGNS:
        if sign.search(said):
            return kind
    if isinstance(error, (OSError, TimeoutError)) or mark in {"2003", "2013"}:
        return Unreachable
    return DatabaseFailed


def _mark(error: BaseException) -> str:
    """The server's own code: SQLSTATE, or a number; "" where there is none."""
    inner = getattr(error, "orig", None) or error
    first = inner.args[0] if getattr(inner, "args", ()) else ""
    if isinstance(first, int):
        return str(first)
    state = getattr(inner, "sqlstate", None)
    if isinstance(state, str):
        return state
    found = _ORACLE.search(str(inner))
    return found[1] if found else ""
