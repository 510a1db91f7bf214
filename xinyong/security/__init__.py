"""安全 Who may do what, and the proof: identity, access, encryption, audit.

Basis: GB/T 22239-2019 level 3 (8.1.4), PIPL 51, provincial credit regulations on query logs (Zhejiang 20, Shenzhen 45).
Verbs: ``access.require``, ``audit.enter``, ``encryption.seal``/``unseal``/``digest``, ``identity.register_department``.
"""
