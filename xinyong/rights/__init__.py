"""Rights (权益保护): what a subject may do about what is said of it, and who may look at it.

``objection`` (异议): a subject disputes its own record; the record is marked as disputed at once; the credit centre and the source unit
check it (``objection_desk``); it is corrected by the intake or stays, with reasons and the subject's statement. Procedures and terms are
data (``library/``); cases go step by step (workflow/cases.py).

Basis: 社会信用 regulations of the provinces on objection, repair, authorised query and consent; 个人信息保护法.
"""
