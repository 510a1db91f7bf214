"""征集 How data come in: submit → read → staging → validate → link → deposit → feedback. The file list is the process.

One pipeline for every file and channel. Good rows go in, bad rows wait; counts always add up to the rows read.
Basis: 发改办财金〔2018〕424号 (two-item publicity), GB/T 39443-2020, rules.md §6.2 INV-01…11.
Verbs: ``submit.receive``, ``submit.run``, ``submit.check``, ``feedback.workbook``.
"""
