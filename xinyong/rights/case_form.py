"""Forms of a case, for both doors: a token that makes a form good for one step, papers, and the fields of a record with a box each
for what they should say."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.utils.translation import get_language, gettext, gettext_lazy

from xinyong.records import annotations
from xinyong.records.view import RecordView
from xinyong.rights.objection import ACCEPT, AS_ASKED, PARTLY, REFUSE
from xinyong.security import proofs
from xinyong.workflow.cases import Paper
from xinyong.workflow.definition import Procedure

#: Boxes for papers on one form; more are handed in with a further step.
PAPERS = 3
_SHOULD = "should-"
AREA = forms.Textarea(attrs={"rows": 4})
NEEDS = {"required": gettext_lazy("请填写此项。"), "min_length": gettext_lazy("请写得具体一些，至少 4 个字。")}


#: What a form does about a case: its id, the form, who sends it and when.
Do = Callable[[int, Any, Mapping[str, Any]], object]


def does(verb: Callable[..., object], *names: str, has_papers: bool = False, **renamed: str) -> Do:
    """A room's verb, told what the form says: fields by their own ``names``, or ``parameter="field"``, and the papers."""
    fields = {name: name for name in names} | renamed

    def do(case_id: int, form: Any, how: Mapping[str, Any]) -> object:
        said = {parameter: form.cleaned_data[field] for parameter, field in fields.items()}
        return verb(case_id, **said, **({"papers": form.papers} if has_papers else {}), **how)

    return do


class StepForm(forms.Form):
    """What every step carries: the number of the last step that was seen, and the form's own token."""

    use_required_attribute = False
    after = forms.IntegerField(widget=forms.HiddenInput(), min_value=0)
    token = forms.CharField(widget=forms.HiddenInput(), max_length=64)

    def __init__(self, *args: Any, after: int = 0, **kwargs: Any) -> None:
        kwargs["initial"] = {"after": after, "token": secrets.token_urlsafe(18)} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)

    def add_papers(self) -> None:
        """Boxes for papers."""
        for number in range(1, PAPERS + 1):
            self.fields[f"paper_{number}"] = forms.FileField(
                label=gettext("证明材料") if number == 1 else f"{gettext('证明材料')} {number}", required=False,
                widget=forms.ClearableFileInput(attrs={"accept": proofs.OFFERED}),
                help_text=gettext("PDF、图片、Word 或 Excel，每份不超过 10 MB。请遮盖个人证件号码、电话。") if number == 1 else "",
                error_messages={"empty": gettext("这个文件是空的。请检查后重新选择。")},
            )  # fmt: skip

    def add_fields_of(
        self, record: RecordView, wanted: Mapping[str, str], *, with_masked: bool = False
    ) -> None:  # fmt: skip
        """A box for each field that is shown: empty means it is right as it stands. ``with_masked``: also for those of which a part is
        hidden, where who fills it in is whom it is about."""
        is_english = (get_language() or "").startswith("en")
        for one in record.fields:
            if with_masked or not one.is_masked:
                self.fields[_SHOULD + one.code] = forms.CharField(
                    label=one.label_en if is_english and one.label_en else one.label_zh, required=False, max_length=500,
                    initial=wanted.get(one.code, ""),
                    help_text=gettext("现为：%(text)s") % {"text": one.text} if one.text else "",
                )  # fmt: skip

    def add_sealed(self, asked: Sequence[Mapping[str, str]]) -> None:
        """A choice for each change to what is personal: nobody who decides reads or rewrites it, only says yes or no."""
        is_english = (get_language() or "").startswith("en")
        for one in asked:
            label = one["label_en"] if is_english and one["label_en"] else one["label_zh"]
            self.fields[_SHOULD + one["code"]] = forms.ChoiceField(
                label=label, required=False, initial=AS_ASKED, help_text=f"{one['old']} → {one['new']}",
                choices=((AS_ASKED, gettext("按当事人所述更正")), ("", gettext("不更正"))),
            )  # fmt: skip

    @property
    def how(self) -> dict[str, Any]:
        """After which step it was filled in, and its token."""
        return {"after": self.cleaned_data["after"], "token": self.cleaned_data["token"]}

    @property
    def papers(self) -> list[Paper]:
        """The files as the room takes them."""
        names = [f"paper_{number}" for number in range(1, PAPERS + 1)]
        files = [cast(TemporaryUploadedFile, self.cleaned_data[name]) for name in names if self.cleaned_data.get(name)]
        return [Paper(Path(one.temporary_file_path()), one.name or "file") for one in files]

    @property
    def changes(self) -> dict[str, str]:
        """Field code → what it should say, for those that were filled in."""
        return {
            name.removeprefix(_SHOULD): text
            for name, text in self.cleaned_data.items()
            if name.startswith(_SHOULD) and text
        }

    @property
    def paper_boxes(self) -> list[forms.BoundField]:
        """The boxes for papers, to be drawn."""
        return [self[name] for name in self.fields if name.startswith("paper_")]

    @property
    def plain_boxes(self) -> list[forms.BoundField]:
        """Every other box."""
        special = ("paper_", _SHOULD)
        return [one for one in self if not one.is_hidden and not one.name.startswith(special)]

    @property
    def change_boxes(self) -> list[forms.BoundField]:
        """The boxes of the record's fields, to be drawn."""
        return [self[name] for name in self.fields if name.startswith(_SHOULD)]


class Lodge(StepForm):
    """An objection."""

    ground = forms.ChoiceField(
        label=gettext_lazy("异议事由"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("请选择异议的事由。")},
    )
    statement = forms.CharField(
        label=gettext_lazy("异议说明"), min_length=4, max_length=1000, widget=AREA, error_messages=NEEDS,
        help_text=gettext_lazy("哪里不对、为什么。信源单位会看到。请勿填写个人信息。"),
    )  # fmt: skip

    def __init__(self, *args: Any, rules: Procedure, record: RecordView, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_english = (get_language() or "").startswith("en")
        grounds = [(one.id, one.en if is_english else one.zh) for one in rules.grounds]
        self.fields["ground"].choices = grounds  # type: ignore[attr-defined]
        self.add_fields_of(record, {}, with_masked=record.subject_code is None)
        self.add_papers()


class Plain(StepForm):
    """A step that needs nothing more than being taken."""


class Note(StepForm):
    """A word, if any."""

    reason = forms.CharField(label=gettext_lazy("说明"), max_length=1000, required=False, widget=AREA)


class Add(Note):
    """More papers, or a word."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_papers()


class Reason(StepForm):
    """Why."""

    reason = forms.CharField(
        label=gettext_lazy("理由"), min_length=4, max_length=1000, widget=AREA, error_messages=NEEDS,
        help_text=gettext_lazy("对方会看到。请勿填写个人信息。"),
    )  # fmt: skip


class Statement(StepForm):
    """What stands beside the record."""

    text = forms.CharField(
        label=gettext_lazy("异议声明"), min_length=annotations.SHORTEST, max_length=annotations.LONGEST, widget=AREA,
        error_messages=NEEDS | {"min_length": gettext_lazy("声明至少 10 个字。")},
        help_text=gettext_lazy("凡显示这条记录处（公开的，包括公示页面、信用报告、接口和导出）一并显示。10 至 300 字，不得含证件号码和电话。"),
    )  # fmt: skip


class Outcome(Reason):
    """Yes, in part, or no: with reasons, and field by field what the record should say."""

    field_order = ("outcome", "reason")
    outcome = forms.ChoiceField(
        label=gettext_lazy("结论"), widget=forms.RadioSelect,
        choices=(
            (ACCEPT, gettext_lazy("成立：信息有误，予以更正或撤回")), (PARTLY, gettext_lazy("部分成立：按下列内容更正")),
            (REFUSE, gettext_lazy("不成立：信息无误")),
        ),
        error_messages={"required": gettext_lazy("请选择结论。")},
    )  # fmt: skip

    def __init__(self, *args: Any, record: RecordView, wanted: Sequence[Mapping[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_fields_of(record, {one["code"]: one["new"] for one in wanted})
        self.add_sealed([one for one in wanted if "sealed" in one])


class Answer(Outcome):
    """The source unit's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_papers()


class Pause(Reason):
    """For which cause the clock stands still."""

    field_order = ("cause", "reason")
    cause = forms.ChoiceField(label=gettext_lazy("情形"))

    def __init__(self, *args: Any, rules: Procedure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_english = (get_language() or "").startswith("en")
        self.fields["cause"].choices = [  # type: ignore[attr-defined]
            (one.id, one.en if is_english else one.zh) for one in rules.pauses
        ]


class Extend(Reason):
    """Which term is made longer, by how many days."""

    field_order = ("term", "days", "reason")
    term = forms.ChoiceField(label=gettext_lazy("期限"))
    days = forms.IntegerField(
        label=gettext_lazy("延长天数"), min_value=1, max_value=366,
        error_messages={"required": gettext_lazy("请填写天数。"), "invalid": gettext_lazy("请填写天数。")},
    )  # fmt: skip

    def __init__(self, *args: Any, rules: Procedure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_english = (get_language() or "").startswith("en")
        self.fields["term"].choices = [  # type: ignore[attr-defined]
            (one.id, one.en if is_english else one.zh) for one in rules.terms if one.extension
        ]
