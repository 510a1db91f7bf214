"""Answers kept for hand-over, erased with proof: when the authorisation they rest on ends, and when something they say is no more so.

What an answer says is sealed and is not opened to see what it says: whatever happens to one record of a subject, every kept answer
about that subject goes, and the program asks anew. The proof is of the same register as every other deletion (docs/decisions/0034).
Source: PIPL 47; INV-28, INV-66.
"""

from django.conf import settings

from xinyong.kernel import clock
from xinyong.records import erased
from xinyong.records.erased import KEPT_ANSWERS
from xinyong.rights import whose
from xinyong.rights.effects import Cause, Happening
from xinyong.rights.models import KeptAnswer
from xinyong.security.access import system
from xinyong.security.ledger import merkle

_BASIS = {
    Cause.CONSENT_ENDED: "《个人信息保护法》第十五条、第四十七条：同意撤回、期限届满或者目的终止",
    Cause.REPAIRED: "信用修复管理办法（令第36号）第三条：停止共享和使用",
    Cause.CORRECTED: "《个人信息保护法》第四十六条；信息已更正，旧的查询结果不再使用",
    Cause.WITHDRAWN: "《行政处罚法》第四十八条；信息已撤回，旧的查询结果不再使用",
}


def erase(what: Happening) -> int:
    """Erases them in the caller's transaction, with a proof where there was anything; returns how many. As the platform."""
    kept = KeptAnswer.objects.select_for_update().order_by("id")
    given = what.consent_id
    gone = list(
        kept.filter(subject_id=whose.of_id(what.subject_id).key) if given is None else kept.filter(consent_id=given)
    )
    if not gone:
        return 0
    by, day = system("effects"), clock.day(what.at)
    digest = merkle.HASHES[settings.LOG_HASH]
    run = erased.begin(KEPT_ANSWERS, ended_by=day, grace_days=0, by=by, basis=_BASIS[what.cause], is_new=True)
    erased.beside(
        run,
        KEPT_ANSWERS,
        [(one.pk, 0, KEPT_ANSWERS, merkle.leaf_hash(bytes(one.sealed), digest)) for one in gone],
        by=by,
    )
    KeptAnswer.objects.filter(pk__in=[one.pk for one in gone]).delete()
    erased.finish(run, by=by)
    return len(gone)


def left(places: list[tuple[int, int]]) -> int:
    """How many of these there still are, by their ids; for the check of a proof."""
    return KeptAnswer.objects.filter(pk__in=[number for number, _ in places]).count()
