"""Organisations that declare of themselves, for tests: accounts with a mandate, facts, proofs; all by the real verbs."""

import itertools
import os
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.intake import made
from tests.intake.made import Organisation
from xinyong.intake import jobs, revert, submit, voluntary
from xinyong.intake.voluntary import Proof
from xinyong.intake.voluntary_view import DeclarationView
from xinyong.kernel import clock
from xinyong.security import identity, mandates, scope
from xinyong.security.access import Actor, Role
from xinyong.subjects import mandates as counter
from xinyong.subjects.mandates import Given

QUALIFICATION = "self-qualification"
_numbers = itertools.count(1)


def picture(path: Path) -> Path:
    """A picture that is like no other: a file of proof."""
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(64))
    return path


def mandate(
    who: Organisation, folder: Path, *, username: str = "", last_on: date | None = None, by: Actor = made.OPERATOR
) -> Given:
    """Somebody gets the mandate of an organisation, at the counter."""
    n = next(_numbers)
    return counter.give(
        who.code, kind=mandates.AGENT, username=username or f"org-{n}", display_name=f"经办{n}", starts_on=clock.today(),
        last_on=last_on or clock.today() + timedelta(days=365), proof=picture(folder / f"mandate-{n}.png"),
        proof_name="授权委托书.png", by=by, at=clock.now(),
    )  # fmt: skip


def speaks_for(who: Organisation, folder: Path) -> Actor:
    """Somebody who acts for an organisation from now on."""
    given = mandate(who, folder)
    somebody = Actor(role=Role.PUBLIC, name=given.mandate.username, account_id=given.mandate.account_id)
    return mandates.actor(somebody, at=clock.now())


def facts(**other: str) -> dict[str, str]:
    """A certificate, as it is typed into the form."""
    n = next(_numbers)
    return {
        "ZZLB": "管理体系认证", "ZZMC": f"质量管理体系认证 {n}", "ZSBH": f"QMS-2026-{n:05}", "FZJG": "云溪市示例认证中心",
        "FZRQ": "2026-03-15", "YXQZ": "2026-03-15", "YXQZI": "2029-03-14",
    } | other  # fmt: skip


def declare(
    by: Actor, folder: Path, *, values: Mapping[str, str] | None = None, item_id: str = QUALIFICATION, is_run: bool = True,
    **other: Any,
) -> DeclarationView:  # fmt: skip
    """A declaration with one proof, worked on."""
    n = next(_numbers)
    wanted = {
        "proofs_given": [Proof(picture(folder / f"proof-{n}.png"), "证书扫描件.png")], "commitment": voluntary.COMMITMENT,
        "by": by, "at": clock.now(),
    } | other  # fmt: skip
    with scope.acting(by):
        made_one, _ = jobs.declare(item_id, facts() if values is None else values, **wanted)
    if is_run:
        submit.run(made_one.id, by=made.SYSTEM)
    return made_one


def withdraw(one: DeclarationView, by: Actor) -> None:
    """Its organisation withdraws a declaration, and the work on that is done."""
    with scope.acting(by):
        jobs.withdraw_declared(one.id, reason="证书已换发，重新申报", by=by, at=clock.now())
    revert.finish(one.id, by=made.SYSTEM)


def unit() -> int:
    """The source under which declarations stand."""
    return identity.subjects_unit().id
