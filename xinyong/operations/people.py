"""``xinyong departments`` and ``xinyong accounts``: who reports data, and who signs in to the office."""

import click

from xinyong.operations import command, sign_in

_JSON = click.option("--json", "as_json", is_flag=True, help="JSON")
_ROLES = ("source_unit", "unit_admin", "reader", "operator", "system_admin", "security_admin", "auditor")
_OF_A_DEPARTMENT = ("source_unit", "unit_admin")


@click.group()
def departments() -> None:
    """信源单位 Source units: the departments that report data, each under its own unified social credit code."""


@departments.command("list")
@_JSON
def list_departments(as_json: bool) -> None:
    """列出 List the source units."""
    command.with_database()
    from xinyong.security import identity

    found = identity.source_units()
    if as_json:
        keys = ("code", "name", "short_name", "region_code", "is_active")
        command.print_json([{key: getattr(one, key) for key in keys} for one in found])
        return
    for one in found:
        click.echo(f"{one.code}  {one.name}" + ("" if one.is_active else "（已停用 inactive）"))
    if not found:
        click.echo("还没有信源单位。请用 xinyong departments add 登记。 No source units yet.")


@departments.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--short-name", default="", help="简称 a short name for tables")
@click.option("--region", "region_code", default="", help="行政区划代码 its division's code")
@_JSON
def add_department(code: str, name: str, short_name: str, region_code: str, as_json: bool) -> None:
    """登记 Register a source unit, or bring the names of a known one up to date."""
    from xinyong.kernel import codes

    judged = codes.judge(code, expect=codes.Kind.USCC)
    if judged.verdict is codes.Verdict.INVALID:
        raise click.BadParameter(f"{judged.sentence} / {judged.sentence_en}", param_hint="CODE")
    command.with_database()
    from xinyong.security import identity
    from xinyong.security.access import system

    unit = identity.register_department(
        code=judged.normalised, name=name, short_name=short_name, region_code=region_code,
        by=system("xinyong departments add"),
    )  # fmt: skip
    if as_json:
        keys = ("code", "name", "short_name", "region_code", "is_active")
        command.print_json({key: getattr(unit, key) for key in keys})
    else:
        click.echo(f"✓ {unit.code} {unit.name} 已登记为信源单位。 Registered.")


@click.group()
def accounts() -> None:
    """账号 Accounts of the office: one person, one account, one role."""


@accounts.command("list")
@_JSON
def list_accounts(as_json: bool) -> None:
    """列出 List the accounts."""
    command.with_database()
    from xinyong.security import identity
    from xinyong.security.access import system

    found = identity.accounts(seen_by=system("xinyong accounts list"))
    if as_json:
        keys = ("username", "display_name", "role", "department", "is_active", "is_demo")
        command.print_json([{key: getattr(one, key) for key in keys} for one in found])
        return
    for one in found:
        state = "" if one.is_active else "（已停用 disabled）"
        click.echo(f"{one.username:20} {one.role:12} {one.department:18}  {one.display_name}{state}")
    if not found:
        click.echo("还没有账号。请用 xinyong accounts add 建立。 No accounts yet.")


@accounts.command("add")
@click.argument("username")
@click.option("--role", type=click.Choice(_ROLES), required=True, help="角色 what the account may do")
@click.option("--department", help="单位代码 code of the unit where the person serves")
@click.option("--name", "display_name", default="", help="显示姓名 shown in the office; without it, the user name")
@_JSON
def add_account(username: str, role: str, department: str | None, display_name: str, as_json: bool) -> None:
    """建立 Create an account. Its person sets the password by the one-time link that is printed."""
    if (role in _OF_A_DEPARTMENT) != (department is not None) and role != "reader":
        raise click.UsageError(
            "单位的角色须给出 --department，平台的角色不给。 source_unit and unit_admin need --department (reader may have "
            "one), the platform's own roles none."
        )
    command.with_database()
    from xinyong.security import identity
    from xinyong.security.access import system

    unit = identity.source_unit(department) if department else None
    identity.create_account(
        username=username, password=None, display_name=display_name or username, role=role,
        department=unit.code if unit else None, by=system("xinyong accounts add"),
    )  # fmt: skip
    link = sign_in.link_for(username, name="xinyong accounts add")
    if as_json:
        command.print_json({"username": username, "role": role, "department": unit.code if unit else "", **link})
        return
    click.echo(f"✓ 账号 {username} 已建立，没有密码。 Created, without a password.")
    sign_in.say_link(link)


@accounts.command("disable")
@click.argument("username")
@_JSON
def disable_account(username: str, as_json: bool) -> None:
    """停用 Close an account; whoever is signed in with it is signed out."""
    command.with_database()
    from xinyong.security import identity
    from xinyong.security.access import system

    identity.disable_account(username, by=system("xinyong accounts disable"))
    if as_json:
        command.print_json({"username": username, "is_active": False})
    else:
        click.echo(f"✓ 账号 {username} 已停用。 Disabled.")


for _command in sign_in.COMMANDS:
    accounts.add_command(_command)
