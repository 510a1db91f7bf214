"""The forms in which papers are asked for, the same in both doors: special report, statement, batch."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext, gettext_lazy

from xinyong.kernel import clock
from xinyong.kernel.periods import add_months
from xinyong.reports import batch, domains, statement
from xinyong.reports.content import Bilingual
from xinyong.reports.special import Wanted
from xinyong.rights import purposes
from xinyong.security.access import Actor, Role

#: A pasted or uploaded list: a thousand lines of two hundred characters, and some.
_LARGEST = 1 << 20
_DAY = {"type": "date"}
#: Whose purposes are offered: the credit centre's, the only office that gives papers out.
_OFFICE = Actor(role=Role.OPERATOR, name="centre")


def _word(pair: Bilingual) -> str:
    return pair.en if (get_language() or "").startswith("en") else pair.zh


class WhyForm(forms.Form):
    """What an official asks for a paper for; organisations are not asked."""

    use_required_attribute = False

    def __init__(self, *args: Any, is_official: bool, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on = on
        if is_official:
            known = purposes.shared(_OFFICE, on=on)
            options = [
                ("", gettext("请选择")),
                *((one.id, _word(Bilingual(one.name_zh, one.name_en))) for one in known),
            ]
            self.fields["purpose"] = forms.ChoiceField(
                label=gettext("用途"), choices=options, error_messages={"required": gettext("请选择用途。")}
            )
            self.fields["matter"] = forms.CharField(
                label=gettext("所办事项"), min_length=4, max_length=120,
                help_text=gettext("写明事项名称或文号，会印在报告上，也会让该单位看到。请勿填写个人信息。"),
                error_messages={"required": gettext("请写明所办事项的名称或文号。")},
            )  # fmt: skip

    @property
    def said(self) -> str:
        """The purpose as the log keeps it; "" where none is asked."""
        if "purpose" not in self.fields:
            return ""
        noon = datetime.combine(self.on, time(12), tzinfo=clock.ZONE)
        return purposes.said(self.cleaned_data["purpose"], self.cleaned_data["matter"], by=_OFFICE, at=noon)


class CodeField(forms.CharField):
    """Whose paper an official asks for."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("统一社会信用代码"), max_length=40,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            error_messages={"required": gettext_lazy("请填写统一社会信用代码。")},
        )  # fmt: skip


class SpecialForm(WhyForm):
    """A special report: period, domains, branches."""

    def __init__(self, *args: Any, is_official: bool, on: date, asks_whose: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, is_official=is_official, on=on, **kwargs)
        asked = dict(self.fields)
        self.fields.clear()
        if is_official and asks_whose:
            self.fields["code"] = CodeField()
        self.fields["first_day"] = forms.DateField(
            label=gettext("起始日期"), widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"), initial=add_months(on, -36),
            help_text=gettext("按决定日期检索。通常查三年；仍在列的名单不论何时列入都会列示。"),
        )  # fmt: skip
        self.fields["last_day"] = forms.DateField(
            label=gettext("截止日期"), widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"), initial=on
        )
        self.fields["domains"] = forms.MultipleChoiceField(
            label=gettext("检索领域"), required=False, widget=forms.CheckboxSelectMultiple,
            choices=[(one.id, _word(one.title)) for one in domains.on(on).domains],
            help_text=gettext("都不选，就是全部领域。没有选的领域会在报告上写明没有检索。"),
        )  # fmt: skip
        self.fields["with_branches"] = forms.BooleanField(label=gettext("包括本平台已知的分支机构"), required=False)
        self.fields |= asked

    @property
    def wanted(self) -> Wanted:
        """What is asked for."""
        said = self.cleaned_data
        chosen = () if len(said["domains"]) == len(domains.on(self.on).domains) else tuple(said["domains"])
        return Wanted(said["first_day"], said["last_day"], chosen, said["with_branches"])


class StatementForm(WhyForm):
    """A statement of one fact."""

    def __init__(self, *args: Any, is_official: bool, on: date, **kwargs: Any) -> None:
        super().__init__(*args, is_official=is_official, on=on, **kwargs)
        asked = dict(self.fields)
        self.fields.clear()
        if is_official:
            self.fields["code"] = CodeField()
        self.fields["fact"] = forms.ChoiceField(
            label=gettext("要证明的事实"), widget=forms.RadioSelect,
            choices=[(one.id, _word(one.title)) for one in statement.facts(on)],
            error_messages={"required": gettext("请选择要证明的事实。")},
        )  # fmt: skip
        for name, label in (("first_day", gettext("起始日期")), ("last_day", gettext("截止日期"))):
            self.fields[name] = forms.DateField(
                label=label, required=False, widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"),
                help_text=gettext("只有“期间内”的事实需要填写。") if name == "first_day" else "",
            )  # fmt: skip
        self.fields["is_both"] = forms.BooleanField(
            label=gettext("同时要 JSON（供程序核验，打包成 ZIP）"), required=False
        )
        self.fields |= asked


class BatchForm(SpecialForm):
    """Special reports for a list of names or codes, pasted or as a file."""

    def __init__(self, *args: Any, is_official: bool, on: date, **kwargs: Any) -> None:
        super().__init__(*args, is_official=is_official, on=on, asks_whose=False, **kwargs)
        asked = dict(self.fields)
        self.fields.clear()
        self.fields["names"] = forms.CharField(
            label=gettext("名称或统一社会信用代码"), required=False, widget=forms.Textarea(attrs={"rows": 8}),
            help_text=gettext("每行一个，最多 1000 个。名称要写登记的全称；多个单位同名时不作猜测，会请您改用代码。"),
        )  # fmt: skip
        self.fields["file"] = forms.FileField(
            label=gettext("或者上传名单"), required=False, help_text=gettext("TXT 或 CSV，取每行第一列。")
        )
        self.fields |= asked

    def clean(self) -> dict[str, Any]:
        """Reads the list: the file's where there is one."""
        said: dict[str, Any] = super().clean() or {}
        given = said.get("file")
        text = said.get("names") or ""
        if given:
            if given.size > _LARGEST:
                raise forms.ValidationError(gettext("文件过大。名单最多 1000 行。"))
            raw = given.read()
            try:
                text = raw.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = raw.decode("gb18030", "replace")
        said["lines"] = batch.lines_of(text)
        if not 1 <= len(said["lines"]) <= batch.MOST:
            raise forms.ValidationError(gettext("请填写或上传 1 至 1000 个名称或代码，每行一个。"))
        return said
