"""存证 The ledger: a Merkle log over audit entries, record versions and receipts, so that any change of them is found.

Basis: RFC 9162 (the tree), C2SP tlog-checkpoint, tlog-tiles, tlog-cosignature, signed-note; GB/T 22239-2019 8.1.4.3 c.
Verbs: ``sequencer.publish``, ``health.require``, ``statements.make``, ``batches.enter``, ``verify.database``, ``witness.look``.
"""
