"""Writes docs/reference: settings, commands, errors, access, catalogue, rule language. ``make docs`` runs it.

``python -m tools.references`` writes what is out of date; with ``--check`` it writes nothing, names what is out of date,
and ends with exit code 1. What a page says comes from the code alone; nobody edits these pages by hand.
"""

import copy
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from xinyong.kernel.errors import XinyongError

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "reference"
SPEED = ROOT / "docs" / "explanation" / "speed.md"
MEASURED = ROOT / "bench" / "latest.json"
_BEGIN, _END = "<!-- bench:begin (filled by make docs from bench/latest.json) -->\n", "<!-- bench:end -->"
_WIDTH = 100
_FAMILIES = ("NotFound", "Forbidden", "Conflict", "Invalid")


def pages() -> dict[str, str]:
    """Path below docs/reference → text, for every generated page."""
    _ready()
    from tools import catalogue_reference, controls
    from xinyong.exchange import description
    from xinyong.rules.reference import page as rule_language

    found = {
        "settings.md": _settings(),
        "commands.md": _commands(),
        "errors.md": _errors(),
        "invariants.md": _invariants(),
        "access.md": _access(),
        "effects.md": _effects(),
        "rule-language.md": rule_language(),
        "openapi.json": description.text(),
        "controls.md": controls.page("controls"),
        "threats.md": controls.page("threats"),
    }
    return found | {f"catalogue/{name}": text for name, text in catalogue_reference.pages().items()}


def out_of_date(wanted: dict[str, str]) -> list[str]:
    """The pages whose text is another one, and catalogue pages that nothing makes any more."""
    stale = [name for name, text in wanted.items() if _text(TARGET / name) != text]
    kept = {f"catalogue/{path.name}" for path in (TARGET / "catalogue").glob("*.md")}
    return sorted(stale + list(kept - set(wanted)))


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _ready() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinyong.config.settings")
    django.setup()


def _settings() -> str:
    from xinyong.config.env import VARIABLES

    rows = [(f"`{one.name}`", f"`{one.default}`" if one.default else "—", one.meaning) for one in VARIABLES]
    return _page(
        "设置 Settings",
        "程序只读取下列环境变量，都有默认值。 These environment variables are all the program reads; each has a default.",
        _table(("变量 variable", "默认 default", "作用 meaning"), rows),
    )


def _commands() -> str:
    from xinyong.operations.command import COMMANDS, group

    parts = [
        "退出码：0 完成，没有问题；1 完成，但有需要更正的；2 用法不对；3 被拒绝或失败，并说明原因。"
        " Exit codes: 0 done, nothing wrong; 1 done, something to correct; 2 wrong usage; 3 refused or failed, with the"
        " reason.",
        _table(
            ("命令 command", "作用 what it does"),
            [(f"[`{name}`](#xinyong-{name})", text) for name, (_, _, text) in COMMANDS.items()],
        ),
    ]
    parent = click.Context(group, info_name="xinyong", **group.context_settings)
    for name, (module, attribute, _) in COMMANDS.items():
        command: click.Command = getattr(importlib.import_module(module), attribute)
        parts += list(_help(command, name, parent=parent))
    return _page("命令 Commands", *parts)


def _help(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """The help of a command and of those inside it, as the terminal shows it."""
    # Click keeps on a command the help option of whoever asked first, which need not have been the terminal's group.
    command = copy.copy(command)
    vars(command)["_help_option"] = None
    context = click.Context(
        command, info_name=name, parent=parent, terminal_width=_WIDTH, max_content_width=_WIDTH
    )  # fmt: skip
    depth = context.command_path.count(" ") + 1
    yield f"{'#' * depth} {context.command_path}"
    yield f"```\n{command.get_help(context)}\n```"
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from _help(found, inner, context)


def _errors() -> str:
    from xinyong.kernel import codes

    rows = [
        (f"`{one.code}`", f"{_family(one)} {one.status}", _sentence(one), _named(one.invariant), f"`{one.__module__}`")
        for one in errors()
    ]
    reasons = [(f"`{reason}`", *codes.sentence(reason)) for reason in codes.REASONS if reason]
    return _page(
        "错误码 Error codes",
        "错误码永不改变；页面、命令行和 JSON 用同一个。 An error code never changes; pages, commands and JSON use the same.",
        "`E_…` 是所守的不变量（[不变量](invariants.md)）。 An `E_…` is the invariant that the error guards ([invariants](invariants.md)).",
        _table(("code", "类别 family", "含义 meaning", "不变量 invariant", "module"), rows),
        "## 代码校验的原因 Reasons of code verdicts",
        "`xinyong code` 的 `reason`，以及校验结果中 `V04-` 之后的部分。 The `reason` of `xinyong code`, and what follows"
        " `V04-` in findings.",
        _table(("reason", "中文", "English"), reasons),
    )


def _named(code: str) -> str:
    return f"`{code}`" if code else ""


def _invariants() -> str:
    from xinyong.kernel.invariants import ALL, How

    ways = {How.REFUSED: "拒绝 refused", How.UNSEEN: "不可得 unseen", How.WARNED: "警示 warned"}
    by_code: dict[str, list[str]] = {}
    for one in errors():
        by_code.setdefault(one.invariant, []).append(f"`{one.code}`")
    rows = [
        (
            f"`{one.id}`", _named(one.code), ways[one.how], f"{one.zh} {one.en}", one.source,
            " ".join(f"`{guard}`" for guard in one.guards), " ".join(by_code.get(one.code, ())) if one.code else "",
        )
        for one in ALL
    ]  # fmt: skip
    return _page(
        "不变量 Invariants",
        "法律不允许平台做的事。页面、命令行和接口拒绝时，在错误码旁写明这里的代码。每一条都有一项试图打破它的测试（`tests/rights/test_invariants.py`）。"
        " What the law never allows the platform. A refusal names the code beside the error's own; each has a test that tries to break it.",
        _table(("id", "代码 code", "表现 how", "内容 rule", "来源 source", "守在哪里 guards", "错误码 errors"), rows),
    )


def _effects() -> str:
    from xinyong.rights import effects
    from xinyong.rights.effects import UNDONE_BY, WORDS, Cause

    causes = [(f"`{one}`", *WORDS[one], "；".join(UNDONE_BY[one]) if one in UNDONE_BY else "—") for one in Cause]
    rows = [
        (
            f"`{one.name}`",
            one.zh,
            one.en,
            *("✓" if cause in one.causes else "—" for cause in Cause),
            "✓" if one.undo else "—",
        )
        for one in effects.declared()
    ]
    stays = [
        (
            f"`{one.name}`",
            one.zh,
            one.en,
            "、".join(f"`{cause}`" for cause in Cause if cause in one.causes),
            one.basis_zh,
            one.basis_en,
        )
        for one in effects.kept()
    ]
    return _page(
        "后果 Effects",
        "一项决定除决定本身之外触动什么，就是这一张表；按顺序在同一个事务里办完，撤销时倒着来。`xinyong effects` 打印同一张表。"
        " What a decision touches beside itself is this table: carried out in order, in the transaction of its cause, undone in reverse."
        " `xinyong effects` prints it too.",
        "记录本身的公示期、保存期届满不在表里：每一次查询都按日期判断，没有要办的事；保存期满的内容由夜间作业删除（`xinyong records`）。"
        " A record's own clocks are not in it: every query asks for the day, so that nothing has to be done; what is over is erased each"
        " night (`xinyong records`).",
        "## 原因 Causes",
        _table(("cause", "中文", "English", "由什么撤销 undone by"), causes),
        "## 后果 What follows",
        _table(("effect", "中文", "English", *(f"`{one}`" for one in Cause), "可撤销 undone"), rows),
        "## 依法留存 What stays by law",
        "只存储、只保护，任何查询都查不到。 In storage and safe; no query finds it.",
        _table(("name", "中文", "English", "cause", "依据", "basis"), stays),
    )


def errors() -> list["type[XinyongError]"]:
    """Every error class of the package that has a code of its own, by code."""
    import xinyong
    from xinyong.kernel.errors import XinyongError

    for module in pkgutil.walk_packages(xinyong.__path__, "xinyong."):
        parts = module.name.split(".")
        if parts[-1] != "__main__" and "migrations" not in parts and parts[1] != "config":
            importlib.import_module(module.name)
    found: dict[str, type[XinyongError]] = {}
    pending = list(XinyongError.__subclasses__())
    while pending:
        one = pending.pop()
        pending += one.__subclasses__()
        if one.__module__.startswith("xinyong.") and "code" in one.__dict__:
            found[one.code] = one
    return [found[code] for code in sorted(found)]


def _family(one: type) -> str:
    return next((base.__name__ for base in one.__mro__ if base.__name__ in _FAMILIES), "—")


def _sentence(one: type) -> str:
    return " ".join((one.__doc__ or "").split())


def _access() -> str:
    from xinyong.security.access import BOUNDED, POLICY, Role
    from xinyong.security.audit import Event

    roles = list(Role)
    rows = [
        (
            f"`{action}`",
            *(
                "—" if role not in allowed else "本单位 own" if action in BOUNDED.get(role, frozenset()) else "✓"
                for role in roles
            ),
        )
        for action, allowed in POLICY.items()
    ]
    return _page(
        "权限与审计 Access and audit",
        "全部权限就是这一张表（`xinyong/security/access.py`）；没有写明的一律不许。"
        " The whole policy is this table; what it does not allow is refused.",
        _table(("action", *(f"`{role}`" for role in roles)), rows),
        "## 审计事件 Audit events",
        "每次写入、每次查看非公开信息，都留下一条，只增不改。 Each write and each non-public read leaves an entry.",
        "\n".join(f"- `{event}`" for event in Event),
    )


def speed() -> str:
    """The page about speed with the last measurement in its table; as it stands when nothing was measured."""
    text = SPEED.read_text(encoding="utf-8")
    if not MEASURED.exists():
        return text
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    machine, rows = found["machine"], []
    for one in found["measurements"]:
        baseline = one.get("baseline")
        beside = f"{baseline['name']}: {_number(baseline['value'])} {baseline['unit']}" if baseline else ""
        ratio = f"{one['ratio']:.2f}" if one.get("ratio") is not None else ""
        rows.append((one["name"], f"{_number(one['value'])} {one['unit']}", beside, ratio))
    facts = (
        f"{machine['at']} · {machine['cores']} cores {machine['cpu']} · {machine['memory_gib']} GiB · {machine['system']} ·"
        f" Python {machine['python']} · load before: {machine['load_before']:.1f}"
    )
    head, _, rest = text.partition(_BEGIN)
    table = _table(("measurement", "value", "baseline", "ratio"), rows)
    return f"{head}{_BEGIN}{facts}\n\n{table}\n{_END}{rest.partition(_END)[2]}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _page(title: str, *parts: str) -> str:
    note = "*由 `make docs` 生成，请勿手改。 Generated by `make docs`; do not edit.*"
    return "\n\n".join([f"# {title}", note, *parts]) + "\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in (heads, *rows)]
    lines.insert(1, ["---"] * len(heads))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@click.command(help="Writes docs/reference from the code.")
@click.option("--check", is_flag=True, help="Only say what is out of date (exit code 1).")
def main(check: bool) -> None:
    """Writes or checks the pages."""
    wanted = pages()
    stale = out_of_date(wanted)
    for name in stale:
        path = TARGET / name
        click.echo(f"{'out of date' if check else 'written' if name in wanted else 'removed'}: docs/reference/{name}")
        if check:
            continue
        if name not in wanted:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], encoding="utf-8")
    if not check:
        SPEED.write_text(speed(), encoding="utf-8")  # figures are a record of a day, so --check does not ask for them
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main()
