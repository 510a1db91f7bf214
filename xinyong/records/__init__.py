"""档案 The archive: versioned records, a subject's file as of a date as this actor may see it, the four clocks.

Basis: provincial credit regulations (Zhejiang 13–20), 信用修复管理办法 (令36号) for publicity terms, rules.md §4.1, §6.3.
Verbs: ``dossier.of``, ``listing.latest``, ``listing.figures``, ``archive.look_up``, ``archive.copy_in``, ``expiry.close_day``.
"""
