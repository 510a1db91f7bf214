"""内核 Codes, names, periods, the calendar, errors, the clock, named SQL: what every room stands on. Knows no Django.

Basis: GB 32100-2015 with amendment 1, GB 11714, GB 11643-1999, GB/T 2260.
Verbs: ``codes.judge``, ``names.key``, ``calendar.add_working_days``, ``clock.now``.
"""
