"""Forms of an application for repair, for both doors (the steps of every case: rights/case_form.py)."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from xinyong.rights.case_form import AREA, NEEDS, Note, Reason, StepForm


class Apply(StepForm):
    """An application for repair."""

    statement = forms.CharField(
        label=gettext_lazy("纠正和履行情况"), min_length=4, max_length=1000, widget=AREA, error_messages=NEEDS,
        help_text=gettext_lazy("怎样纠正、何时履行完毕（如罚款缴清日期）。认定单位会看到。请勿填写个人证件号码、电话。"),
    )  # fmt: skip
    signer = forms.CharField(
        label=gettext_lazy("签署人姓名"), max_length=40, required=False,
        help_text=gettext_lazy("法定代表人或者代理人。签署即作出上面的信用承诺，承诺书随申请保存并可以公开。"),
    )  # fmt: skip

    def __init__(self, *args: Any, has_letter: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_letter:
            del self.fields["signer"]
        self.add_papers()


class Verdict(Note):
    """A decision with its reasons, if any, and papers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_papers()


class Reasoned(Reason):
    """A decision that needs reasons, and papers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_papers()


class Longer(Reason):
    """By how many working days the term of the result is made longer."""

    field_order = ("days", "reason")
    days = forms.IntegerField(
        label=gettext_lazy("延长的工作日数"), min_value=1, max_value=366,
        error_messages={"required": gettext_lazy("请填写天数。"), "invalid": gettext_lazy("请填写天数。")},
    )  # fmt: skip


class Review(Reason):
    """What another person of the centre finds."""

    field_order = ("outcome", "reason")
    outcome = forms.ChoiceField(
        label=gettext_lazy("复核意见"), widget=forms.RadioSelect,
        choices=(("return", gettext_lazy("退回认定单位重新办理")), ("uphold", gettext_lazy("维持原结果"))),
        error_messages={"required": gettext_lazy("请选择复核意见。")},
    )  # fmt: skip


class Revoke(Reason):
    """Why a repair is revoked."""

    field_order = ("cause", "reason")
    cause = forms.ChoiceField(
        label=gettext_lazy("撤销的情形"), widget=forms.RadioSelect,
        choices=(
            ("fraud", gettext_lazy("提供虚假材料或者虚假承诺（以后若干年内不再修复）")), ("error", gettext_lazy("修复决定有误")),
            ("plan-failed", gettext_lazy("重整计划未执行，终止临时屏蔽")),
        ),
        error_messages={"required": gettext_lazy("请选择情形。")},
    )  # fmt: skip
