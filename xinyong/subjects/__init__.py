"""主体 About whom something may be said: five classes of subject and sole traders, their codes, names and history.

Basis: GB 32100-2015 (the unified code is the identity of an organisation); PIPL 51 (persons only as keyed digest and
sealed text); seeds 000, 002, 003 (three subject databases; the duplicate-and-wrong-code rate driven to zero).
Verbs: ``registry.register``/``ensure_organisations``/``ensure_persons``, ``resolve.link``/``decide``, ``search.find``,
``matching.candidates``/``judge``/``undo``, ``defects.duplicates``/``rates``.
"""
