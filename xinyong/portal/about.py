"""What this site is, the law behind it, accessibility; and the small files that machines ask for."""

from datetime import datetime, time, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language

from xinyong.kernel import clock
from xinyong.portal import answer
from xinyong.security.access import Action, access


@access(Action.VIEW_PUBLIC)
def about(request: HttpRequest) -> HttpResponse:
    """Where the data come from, what is shown and for how long, what to do about a wrong record."""
    return _prose(request, "about")


@access(Action.VIEW_PUBLIC)
def legal(request: HttpRequest) -> HttpResponse:
    """The law behind each thing the portal shows or withholds."""
    return _prose(request, "legal")


@access(Action.VIEW_PUBLIC)
def accessibility(request: HttpRequest) -> HttpResponse:
    """The accessibility statement."""
    return _prose(request, "accessibility")


def _prose(request: HttpRequest, page: str) -> HttpResponse:
    """Long text is written twice, once in each language, not sentence by sentence."""
    language = "en" if (get_language() or "").startswith("en") else "zh"
    return answer.page(request, f"portal/prose/{page}_{language}.html", {"site_origin": settings.SITE_ORIGIN})


@access(Action.VIEW_PUBLIC)
def robots(request: HttpRequest) -> HttpResponse:
    """Search engines may index what the site is; not who was punished: what they keep, no repair reaches."""
    lines = [
        "User-agent: *",
        "Disallow: /search",
        "Disallow: /subject/",
        "Disallow: /verify/",
        "Disallow: /office/",
        "Disallow: /publicity/admin-penalty-org/",
        "Disallow: /lists/serious-dishonesty/",
        "Disallow: /lists/abnormal-operation/",
        "Crawl-delay: 5",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@access(Action.VIEW_PUBLIC)
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where to report a weakness (RFC 9116)."""
    expires = datetime.combine(clock.today() + timedelta(days=180), time(), tzinfo=clock.ZONE)
    lines = [
        f"Contact: {settings.SITE_ORIGIN}/about/#contact",
        f"Expires: {expires.isoformat()}",
        "Preferred-Languages: zh, en",
        f"Canonical: {settings.SITE_ORIGIN}/.well-known/security.txt",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
