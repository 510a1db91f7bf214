"""页面 The design system: the frame every page stands in, shared pieces, charts, limits, messages.

Basis: WCAG 2.2 AA; GB/T 37668-2019 (accessible web content); Law on Building a Barrier-free Environment, article 30.
Verbs: ``pages.ErrorPages``, ``pages.display``, ``charts.bars``/``columns``/``parts``, ``tables.Table``, ``limits.take``,
``messages.compile_messages``. Pieces for templates: ``{% load pieces %}`` (templatetags/pieces.py).
How they look and when to use which: docs/explanation/design-system.md.
"""
