"""``xinyong catalogue``: what may be reported, read, compared, exported, checked and published."""

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xinyong.operations import command

if TYPE_CHECKING:
    from xinyong.catalogue.difference import Change
    from xinyong.catalogue.recheck import Effect
    from xinyong.catalogue.schema import Item

_JSON = click.option("--json", "as_json", is_flag=True, help="JSON")
_STEPS = {
    "new-item": "新事项，存为草稿 new item, drafted", "new-version": "新版本，存为草稿 new version, drafted",
    "new-draft-text": "更新草稿 draft replaced", "same": "相同 the same",
    "taken": "版本号已用于其他文字，不导入 number taken, left out", "older": "这里已有更新的版本，不导入 older, left out",
}  # fmt: skip
_FORMATS = ("json-schema", "table-schema", "workbook", "yaml")


@click.group("catalogue")
def catalogue() -> None:
    """目录 The catalogue: which items may be reported, with their fields, rules and legal bases."""


@catalogue.command("list")
@_JSON
def list_items(as_json: bool) -> None:
    """列出事项 List the items and their versions."""
    command.with_database()
    from xinyong.catalogue import publish

    found = publish.versions()
    if as_json:
        keys = (
            "item_id",
            "version",
            "status",
            "title_zh",
            "title_en",
            "effective_from",
            "published_at",
            "published_by",
        )
        command.print_json([{key: getattr(one, key) for key in keys} for one in found])
        return
    for one in found:
        click.echo(f"{one.item_id:22} v{one.version:<3} {one.status:10} {one.effective_from}  {one.title_zh}")
    if not found:
        click.echo("目录为空。请先运行 xinyong setup 载入基础目录。 The catalogue is empty: run xinyong setup.")


@catalogue.command("show")
@click.argument("item_id")
@click.option("--version", type=int, help="版本号 a version number; without it, the one in force today")
@_JSON
def show(item_id: str, version: int | None, as_json: bool) -> None:
    """显示事项 Show an item: fields, rules, bases."""
    item = _published(item_id, version)
    if as_json:
        from xinyong.catalogue import body

        command.print_json(body.to_data(item))
        return
    click.echo(f"{item.id} v{item.version}  {item.title_zh} / {item.title_en}")
    click.echo(
        f"{item.description}\n生效 from {item.effective_from} · 公开属性 {item.disclosure} · 公示 {item.publicity.clock}"
    )
    click.echo(f"自然主键 natural key: {', '.join(item.natural_key)}\n")
    for index, one in enumerate(item.fields, start=1):
        need = (
            "条件必填"
            if one.required_when
            else {"required": "必填", "optional": "选填", "blank": "不填"}[one.requirement]
        )
        kind = one.type.value + (f" ≤{one.length}" if one.length else "")
        click.echo(f"{index:3} {one.code:14} {kind:16} {need:6} {one.name_zh}")
    click.echo("")
    for rule in item.rules:
        click.echo(f"{rule.id:6} {rule.severity:9} {rule.message}\n       {rule.expression}")
    click.echo("")
    for basis in item.bases:
        click.echo(f"依据 {basis.title} {basis.article}" + ("" if basis.is_verified else "（未核对原文）"))


@catalogue.command("diff")
@click.argument("item_id")
@click.argument("old")
@click.argument("new", required=False)
@_JSON
def diff(item_id: str, old: str, new: str | None, as_json: bool) -> None:
    """比较版本 Compare two versions (diff ID 1 2), or a file with the version in force (diff ID FILE).

    Exit code 0: no difference; 1: they differ.
    """
    from xinyong.catalogue.difference import difference

    if new is None:
        before, after = _published(item_id, None), _file(old)
        if after.id != item_id:
            raise click.UsageError(f"{old} 是事项“{after.id}”，不是“{item_id}” / holds “{after.id}”, not “{item_id}”")
    else:
        before, after = _published(item_id, _number(old)), _published(item_id, _number(new))
    changes = difference(before, after)
    if as_json:
        command.print_json([_change(one) for one in changes])
    for one in () if as_json else changes:
        click.echo(f"{one.kind:8} {one.path}\n         {one.sentence_zh}\n         {one.sentence_en}")
    if not changes and not as_json:
        click.echo("没有差别。 No difference.")
    sys.exit(1 if changes else 0)


@catalogue.command("export")
@click.argument("item_id", required=False)
@click.option("--all", "is_whole", is_flag=True, help="整份现行目录，YAML the whole catalogue in force, as YAML")
@click.option("--format", "form", type=click.Choice(_FORMATS), help="导出格式 what to write")
@click.option("--version", type=int, help="版本号 a version number; without it, the one in force today")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="文件 a file; without it, stdout")
@_JSON
def export_item(
    item_id: str | None, is_whole: bool, form: str | None, version: int | None, output: Path | None, as_json: bool
) -> None:
    """导出事项 Write an item as JSON Schema, Table Schema, import workbook (XLSX) or YAML, or the whole catalogue."""
    if is_whole:
        _export_all(output, as_json)
        return
    if item_id is None or form is None:
        raise click.UsageError("请写明事项和 --format，或用 --all / name an item and --format, or use --all")
    item = _published(item_id, version)
    data = _exported(item, form)
    if output is None:
        if form == "workbook" and sys.stdout.isatty():
            raise click.UsageError("请用 -o 指定文件 / give a file with -o")
        sys.stdout.buffer.write(data)
        return
    output.write_bytes(data)
    if as_json:
        facts = {"item": item.id, "version": item.version, "format": form, "file": str(output), "bytes": len(data)}
        command.print_json(facts)
    else:
        click.echo(f"{output}（{item.title_zh}，第 {item.version} 版，{len(data)} 字节 bytes）")


def _export_all(output: Path | None, as_json: bool) -> None:
    command.with_database()
    from xinyong.catalogue import publish, whole

    items = publish.items()
    data = whole.dump(items).encode()
    if output is None:
        sys.stdout.buffer.write(data)
        return
    output.write_bytes(data)
    if as_json:
        command.print_json({"items": len(items), "format": "yaml", "file": str(output), "bytes": len(data)})
    else:
        click.echo(f"{output}（{len(items)} 个事项 items，{len(data)} 字节 bytes）")


@catalogue.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", "is_dry", is_flag=True, help="只显示差别，不保存 only show what would change")
@_JSON
def import_file(file: Path, is_dry: bool, as_json: bool) -> None:
    """导入目录 Take in a file of ``export --all`` (or of one item): what is new becomes drafts, what is here stays.

    Exit code 1 when an item was not taken in: its number is published here with another text, or a later one is.
    """
    command.with_database()
    from xinyong.catalogue import whole
    from xinyong.intake import jobs
    from xinyong.security.access import system

    planned = whole.plan(whole.read(_text(file), file=file.name))
    if not is_dry and any(one.is_brought_in for one in planned):
        jobs.draft(_text(file), file=file.name, by=system("xinyong catalogue import"))
    left = [one for one in planned if one.step in {whole.Step.TAKEN, whole.Step.OLDER}]
    if as_json:
        lines = [
            {
                "item": one.item.id, "version": one.item.version, "step": one.step.value, "compared_with": one.compared_with,
                "changes": [_change(change) for change in one.changes],
            }
            for one in planned
        ]  # fmt: skip
        command.print_json({"is_dry_run": is_dry, "items": lines})
    else:
        for one in planned:
            click.echo(f"{one.item.id:22} v{one.item.version:<3} {_STEPS[one.step.value]}")
            for change in one.changes:
                click.echo(f"    {change.sentence_zh}")
        click.echo("没有保存任何内容。 Nothing was kept." if is_dry else "草稿请在工作台“信息目录”由两人发布。")
    sys.exit(1 if left else 0)


@catalogue.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_JSON
def check(file: Path, as_json: bool) -> None:
    """检查文件 Check a catalogue file; every problem is listed with its line. Exit code 1 when there are any."""
    command.without_database()
    from xinyong.catalogue.load import CatalogueError, load_item

    try:
        item = load_item(file)
    except CatalogueError as error:
        if as_json:
            keys = ("file", "line", "path", "zh", "en")
            problems = [{key: getattr(one, key) for key in keys} for one in error.problems]
            command.print_json({"valid": False, "problems": problems})
        else:
            for one in error.problems:
                click.echo(f"✗ {one.place}\n  {one.zh}\n  {one.en}")
            click.echo(f"共 {len(error.problems)} 处问题。 Problems: {len(error.problems)}.")
        sys.exit(1)
    if as_json:
        command.print_json({"valid": True, "item": item.id, "version": item.version, "problems": []})
    else:
        counts = f"{len(item.fields)} 个数据项 fields，{len(item.rules)} 条规则 rules"
        click.echo(f"✓ {item.id} v{item.version}：{counts}")


@catalogue.command("draft")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_JSON
def draft_file(file: Path, as_json: bool) -> None:
    """起草版本 Keep a catalogue file as a draft; in the office one asks to publish it, another agrees.

    The worker checks the records on file against it; see also: xinyong catalogue impact.
    """
    command.with_database()
    from xinyong.catalogue.export import yaml as yaml_of
    from xinyong.intake import jobs
    from xinyong.security.access import system

    (one,) = jobs.draft(yaml_of(_file(file)), file=file.name, by=system("xinyong catalogue draft"))
    if as_json:
        command.print_json({"item": one.item_id, "version": one.version, "status": one.status})
    else:
        click.echo(f"✓ {one.item_id} v{one.version} 已存为草稿；请在工作台“信息目录”由两人发布。 Drafted.")


@catalogue.command("impact")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_JSON
def impact(file: Path, as_json: bool) -> None:
    """核对存量数据 What a catalogue file would do to the records on file, by department; nothing is kept or changed.

    Exit code 0: no record is affected; 1: some are.
    """
    item = _file(file)
    command.with_database()
    from dataclasses import asdict

    from xinyong.intake import impact as impacts
    from xinyong.security.access import system

    def say(done: int) -> None:
        click.echo(f"\r已核对 checked {done:,}", nl=False, err=True)

    found = impacts.effect(item, by=system("xinyong catalogue impact"), progress=None if as_json else say)
    if as_json:
        command.print_json(asdict(found))
    else:
        click.echo("", err=True)
        _tell(found)
    sys.exit(1 if found.doubtful or found.wrong else 0)


@catalogue.command("publish")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_JSON
def publish_file(file: Path, as_json: bool) -> None:
    """发布文件 Publish a catalogue file as the next version; a published version cannot be changed. The owner alone may."""
    command.with_database()
    from django.db import transaction

    from xinyong.catalogue import publish
    from xinyong.security.access import system

    by = system("xinyong catalogue publish")
    item = _file(file)
    with transaction.atomic():
        publish.draft(item, by=by)
        publish.publish(item.id, item.version, by=by)
    if as_json:
        command.print_json({"item": item.id, "version": item.version, "effective_from": item.effective_from})
    else:
        click.echo(f"✓ {item.id} v{item.version} 已发布，{item.effective_from} 起生效。 Published.")


@catalogue.command("retire")
@click.argument("item_id")
@click.argument("version", type=int)
@_JSON
def retire(item_id: str, version: int, as_json: bool) -> None:
    """停用版本 Take a published version out of force from now on; records made under it stay."""
    command.with_database()
    from xinyong.catalogue import publish
    from xinyong.security.access import system

    one = publish.retire(item_id, version, by=system("xinyong catalogue retire"))
    if as_json:
        facts = {"item": one.item_id, "version": one.version, "status": one.status, "retired_at": one.retired_at}
        command.print_json(facts)
    else:
        click.echo(f"✓ {one.item_id} v{one.version} 已停用，此前按该版入库的数据不变。 Retired.")


def _tell(found: "Effect") -> None:
    click.echo(
        f"共 {found.records:,} 条现行记录：{found.doubtful:,} 条将成疑问，{found.wrong:,} 条将不合规则（{found.seconds} 秒）\n"
        f"Of {found.records:,} records {found.doubtful:,} would become doubtful, {found.wrong:,} wrong."
    )
    for one in found.departments:
        if one.doubtful or one.wrong:
            click.echo(f"  {one.name}  {one.doubtful:,} + {one.wrong:,} / {one.records:,}")
    for rule in found.rules:
        click.echo(f"  {rule.rule:14} {rule.severity:9} {rule.records:>9,}  {rule.field}  {rule.message}")
    for gone in found.removed:
        click.echo(f"  删除 removed {gone.field} {gone.name_zh}: {gone.records:,}")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig", errors="replace")


def _published(item_id: str, version: int | None) -> "Item":
    command.with_database()
    from xinyong.catalogue import publish

    return publish.current(item_id) if version is None else publish.version(item_id, version)


def _file(path: str | Path) -> "Item":
    command.without_database()
    from xinyong.catalogue.load import load_item

    if not Path(path).is_file():
        raise click.UsageError(f"没有文件 {path} / no such file")
    return load_item(Path(path))


def _exported(item: "Item", form: str) -> bytes:
    import json

    from xinyong.catalogue import codes, export

    if form == "workbook":
        return export.workbook(item, on=_today(), among=codes.editions())
    if form == "yaml":
        return export.yaml(item).encode()
    is_json_schema = form == "json-schema"
    schema = (export.json_schema if is_json_schema else export.table_schema)(item, on=_today(), among=codes.editions())
    return (json.dumps(schema, ensure_ascii=False, indent=2) + "\n").encode()


def _today() -> date:
    from xinyong.kernel import clock

    return clock.today()


def _number(text: str) -> int:
    if not text.isdigit():
        raise click.UsageError(f"“{text}”不是版本号 / is no version number")
    return int(text)


def _change(one: "Change") -> dict[str, Any]:
    keys = ("path", "kind", "before", "after", "sentence_zh", "sentence_en")
    return {key: getattr(one, key) for key in keys}
