-- name: enter
-- Nothing is asked back: whoever writes an entry need not be allowed to read one.
INSERT INTO security_auditentry (at, role, actor, department, address, event, object_kind, object_ref, purpose, outcome, facts)
VALUES (%(at)s, %(role)s, %(actor)s, %(department)s, %(address)s, %(event)s, %(object_kind)s, %(object_ref)s, %(purpose)s,
        %(outcome)s, %(facts)s)

-- name: looks
-- The expression and the events are those of the index audit_looks.
SELECT event, role, department, CASE WHEN %(told)s THEN purpose ELSE '' END, count(*), min(at), max(at), count(*) OVER () FROM (
    SELECT event, role, department, purpose, at FROM security_auditentry
    WHERE event IN ('dossier-viewed', 'lineage-viewed', 'special-queried', 'report-issued') AND outcome = 'done'
      AND (CASE WHEN object_kind = 'subject' THEN object_ref::text
                ELSE coalesce(facts ->> 'subject', facts ->> 'subject_code') END) = %(subject)s
      AND (object_kind <> 'record' OR object_ref = %(ref)s) AND at >= %(since)s
    UNION ALL
    SELECT event, role, department, purpose, at FROM security_auditentry
    WHERE event = 'shared-exported' AND at >= %(since)s
      AND (coalesce(facts ->> 'items', '') = '' OR %(item)s = ANY(string_to_array(facts ->> 'items', ',')))
) AS used
WHERE role <> 'system' -- the platform's own work is nobody's look
GROUP BY 1, 2, 3, 4 ORDER BY max(at) DESC, 1, 2, 3, 4 LIMIT %(limit)s
