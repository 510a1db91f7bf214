"""Whether the log is whole and signed, for auditors and administrators; a submission's receipt, for who handed it in."""

import json

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from xinyong.intake import receipt as receipts
from xinyong.kernel import clock
from xinyong.office import answer
from xinyong.security import audit
from xinyong.security.access import Action, access
from xinyong.security.ledger import health, lookup, verified


@access(Action.VIEW_EVIDENCE)
@require_GET
def evidence(request: HttpRequest) -> HttpResponse:
    """Checkpoint, witnesses, what waits, the last verification, and what to do when something is wrong."""
    now = clock.now()
    audit.enter(audit.Event.EVIDENCE_VIEWED, by=answer.actor(request), object_kind="log", object_ref="all")
    found = health.now(now)
    age = found.age(now)
    context = {
        "health": found,
        "standing": lookup.standing(),
        "minutes": None if age is None else int(age.total_seconds() // 60),
        "limit_hours": f"{found.limit.total_seconds() / 3600:g}",
        "is_late": age is None or age > found.limit,
        "is_slow": age is not None and age.total_seconds() > 120,
        "verified": verified.last(),
        "keys": lookup.public_keys(),
    }
    return answer.page(request, "office/evidence.html", context)


@access(Action.VIEW_RECEIPT)
@require_GET
def receipt(request: HttpRequest, submission_id: int) -> HttpResponse:
    """The signed receipt of a submission of one's own."""
    made = receipts.of(submission_id, seen_by=answer.actor(request))
    text = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
    response = HttpResponse(text, content_type="application/json")
    name = gettext("回执-%(id)s.json") % {"id": made["id"][:8]}
    response["Content-Disposition"] = str(content_disposition_header(True, name))
    return answer.kept_by_nobody(response)
