"""What one person proposes and another agrees to, in the office: drafts of items, new editions of code lists."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.office import answer
from xinyong.security import approvals
from xinyong.security.approvals import Request


def publishing(
    request: HttpRequest, *, publish: Callable[[], object], ask: Callable[[str], Request], back: str
) -> HttpResponse:
    """Does the step that a form names: publishes what somebody has agreed to, or asks for that with the form's reason. Leads to
    the approval that was asked for, else ``back``; a refusal is said there."""
    if request.method == "POST":
        try:
            if request.POST.get("step") == "publish":
                publish()
                messages.success(request, gettext("已发布。"))
            else:
                asked = ask(request.POST.get("reason", "").strip()[:400] or "-")
                messages.info(request, gettext("已提交复核申请；另一位业务员同意后即可发布。"))
                return HttpResponseRedirect(f"/office/approvals/{asked.id}/")
        except (Conflict, Invalid, NotFound, approvals.ConsentNeeded) as error:
            answer.warn(request, error)
    return HttpResponseRedirect(back)
