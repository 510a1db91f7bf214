"""Forms of complaints, appeals and feedback, for both doors."""

from typing import Any

from django import forms
from django.utils.translation import get_language, gettext, gettext_lazy

from xinyong.rights.case_form import AREA, NEEDS, Reason, StepForm
from xinyong.workflow.definition import Procedure


class Grounded(StepForm):
    """A ground of the procedure, why, and papers."""

    ground = forms.ChoiceField(
        label=gettext_lazy("事由"), widget=forms.RadioSelect, error_messages={"required": gettext_lazy("请选择事由。")}
    )
    statement = forms.CharField(
        label=gettext_lazy("说明"), min_length=4, max_length=1000, widget=AREA, error_messages=NEEDS,
        help_text=gettext_lazy("请写明事实和理由。办理单位会看到。请勿填写身份证号码、电话。"),
    )  # fmt: skip

    def __init__(self, *args: Any, rules: Procedure, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_english = (get_language() or "").startswith("en")
        grounds = [(one.id, one.en if is_english else one.zh) for one in rules.grounds]
        self.fields["ground"].choices = grounds  # type: ignore[attr-defined]
        self.add_papers()


class Explanation(Reason):
    """Why a look was made, with papers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_papers()


class Verdict(Reason):
    """Founded or not; and whether the authorisation ends, where the look rested on one."""

    field_order = ("outcome", "reason")
    outcome = forms.ChoiceField(
        label=gettext_lazy("结论"), widget=forms.RadioSelect,
        choices=(("founded", gettext_lazy("投诉成立：这次查询不当")), ("unfounded", gettext_lazy("投诉不成立：这次查询合法、符合目的"))),
        error_messages={"required": gettext_lazy("请选择结论。")},
    )  # fmt: skip
    ends_authorisation = forms.BooleanField(
        label=gettext_lazy("投诉成立的，同时终止这次查询所凭的授权（立即生效，主体以后可以重新授权）"), required=False,
    )  # fmt: skip

    def __init__(self, *args: Any, has_authorisation: bool, may_be_founded: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_be_founded:
            outcome = self.fields["outcome"]
            outcome.choices = [one for one in outcome.choices if one[0] != "founded"]  # type: ignore[attr-defined]
            outcome.help_text = gettext("认定投诉成立，须先请查询单位说明。")
        if not (has_authorisation and may_be_founded):
            del self.fields["ends_authorisation"]


class AppealVerdict(Reason):
    """Upheld with an instruction, or dismissed with reasons."""

    field_order = ("outcome", "reason")
    outcome = forms.ChoiceField(
        label=gettext_lazy("结论"), widget=forms.RadioSelect,
        choices=(
            ("uphold", gettext_lazy("申诉成立：原件退回重新办理（理由即为办理要求）")), ("dismiss", gettext_lazy("申诉不成立：维持原结论")),
        ),
        error_messages={"required": gettext_lazy("请选择结论。")},
    )  # fmt: skip


class Feedback(StepForm):
    """Settled or not, with a word."""

    answer = forms.ChoiceField(
        label=gettext_lazy("您的问题解决了吗？"), widget=forms.RadioSelect,
        choices=(("settled", gettext_lazy("已解决")), ("unsettled", gettext_lazy("未解决"))),
        error_messages={"required": gettext_lazy("请选择“已解决”或者“未解决”。")},
    )  # fmt: skip
    text = forms.CharField(
        label=gettext_lazy("说明"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("选“未解决”的，请写明还有什么没有解决。请勿填写身份证号码、电话。"),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Not settled says why."""
        said = super().clean() or {}
        if said.get("answer") == "unsettled" and len(str(said.get("text", "")).strip()) < 4:
            self.add_error("text", gettext("请写明还有什么没有解决，至少 4 个字。"))
        return said
