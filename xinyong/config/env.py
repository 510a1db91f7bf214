"""Every environment variable the program reads, typed and documented. Nothing else reads ``os.environ``.

``VARIABLES`` is also the source of docs/reference/settings.md.
"""

import ipaddress
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
    Variable(
        "XINYONG_KEY_PROVIDER",
        "file",
        "Where the key lies that wraps the data keys: file (data directory, folder keys), environment, pkcs11 (a token)."
        " 主密钥来源",
    ),
    Variable(
        "XINYONG_CIPHER", "aes-256-gcm", "Cipher for what is sealed from now on: aes-256-gcm or sm4-gcm. 加密算法"
    ),
    Variable(
        "XINYONG_DIGEST",
        "hmac-sha-256",
        "Keyed digest of the blind index, hmac-sha-256 or hmac-sm3: settled when the installation's keys are first made.",
    ),
    Variable(
        "XINYONG_MASTER_KEY", "", "With the provider environment: the master key, 64 hexadecimal digits. No default."
    ),
    Variable(
        "XINYONG_MASTER_KEY_OLD",
        "",
        "The master key before, while it is being changed: until xinyong keys rewrap is done.",
    ),
    Variable(
        "XINYONG_PKCS11_LIBRARY", "", "With the provider pkcs11: path of the token's PKCS#11 library. 密码设备的库"
    ),
    Variable("XINYONG_PKCS11_TOKEN", "xinyong", "Label of the token that holds the key. 令牌标签"),
    Variable("XINYONG_PKCS11_KEY", "xinyong-kek", "Label of the key in the token; the first one is made there."),
    Variable("XINYONG_PKCS11_PIN_FILE", "", "File (mode 0600) that holds the token's user PIN."),
    Variable(
        "XINYONG_SIGNING_KEY",
        "",
        "What signs reports and statements: a file (mode 0600) of PEM or PKCS#12, or pkcs11:LABEL for a private key of the token that"
        " XINYONG_PKCS11_… names. Empty: a demonstration's own key, of no legal force. 签名密钥",
    ),
    Variable(
        "XINYONG_SIGNING_CERTIFICATES",
        "",
        "PEM file: the signing certificate first, then what leads to its self-signed root, the root too. Empty: they lie in the key's file.",
    ),
    Variable(
        "XINYONG_SIGNING_PASSPHRASE_FILE", "", "File (mode 0600) that holds the passphrase of the signing key's file."
    ),
    Variable(
        "XINYONG_SIGNING_TSA",
        "",
        "Address of a time stamping authority (RFC 3161) that is asked for each signature. Empty: none. 时间戳",
    ),
    Variable("XINYONG_BATCH_KEEP_DAYS", "30", "Days that the files of a batch of reports are kept. 批量报告保留天数"),
    Variable("XINYONG_SITE_NAME", "信用中国(云溪)", "Name of the site in page heads and reports."),
    Variable(
        "XINYONG_EXPORT_DAILY_ROWS", "5000", "Rows of shared records that one account exports a day. 每日导出额度"
    ),
    Variable(
        "XINYONG_QUERIES_DAILY",
        "500",
        "Files and queries that one official looks at a day; programs have their client's quotas. 每日查询额度",
    ),
    Variable(
        "XINYONG_CONSENT_REQUEST_DAYS",
        "30",
        "For how many days a request for an authorisation waits for its answer. 授权请求的答复期限（天）",
    ),
    Variable(
        "XINYONG_LOOKS_AN_HOUR",
        "30",
        "Different subjects that an official looks at within an hour; more raises an alarm. 每小时查询告警数",
    ),
    Variable(
        "XINYONG_OFFICE_HOURS",
        "7-21",
        "Hours of the working day, from-to; an official's look outside raises an alarm. 工作时间",
    ),
    Variable(
        "XINYONG_EMERGENCY_REVIEW_DAYS",
        "3",
        "Working days within which somebody else reviews an emergency query. 紧急查询复核期限",
    ),
    Variable(
        "XINYONG_RANKING",
        "reporting:30 compliance:30 timeliness:30 collection:10",
        "Rates and their weights in the composite that bulletins rank by. 通报排名的指标和权重",
    ),
    Variable(
        "XINYONG_LAST_PLACES",
        "1",
        "Last places of a group that count: three months there lead to an interview. 约谈名次",
    ),
    Variable(
        "XINYONG_ERASE_GRACE_DAYS",
        "30",
        "Days after a person's record may be used no longer until its content is erased for good. 期满删除的宽限天数",
    ),
    Variable(
        "XINYONG_ORIGINALS_YEARS",
        "5",
        "Years that a kept original file about persons stays after the last record from it has ended. 自然人原件保存年限",
    ),
    Variable(
        "XINYONG_ASSESSMENT_DAYS",
        "1096",
        "Most days that an impact assessment is good for before it is written anew. 个人信息保护影响评估有效天数",
    ),
    Variable(
        "XINYONG_SMALL_CELL",
        "10",
        "Public figures about natural persons below this number are not shown. 公开统计的最小单元",
    ),
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
    Variable(
        "XINYONG_PASSWORD_POLICY",
        "mlps",
        "mlps: at least 12 characters of three kinds, changed every 90 days (GB/T 22239). asvs: at least 15, no kinds, no"
        " forced change (OWASP ASVS 5.0).",
    ),
    Variable(
        "XINYONG_OIDC_ISSUER", "", "Issuer of single sign-on by OpenID Connect (https). Empty: none. 统一身份认证"
    ),
    Variable(
        "XINYONG_OIDC_CLIENT_ID", "", "Our client id there. Redirect address: <origin>/office/sign-in/outside/back."
    ),
    Variable("XINYONG_OIDC_SECRET_FILE", "", "File holding our client secret there."),
    Variable("XINYONG_OIDC_LABEL", "统一身份认证", "What the button of single sign-on says."),
    Variable(
        "XINYONG_OIDC_FACTOR",
        "",
        "Values of amr or acr, comma separated, that stand for a second factor. Empty: ours is always asked for.",
    ),
    Variable(
        "XINYONG_CITIZEN_OIDC_ISSUER",
        "",
        "Issuer of the citizens' identity provider (https), by which persons sign up and in. Empty: at the counter only. 公民统一身份认证",
    ),
    Variable(
        "XINYONG_CITIZEN_OIDC_CLIENT_ID",
        "",
        "Our client id there. Redirect address: <origin>/office/sign-in/citizen/back.",
    ),
    Variable("XINYONG_CITIZEN_OIDC_SECRET_FILE", "", "File holding our client secret there."),
    Variable("XINYONG_CITIZEN_OIDC_LABEL", "公民统一身份认证", "What the button of the citizens' sign-in says."),
    Variable(
        "XINYONG_CITIZEN_OIDC_FACTOR",
        "",
        "Values of amr or acr, comma separated, that stand for a second factor. Empty: ours is always asked for.",
    ),
    Variable("XINYONG_CITIZEN_OIDC_SCOPE", "openid profile", "Scope asked for at the citizens' provider."),
    Variable("XINYONG_CITIZEN_OIDC_NAME_CLAIM", "name", "Claim that holds the person's name. 姓名"),
    Variable(
        "XINYONG_CITIZEN_OIDC_NUMBER_CLAIM",
        "id_number",
        "Claim that holds the citizen's identity number; it is never kept in clear. 公民身份号码",
    ),
    Variable(
        "XINYONG_CITIZEN_OIDC_ORGANISATIONS_CLAIM",
        "",
        "Claim that lists the unified social credit codes of organisations whose legal representative the person is. Empty: the"
        " provider says none, and claims are verified in the office. 所代表的单位",
    ),
    Variable("XINYONG_CHUNK_ROWS", "25000", "Rows of a submitted file that go in together; fewer need less memory."),
    Variable(
        "XINYONG_LOG_ORIGIN",
        "",
        "Name of the evidence log, as a URL without scheme (example.gov.cn/log). Empty: made at first use. 日志名称",
    ),
    Variable(
        "XINYONG_LOG_HASH", "sha256", "Hash of the evidence log: sha256 or sm3. Chosen once, before the first start."
    ),
    Variable(
        "XINYONG_LOG_LIMIT_MINUTES",
        "240",
        "Oldest age of the last signed checkpoint; beyond it, reads of data that are not public stop. 检查点最长间隔",
    ),
    Variable(
        "XINYONG_DOCKING_NETWORKS",
        "",
        "Networks in which departments' databases lie that may be pulled from, comma separated (10.1.2.0/24). Empty: docking is"
        " off, and the program calls no database but its own. 数据库对接的网段",
    ),
    Variable(
        "XINYONG_DOCKING_SECRETS",
        "",
        "Folder of files that each hold the password of a docked database, for those that are not to be kept sealed in ours.",
    ),
    Variable(
        "XINYONG_DOCKING_PASSWORD",
        "",
        "For xinyong docking add and change at a terminal nobody sits at: the password, instead of asking for it.",
    ),
    Variable(
        "XINYONG_DROP_FOLDERS",
        "",
        "Root of the watched folders, one per department (docs/how-to/drop-folder.md). Empty: none. 前置机交换目录",
    ),
    Variable(
        "XINYONG_DROP_STILL_SECONDS",
        "30",
        "A file without a control file is taken when it has not changed for so many seconds. 静置秒数",
    ),
    Variable(
        "XINYONG_DROP_KEEP_DAYS",
        "7",
        "Days that taken files stay in done/; the platform keeps a sealed copy anyway. 留存天数",
    ),
    Variable(
        "XINYONG_FEED_GAP_MINUTES",
        "30",
        "A change of the base register that is missing for so long is told to the operator. 变更缺号告警",
    ),
    Variable("XINYONG_SMTP_HOST", "", "Mail server for notices to departments. Empty: no mail is sent. 邮件服务器"),
    Variable(
        "XINYONG_SMTP_PORT", "465", "Port of the mail server: 465 for tls, 587 for starttls, 25 for off, as a rule."
    ),
    Variable(
        "XINYONG_SMTP_SECURITY", "tls", "tls (from the first byte), starttls, or off (within a trusted network only)."
    ),
    Variable("XINYONG_SMTP_USER", "", "User name at the mail server. Empty: none is given."),
    Variable("XINYONG_SMTP_PASSWORD_FILE", "", "File (mode 0600) that holds the password at the mail server."),
    Variable("XINYONG_MAIL_FROM", "", "Address the notices come from. Empty: no-reply@ and the mail server's name."),
    Variable(
        "XINYONG_WEBHOOK_NETWORKS",
        "",
        "Networks in which departments' receivers of webhooks lie, comma separated (10.1.3.0/24). Empty: no webhook is called."
        " 通知回调的网段",
    ),
    Variable(
        "XINYONG_WEBHOOK_CA",
        "",
        "File of certificates (PEM) that receivers' certificates are checked against. Empty: the system's.",
    ),
    Variable(
        "XINYONG_REMEDY_PROFILE",
        "zhejiang",
        "Whose regulation sets the steps and terms of objections taken from now on: zhejiang, shanghai, shandong, henan, shenzhen."
        " 异议办理适用的条例",
    ),
    Variable(
        "XINYONG_REPAIR_PROFILE",
        "national",
        "Whose rule sets apply to repairs asked for from now on: national (by date: 2019, 2023, 2026) or shenzhen. 信用修复适用的规则",
    ),
    Variable("XINYONG_UPLOAD_LIMIT_MB", "1024", "Largest file accepted by the office and by the interface, in MiB."),
    Variable(
        "XINYONG_UPLOADS_OPEN_MB",
        "8192",
        "MiB of unfinished uploads that the people of one department may have begun. 未完成上传的上限",
    ),
    Variable(
        "XINYONG_DATABASE_MEMORY_MB",
        "0",
        "MiB in which the embedded PostgreSQL keeps pages (shared_buffers), 0: an eighth of the machine's or container's memory, 256 "
        "to 4096. Read when the server starts. 内置数据库缓存",
    ),
    Variable(
        "XINYONG_DISK_SPARE_MB",
        "512",
        "MiB of the data directory's disk that intake leaves free, for the database above all: with less, files are refused and "
        "work waits until there is room again. 磁盘保留空间",
    ),
    Variable(
        "XINYONG_API_WAITING",
        "50",
        "Submissions of one machine client that may wait for the worker; beyond it the interface answers 429. 接口待处理上限",
    ),
    Variable(
        "XINYONG_API_AT_ONCE",
        "0",
        "Machine requests that one web process answers at once, 0: as many as it has threads; beyond it the interface answers "
        "429, so that people find a free thread, and of those with a place one on this host is worked on at a time. xinyong serve and "
        "run set half as many as they give threads. 接口并发上限",
    ),
    Variable(
        "XINYONG_API_DAILY_MB", "20480", "MiB that one machine client hands in a day by the interface. 接口每日数据量"
    ),
    Variable(
        "XINYONG_CLIENT_SECRET",
        "",
        "For xinyong submit --to: the client's secret, where no --secret-file is given. The server does not read it.",
    ),
)


_SECRET_LENGTH, _SECRET_VARIETY = 32, 10


def text(name: str) -> str:
    """The value of a declared variable, or its default. A name that is not declared is a programming error."""
    for variable in VARIABLES:
        if variable.name == name:
            return os.environ.get(name, variable.default) or variable.default
    raise KeyError(f"{name} is not declared in config/env.py")


def one_of(name: str, *allowed: str) -> str:
    """The value, which must be one of these; a clear error names the variable when it is not."""
    value = text(name).strip().lower()
    if value not in allowed:
        raise SystemExit(f"环境变量 {name} 只能是 / must be one of {', '.join(allowed)}: {value!r}")
    return value


def keys() -> dict[str, str]:
    """What the settings say of keys and ciphers (security/keys.py). The debug page hides whatever is named so."""
    return {
        "provider": one_of("XINYONG_KEY_PROVIDER", "file", "environment", "pkcs11"),
        "cipher": one_of("XINYONG_CIPHER", "aes-256-gcm", "sm4-gcm"),
        "digest": one_of("XINYONG_DIGEST", "hmac-sha-256", "hmac-sm3"),
        "master": text("XINYONG_MASTER_KEY"),
        "master_old": text("XINYONG_MASTER_KEY_OLD"),
        "library": text("XINYONG_PKCS11_LIBRARY"),
        "token": text("XINYONG_PKCS11_TOKEN"),
        "key": text("XINYONG_PKCS11_KEY"),
        "pin_file": text("XINYONG_PKCS11_PIN_FILE"),
    }


def signing() -> dict[str, str]:
    """What the settings say of the key that signs papers (reports/signing.py)."""
    return {
        "key": text("XINYONG_SIGNING_KEY").strip(),
        "certificates": text("XINYONG_SIGNING_CERTIFICATES").strip(),
        "passphrase_file": text("XINYONG_SIGNING_PASSPHRASE_FILE").strip(),
        "tsa": text("XINYONG_SIGNING_TSA").strip(),
    }


def mail() -> dict[str, str | int]:
    """What the settings say of the mail server (workflow/_mail.py)."""
    host = text("XINYONG_SMTP_HOST").strip()
    sender = text("XINYONG_MAIL_FROM").strip() or f"no-reply@{host}"
    if host and not (sender.isascii() and all(sender.partition("@")[::2])):
        raise SystemExit(
            f"环境变量 XINYONG_MAIL_FROM 应为邮箱地址 / XINYONG_MAIL_FROM must be an e-mail address: {sender!r}"
        )
    return {
        "host": host,
        "port": whole("XINYONG_SMTP_PORT"),
        "security": one_of("XINYONG_SMTP_SECURITY", "tls", "starttls", "off"),
        "user": text("XINYONG_SMTP_USER"),
        "password_file": text("XINYONG_SMTP_PASSWORD_FILE"),
        "from": sender,
    }


def session_secret() -> str:
    """The session secret: the named file's, else the data directory's own. A short or repetitive one is refused: whoever
    guesses it signs in as anybody."""
    path = text("XINYONG_SECRET_KEY_FILE")
    value = Path(path).read_text(encoding="utf-8").strip() if path else secret("session")
    if len(value) < _SECRET_LENGTH or len(set(value)) < _SECRET_VARIETY:
        where = path or home() / "keys" / "session"
        raise SystemExit(
            f"会话密钥 {where} 为空或太容易猜，拒绝启动。请删除该文件让程序重新生成，或写入至少 {_SECRET_LENGTH} 个随机字符。\n"
            f"The session secret {where} is empty or easy to guess: not starting. Remove the file, and one is made; or write at "
            f"least {_SECRET_LENGTH} random characters."
        )
    return value


#: Variables that open something: no process but ours gets them.
_SECRET = (
    "DATABASE_URL", "XINYONG_OWNER_URL", "XINYONG_MASTER_KEY", "XINYONG_MASTER_KEY_OLD", "XINYONG_DOCKING_PASSWORD",
    "XINYONG_CLIENT_SECRET",
)  # fmt: skip


def without_secrets() -> dict[str, str]:
    """The environment for a program that is not ours: what it prints or dumps opens nothing."""
    return {name: value for name, value in os.environ.items() if name not in _SECRET}


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


def hours(name: str) -> tuple[int, int]:
    """Two hours of the day, the first before the second; a clear error names the variable when they are none."""
    begins, _, ends = text(name).partition("-")
    if begins.strip().isdecimal() and ends.strip().isdecimal() and 0 <= int(begins) < int(ends) <= 23:
        return int(begins), int(ends)
    raise SystemExit(f"环境变量 {name} 应如 7-21 / {name} is two hours of the day, such as 7-21: {text(name)!r}")


def networks(name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """The networks a variable lists, comma separated; a clear error names the variable when one is none."""
    try:
        return tuple(ipaddress.ip_network(one.strip()) for one in text(name).split(",") if one.strip())
    except ValueError as error:
        raise SystemExit(f"环境变量 {name} 应为网段，如 10.1.2.0/24 / {name} lists networks: {error}") from error


def home() -> Path:
    """The data directory, absolute; made when absent."""
    path = Path(text("XINYONG_HOME")).expanduser().absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


def secret(name: str, size: int = 48) -> str:
    """A secret kept in ``<home>/keys/<name>``, mode 0600; made with the system's random source at first use."""
    return kept(home() / "keys" / name, lambda: secrets.token_urlsafe(size))
