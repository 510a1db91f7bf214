-- What is left of persons.

-- name: nothing_left
SELECT s.id FROM subjects_subject s
WHERE s.id = ANY(%(subjects)s::bigint[]) AND s.person_digest IS NOT NULL AND s.sealed IS NOT NULL AND NOT EXISTS (
    SELECT FROM record r WHERE r.subject_id = s.id AND r.sealed IS NOT NULL
)
