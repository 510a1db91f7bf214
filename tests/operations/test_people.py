"""Departments and accounts at the command line: made once, listed, closed; a password is printed once."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.test import Client

from tests.intake import made
from xinyong.operations import command
from xinyong.security import audit, identity
from xinyong.security.identity import UnknownDepartment

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Result:
    """One command; an unexpected exception fails the test."""
    return CliRunner().invoke(command.group, list(arguments), catch_exceptions=False)


def answer(*arguments: str) -> Any:
    """The JSON document a command prints."""
    return json.loads(run(*arguments, "--json").stdout)


def _signs_in(username: str, password: str) -> bool:
    answer = Client().post("/office/sign-in", {"username": username, "password": password})
    return answer.status_code == 302


def test_a_department_is_registered_renamed_and_listed() -> None:
    assert run("departments", "list").stdout.startswith("还没有")
    code = made.code_of("11")
    keys = {"code", "name", "short_name", "region_code", "is_active"}
    assert set(answer("departments", "add", code.lower(), "云溪市示例局")) == keys
    answer("departments", "add", code, "云溪市示例管理局", "--short-name", "示例局", "--region", "990100")
    (one,) = answer("departments", "list")
    assert (one["code"], one["name"], one["short_name"], one["region_code"]) == (
        code, "云溪市示例管理局", "示例局", "990100"
    )  # fmt: skip
    assert code in run("departments", "list").stdout
    assert run("departments", "add", f"{code[:-1]}!", "云溪市示例局").exit_code == 2


def test_an_account_signs_in_with_the_printed_password_until_it_is_disabled() -> None:
    unit = made.department()
    assert run("accounts", "list").stdout.startswith("还没有")
    made_account = answer("accounts", "add", "clerk", "--role", "source_unit", "--department", unit.code)
    assert set(made_account) == {"username", "role", "department", "password"}
    assert _signs_in("clerk", made_account["password"])
    with pytest.raises(identity.AccountExists):
        run("accounts", "add", "clerk", "--role", "auditor")
    (listed,) = answer("accounts", "list")
    assert listed == {
        "username": "clerk", "display_name": "clerk", "role": "source_unit", "department": unit.code,
        "is_active": True, "is_demo": False,
    }  # fmt: skip
    assert answer("accounts", "disable", "clerk") == {"username": "clerk", "is_active": False}
    assert run("accounts", "disable", "clerk").exit_code == 0
    assert not _signs_in("clerk", made_account["password"])
    again = answer("accounts", "add", "clerk", "--role", "source_unit", "--department", unit.code)
    assert again["password"] != made_account["password"]
    assert _signs_in("clerk", again["password"])
    log = [
        one.event for one in audit.entries(seen_by=made.AUDITOR) if one.object_ref == "clerk" and one.role == "system"
    ]
    assert log == ["account-created", "account-disabled", "account-created"]


def test_a_session_ends_with_its_account() -> None:
    client = Client()
    password = answer("accounts", "add", "op", "--role", "operator")["password"]
    client.post("/office/sign-in", {"username": "op", "password": password})
    assert client.get("/office/").status_code == 200
    run("accounts", "disable", "op")
    assert client.get("/office/").status_code == 302


def test_what_does_not_fit_is_refused() -> None:
    assert run("accounts", "add", "clerk", "--role", "source_unit").exit_code == 2
    assert run("accounts", "add", "clerk", "--role", "auditor", "--department", "x").exit_code == 2
    assert run("accounts", "add", "clerk", "--role", "king").exit_code == 2
    with pytest.raises(UnknownDepartment):
        run("accounts", "add", "clerk", "--role", "source_unit", "--department", "x")
    with pytest.raises(identity.UnknownAccount):
        run("accounts", "disable", "nobody")


def test_the_password_is_said_once_and_is_no_argument() -> None:
    said = run("accounts", "add", "aud", "--role", "auditor").stdout
    assert "只显示这一次" in said
    password = said.splitlines()[-1].strip()
    assert _signs_in("aud", password)
    assert password not in run("accounts", "list").stdout
    assert "--password" not in run("accounts", "add", "--help").stdout
