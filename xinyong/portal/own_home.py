"""首页 Where one's own area begins: what waits for one, what is under way and until when, and the ways to everything else."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from xinyong.kernel import clock
from xinyong.portal import appeals, complaints, objections, own_page, repairs
from xinyong.portal.own_case import Kind
from xinyong.rights import case_page, consent
from xinyong.security.access import Action, Actor, access, may
from xinyong.workflow import subject_notices
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.subject_kinds import SubjectKind

#: Open cases shown, and notices.
_CASES, _NOTICES = 5, 3
KINDS = (objections.KIND, repairs.KIND, complaints.KIND, appeals.KIND)


@access(Action.VIEW_ABOUT_ME)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What waits, what is under way, where to go."""
    who, now = own_page.actor(request), clock.now()
    unread = subject_notices.inbox(seen_by=who, after=None, limit=_NOTICES * 3, unread_only=True)
    found = [one for one in unread if one.kind is not SubjectKind.CONSENT_ASKED][
        :_NOTICES
    ]  # those wait above by themselves
    context = {
        "waiting": consent.of_subject(by=who, at=now).waiting if may(who, Action.GIVE_CONSENT) else (),
        "cases": [
            (case_page.titled(one), kind, kind.states[one.state.id], case_page.clock(one.pressing)) for kind, one in _open(who)
        ],
        "notices": [(one, case_page.word(*one.title), case_page.word(*one.happened)) for one in found],
    }  # fmt: skip
    return own_page.page(request, "portal/own_home.html", context)


def _open(who: Actor) -> list[tuple[Kind, CaseView]]:
    """One's open cases of every kind, what presses most first."""
    found = [
        (kind, one)
        for kind in KINDS
        if may(who, kind.sees)
        for one in kind.listing(by=who, at=clock.now(), limit=_CASES * 4)
        if one.is_open
    ]
    return sorted(found, key=lambda pair: _due(pair[1]))[:_CASES]


def _due(case: CaseView) -> tuple[str, int]:
    term = case.pressing
    return (term.due_on.isoformat() if term and term.due_on else "9999", case.id)
