"""申诉与原件 How an appeal names the case it is against: by the round of it that was closed, so that each end can be appealed against
once. What asks for a review or opens a case again waits for it.
"""

from xinyong.kernel.errors import Conflict
from xinyong.workflow import closed
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.closed import Brief

KIND = "appeal"


class AppealOpen(Conflict):
    """An appeal against the end of the case is being examined; what else could be done waits for it."""

    code = "rights.appeal-open"


def ref_of(case: CaseView) -> str:
    """The closed round of a case, as an appeal names it; "" while the case is open."""
    end = case.closing
    return f"case:{case.id}:{end.number}" if end else ""


def case_of(ref: str) -> int:
    """The case that an appeal of this name is against."""
    return int(ref.split(":")[1])


def is_appealed(case: CaseView) -> Brief | None:
    """The appeal against the end a case has now, where there is one that was not withdrawn."""
    ref = ref_of(case)
    found = closed.about(KIND, case.subject_id, [ref]).get(ref) if ref else None
    return None if found is None or found.state == "withdrawn" else found


def require_none_open(case: CaseView) -> None:
    """Raises AppealOpen."""
    found = is_appealed(case)
    if found is not None and found.is_open:
        raise AppealOpen(
            f"对这一件的申诉（{found.id}）正在审查，请等待结论；要走其他途径，请先撤回申诉。",
            f"An appeal ({found.id}) against this is being examined: wait for it, or withdraw it first.",
        )
