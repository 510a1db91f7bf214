"""Rights (权益保护): what a subject may do about what is said of it, and who may look at it.

Basis: 社会信用 regulations of the provinces on objection, repair, authorised query and consent; 个人信息保护法.
"""
