"""Addresses of the office."""

from django.urls import path

from xinyong.office import account, catalogue, intake, security, sign_in, subjects

app_name = "office"
urlpatterns = [
    path("", intake.home, name="home"),
    path("sign-in", sign_in.enter, name="sign-in"),
    path("sign-in/factor", sign_in.factor, name="factor"),
    path("sign-in/set-up", sign_in.set_up, name="set-up"),
    path("sign-in/renew", sign_in.renew, name="renew"),
    path("sign-in/outside", sign_in.outside, name="outside"),
    path("sign-in/outside/back", sign_in.outside_back, name="outside-back"),
    path("welcome/", sign_in.begin, name="begin"),
    path("welcome/<str:token>", sign_in.welcome, name="welcome"),
    path("sign-out", sign_in.leave, name="sign-out"),
    path("confirm", account.confirm, name="confirm"),
    path("account/", account.mine, name="account"),
    path("account/password", account.password, name="password"),
    path("account/app", account.app, name="app"),
    path("account/key", account.key, name="key"),
    path("account/remove", account.remove, name="remove"),
    path("account/codes", account.codes, name="codes"),
    path("account/codes/new", account.new_codes, name="new-codes"),
    path("account/sessions/end", account.end_one, name="end-one"),
    path("account/sessions/end-all", account.end_all, name="end-all"),
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
