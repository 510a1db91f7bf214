"""The provider's addresses: OpenID Connect below /o/, and a sign-in without a page."""

from django.contrib.auth import authenticate, login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import include, path


def sign_in(request: HttpRequest) -> HttpResponse:
    """Takes a user name and a password, and goes on."""
    user = authenticate(request, username=request.POST.get("username", ""), password=request.POST.get("password", ""))
    if user is None:
        return HttpResponse("who?", status=401)
    login(request, user)
    return HttpResponseRedirect(request.GET.get("next", "/"))


urlpatterns = [path("sign-in/", sign_in), path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]
