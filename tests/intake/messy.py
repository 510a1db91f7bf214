"""Messy files of any catalogue item, made at run time: rows by the item's own fields, with whatever departments put in cells."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from tests.intake import made
from tests.intake.made import Organisation, Row
from xinyong.catalogue import load
from xinyong.catalogue.schema import Field, FieldType, Item, Requirement
from xinyong.security.identity import SourceUnit

_DATES = ("2026-06-08", "2026/6/8", "2026年6月8日", "20260608", "2026-05-06", "2099-12-31")
_ANYTHING = (
    "", " ", "　", "2026-02-30", "二〇二六年三月五日", "1e5", "-1", "0.2", "12345678.1234567", "是", "否", "自然人", "其他", "其他-补办",
    "不在表内", "#N/A", "=1+1", "一\u200b二", "甲\x07乙", '引"号', "a" * 600, "血型AB型", "宗教信仰佛教", "13800138000",
    "440100000012345", "00000000000000000X", "9199010048326590XF", "《示例条例》第八条", "罚款;没收违法所得", "NULL", "无",
)  # fmt: skip


def rows(item: Item, unit: SourceUnit, chance: random.Random, count: int, who: Sequence[Organisation]) -> list[Row]:
    """Rows of an item: sound ones, ones with one to three cells spoilt, and repeats of earlier rows, whole or almost."""
    made_rows: list[Row] = []
    for _ in range(count):
        fate = chance.random()
        is_repeat = bool(made_rows) and fate < 0.15
        row = dict(chance.choice(made_rows)) if is_repeat else _sound(item, unit, chance, chance.choice(who))
        for _ in range(0 if fate < 0.45 else chance.randint(1, 3)):
            field = chance.choice(item.fields)
            row[field.code] = _spoilt(field, row.get(field.code, ""), chance)
        made_rows.append(row)
    return made_rows


def write(folder: Path, name: str, made_rows: Sequence[Row], chance: random.Random) -> Path:
    """The rows in one of the forms that departments send."""
    form = chance.choice(("csv", "csv-gbk", "jsonl", "xlsx"))
    if form == "xlsx":
        return made.xlsx_file(
            folder / f"{name}.xlsx", [{k: v.replace("\x07", "") for k, v in row.items()} for row in made_rows]
        )
    if form == "jsonl":
        path = folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made_rows), encoding="utf-8")
        return path
    path = made.csv_file(folder / f"{name}.csv", made_rows)
    if form == "csv-gbk":
        path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    return path


def _sound(item: Item, unit: SourceUnit, chance: random.Random, who: Organisation) -> Row:
    roles = item.roles
    row = {field.code: _value(field, chance) for field in item.fields if field.requirement is not Requirement.BLANK}
    said = {
        roles.subject_code: who.code,
        roles.subject_name: who.name,
        roles.source_code: unit.code,
        roles.source_name: unit.name,
    }
    if item.is_about_persons:
        person = made.person()
        said |= {roles.subject_name: person.name, roles.person_certificate: person.number}
        said |= {roles.person_certificate_kind: "身份证"}
    row |= {code: text for code, text in said.items() if code}
    return {code: text for code, text in row.items() if text}


def _value(field: Field, chance: random.Random) -> str:
    if field.requirement is Requirement.OPTIONAL and chance.random() < 0.4:
        return ""
    match field.type:
        case FieldType.DATE:
            return chance.choice(_DATES[:4])
        case FieldType.DECIMAL:
            return chance.choice(("0.2", "12", "3.50"))
        case FieldType.INTEGER:
            return "3"
        case FieldType.BOOLEAN:
            return "是"
        case FieldType.CODE:
            assert field.code_list is not None
            return chance.choice(load.code_lists()[field.code_list].codes).name_zh
        case FieldType.USCC:
            return made.code_of("11")
        case _:
            return field.example or made.document()


def _spoilt(field: Field, value: str, chance: random.Random) -> str:
    fate = chance.random()
    if fate < 0.5:
        return chance.choice(_ANYTHING)
    if fate < 0.6:
        return made.person().number
    if fate < 0.7:
        return made.registration_number()
    if fate < 0.8:
        return chance.choice(_DATES)
    return value[:-1] if fate < 0.9 else f" {value.lower()}　"
