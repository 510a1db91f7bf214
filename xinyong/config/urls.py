"""The URL map: one line a door. Addresses inside a door are that door's own (``<door>/urls.py``)."""

from django.urls import include, path

urlpatterns = [
    path("office/", include("xinyong.office.urls")),
    path("", include("xinyong.portal.urls")),
]
