"""This room's effects, in the order in which they are carried out: the archive, kept answers, the recipients; and what the law keeps.

Declared once, when the room starts (rights/apps.py).
"""

from xinyong.records import repaired
from xinyong.records.repaired import Ending
from xinyong.rights import effects, kept_answers, recipients
from xinyong.rights.effects import Cause, Effect, Happening, Kept

_OF_A_DATUM = frozenset({Cause.REPAIRED, Cause.CORRECTED, Cause.WITHDRAWN})


def _conceal(what: Happening) -> int:
    assert what.case_id is not None
    return int(repaired.enter(what.subject_id, what.ref, case_id=what.case_id, at=what.at))


def _show_again(what: Happening) -> int:
    assert what.case_id is not None
    return int(repaired.revoke(case_id=what.case_id, reason=Ending(what.why), at=what.at))


def declare() -> None:
    """Declares them."""
    effects.declare(
        Effect(
            "archive", "公示、共享和使用停止", "Publication, sharing and use stop", frozenset({Cause.REPAIRED}), _conceal,
            _show_again,
        ),
        Effect(
            "kept-answers", "为交接暂存的查询结果删除，附删除凭证", "Answers kept for hand-over are erased, with proof",
            frozenset(Cause), kept_answers.erase,
        ),
        Effect(
            "recipients", "通知各使用方照办，并等其回执", "Every recipient is told to follow, and acknowledges", frozenset(Cause),
            recipients.tell, recipients.tell_undone,
        ),
        Kept(
            "log", "查询日志（何人、何时、何目的，不含查得的内容）", "The log of looks: who, when, what for; nothing of what was seen",
            frozenset({Cause.CONSENT_ENDED}), "各地条例要求保存不少于五年（浙江第二十条、深圳第四十五条）",
            "The provinces' regulations: five years at least (Zhejiang 20, Shenzhen 45)",
        ),
        Kept(
            "receipts", "授权请求、授权和撤回的回执", "Requests, authorisations and withdrawals, as their receipts",
            frozenset({Cause.CONSENT_ENDED}), "证明处理有同意为据：《个人信息保护法》第十三、十四、六十九条",
            "Proof that the processing rested on consent: PIPL 13, 14, 69",
        ),
        Kept(
            "case", "办件的步骤、材料和结论", "The steps, papers and outcome of the case", _OF_A_DATUM,
            "任何更正、移除均须留有经手人、理由和依据（浙江第三十四条第七项）",
            "Every correction and removal keeps who, why and on which basis (Zhejiang 34(7))",
        ),
    )  # fmt: skip
