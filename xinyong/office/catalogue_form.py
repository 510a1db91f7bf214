"""Forms of a catalogue item, made from its schema: the head, one field, one rule. What is sent becomes data of the same shape as
the file; the file's own checks judge it, and what they find stands at the input it is about.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields as parts_of
from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from django import forms
from django.utils.translation import gettext, gettext_lazy

from xinyong.catalogue import difference, load
from xinyong.catalogue.problems import Problem
from xinyong.catalogue.schema import Field, FieldType, Grade, Item, Masking, Requirement, Section, Severity

#: What a choice says. Grades and types are the dictionary's words.
WORDS: dict[StrEnum, Any] = {
    FieldType.TEXT: gettext_lazy("文本"), FieldType.CODE: gettext_lazy("代码"), FieldType.DATE: gettext_lazy("日期"),
    FieldType.DECIMAL: gettext_lazy("小数"), FieldType.INTEGER: gettext_lazy("整数"), FieldType.BOOLEAN: gettext_lazy("是/否"),
    FieldType.USCC: gettext_lazy("统一社会信用代码"), FieldType.ORG_CODE: gettext_lazy("组织机构代码"),
    FieldType.CERTIFICATE: gettext_lazy("证件号码"),
    Grade.PUBLIC: gettext_lazy("社会公开"), Grade.SHARED: gettext_lazy("政务共享"), Grade.AUTHORISED: gettext_lazy("授权查询"),
    Grade.INTERNAL: gettext_lazy("内部"),
    Requirement.REQUIRED: gettext_lazy("必填"), Requirement.OPTIONAL: gettext_lazy("选填"), Requirement.BLANK: gettext_lazy("须为空"),
    Masking.NONE: gettext_lazy("不脱敏"), Masking.NAME: gettext_lazy("姓名"), Masking.CERTIFICATE: gettext_lazy("证件号码"),
    Masking.PHONE: gettext_lazy("电话"), Masking.BANK_CARD: gettext_lazy("银行卡号"), Masking.ADDRESS: gettext_lazy("地址"),
    Masking.ALL: gettext_lazy("全部隐去"),
    Severity.ERROR: gettext_lazy("退回"), Severity.DOUBTFUL: gettext_lazy("疑问"), Severity.WARNING: gettext_lazy("提醒"),
    Section.REGISTRATION: gettext_lazy("登记注册"), Section.LICENCE: gettext_lazy("行政许可"), Section.PENALTY: gettext_lazy("行政处罚"),
    Section.HONOUR: gettext_lazy("诚实守信"), Section.SERIOUS_LIST: gettext_lazy("严重失信主体名单"),
    Section.ABNORMAL: gettext_lazy("经营异常"), Section.ADMINISTRATIVE: gettext_lazy("其他行政管理"),
    Section.COMMITMENT: gettext_lazy("信用承诺"), Section.EVALUATION: gettext_lazy("信用评价"),
    Section.JUDICIAL: gettext_lazy("司法裁判及执行"), Section.SELF_DECLARED: gettext_lazy("自主申报"), Section.OTHER: gettext_lazy("其他信息"),
}  # fmt: skip
_CLOCKS = {
    "severity": gettext_lazy("按失信严重程度"), "while_valid": gettext_lazy("有效期内"), "while_listed": gettext_lazy("列入名单期间"),
    "always": gettext_lazy("一直公示"), "never": gettext_lazy("不公示"),
}  # fmt: skip
_STARTS = {"decided_on": gettext_lazy("自决定日期起"), "valid_to": gettext_lazy("自有效期届满起")}
_RANKS = {
    "law": gettext_lazy("法律"), "regulation": gettext_lazy("行政法规"), "local-regulation": gettext_lazy("地方性法规"),
    "rule": gettext_lazy("规章"), "policy": gettext_lazy("政策文件"), "standard": gettext_lazy("标准"), "practice": gettext_lazy("惯例"),
}  # fmt: skip
_HINTS = {
    "required_when": gettext_lazy("条件表达式，例如 CF_CFLB LIKE '%罚款%'；填写后“填写要求”应为选填。"),
    "aliases": gettext_lazy("每行一个；各单位文件里的表头写法。"),
    "one_of": gettext_lazy("同组的数据项至少填一项。"),
    "scale": gettext_lazy("只有小数型填写。"),
    "code_list": gettext_lazy("只有代码型选择。"),
    "certificate_kind": gettext_lazy("证件号码所对应的证件类型数据项。"),
    "check": gettext_lazy("对合格的行成立的条件，例如 JDRQ <= today。"),
    "columns": gettext_lazy("每行一个列代码；出错时在这些数据项上标注。"),
}
_LONG = frozenset({"note", "check", "required_when", "suggestion"})


class Part(forms.Form):
    """A form over a part of an item: ``data()`` is what the file would say; ``at(path)`` the input a problem is about."""

    use_required_attribute = False
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def take(self, problems: Sequence[Problem], *, within: str, english: bool) -> list[Problem]:
        """Puts each problem at its input; returns those that are about another part."""
        left = []
        for one in problems:
            name = self.at(one.path, within)
            if name is None:
                left.append(one)
            else:
                self.add_error(name, one.en if english else one.zh)
        return left

    def at(self, path: str, within: str) -> str | None:
        """The input that a path of the file is about, None for none of this form's."""
        if within and path != within and not path.startswith(f"{within}."):
            return None
        parts = re.sub(r"\[\d+\]", "", path[len(within) :]).strip(".").split(".")
        for name in ("_".join(parts), "_".join(["basis", *parts[1:]]), f"{parts[0]}_zh", parts[0]):
            if name in self.fields:
                return name
        return None


class HeadForm(Part):
    """Title, basis, section, grade, periods: what an item says of itself beside its fields and rules."""

    def __init__(self, *args: Any, item: Item, english: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        at = 1 if english else 0
        for key in ("title", "description"):
            for language, word in (("zh", gettext("中文")), ("en", gettext("英文"))):
                label = f"{difference.label(key)[at]}（{word}）"
                wide = forms.Textarea(attrs={"rows": 3}) if key == "description" else None
                self.fields[f"{key}_{language}"] = forms.CharField(label=label, required=key == "title", widget=wide)
        self.fields["effective_from"] = forms.DateField(
            label=difference.label("effective_from")[at], widget=forms.DateInput(attrs={"type": "date"})
        )
        self.fields["section"] = _choice(difference.label("section")[at], Section)
        self.fields["disclosure"] = _choice(difference.label("disclosure")[at], Grade)
        self.fields["source"] = forms.CharField(label=difference.label("source")[at])
        self.fields["update_cycle"] = forms.CharField(label=difference.label("update_cycle")[at])
        self.fields["timeliness_working_days"] = forms.IntegerField(
            label=difference.label("timeliness_working_days")[at], required=False, min_value=1, max_value=250
        )
        self.fields["publicity_clock"] = forms.ChoiceField(
            label=difference.label("publicity")[at], choices=_CLOCKS.items()
        )
        self.fields["publicity_months_after"] = forms.IntegerField(
            label=gettext("到期后再公示的月数"), required=False, min_value=0, max_value=1200
        )
        self.fields["retention_years"] = forms.IntegerField(
            label=gettext("保存年数"), required=False, min_value=1, max_value=100, help_text=gettext("不填为长期保存。")
        )
        self.fields["retention_start"] = forms.ChoiceField(label=gettext("保存期限的起算"), choices=_STARTS.items())
        own = {one.id: one for one in item.bases}  # first and in their order: what comes back is in the order shown
        known = own | {id: one for id, one in load.bases().items() if id not in own}
        self.fields["bases"] = forms.MultipleChoiceField(
            label=gettext("依据"), required=False, widget=forms.CheckboxSelectMultiple,
            choices=[(one.id, f"{one.title} {one.article}".strip()) for one in known.values()],
        )  # fmt: skip
        self.fields["basis_title"] = forms.CharField(label=gettext("另增依据：名称"), required=False, max_length=200)
        self.fields["basis_article"] = forms.CharField(label=gettext("另增依据：条款"), required=False, max_length=200)
        self.fields["basis_id"] = forms.CharField(
            label=gettext("另增依据：标识"), required=False, max_length=60, help_text=gettext("小写字母、数字和连字符，例如 city-credit-2026。")
        )  # fmt: skip
        self.fields["basis_rank"] = forms.ChoiceField(
            label=gettext("另增依据：效力层级"), choices=_RANKS.items(), required=False
        )
        self.fields["is_verified"] = forms.BooleanField(label=difference.label("is_verified")[at], required=False)

    @staticmethod
    def start(data: Mapping[str, Any]) -> dict[str, Any]:
        """What the form shows of an item's data."""
        publicity, retention = data["publicity"], data["retention"]
        pairs = {
            f"{key}_{part}": data.get(key, {}).get(part, "")
            for key in ("title", "description")
            for part in ("zh", "en")
        }
        plain = (
            "effective_from",
            "section",
            "disclosure",
            "source",
            "update_cycle",
            "timeliness_working_days",
            "is_verified",
        )
        return pairs | {key: data.get(key) for key in plain} | {
            "publicity_clock": publicity["clock"], "publicity_months_after": publicity.get("months_after"),
            "retention_years": retention.get("years"), "retention_start": retention["start"],
            "bases": [one["id"] for one in data["bases"]],
        }  # fmt: skip

    def changed(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The item's data with what was sent."""
        said = self.cleaned_data
        made = dict(data)
        for key in ("title", "description"):
            pair = {part: said[f"{key}_{part}"] for part in ("zh", "en") if said[f"{key}_{part}"]}
            made[key] = pair
            if not pair:
                made.pop(key)
        made |= {key: said[key] for key in ("section", "disclosure", "source", "update_cycle", "is_verified")}
        made["effective_from"] = said["effective_from"].isoformat()
        _set(made, "timeliness_working_days", said["timeliness_working_days"])
        made["publicity"] = {"clock": said["publicity_clock"]}
        _set(made["publicity"], "months_after", said["publicity_months_after"])
        made["retention"] = {"start": said["retention_start"]}
        _set(made["retention"], "years", said["retention_years"])
        own = {one["id"]: one for one in data["bases"]}
        made["bases"] = [own.get(id, id) for id in said["bases"]]
        if said["basis_title"] or said["basis_id"]:
            new = {
                "id": said["basis_id"],
                "title": said["basis_title"],
                "article": said["basis_article"],
                "rank": said["basis_rank"],
            }
            made["bases"].append({key: value for key, value in new.items() if value})
        return made


class FieldForm(Part):
    """One field, an input for each part of the schema's ``Field``. Its code is set once: records stand under it."""

    def __init__(self, *args: Any, item: Item, english: bool, is_new: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        at = 1 if english else 0
        self.fields["code"] = forms.CharField(
            label=gettext("列代码"), disabled=not is_new, max_length=40,
            help_text=gettext("大写字母、数字和下划线，例如 CF_WSH。") if is_new else gettext("列代码不能改：要改请删去这一项，另增一项。"),
        )  # fmt: skip
        self.fields["name_zh"] = forms.CharField(label=gettext("名称（中文）"), max_length=200)
        self.fields["name_en"] = forms.CharField(label=gettext("名称（英文）"), max_length=200)
        kinds = get_type_hints(Field)
        for part in parts_of(Field):
            if part.name not in {"code", "name_zh", "name_en"}:
                self.fields[part.name] = _made(part.name, kinds[part.name], item, difference.label(part.name)[at])

    @staticmethod
    def start(data: Mapping[str, Any]) -> dict[str, Any]:
        """What the form shows of a field's data."""
        name = data.get("name", {})
        shown = {
            key: "\n".join(value) if isinstance(value, list) else value for key, value in data.items() if key != "name"
        }
        return {"type": "text", "requirement": "optional", "grade": "public", "masking": "none"} | shown | {
            "name_zh": name.get("zh", ""), "name_en": name.get("en", ""),
        }  # fmt: skip

    def said(self) -> dict[str, Any]:
        """The field's data as it was sent; what equals the default is left out."""
        sent = self.cleaned_data
        made: dict[str, Any] = {"code": sent["code"], "name": {"zh": sent["name_zh"], "en": sent["name_en"]}}
        for part in parts_of(Field):
            if part.name in {"code", "name_zh", "name_en"}:
                continue
            value = _lines(sent[part.name]) if part.name == "aliases" else sent[part.name]
            is_left_out = value is None or value is False or value in ("", []) or value == part.default
            if not is_left_out:
                made[part.name] = value
        return made


class RuleForm(Part):
    """One rule: its condition, what it says, how grave it is, its basis."""

    def __init__(self, *args: Any, item: Item, english: bool, is_new: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        at = 1 if english else 0
        self.fields["id"] = forms.CharField(
            label=gettext("编号"), disabled=not is_new, max_length=8, help_text=gettext("大写字母和数字，例如 V17。") if is_new else "",
        )  # fmt: skip
        self.fields["check"] = forms.CharField(
            label=difference.label("check")[at],
            widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
            help_text=_HINTS["check"],
        )
        self.fields["severity"] = _choice(difference.label("severity", of_a_rule=True)[at], Severity)
        self.fields["message_zh"] = forms.CharField(label=gettext("提示（中文）"), max_length=500)
        self.fields["message_en"] = forms.CharField(label=gettext("提示（英文）"), max_length=500)
        self.fields["basis"] = forms.ChoiceField(
            label=difference.label("basis")[at],
            choices=[(one.id, f"{one.title} {one.article}".strip()) for one in item.bases],
        )
        self.fields["columns"] = forms.CharField(
            label=difference.label("columns")[at],
            widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
            help_text=_HINTS["columns"],
        )
        self.fields["suggestion"] = forms.CharField(
            label=difference.label("suggestion")[at], required=False, max_length=200
        )

    @staticmethod
    def start(data: Mapping[str, Any]) -> dict[str, Any]:
        """What the form shows of a rule's data."""
        message = data.get("message", {})
        own = {key: value for key, value in data.items() if key not in {"message", "columns"}}
        return {"severity": "error"} | own | {
            "message_zh": message.get("zh", ""), "message_en": message.get("en", ""), "columns": "\n".join(data.get("columns", [])),
        }  # fmt: skip

    def said(self) -> dict[str, Any]:
        """The rule's data as it was sent."""
        sent = self.cleaned_data
        made = {key: sent[key] for key in ("id", "check", "severity", "basis")}
        made |= {"message": {"zh": sent["message_zh"], "en": sent["message_en"]}, "columns": _lines(sent["columns"])}
        return made | ({"suggestion": sent["suggestion"]} if sent["suggestion"] else {})


def _made(name: str, kind: Any, item: Item, label: str) -> forms.Field:
    """The input for a part of a field, by its type in the schema."""
    hint: Any = _HINTS.get(name, "")
    inner = [one for one in get_args(kind) if one is not type(None)] if isinstance(kind, UnionType) else [kind]
    single = inner[0]
    if isinstance(single, type) and issubclass(single, StrEnum):
        return _choice(label, single)
    if single is bool:
        return forms.BooleanField(label=label, required=False)
    if single is int:
        return forms.IntegerField(label=label, required=False, min_value=0, help_text=hint)
    if name == "code_list":
        lists = [(id, f"{one.title_zh}（{id}）") for id, one in load.code_lists().items()]
        return forms.ChoiceField(label=label, choices=[("", gettext("无")), *lists], required=False, help_text=hint)
    if name == "certificate_kind":
        own = [(one.code, f"{one.code} {one.name_zh}") for one in item.fields if one.type is FieldType.CODE]
        return forms.ChoiceField(label=label, choices=[("", gettext("无")), *own], required=False, help_text=hint)
    is_long = name in _LONG or get_origin(single) is tuple
    widget = forms.Textarea(attrs={"rows": 2}) if is_long else None
    return forms.CharField(label=label, required=False, widget=widget, help_text=hint)


def _choice(label: str, kind: type[StrEnum]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[(one.value, WORDS[one]) for one in kind])


def _lines(text: str) -> list[str]:
    return [one.strip() for one in text.splitlines() if one.strip()]


def _set(data: dict[str, Any], key: str, value: Any) -> None:
    data.pop(key, None)
    if value not in (None, 0):
        data[key] = value
