-- name: enter
-- Nothing is asked back: whoever writes an entry need not be allowed to read one.
INSERT INTO security_auditentry (at, role, actor, department, address, event, object_kind, object_ref, purpose, outcome, facts)
VALUES (%(at)s, %(role)s, %(actor)s, %(department)s, %(address)s, %(event)s, %(object_kind)s, %(object_ref)s, %(purpose)s,
        %(outcome)s, %(facts)s)
