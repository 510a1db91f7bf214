"""The URL map: one line a door. Addresses inside a door are that door's own (``<door>/urls.py``)."""

from django.urls import include, path

from xinyong.web import headers, lookups, pages

urlpatterns = [
    path("display/", pages.display, name="display"),
    path("continue/", lookups.go_on, name="go-on"),
    path("csp-report/", headers.csp_report, name="csp-report"),
    path("office/", include("xinyong.office.urls")),
    path("", include("xinyong.exchange.urls")),
    path("", include("xinyong.portal.urls")),
]
handler400 = "xinyong.web.pages.bad_request"
handler403 = "xinyong.web.pages.forbidden"
handler404 = "xinyong.web.pages.not_found"
handler500 = "xinyong.web.pages.server_error"
