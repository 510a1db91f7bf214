"""客户端 A department's own program talks to a platform: hands in rows and files, waits, reads what became of each row.

It needs nothing of the platform but its address: no Django, no database, no other room. Basis: RFC 6749 (client credentials),
RFC 9457, draft-ietf-httpapi-idempotency-key-header. Verbs in ``platform``: ``submit``, ``trial``, ``wait``, ``rows``,
``feedback``, ``cancel``.
"""
