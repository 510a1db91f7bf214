"""Search for organisations. People cannot be searched for: their identifiers must not even stay in an address."""

import re
import unicodedata
from collections import Counter
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt

from xinyong.kernel import codes
from xinyong.portal import answer
from xinyong.security import identity
from xinyong.security.access import Action, access
from xinyong.subjects import classes
from xinyong.subjects import search as subject_search
from xinyong.web.lookups import look_up, shown
from xinyong.web.words import MATCHES

PER_PAGE = 10
LONGEST = 200
#: Values offered of one facet, and how many digits of a division's code name a county.
FACETS = 12
_COUNTY = 6
_OF_PERSONS = {
    codes.Kind.CITIZEN_ID,
    codes.Kind.CITIZEN_ID_15,
    codes.Kind.RESIDENCE_PERMIT,
    codes.Kind.FOREIGN_PERMANENT,
}
#: A division's code and a birth date in a row of 16 to 18 digits, whatever the check digit; a mobile number.
_PERSONAL = re.compile(
    r"(?<!\d)[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{2,3}[\dXx]?(?![\dA-Za-z])"
    r"|(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)"
)


@access(Action.VIEW_PUBLIC)
@csrf_exempt  # it changes nothing; so that no page needs a token cookie for its search box
def search(request: HttpRequest) -> HttpResponse:
    """What stands in the search box is sent in a body, and only what is no person's number goes on into an address: an
    address is kept by proxies, logs and the browser's history (security.md T20)."""
    is_sent = request.method == "POST"
    query = (request.POST if is_sent else request.GET).get("q", "").strip()[:LONGEST]
    if _is_of_a_person(query):
        return _on(reverse("portal:search") + "?person=1")
    if is_sent:
        return _on(reverse("portal:search") + ("?" + urlencode({"q": query}) if query else ""))
    return _results(request, query)


def _on(address: str) -> HttpResponse:
    """See Other: whatever was sent, the browser gets the address, and forgets what it sent."""
    response = HttpResponseRedirect(address)
    response.status_code = 303
    response["Cache-Control"] = "no-store"
    return response


@look_up
def _results(request: HttpRequest, query: str) -> HttpResponse:
    """Results of a query; a whole code that is known leads straight to its page."""
    if not query:
        return answer.page(request, "portal/search.html", {"query": "", "is_person": "person" in request.GET})
    chosen_class = request.GET.get("class") or None
    chosen_region = request.GET.get("region") or None
    found = subject_search.find(
        query, seen_by=answer.READER, limit=PER_PAGE, after=request.GET.get("after"),
        subject_class=chosen_class, region_code=chosen_region,
    )  # fmt: skip
    if found.total == 1 and found.hits and found.hits[0].matched_by == "code" and found.hits[0].code:
        return HttpResponseRedirect(reverse("portal:subject", args=[found.hits[0].code]))
    shown(request, len(found.hits))
    regions = identity.regions()
    words = _class_words()
    context = {
        "query": query,
        "hits": [
            {
                "hit": hit,
                "class_word": words.get(hit.subject_class, ""),
                "status_word": answer.word(*classes.STATUS[hit.status]),
                "region": regions.get(hit.region_code, ""),
                "how": MATCHES.get(hit.matched_by, ""),
                "is_former": hit.matched_by == "former-name" or hit.matched_text not in {hit.name, hit.code, ""},
            }
            for hit in found.hits
        ],
        "total": found.total,
        "next_after": found.next_after,
        "is_capped": found.is_capped,
        "is_cut": found.is_cut,
        "is_too_short": found.is_too_short,
        "facets": _facets(found.facets, regions, chosen_class, chosen_region),
    }
    return answer.page(request, "portal/search.html", context, is_indexed=False)


def _is_of_a_person(query: str) -> bool:
    """True for a person's number, also one mistyped or with words around it, and for a mobile number."""
    judged = codes.judge(query)
    if judged.kind in _OF_PERSONS and judged.verdict is not codes.Verdict.INVALID:
        return True
    plain = re.sub(r"[\s\-–—_.]", "", unicodedata.normalize("NFKC", query))
    return judged.verdict is codes.Verdict.INVALID and bool(_PERSONAL.search(plain))


def _class_words() -> dict[str, str]:
    return {key: answer.word(*label) for key, label in classes.LABELS.items()}


def _facets(
    facets: dict[str, dict[str, int]], regions: dict[str, str], chosen_class: str | None, chosen_region: str | None
) -> list[dict[str, object]]:
    """Facet groups to choose from: word, count, whether chosen; a group of one value is no choice.

    Places are offered by county; within a chosen county by township, with the county to go back from.
    """
    by_place: Counter[str] = Counter()
    for code, count in facets.get("region_code", {}).items():
        by_place[code if chosen_region else code[:_COUNTY]] += count
    groups: list[dict[str, object]] = []
    for name, parameter, counts, words, chosen in (
        (gettext("主体类别"), "class", Counter(facets.get("subject_class", {})), _class_words(), chosen_class),
        (gettext("所在地区"), "region", by_place, regions, chosen_region),
    ):
        if chosen and chosen not in counts:
            counts[chosen] = sum(counts.values())
        options = [
            {"value": key, "word": words.get(key, key), "count": count, "is_chosen": key == chosen}
            for key, count in sorted(counts.items(), key=lambda pair: (pair[0] != chosen, -pair[1]))
        ]
        if len(options) > 1 or chosen:
            groups.append({"name": name, "parameter": parameter, "options": options[:FACETS]})
    return groups
