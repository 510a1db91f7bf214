"""What subjects can be told (告知事项): a closed list. Each says what happened, what it means, what can be done and by when.

Placeholders are names of facts and nothing else. Facts say of which item, how many, when and by whom; never what a record says.
Source: PIPL art. 17, 44; the statutory instruments on repair and objection (rules.md §4, §6; M30).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from xinyong.kernel.scrubbing import unnumbered

Facts = Mapping[str, str | int]
_NAME = re.compile(r"\{([a-z_]+)\}")
_LONGEST = 200


#: Who looked, as a subject is told and chooses of whom to be told: category → Chinese, English. Not which person; the unit stands on the
#: page of looks.
LOOKERS: dict[str, tuple[str, str]] = {
    "authority": ("行政机关", "an authority"),
    "centre": ("信用中心", "the credit centre"),
    "program": ("行政机关的系统", "an authority's system"),
    "enterprise": ("银行等机构", "a bank or another institution"),
    "partner": ("其他地区的信用平台", "another region's platform"),
    "auditor": ("审计人员", "an auditor"),
}


class SubjectKind(StrEnum):
    """The closed list."""

    INFORMATION_ADDED = "information-added"
    INFORMATION_CHANGED = "information-changed"
    INFORMATION_REMOVED = "information-removed"
    PUBLICITY_ENDS = "publicity-ends"
    REPAIR_POSSIBLE = "repair-possible"
    REPAIR_DONE = "repair-done"
    REPAIR_ANSWERED = "repair-answered"
    OBJECTION_ANSWERED = "objection-answered"
    LOOKED_AT = "looked-at"
    CONSENT_ASKED = "consent-asked"
    CONSENT_ENDED = "consent-ended"
    MANDATE_ENDS = "mandate-ends"
    COMPLAINT_MOVED = "complaint-moved"
    COMPLAINT_ANSWERED = "complaint-answered"
    APPEAL_MOVED = "appeal-moved"
    APPEAL_ANSWERED = "appeal-answered"


@dataclass(frozen=True, slots=True)
class SubjectWords:
    """A kind's title, and its three sentences, Chinese and English: what happened, what it means, what can be done."""

    title: tuple[str, str]
    happened: tuple[str, str]
    means: tuple[str, str]
    can: tuple[str, str]

    @property
    def names(self) -> frozenset[str]:
        """The facts that the words need."""
        texts = (*self.happened, *self.means, *self.can)
        return frozenset(name for text in texts for name in _NAME.findall(text))


WORDS: dict[SubjectKind, SubjectWords] = {
    SubjectKind.INFORMATION_ADDED: SubjectWords(
        ("新增了信息", "Information was added"),
        (
            "{source} 报送的 {count} 条“{item_zh}”信息已记入您的信用档案。",
            "{source} reported {count} piece(s) of “{item_en}”; they are on your file now.",
        ),
        (
            "信息按公共信用信息目录公示或共享，保存期满即停止使用。",
            "It is published or shared as the catalogue says, and may not be used after its retention ends.",
        ),
        (
            "请核对内容。有误的可以随时提出异议，不收费。",
            "Look whether it is right. If it is not, you may object at any time, free of charge.",
        ),
    ),
    SubjectKind.INFORMATION_CHANGED: SubjectWords(
        ("信息有变动", "Information was changed"),
        (
            "{source} 更正了 {count} 条“{item_zh}”信息。",
            "{source} corrected {count} piece(s) of “{item_en}”.",
        ),
        (
            "以更正后的内容为准，旧的内容不再公示，也不再使用。",
            "What stands now is what counts; what it said before is neither published nor used.",
        ),
        (
            "请核对内容。仍有误的可以随时提出异议，不收费。",
            "Look whether it is right now. If it is not, you may object at any time, free of charge.",
        ),
    ),
    SubjectKind.INFORMATION_REMOVED: SubjectWords(
        ("信息已撤回", "Information was withdrawn"),
        (
            "{source} 撤回了 {count} 条“{item_zh}”信息：{why_zh}。",
            "{source} withdrew {count} piece(s) of “{item_en}”: {why_en}.",
        ),
        (
            "这些信息从现在起不再公示、共享和使用，并已通知取得过它的使用方。",
            "From now on it is neither published, shared nor used, and those who had received it are told.",
        ),
        (
            "不需要办理任何手续。其他地方仍在公示或使用的，请告诉信用中心。",
            "Nothing needs to be done. If it is still shown or used elsewhere, tell the credit centre.",
        ),
    ),
    SubjectKind.PUBLICITY_ENDS: SubjectWords(
        ("公示即将结束", "Publicity ends soon"),
        (
            "{count} 条“{item_zh}”信息的公示 {days} 天内结束，自 {on} 起不再公示。",
            "The publicity of {count} piece(s) of “{item_en}” ends within {days} days: from {on} on it is not shown.",
        ),
        (
            "到期由平台自动停止公示；信息仍依法保存至保存期满。",
            "The platform stops showing it by itself; it is kept until its retention ends, as the law says.",
        ),
        (
            "不需要办理任何手续。{on} 以后仍在本站看到的，请告诉信用中心。",
            "Nothing needs to be done. If you still find it here after {on}, tell the credit centre.",
        ),
    ),
    SubjectKind.REPAIR_POSSIBLE: SubjectWords(
        ("可以申请信用修复", "Repair is possible"),
        (
            "{count} 条“{item_zh}”信息的最短公示期已满，自 {on} 起可以申请信用修复。",
            "The shortest publicity of {count} piece(s) of “{item_en}” is over: repair may be asked for from {on} on.",
        ),
        (
            "修复后提前停止公示。不申请的，公示到最长期限届满为止。",
            "Once repaired it is no longer published. Unless you ask, publicity goes on to its longest term.",
        ),
        (
            "纠正行为、履行义务后即可申请，没有截止日期，不收费。",
            "Put it right, meet the obligations, and apply: there is no last day, and it is free of charge.",
        ),
    ),
    SubjectKind.REPAIR_DONE: SubjectWords(
        ("信用修复已完成", "Repair is done"),
        (
            "“{item_zh}”信息的信用修复已于 {on} 完成。",
            "The repair of “{item_en}” was completed on {on}.",
        ),
        (
            "这条信息停止公示，并已告知共享单位。",
            "The information is no longer published, and those it was shared with have been told.",
        ),
        (
            "不需要再办理。请在办件页面告诉我们是否已解决；其他网站仍在公示的，选“未解决”，由信用中心核查。",
            "Nothing more needs to be done. Tell us on the case's page whether it is settled; if another site still shows it, say “not "
            "settled” and the credit centre looks into it.",
        ),
    ),
    SubjectKind.REPAIR_ANSWERED: SubjectWords(
        ("修复申请有了结果", "An application for repair was answered"),
        (
            "“{item_zh}”信息的修复申请已于 {on} 有了结果：没有准予。",
            "Your application for the repair of “{item_en}” was answered on {on}: it was not granted.",
        ),
        (
            "答复写明了理由；信息继续公示，期限不变。",
            "The answer says why; the information stays published for its term.",
        ),
        (
            "请查看理由，并在办件页面告诉我们是否已解决。不同意的，可以申请复核一次，也可以申诉；条件具备后可以重新申请，不收费。",
            "Read the reasons, and tell us on the case's page whether it is settled. You may ask for review once, or appeal, and apply "
            "anew when the conditions are met, free of charge.",
        ),
    ),
    SubjectKind.OBJECTION_ANSWERED: SubjectWords(
        ("异议已答复", "An objection was answered"),
        ("您提出的异议已于 {on} 办结。", "Your objection was decided on {on}."),
        (
            "答复写明了核查结果和理由；需要更正的，信息已经更正。",
            "The answer says what was found and why; what had to be corrected has been.",
        ),
        (
            "请查看答复，并在办件页面告诉我们是否已解决。不服的，可以按答复中写明的途径和期限申请复核或者申诉。",
            "Read the answer, and tell us on the case's page whether it is settled. If you disagree, it says how and until when you may "
            "ask for review or appeal.",
        ),
    ),
    SubjectKind.LOOKED_AT: SubjectWords(
        ("有人查询了信息", "Your information was looked at"),
        (
            "{on}，{category_zh}查询您的信息 {count} 次。",
            "On {on}, {category_en} looked at your information {count} time(s).",
        ),
        (
            "每次查询都有登记的用途，记录保存备查。",
            "Each look has a purpose that was entered, and is kept in the log.",
        ),
        (
            "请在“谁查过我”中查看单位和用途。认为不当的，可以在那一行直接投诉。",
            "See unit and purpose under “Who looked”. If you think a look was wrong, complain from its line.",
        ),
    ),
    SubjectKind.CONSENT_ASKED: SubjectWords(
        ("有人请您同意查询", "Somebody asks for your consent"),
        (
            "{unit} 请您同意查询您的信息。",
            "{unit} asks for your consent to look at your information.",
        ),
        (
            "不同意或不答复，对方就不能查询；您不因此受到不利对待。",
            "Unless you agree they may not look; refusing or not answering has no adverse effect.",
        ),
        (
            "请查看用途和范围后决定。同意后也可以随时撤回。",
            "See the purpose and the scope, then decide. Consent may be withdrawn at any time.",
        ),
    ),
    SubjectKind.CONSENT_ENDED: SubjectWords(
        ("授权已终止", "An authorisation ended"),
        (
            "您给 {unit} 的授权已经终止：{why_zh}。",
            "Your authorisation for {unit} has ended: {why_en}.",
        ),
        (
            "对方不能再凭它查询；只凭它留存的查询结果（{count} 份）已经删除，对方已被要求删除所取得的信息。",
            "They may look by it no more; what was kept by it alone ({count} answer(s)) is erased, and they were told to erase what they got.",
        ),
        (
            "不需要办理任何手续。愿意继续的，可以再次授权；认为对方仍在使用的，可以投诉。",
            "Nothing needs to be done. You may authorise again; if you think they go on using it, complain.",
        ),
    ),
    SubjectKind.MANDATE_ENDS: SubjectWords(
        ("代表关系即将到期", "A mandate ends soon"),
        (
            "一项代表本单位的授权将于 {on} 到期（{days} 天内）。",
            "A mandate to act for this organisation ends on {on} (within {days} days).",
        ),
        (
            "到期后该账号不能再代表本单位办理；已办的事项不受影响。",
            "After that the account no longer acts for the organisation; what was done stays.",
        ),
        (
            "需要继续的，请在 {on} 前重新认领或委派。",
            "To go on, claim the organisation or appoint the agent again before {on}.",
        ),
    ),
    SubjectKind.COMPLAINT_MOVED: SubjectWords(
        ("投诉有了进展", "A complaint has moved on"),
        ("您的投诉于 {on} 有了新的进展：{step_zh}。", "Your complaint moved on on {on}: {step_en}."),
        (
            "作出查询的人员不参与对这次投诉作结论。",
            "Whoever made the look takes no part in deciding about it.",
        ),
        (
            "请在投诉页面查看办到哪一步、期限到哪天；可以随时补充材料。",
            "See on its page how far it is and until when it is due; you may add papers at any time.",
        ),
    ),
    SubjectKind.COMPLAINT_ANSWERED: SubjectWords(
        ("投诉已答复", "A complaint was answered"),
        ("您的投诉已于 {on} 作出结论。", "Your complaint was decided on {on}."),
        (
            "结论写明了理由。成立的，已记录在查询单位名下并移送查询告警复核。",
            "The decision gives its reasons. Where it is founded it stands against the unit that looked and is reviewed as an alarm.",
        ),
        (
            "请查看结论，并告诉我们是否已解决。不服的，可以按页面写明的期限申诉。",
            "Read the decision and tell us whether it is settled. If you disagree, the page says until when you may appeal.",
        ),
    ),
    SubjectKind.APPEAL_MOVED: SubjectWords(
        ("申诉有了进展", "An appeal has moved on"),
        ("您的申诉于 {on} 有了新的进展：{step_zh}。", "Your appeal moved on on {on}: {step_en}."),
        (
            "办过原来那一件的人员不审查申诉。",
            "Nobody who took part in the first case decides about the appeal.",
        ),
        (
            "请在申诉页面查看办到哪一步、期限到哪天；可以随时补充材料。",
            "See on its page how far it is and until when it is due; you may add papers at any time.",
        ),
    ),
    SubjectKind.APPEAL_ANSWERED: SubjectWords(
        ("申诉已答复", "An appeal was answered"),
        ("您的申诉已于 {on} 作出结论。", "Your appeal was decided on {on}."),
        (
            "结论写明了理由。成立的，原来的办件已退回，由另一位工作人员重新办理。",
            "The decision gives its reasons. Where it is upheld the first case has gone back, to be decided anew by somebody else.",
        ),
        (
            "请查看结论。不成立的，结论中写明了还可以采取的法律救济途径。",
            "Read the decision. Where it is dismissed, it says which remedies in law are left.",
        ),
    ),
}


def checked(kind: SubjectKind, facts: Facts) -> dict[str, str | int]:
    """The facts of a notice: exactly those its words need, no person's number in them. ValueError otherwise."""
    wanted = WORDS[kind].names
    if set(facts) != wanted:
        raise ValueError(f"{kind} needs {sorted(wanted)}, not {sorted(facts)}")
    return {
        name: value if isinstance(value, int) else unnumbered(value)[:_LONGEST] for name, value in facts.items()
    }  # fmt: skip


def composed(text: str, facts: Facts) -> str:
    """A sentence with its facts in their places."""
    return _NAME.sub(lambda found: str(facts.get(found[1], "—")), text)
