"""One organisation's public file: the page of it, one section page by page, one record with its versions."""

from itertools import pairwise

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from xinyong.catalogue.schema import Section
from xinyong.kernel import clock
from xinyong.portal import answer
from xinyong.records import dossier
from xinyong.records.view import RecordView
from xinyong.security.access import Action, access
from xinyong.web.lookups import look_up, shown
from xinyong.web.words import SEVERITIES

#: Records of a section on the subject's page (the rest a page away), and on a section's own page.
ON_SUBJECT = 5
ON_SECTION = 20


@access(Action.VIEW_PUBLIC)
@look_up
def subject(request: HttpRequest, code: str) -> HttpResponse:
    """The file: registration facts, then each kind of record, newest first."""
    if code != code.upper():
        return HttpResponseRedirect(f"/subject/{code.upper()}/")
    found = dossier.of(code, as_of=clock.today(), seen_by=answer.READER, per_section=ON_SUBJECT)
    shown(request, 1)
    register = next((s for s in found.sections if s.section is Section.REGISTRATION), None)
    others = [s for s in found.sections if s.section is not Section.REGISTRATION]
    # That an organisation has declared nothing of itself is no gap of the file.
    empty = [s for s in others if not s.total and s.section is not Section.SELF_DECLARED]
    context = {
        "dossier": found,
        "registration": register.records[0] if register and register.records else None,
        "sections": [s for s in others if s.total],
        "empty_sections": empty,
        "former_names": [n for n in found.names if not n.is_current],
        "severities": SEVERITIES,
    }
    return answer.page(request, "portal/subject.html", context, is_indexed=False, has_records=True)


@access(Action.VIEW_PUBLIC)
@look_up
def section(request: HttpRequest, code: str, section: str) -> HttpResponse:
    """All records of one section."""
    if section not in set(Section):
        raise Http404
    which = Section(section)
    found = dossier.section(
        code, which, as_of=clock.today(), seen_by=answer.READER, after=request.GET.get("after"), limit=ON_SECTION
    )
    shown(request, 1)
    context = {
        "code": code,
        "name": found.records[0].subject_name if found.records else code,
        "section_title": answer.word(*dossier.SECTIONS[which]),
        "records": found.records,
        "next_after": found.next_after,
        "severities": SEVERITIES,
    }
    return answer.page(request, "portal/section.html", context, is_indexed=False, has_records=True)


@access(Action.VIEW_PUBLIC)
@look_up
def record(request: HttpRequest, code: str, ref: str) -> HttpResponse:
    """One record, all its public fields, and its earlier versions with what changed."""
    found, older = dossier.record(code, ref, as_of=clock.today(), seen_by=answer.READER)
    shown(request, 1)
    context = {
        "record": found,
        "section_title": answer.word(*dossier.SECTIONS[found.section]),
        "versions": _changes([found, *older]),
        "severities": SEVERITIES,
    }
    return answer.page(request, "portal/record.html", context, is_indexed=False, has_records=True)


def _changes(versions: list[RecordView]) -> list[dict[str, object]]:
    """Each version with the fields in which it differs from the one before it, newest first."""
    told: list[dict[str, object]] = []
    for newer, old in pairwise(versions):
        before = {f.code: f for f in old.fields}
        changed = [
            {"field": f, "before": before[f.code].text if f.code in before else "", "after": f.text}
            for f in newer.fields
            if f.code not in before or before[f.code].text != f.text
        ]
        told.append({"version": newer, "changed": changed})
    return told
