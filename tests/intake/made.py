"""Departments, organisations, persons and files of theirs, made at run time: everything fictitious, every check right."""

import csv
import io
import itertools
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa

from tests.kernel import codes_made
from tools import canaries
from xinyong.intake import submit, views
from xinyong.intake.outcome import Found
from xinyong.intake.views import SubmissionView
from xinyong.kernel import clock, codes
from xinyong.security import identity
from xinyong.security.access import Actor, Role, system
from xinyong.security.identity import SourceUnit
from xinyong.subjects import registry

#: The day the tests live on: a Monday after the rules of 1 April 2026 came into force.
NOW = datetime(2026, 6, 15, 10, 0, tzinfo=clock.ZONE)
TODAY = NOW.date()
SYSTEM = system("test")
OPERATOR = Actor(role=Role.OPERATOR, name="operator")
AUDITOR = Actor(role=Role.AUDITOR, name="auditor")

Row = dict[str, str]
_numbers = itertools.count(1)
_birds = itertools.count(canaries.COUNT)  # the first thousand are tests/security/canary_run.py's
_chance = random.Random(20260615)
_TRADES = "星河瑞祥宏达鑫盛恒泰华信德隆嘉禾天佑明远博雅润丰瑞安康宁福临顺兴旺和美佳艺锦绣凯旋龙腾飞宇航海纳百川聚贤"


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation that exists only in tests."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """A natural person who does not exist, with a number whose check is right."""

    name: str
    number: str


def code_of(head: str = "91") -> str:
    """A valid unified code nobody else has."""
    first = f"MA{next(_numbers):06d}"
    body = f"{head}990100{first}{codes.org_check(first)}"
    return body + codes.check_character(body)


def organisation(*, head: str = "91", name: str = "") -> Organisation:
    """An organisation nobody has heard of yet."""
    made = "".join(_chance.choices(_TRADES, k=4))
    ending = "小吃店" if head == "92" else "科技有限公司"
    return Organisation(code_of(head), name or f"云溪市{made}{ending}")


def person() -> Person:
    """A canary: when the suite has run, everything that was stored and logged is searched for it (tests/conftest.py). One in thirty
    has the check character of an organisation's code too; such a one says nothing about what becomes of a person's number."""
    one = next(one for n in _birds if not is_a_code((one := canaries.canary(n)).number))
    return Person(one.name, one.number)


def is_a_code(number: str) -> bool:
    """True for a number that an organisation could have."""
    return codes.judge(number, expect=codes.Kind.USCC).verdict is not codes.Verdict.INVALID


def mistyped(code: str) -> str:
    """The code with another check character. A mistyped code may have two readings (of every 31 about one has): this has one."""
    tries = (code[:-1] + last for last in "0123456789ABCDEFGHJKLMNPQRTUWXY" if last != code[-1])
    return next(one for one in tries if codes.suggest(one, codes.Kind.USCC) == code)


def register(*organisations: Organisation) -> None:
    """Enters organisations in the register as a submission of theirs would, without the second that one costs."""
    rows = pa.table({"code": [who.code for who in organisations], "name": [who.name for who in organisations]})
    registry.register(rows, known_at=NOW)


def registration_number() -> str:
    """A 15-digit registration number of before 2015."""
    return codes_made.registration_number(_chance)


def department(name: str = "") -> SourceUnit:
    """A source unit, registered."""
    return identity.register_department(
        code=code_of("11"), name=name or f"云溪市第{next(_numbers)}示例管理局", by=SYSTEM
    )


def document(kind: str = "罚") -> str:
    """A document number nobody has used."""
    return f"云示{kind}〔2026〕{next(_numbers)}号"


def register_row(who: Organisation, unit: SourceUnit, **changes: str) -> Row:
    """A row of the base register."""
    row = {
        "ZTMC": who.name, "TYSHXYDM": who.code, "JYZT": "存续", "CLRQ": "2020-05-18", "FDDBR": "示例人",
        "SJLY": unit.name, "SJLYDM": unit.code,
    }  # fmt: skip
    return row | changes


def penalty_row(who: Organisation, unit: SourceUnit, **changes: str) -> Row:
    """A row of an organisation's penalties: a fine of 2,000 yuan."""
    category = "个体工商户" if who.code.startswith("92") else "法人及非法人组织"
    return _penalty(unit) | {
        "CF_XDR_MC": who.name, "CF_XDR_LB": category, "CF_XDR_SHXYM": who.code, "CF_FRDB": "示例人",
    } | changes  # fmt: skip


def person_row(who: Person, unit: SourceUnit, **changes: str) -> Row:
    """A row of persons' penalties."""
    return _penalty(unit) | {
        "CF_XDR_MC": who.name, "CF_XDR_LB": "自然人", "CF_XDR_ZJLX": "身份证", "CF_XDR_ZJHM": who.number,
    } | changes  # fmt: skip


def _penalty(unit: SourceUnit) -> Row:
    return {
        "CF_WSH": document(), "CF_WFXW": "违反示例管理规定", "CF_SY": "未按规定公示价格", "CF_YJ": "《示例条例》第八条",
        "CF_CFLB": "罚款", "CF_NR": "罚款0.2万元", "CF_NR_FK": "0.2", "CF_JDRQ": "2026-06-08", "CF_YXQ": "2099-12-31",
        "CF_CFJG": unit.name, "CF_CFJGDM": unit.code, "CF_SJLY": unit.name, "CF_SJLYDM": unit.code,
    }  # fmt: skip


def licence_row(who: Organisation, unit: SourceUnit, **changes: str) -> Row:
    """A row of an organisation's licences, in force for three years."""
    row = {
        "XK_XDR_MC": who.name, "XK_XDR_LB": "法人及非法人组织", "XK_XDR_SHXYM": who.code, "XK_FRDB": "示例人",
        "XK_XKWS": "准予行政许可决定书", "XK_WSH": document("许"), "XK_XKLB": "普通", "XK_NR": "示例经营许可",
        "XK_JDRQ": "2026-06-08", "XK_YXQZ": "2026-06-08", "XK_YXQZI": "2029-06-07", "XK_XKJG": unit.name,
        "XK_XKJGDM": unit.code, "XK_ZT": "1", "XK_LYDW": unit.name, "XK_LYDWDM": unit.code,
    }  # fmt: skip
    return row | changes


def columns(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Every column that a row has, in the order of first appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))


def csv_file(path: Path, rows: Sequence[Mapping[str, str]], *, headers: Mapping[str, str] | None = None) -> Path:
    """The rows as CSV; ``headers`` renames columns."""
    text = io.StringIO()
    names = columns(rows)
    writer = csv.writer(text)
    writer.writerow([(headers or {}).get(name, name) for name in names])
    writer.writerows([row.get(name, "") for name in names] for row in rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def jsonl_file(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    """The rows as JSON Lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def xlsx_file(path: Path, rows: Sequence[Mapping[str, object]], *, title: str = "") -> Path:
    """The rows as a workbook, under a title row if one is given."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    names = list(dict.fromkeys(name for row in rows for name in row))
    if title:
        sheet.append([title])
    sheet.append(names)
    for row in rows:
        sheet.append([row.get(name) for name in names])
    book.save(path)
    return path


def hand_in(
    path: Path, item_id: str, unit: SourceUnit, *, at: datetime = NOW, mapping: Mapping[str, str] | None = None
) -> SubmissionView:
    """Receives and runs, as the command line does."""
    entered = submit.receive(
        path, item_id=item_id, source_code=unit.code, file_name=path.name, by=SYSTEM, received_at=at,
        mapping=dict(mapping) if mapping else None,
    )  # fmt: skip
    return submit.run(entered.id, by=SYSTEM, original=path)


def found(view: SubmissionView) -> list[Found]:
    """The findings of a submission."""
    return [one.found for one in views.findings(view.id, seen_by=SYSTEM, limit=100_000)]


def rules(view: SubmissionView) -> dict[int, set[str]]:
    """Rules found broken, by row of the sender's file (the first below the header is 2)."""
    broken: dict[int, set[str]] = {}
    for one in found(view):
        broken.setdefault(one.row_no, set()).add(one.rule)
    return broken


def day(text: str) -> date:
    """A date from its ISO form."""
    return date.fromisoformat(text)


HandIn = Callable[..., SubmissionView]
