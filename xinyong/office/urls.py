"""Addresses of the office."""

from django.urls import path

from xinyong.office import catalogue, intake, security, subjects

app_name = "office"
urlpatterns = [
    path("", intake.home, name="home"),
    path("sign-in", security.sign_in, name="sign-in"),
    path("sign-out", security.sign_out, name="sign-out"),
    path("log/", security.log, name="log"),
    path("submissions/", intake.submissions, name="submissions"),
    path("submissions/new", intake.new, name="new"),
    path("submissions/<int:submission_id>/", intake.submission, name="submission"),
    path("submissions/<int:submission_id>/columns", intake.columns, name="columns"),
    path("submissions/<int:submission_id>/feedback.<str:form>", intake.feedback, name="feedback"),
    path("templates/", catalogue.templates, name="templates"),
    path("templates/<slug:item_id>.xlsx", catalogue.template, name="template"),
    path("links/", subjects.links, name="links"),
    path("links/judge", subjects.judge, name="judge"),
]
