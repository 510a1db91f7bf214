-- name: enter
-- Nothing is asked back: whoever writes an entry need not be allowed to read one.
INSERT INTO security_auditentry (at, role, actor, department, address, event, object_kind, object_ref, purpose, outcome, facts)
VALUES (%(at)s, %(role)s, %(actor)s, %(department)s, %(address)s, %(event)s, %(object_kind)s, %(object_ref)s, %(purpose)s,
        %(outcome)s, %(facts)s)

-- name: looks
-- The expression and the events are those of the index audit_looks.
SELECT event, role, department, CASE WHEN %(told)s THEN purpose ELSE '' END, count(*), min(at), max(at), count(*) OVER () FROM (
    SELECT event, role, department, purpose, at FROM security_auditentry
    WHERE event IN ('dossier-viewed', 'lineage-viewed', 'special-queried', 'report-issued', 'authorised-queried', 'glass-broken')
      AND outcome = 'done'
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

-- name: looks_of_subject
-- Each look at one subject's file, the newest first, for the subject itself: what was withheld from it comes up when its time is
-- over. The expression and the events are those of the index audit_looks.
SELECT id, at, event, role, actor, department, purpose, facts, count(*) OVER () FROM security_auditentry
WHERE event IN ('dossier-viewed', 'lineage-viewed', 'special-queried', 'report-issued', 'authorised-queried', 'glass-broken')
  AND outcome = 'done'
  AND (CASE WHEN object_kind = 'subject' THEN object_ref::text
            ELSE coalesce(facts ->> 'subject', facts ->> 'subject_code') END) = %(subject)s
  AND role NOT IN ('system', 'subject', 'person')
  AND coalesce((facts ->> 'withheld_until')::timestamptz <= %(now)s, true)
  AND (%(before)s::bigint IS NULL OR id < %(before)s)
  AND (%(since)s::timestamptz IS NULL OR at >= %(since)s) AND (%(until)s::timestamptz IS NULL OR at <= %(until)s)
ORDER BY id DESC OFFSET %(offset)s LIMIT %(limit)s

-- name: look
SELECT id, at, event, role, actor, department, purpose, facts FROM security_auditentry
WHERE event IN ('dossier-viewed', 'lineage-viewed', 'special-queried', 'report-issued', 'authorised-queried', 'glass-broken')
  AND outcome = 'done' AND id = %(id)s

-- name: kept_since
SELECT at FROM security_auditentry ORDER BY id LIMIT 1

-- name: looks_by_people
-- Looks of officials since an instant, along the index audit_looks_at; the platform's own work and programs are none of theirs.
SELECT id, at, event, role, actor, department,
       CASE WHEN object_kind = 'subject' THEN object_ref::text
            ELSE coalesce(facts ->> 'subject', facts ->> 'subject_code') END AS subject
FROM security_auditentry
WHERE event IN ('dossier-viewed', 'lineage-viewed', 'special-queried', 'report-issued', 'authorised-queried', 'glass-broken')
  AND outcome = 'done' AND at >= %(since)s AND role IN ('source_unit', 'reader', 'operator', 'unit_admin')
ORDER BY at
-- name: looks_at
-- Of one subject, records and file together. The expression and the events are those of the index audit_looks.
SELECT event, role, department, purpose, count(*), min(at), max(at) FROM security_auditentry
WHERE event IN ('dossier-viewed', 'lineage-viewed', 'special-queried', 'report-issued', 'authorised-queried', 'glass-broken')
  AND outcome = 'done' AND coalesce((facts ->> 'withheld_until')::timestamptz <= %(now)s, true)
  AND (CASE WHEN object_kind = 'subject' THEN object_ref::text
            ELSE coalesce(facts ->> 'subject', facts ->> 'subject_code') END) = %(subject)s
  AND at >= %(since)s AND role NOT IN ('system', 'subject', 'person', 'public')
GROUP BY 1, 2, 3, 4 ORDER BY max(at) DESC, 1, 2, 3, 4 LIMIT %(limit)s

-- name: looked_at
-- How often each subject of some was looked at on a day, by role and unit.
SELECT coalesce(CASE WHEN object_kind = 'subject' THEN object_ref::text
                     ELSE coalesce(facts ->> 'subject', facts ->> 'subject_code') END, '') AS ref, role,
       department, count(*)
FROM security_auditentry
WHERE event IN ('dossier-viewed', 'lineage-viewed', 'special-queried', 'report-issued', 'authorised-queried', 'glass-broken')
  AND outcome = 'done' AND coalesce((facts ->> 'withheld_until')::timestamptz <= %(now)s, true)
  AND at >= %(since)s AND at < %(until)s AND role NOT IN ('system', 'subject', 'person', 'public')
GROUP BY 1, 2, 3
