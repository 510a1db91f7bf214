"""Addresses of the public portal. Codes of organisations may stand in them; nothing of people ever does."""

from django.urls import path

from xinyong.portal import about, catalogue, evidence, home, lists, own, records, reports, statistics, subjects

app_name = "portal"
urlpatterns = [
    path("", home.home, name="home"),
    path("search", subjects.search, name="search"),
    path("subject/<slug:code>/", records.subject, name="subject"),
    path("subject/<slug:code>/report.pdf", reports.report, name="report"),
    path("subject/<slug:code>/record/<slug:ref>/", records.record, name="record"),
    path("subject/<slug:code>/<slug:section>/", records.section, name="section"),
    path("own/", own.index, name="own"),
    path("own/act-for", own.act_for, name="own-act-for"),
    path("own/new/", own.new, name="own-new"),
    path("own/new/<slug:item_id>/", own.form, name="own-form"),
    path("own/new/<slug:item_id>/file", own.file, name="own-file"),
    path("own/new/<slug:item_id>/template.xlsx", own.template, name="own-template"),
    path("own/<int:declaration_id>/", own.declaration, name="own-declaration"),
    path("own/<int:declaration_id>/withdraw", own.withdraw, name="own-withdraw"),
    path("own/<int:declaration_id>/receipt.json", own.take_receipt, name="own-receipt"),
    path("publicity/", lists.publicity_start, name="publicity-start"),
    path("publicity/<slug:item_id>/", lists.publicity, name="publicity"),
    path("lists/", lists.lists_start, name="lists-start"),
    path("lists/<slug:item_id>/", lists.lists, name="lists"),
    path("catalogue/<slug:item_id>/bundle.json", catalogue.rules, name="rules"),
    path("statistics/", statistics.statistics, name="statistics"),
    path("verify/", reports.verify, name="verify"),
    path("verify/<slug:check_code>/", reports.verify_code, name="verify-code"),
    path("evidence/", evidence.evidence, name="evidence"),
    path("evidence/checkpoint", evidence.checkpoint, name="evidence-checkpoint"),
    path("evidence/witnessed", evidence.witnessed, name="evidence-witnessed"),
    path("evidence/key", evidence.key, name="evidence-key"),
    path("evidence/tile/<int:level>/<path:place>", evidence.tile, name="evidence-tile"),
    path("about/", about.about, name="about"),
    path("about/legal/", about.legal, name="legal"),
    path("about/accessibility/", about.accessibility, name="accessibility"),
    path("robots.txt", about.robots, name="robots"),
    path(".well-known/security.txt", about.security_txt, name="security-txt"),
]
