"""Analytics (统计分析): how well departments report, in figures that lead to their rows.

Verbs: ``rates.overview`` (归集率、上报率、合规率、及时率 and the others of ``definitions``, as of a moment), ``rows.of`` (the rows
behind a figure), ``rankings.rank`` (ties, groups, last places), ``bulletins.issue`` (通报: a month frozen), ``render`` (its
page, PDF and DOCX). The ledger of tasks (任务台账): ``task_table`` (a plan's table read), ``task_import``, ``tasks`` (lists,
reminders), ``task_acts`` (progress, evidence, confirmation), ``task_export``.

Basis: domain rules of the two-item publicity (发改办财金〔2018〕424号), provincial bulletins; docs/explanation/rates.md.
"""
