"""交换 The machines' door: the REST interface for departments' programs, signed messages between nodes.

Basis: GB/T 22239-2019 8.1.4.1; 发改办财金〔2018〕424号 on exchange between levels; RFC 6749 (client credentials), RFC 9421,
RFC 9457, OpenAPI 3.1. It translates, calls one verb of a room, translates back; who calls is settled in ``door``.
"""
