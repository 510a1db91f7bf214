"""个人信息保护台账 What the law asks to be kept about persons' data: the register of processing activities, proofs of deletion."""

import json
import tempfile
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET

from xinyong.analytics import processing
from xinyong.catalogue import assessment, publish
from xinyong.intake import erasing
from xinyong.kernel import clock
from xinyong.office import answer
from xinyong.office.catalogue import XLSX
from xinyong.records import erased
from xinyong.security import audit
from xinyong.security.access import Action, access

_PER_PAGE = 30
_LARGEST = 2**63 - 1
WHAT = {
    erased.RECORDS: gettext_lazy("记录的内容"), erased.WAITING_ROWS: gettext_lazy("未入库的行"),
    erased.ORIGINALS: gettext_lazy("报送原件"), erased.KEPT_ANSWERS: gettext_lazy("暂存的查询结果"),
}  # fmt: skip


@access(Action.VIEW_DATA_DUTIES)
@require_GET
def processing_register(request: HttpRequest) -> HttpResponse:
    """Every processing activity, what needs an assessment and has none marked."""
    found = processing.register(seen_by=answer.actor(request), on=clock.today())
    place = 1 if answer.is_english() else 0
    context = {
        "lines": [(one, [assessment.REASONS[each][place] for each in one.reasons]) for one in found],
        "lacking": sum(one.is_lacking for one in found),
    }  # fmt: skip
    return answer.page(request, "office/processing.html", context)


@access(Action.VIEW_DATA_DUTIES)
@require_GET
def processing_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The register to take away: xlsx or json."""
    who, today = answer.actor(request), clock.today()
    name = f"{gettext('个人信息处理活动记录')}-{today.isoformat()}.{form}"
    with tempfile.TemporaryDirectory(prefix="xinyong-processing-") as folder:
        path = Path(folder) / "register"
        if form == "xlsx":
            path = path.with_suffix(".xlsx")
            processing.export(path, seen_by=who, on=today)
            return answer.download(path, name=name, content_type=XLSX)
        if form == "json":
            said = processing.plain(seen_by=who, on=today)
            path.write_text(json.dumps(said, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            return answer.download(path, name=name, content_type="application/json")
    raise Http404


@access(Action.VIEW_DATA_DUTIES)
@require_GET
def erasures(request: HttpRequest) -> HttpResponse:
    """Proofs of deletion, the newest first."""
    who = answer.actor(request)
    audit.enter(audit.Event.DATA_DUTIES_VIEWED, by=who, object_kind="erasure", object_ref="all")
    before = answer.number(request.GET.get("after"))
    found = erased.proofs(seen_by=who, before=before, limit=_PER_PAGE + 1)
    titles = {one.item_id: one for one in publish.versions()}
    context = {
        "lines": [(one, WHAT[one.what], titles.get(one.item_id)) for one in found[:_PER_PAGE]],
        "next_after": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None, "is_first": before is None,
    }  # fmt: skip
    return answer.page(request, "office/erasures.html", context)


@access(Action.VIEW_DATA_DUTIES)
@require_GET
def erasure(request: HttpRequest, erasure_id: int) -> HttpResponse:
    """One proof, checked now: does its root follow from the digests, and is what it says is gone gone."""
    who = answer.actor(request)
    audit.enter(audit.Event.DATA_DUTIES_VIEWED, by=who, object_kind="erasure", object_ref=str(erasure_id))
    checked = erasing.check(min(erasure_id, _LARGEST), seen_by=who)
    titles = {one.item_id: one for one in publish.versions()}
    context = {
        "checked": checked,
        "one": checked.proof,
        "what": WHAT[checked.proof.what],
        "item": titles.get(checked.proof.item_id),
    }
    return answer.page(request, "office/erasure.html", context)
