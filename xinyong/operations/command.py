"""The one console script, ``xinyong``. Each command lives in the module of the room it shows and is loaded when called.

Exit codes: 0 done, nothing wrong · 1 done, something to correct (an invalid code, rejected rows, an altered file) ·
2 wrong usage · 3 refused or failed, with a sentence that says why.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from xinyong import __version__
from xinyong.kernel import outages
from xinyong.kernel.errors import Conflict, XinyongError

#: PostgreSQL's undefined_table.
_NO_SUCH_TABLE = "42P01"

#: command → (module, attribute, one line of help). The help stands here so that listing commands loads nothing.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "run": ("xinyong.operations.run", "run", "启动演示 Start the platform with a synthetic city"),
    "serve": ("xinyong.operations.serve", "serve", "启动平台 Start the platform: database, pages, worker"),
    "code": ("xinyong.operations.codes", "code", "校验代码 Judge codes: USCC, organisation code, citizen ID"),
    "check": ("xinyong.operations.intake", "check", "试校验文件 Check a file against an item; nothing is kept"),
    "bundle": (
        "xinyong.operations.bundles",
        "bundle",
        "离线校验包 Write an item's rules, to check files without a database",
    ),
    "submit": ("xinyong.operations.intake", "submit", "报送文件 Submit a file for a source unit"),
    "feedback": ("xinyong.operations.intake", "feedback", "取回反馈 Write the returned workbook of a submission"),
    "revert": ("xinyong.operations.intake", "revert", "整批撤回 Take a submission back as a whole"),
    "drop": (
        "xinyong.operations.drop",
        "drop",
        "前置机交换目录 scan | status | open | release | discard watched folders",
    ),
    "interruptions": (
        "xinyong.operations.interruptions",
        "interruptions",
        "处理中断 list | retry what the worker had to interrupt",
    ),
    "feed": ("xinyong.operations.feed", "feed", "登记变更通道 status | apply | skip changes of the base register"),
    "search": ("xinyong.operations.subjects", "search", "查找主体 Find organisations"),
    "show": ("xinyong.operations.records", "show", "查看档案 Show a subject's file as a role may see it on a date"),
    "report": ("xinyong.operations.reports", "report", "出具信用报告 Write a credit report (PDF)"),
    "reports": (
        "xinyong.operations.reports",
        "reports",
        "报告和证明 special | statement | facts | revoke | certificate",
    ),
    "verify": ("xinyong.operations.reports", "verify", "核验 Is a report or statement genuine? Offline"),
    "city": ("xinyong.operations.city", "city", "生成演示城市 Generate the synthetic city"),
    "catalogue": (
        "xinyong.operations.catalogue",
        "catalogue",
        "目录 list | show | diff | export | check | publish | retire",
    ),
    "calendar": ("xinyong.operations.tables", "calendar", "工作日表 import | show working-day overrides"),
    "exceptions": ("xinyong.operations.tables", "exceptions", "合法例外代码 add | list | remove legally issued codes"),
    "departments": ("xinyong.operations.people", "departments", "信源单位 add | list source units"),
    "duties": ("xinyong.operations.rates", "duties", "报送责任 list | set which unit owes which item"),
    "supply": ("xinyong.operations.supply", "supply", "供数授权 list | grant | mode which unit may report which item"),
    "windows": (
        "xinyong.operations.windows",
        "windows",
        "报送窗口 list | set | grant | withdraw: due days, locks, exceptions",
    ),
    "notices": (
        "xinyong.operations.notices",
        "notices",
        "通知 list | channels | undelivered | resend | deliver",
    ),
    "effects": (
        "xinyong.operations.effects",
        "effects",
        "后果 What a repair, a correction, a withdrawal sets off; who lags behind",
    ),
    "guidance": ("xinyong.operations.guidance", "guidance", "培训约谈比例 listed organisations trained or interviewed"),
    "mandates": ("xinyong.operations.mandates", "mandates", "代表关系 list | give | end who acts for organisations"),
    "declarations": (
        "xinyong.operations.mandates",
        "declarations",
        "自主申报 list what organisations declare of themselves",
    ),
    "declare": ("xinyong.operations.rates", "declare", "应报数 Declare a month's total, zero, or a spot check"),
    "rates": ("xinyong.operations.rates", "rates", "报送指标 The rates of a month"),
    "bulletin": ("xinyong.operations.rates", "bulletin", "通报 The month's bulletin, frozen, as PDF and DOCX"),
    "tasks": ("xinyong.operations.tasks", "tasks", "任务台账 import | list | remind the ledger of tasks"),
    "processing": (
        "xinyong.operations.data_duties",
        "processing",
        "处理活动记录 The register of processing activities",
    ),
    "records": ("xinyong.operations.data_duties", "records", "期满删除 erase | erased: what is over, with proof"),
    "keys": ("xinyong.operations.keys", "keys", "密钥 status | rotate | rewrap | provider"),
    "log": ("xinyong.operations.log", "log", "存证日志 status | publish | key | rotate-key | trust-witness"),
    "verify-log": ("xinyong.operations.log", "verify_log", "验证日志 Verify the log and all records offline"),
    "export-log": (
        "xinyong.operations.log",
        "export_log",
        "导出日志 Write the log for an auditor without our database",
    ),
    "receipt": ("xinyong.operations.log", "receipt", "报送回执 The signed receipt of a submission, with its proof"),
    "verify-receipt": ("xinyong.operations.log", "verify_receipt", "验证回执 Does a receipt hold? Offline"),
    "witness": ("xinyong.operations.log", "witness", "见证 Cosign a log's checkpoints, as an independent party"),
    "accounts": ("xinyong.operations.people", "accounts", "账号 first-admin | add | invite | list | disable"),
    "clients": ("xinyong.operations.clients", "clients", "接口客户端 add | list | rotate | disable machine clients"),
    "partners": (
        "xinyong.operations.clients",
        "partners",
        "共享节点 add | list | add-key | end-key | disable exchange partners",
    ),
    "docking": (
        "xinyong.operations.docking",
        "docking",
        "数据库对接 add | list | test | map | preview | run | pause | remove",
    ),
    "nightly": ("xinyong.operations.jobs", "nightly", "夜间作业 Run the clocks for the day that ended"),
    "worker": ("xinyong.operations.jobs", "worker", "后台作业 Run the background worker"),
    "doctor": ("xinyong.operations.doctor", "doctor", "自检 Check database, versions, disk, clock, calendar"),
    "setup": ("xinyong.operations.setup", "setup", "初始化 Migrate, load the national catalogue and tables"),
    "manage": ("xinyong.operations.manage", "manage", "Django management commands"),
}


class Commands(click.Group):
    """Loads a command's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        return getattr(importlib.import_module(module), attribute)  # type: ignore[no-any-return]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="xinyong")
def group() -> None:
    """信用 Xinyong: 公共信用信息共享平台 public credit information sharing platform."""


_start_database: Callable[[], None] | None = None
_stand_alone: Callable[[], None] | None = None


def with_database() -> None:
    """Starts the embedded database if there is no other, and sets Django up. Commands that need data call it first."""
    if _start_database is not None:
        _start_database()
    without_database()
    from xinyong.security import scope
    from xinyong.security.access import system

    scope.stand_as(system("command"))


def keep_database() -> None:
    """Starts the embedded database again when it has ended; does nothing while it runs, or where it is not ours."""
    if _start_database is not None:
        _start_database()


def without_database() -> None:
    """Sets Django up for commands that touch no data."""
    import django

    django.setup()


def with_nothing() -> None:
    """Sets Django up for commands that run anywhere: no database, no data directory, no settings."""
    assert _stand_alone is not None
    _stand_alone()


def print_json(value: Any) -> None:
    """Prints one JSON document; dates in ISO form, Chinese readable."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


class NotSetUp(Conflict):
    """The database has no tables yet."""

    code = "operations.not-set-up"


@contextmanager
def _told() -> Iterator[None]:
    """Says what is lacking: tables, the database, room on a disk."""
    try:
        yield
    except XinyongError:
        raise
    except Exception as error:
        lack = outages.said(error)
        if lack is not None:
            raise lack from error
        if _NO_SUCH_TABLE not in (getattr(error.__cause__, "sqlstate", ""), getattr(error, "sqlstate", "")):
            raise
        raise NotSetUp(
            "这个数据目录还没有初始化。请先运行 xinyong setup，或 make run。",
            "This data directory has not been set up. Run xinyong setup first, or make run.",
        ) from error


def main(
    *, start_database: Callable[[], None], release_database: Callable[[], None], stand_alone: Callable[[], None]
) -> None:
    """Runs the console script on the database that the composition root gives it, or on nothing (``stand_alone``).

    Our own errors become one sentence on stderr and exit code 3.
    """
    global _start_database, _stand_alone
    _start_database, _stand_alone = start_database, stand_alone
    try:
        with _told():
            group(standalone_mode=True, prog_name="xinyong")
    except XinyongError as error:
        if "--json" in sys.argv:
            named = {"invariant": error.invariant} if error.invariant else {}
            print_json({"error": {"code": error.code, "zh": error.zh, "en": error.en, **named}})
        click.echo(f"✗ {error.zh}\n  {error.en}\n  [{error.mark}]", err=True)
        sys.exit(3)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    finally:
        release_database()
