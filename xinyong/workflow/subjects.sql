-- Notices to subjects, many at a time.

-- name: tell
INSERT INTO workflow_subjectnotice (subject_id, kind, facts, link, key, made_at, made_by, read_by)
SELECT t.subject_id, %(kind)s, t.facts::jsonb, %(link)s, t.key, %(at)s, %(by)s, ''
FROM unnest(%(subjects)s::bigint[], %(facts)s::text[], %(keys)s::text[]) AS t(subject_id, facts, key)
ON CONFLICT (subject_id, key) DO NOTHING
RETURNING id

-- name: places
-- Which places are to hear of which notices: those that whoever acts for the subject has given, for this kind; of looks for the
-- categories that were chosen (the key says which: looked-at/day/category).
SELECT c.id, n.id
FROM workflow_subjectnotice n
JOIN workflow_subjectchannel c ON c.sealed IS NOT NULL AND n.kind = ANY(c.kinds) AND (
    c.lookers IS NULL OR n.kind <> 'looked-at' OR split_part(n.key, '/', 3) = ANY(c.lookers)
) AND (
    c.subject_id = n.subject_id
    OR (c.subject_id IS NULL AND EXISTS (
        SELECT FROM security_personaccount p WHERE p.account_id = c.account_id AND p.subject_id = n.subject_id)))
WHERE n.id = ANY(%(notices)s::bigint[])
ORDER BY 1, 2
