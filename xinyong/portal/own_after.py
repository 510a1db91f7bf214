"""办结反馈 After one's own case is closed: whether it settled the matter, and what is left to do; the same on the page of every kind."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from xinyong.kernel import clock
from xinyong.kernel.errors import NotFound, XinyongError
from xinyong.portal import own_page
from xinyong.rights import case_page, feedback, remedies
from xinyong.rights.remedies import REMEDIED
from xinyong.rights.remedy_form import Feedback
from xinyong.security.access import Action, access
from xinyong.workflow.case_view import CaseView


def context(case: CaseView) -> dict[str, Any]:
    """What the page of a case shows once it is closed; nothing while it is open."""
    after = remedies.after(case, on=clock.today())
    if after is None:
        return {}
    left = case.procedure.remedies
    return {
        "after": after, "feedback": Feedback(after=case.after) if after.may_say else None,
        "remedies": case_page.word(left.zh, left.en) if left else "",
    }  # fmt: skip


@access(Action.GIVE_FEEDBACK)
@sensitive_post_parameters()
@require_POST
def say(request: HttpRequest, kind: str, closed_id: int) -> HttpResponse:
    """Says that a case of one's own was settled, or was not and why."""
    if kind not in REMEDIED:
        raise Http404
    one_id, form, status = own_page.id_of(closed_id), Feedback(request.POST), 400
    back = f"{REMEDIED[kind].own}{one_id}/"
    if form.is_valid():
        said = form.cleaned_data
        try:
            given = feedback.give(
                kind, one_id, is_settled=said["answer"] == "settled", text=said["text"], **form.how,
                by=own_page.actor(request), at=clock.now(),
            )  # fmt: skip
            messages.success(
                request,
                gettext("已重新打开这一件，由另一位工作人员办理，期限重新计算。") if given.is_reopened else gettext("谢谢，您的反馈已记下。"),
            )  # fmt: skip
            return HttpResponseRedirect(back)
        except NotFound:
            raise
        except XinyongError as error:
            status = own_page.say(form, error)
    return own_page.page(
        request, "portal/feedback.html", {"feedback": form, "back": back, "kind": kind, "one_id": one_id}, status=status
    )
