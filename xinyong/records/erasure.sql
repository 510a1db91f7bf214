-- What may no longer be used, and what is left of persons.

-- name: over
-- Data whose retention has ended (noted by the clocks, or withdrawn before it did) and of which something sealed is left.
SELECT o.subject_id, o.key_digest FROM (
    SELECT k.subject_id, k.key_digest FROM records_clockend k WHERE k.clock = 'retention'
    UNION
    SELECT l.subject_id, l.key_digest FROM record_later l
    JOIN record w ON w.subject_id = l.subject_id AND w.key_digest = l.key_digest AND w.version = l.version AND w.state = 2
    WHERE w.retain_until IS NOT NULL
) AS o
WHERE EXISTS (
    SELECT FROM record r WHERE r.subject_id = o.subject_id AND r.key_digest = o.key_digest AND r.sealed IS NOT NULL
) AND record_is_over(o.subject_id, o.key_digest)
LIMIT %(most)s

-- name: versions
SELECT {columns} FROM record r
JOIN unnest(%(subjects)s::bigint[], %(keys)s::bytea[]) AS o(subject_id, key_digest)
  ON r.subject_id = o.subject_id AND r.key_digest = o.key_digest
WHERE r.sealed IS NOT NULL

-- name: nothing_left
SELECT s.id FROM subjects_subject s
WHERE s.id = ANY(%(subjects)s::bigint[]) AND s.person_digest IS NOT NULL AND s.sealed IS NOT NULL AND NOT EXISTS (
    SELECT FROM record r WHERE r.subject_id = s.id AND r.sealed IS NOT NULL
)
