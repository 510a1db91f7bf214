"""How an item is handed in by the interface (事项接口说明): body, example row, commands, checks; for a page, as Markdown, as OpenAPI.

All of it is generated from the item; a test hands the example in to the real interface. Basis: RFC 9110, OpenAPI 3.1, JSON
Schema 2020-12. Nothing here is about a subject: the examples are the library's, and a person's number is only a placeholder.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from xinyong.catalogue import dictionary, export, load
from xinyong.catalogue.schema import Field, FieldType, Item, Requirement, Severity

#: What stands where a person's certificate number belongs: no page shows a number that could be somebody's.
NUMBER = "（本人的证件号码）"


@dataclass(frozen=True, slots=True)
class Check:
    """A check a row must pass: the code that comes back in ``findings``, what it says, how grave it is, the fields it marks."""

    rule: str
    severity: Severity
    zh: str
    en: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """How to hand in one item. ``body`` is the JSON of the request, ``curl`` and ``client`` run as they stand."""

    item: Item
    row: Mapping[str, Any]
    body: str
    curl: str
    client: str
    checks: tuple[Check, ...]
    formats: tuple[Check, ...]

    @property
    def fields(self) -> list[dictionary.Line]:
        """The fields a sender may fill in, in the item's order."""
        return [one for one in dictionary.lines(self.item) if _is_sent(one.field)]


#: What the platform checks of every item, by what a field is. ``None`` stands for every item.
_FORMATS: tuple[tuple[FieldType | None, str, str, str, str], ...] = (
    (None, "V01-required", "error", "必填的数据项没有填。", "A required field is empty."),
    (None, "V02-length", "error", "超过最大长度。", "Longer than the field allows."),
    (None, "V02-control", "error", "含有控制字符。", "Holds control characters."),
    (None, "V05-no-subject", "doubtful", "没有可用于确定主体的有效代码。", "No valid code by which to find the subject."),
    (None, "V05-name-mismatch", "doubtful", "名称与代码在登记库中的名称不一致。", "The name is not the register's for this code."),
    (None, "V09-source", "error", "数据来源单位不是报送单位，也不是其可代报的单位。", "The source unit is neither the sender nor one it reports for."),
    (None, "V11-duplicate", "warning", "同一次报送中重复的行，只入库一次。", "Repeated within the submission; it goes in once."),
    (None, "V11-same-key-twice", "doubtful", "主键相同而内容不同的行同时出现。", "The same key with other content in one submission."),
    (None, "E_FORBIDDEN_CLASS", "error", "含有不得归集的信息。", "Holds information that may not be collected."),
    (FieldType.DATE, "V06-date", "error", "不是存在的日期。", "Not a date that exists."),
    (FieldType.DECIMAL, "V07-amount", "error", "不是数字，或小数位太多。", "Not a number, or too many decimals."),
    (FieldType.INTEGER, "V07-integer", "error", "不是整数。", "Not a whole number."),
    (FieldType.BOOLEAN, "V07-boolean", "error", "应填“是”或“否”，接口可用 true、false。", "Yes or no; true or false by the interface."),
    (FieldType.CODE, "V10-unknown-code", "error", "不在代码表中。", "Not in the code list."),
    (FieldType.CODE, "V10-detail-missing", "error", "填“其他”时没有注明具体类别。", "After 其他 (other) the concrete kind is missing."),
)  # fmt: skip


def of(item: Item, *, on: date, origin: str, among: export.Editions = None) -> Usage:
    """Everything about handing in an item to the platform at ``origin``; codes of the day, the library's or ``among`` these."""
    row = example(item, on=on, among=among)
    body = json.dumps({"item": item.id, "rows": [row]}, ensure_ascii=False, indent=2)
    rules = tuple(Check(one.id, one.severity, one.message, one.message_en, one.columns) for one in item.rules)
    kinds = {one.type for one in item.fields if _is_sent(one)}
    formats = tuple(
        Check(rule, Severity(severity), zh, en) for kind, rule, severity, zh, en in _FORMATS if kind is None or kind in kinds
    )  # fmt: skip
    return Usage(item, row, body, _curl(item, body, origin), _client(item, origin), rules, formats)


def example(item: Item, *, on: date, among: export.Editions = None) -> dict[str, Any]:
    """A row from the item's own examples, keyed by column codes, values as the interface takes them."""
    return {one.code: found for one in item.fields if _is_sent(one) and (found := _value(one, on, among)) is not None}


def markdown(one: Usage) -> str:
    """The page as Markdown, both languages."""
    item = one.item
    rows = [
        f"| {n} | `{line.field.code}` | {line.field.name_zh}<br>{line.field.name_en} | {line.type_zh} {line.type_en}{f' ≤{line.length}' if line.length else ''}"
        f"{f' `{line.field.code_list}`' if line.field.code_list else ''} | {line.need_zh} {line.need_en} | {_cell(line.field.note)} |"
        for n, line in enumerate(one.fields, start=1)
    ]
    checks = [
        f"| `{c.rule}` | {c.severity.value} | {_cell(c.zh)}<br>{_cell(c.en)} | {', '.join(f'`{code}`' for code in c.columns)} |"
        for c in (*one.checks, *one.formats)
    ]
    doubt = (
        "" if item.is_verified else "\n\n⚠ 数据项未逐项核对标准原文 Fields not verified against the text of a standard."
    )
    parts = [
        f"# {item.title_zh} {item.title_en}：用接口报送 By the interface",
        f"事项 item `{item.id}`，第 {item.version} 版 version {item.version}，权限 scope `submit:{item.id}`。{doubt}",
        "## 请求 Request",
        f"`POST /api/v1/submissions`；先用 `?test=true` 试。 Try with `?test=true` first.\n\n```json\n{one.body}\n```",
        "```bash\n" + one.curl + "\n```",
        "## Python",
        "```python\n" + one.client + "\n```",
        "## 数据项 Fields",
        "| # | 代码 code | 名称 name | 类型 type | 填写 need | 说明 note |\n|---|---|---|---|---|---|\n"
        + "\n".join(rows),
        "## 校验 Checks",
        "| 代码 code | 级别 severity | 提示 message | 数据项 fields |\n|---|---|---|---|\n" + "\n".join(checks),
    ]
    return "\n\n".join(parts) + "\n"


def openapi(one: Usage, *, on: date, origin: str, among: export.Editions = None) -> dict[str, Any]:
    """The one operation of this item as an OpenAPI 3.1 document, with the row's JSON Schema."""
    item = one.item
    row = {
        key: value
        for key, value in export.json_schema(item, on=on, among=among).items()
        if key not in {"$schema", "$id"}
    }
    answer = {
        "type": "object",
        "required": ["item_id", "counts"],
        "properties": {"item_id": {"const": item.id}, "counts": {"type": "object"}},
    }
    body = {
        "type": "object", "required": ["item", "rows"], "additionalProperties": False,
        "properties": {
            "item": {"const": item.id}, "file_name": {"type": "string", "maxLength": 200},
            "rows": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/components/schemas/Row"}},
        },
    }  # fmt: skip
    problem = {
        "description": "拒绝的原因 why not (RFC 9457)",
        "content": {"application/problem+json": {"schema": {"type": "object"}}},
    }
    told = {"content": {"application/json": {"schema": answer}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{item.title_zh} {item.title_en}", "version": str(item.version), "description": item.description},
        "servers": [{"url": f"{origin}/api/v1"}],
        "security": [{"token": [f"submit:{item.id}"]}],
        "paths": {"/submissions": {"post": {
            "operationId": f"submit_{item.id.replace('-', '_')}", "summary": f"报送 Hand in: {item.title_zh}",
            "parameters": [
                {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "minLength": 8, "maxLength": 200}},
                {"name": "test", "in": "query", "schema": {"type": "boolean", "default": False}},
            ],
            "requestBody": {"required": True, "content": {"application/json": {"schema": body, "example": json.loads(one.body)}}},
            "responses": {
                "200": {"description": "试校验的结果，或先前已处理 a trial, or done before"} | told,
                "202": {"description": "已收到 received"} | told, "default": problem,
            },
        }}},
        "components": {
            "securitySchemes": {"token": {"type": "oauth2", "flows": {"clientCredentials": {
                "tokenUrl": f"{origin}/oauth/token", "scopes": {f"submit:{item.id}": f"报送 hand in {item.title_zh}"},
            }}}},
            "schemas": {"Row": row},
        },
    }  # fmt: skip


def _is_sent(one: Field) -> bool:
    return one.requirement is not Requirement.BLANK and not one.is_computed


def _value(one: Field, on: date, among: export.Editions) -> Any:
    if one.type is FieldType.CERTIFICATE:
        return NUMBER if one.requirement is Requirement.REQUIRED else None
    if not one.example:
        return None
    match one.type:
        case FieldType.INTEGER:
            return int(one.example)
        case FieldType.BOOLEAN:
            return one.example == "是"
        case FieldType.CODE:
            assert one.code_list is not None
            by_name = {code.name_zh: code.value for code in load.code_list(one.code_list, on, among=among).codes}
            return ";".join(by_name.get(text, text) for text in one.example.split(";"))
    return one.example


def _curl(item: Item, body: str, origin: str) -> str:
    return f"""\
XINYONG={origin}
TOKEN=$(curl -fsS -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials "$XINYONG/oauth/token" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
cat > rows.json <<'END'
{body}
END
curl -fsS -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  --data-binary @rows.json "$XINYONG/api/v1/submissions?test=true"
curl -fsS -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: {item.id}-0001" \\
  -H "Content-Type: application/json" --data-binary @rows.json "$XINYONG/api/v1/submissions\""""


def _client(item: Item, origin: str) -> str:
    return f"""\
import json
from pathlib import Path

from xinyong.client.platform import Platform

secret = Path("client-secret").read_text(encoding="utf-8").strip()  # readable by this program only
platform = Platform("{origin}", "xy-0123456789abcdef", secret)
rows = json.loads(Path("rows.json").read_text(encoding="utf-8"))["rows"]
print(platform.trial("{item.id}", rows=rows).counts)
done = platform.wait(platform.submit("{item.id}", rows=rows, key="{item.id}-0001"))
print(done.status, done.counts)
for row in platform.rows(done.id, outcome="rejected"):
    print(row.row, [(one.field, one.rule, one.zh) for one in row.findings])"""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
