"""``xinyong accounts`` continued: how people get in: one-time links, codes of demo accounts, single sign-on."""

import sys
from datetime import datetime

import click

from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict
from xinyong.operations import command

_JSON = click.option("--json", "as_json", is_flag=True, help="JSON")
_ADMINISTRATORS = ("system_admin", "security_admin", "auditor")


class AlreadyThere(Conflict):
    """There is an administrator of this kind, who makes or asks for the next."""

    code = "operations.administrator-there"


def link_for(username: str, *, name: str) -> dict[str, object]:
    """A new one-time link for this account: ``link`` and ``link_ends``."""
    from django.conf import settings

    from xinyong.security import invitations
    from xinyong.security.access import system

    now = clock.now()
    token = invitations.invite(username, by=system(name), now=now)
    return {"link": f"{settings.SITE_ORIGIN}/office/welcome/{token}", "link_ends": now + invitations.LASTS}


def say_link(facts: dict[str, object]) -> None:
    """Prints a one-time link; it is kept nowhere."""
    ends = facts["link_ends"]
    assert isinstance(ends, datetime)
    click.echo(f"  一次性链接，{ends:%m-%d %H:%M} 前有效，只能用一次，只显示这一次。请当面或用加密方式交给本人：")
    click.echo("  One-time link, good for 24 hours and once, shown this once; hand it over in person or encrypted:")
    click.echo(f"  {facts['link']}")


@click.command("first-admin")
@click.argument("username")
@click.option("--role", type=click.Choice(_ADMINISTRATORS), default="system_admin", show_default=True, help="角色 role")
@click.option("--name", "display_name", default="", help="显示姓名 shown in the office; without it, the user name")
@_JSON
def first_admin(username: str, role: str, display_name: str, as_json: bool) -> None:
    """首任管理员 Create the first system, security or audit administrator; prints a one-time link, no password."""
    command.with_database()
    from xinyong.security import identity
    from xinyong.security.access import system

    by = system("xinyong accounts first-admin")
    there = [
        one.username for one in identity.accounts(seen_by=by) if one.role == role and one.is_active and not one.is_demo
    ]
    if there:
        raise AlreadyThere(
            f"已有这类管理员：{'、'.join(there)}。再增加请由管理员在工作台办理；链接过期可用 xinyong accounts invite 重发。",
            f"There is one already: {', '.join(there)}. Administrators add others in the office; for a new link use "
            "xinyong accounts invite.",
        )
    identity.create_account(
        username=username, password=None, display_name=display_name or username, role=role, department=None, by=by
    )
    facts = {"username": username, "role": role, **link_for(username, name=by.name)}
    if as_json:
        command.print_json(facts)
        return
    click.echo(f"✓ 管理员账号 {username}（{role}）已建立，没有密码。 Created, without a password.")
    say_link(facts)


@click.command()
@click.argument("username")
@_JSON
def invite(username: str, as_json: bool) -> None:
    """一次性链接 Make a one-time link: the person sets password and second factor anew. For lost passwords and phones."""
    command.with_database()
    facts = {"username": username, **link_for(username, name="xinyong accounts invite")}
    if as_json:
        command.print_json(facts)
        return
    click.echo(f"✓ 账号 {username}：用了这个链接，原来的密码、第二因素和登录都作废。")
    click.echo("  Once the link is used, the password, second factors and sessions there were are void.")
    say_link(facts)


@click.command()
@click.argument("username")
@_JSON
def code(username: str, as_json: bool) -> None:
    """演示验证码 The code a demo account signs in with now. Of any other account nobody can print it."""
    command.with_database()
    from xinyong.security import factors

    found = factors.demo_code(username, now=clock.now())
    if found is None:
        click.echo(
            f"✗ {username} 不是演示账号，验证码只在本人手机上。 Not a demo account: its codes are on its owner's phone."
        )
        sys.exit(3)
    if as_json:
        command.print_json({"username": username, "code": found})
    elif found:
        click.echo(found)
    else:
        click.echo("刚才的验证码都用过了，请等 30 秒再试。 The last codes are used up; try again in 30 seconds.")
        sys.exit(1)


@click.command()
@click.argument("username")
@click.argument("subject", required=False)
@_JSON
def outside(username: str, subject: str | None, as_json: bool) -> None:
    """统一身份 Link an account to its SUBJECT at the provider of single sign-on; without one, take the link away."""
    command.with_database()
    from xinyong.security import oidc
    from xinyong.security.access import system

    by = system("xinyong accounts outside")
    if subject is None:
        oidc.unlink(username, by=by)
    else:
        oidc.link(username, subject, by=by, now=clock.now())
    if as_json:
        command.print_json({"username": username, "is_linked": subject is not None})
    else:
        click.echo(f"✓ {username} {'已绑定统一身份 linked' if subject else '已解除统一身份 unlinked'}")


COMMANDS = (first_admin, invite, code, outside)
