-- Persons' accounts and the register of subjects.

-- name: settle_all
UPDATE security_personaccount p SET subject_id = f.subject_id
FROM (
    SELECT a.id, s.id AS subject_id FROM security_personaccount a
    LEFT JOIN subjects_subject s ON s.person_digest = a.digest
    WHERE a.erased_at IS NULL
) AS f
WHERE p.id = f.id AND p.subject_id IS DISTINCT FROM f.subject_id

-- name: settle_wards
UPDATE security_guardianship g SET subject_id = f.subject_id
FROM (
    SELECT a.id, s.id AS subject_id FROM security_guardianship a
    LEFT JOIN subjects_subject s ON s.person_digest = a.ward_digest
    WHERE a.ward_digest IS NOT NULL
) AS f
WHERE g.id = f.id AND g.subject_id IS DISTINCT FROM f.subject_id

-- name: erase
WITH was AS MATERIALIZED (
    SELECT s.id, sha256(s.person_digest || s.sealed) AS digest, r.random
    FROM subjects_subject s
    JOIN unnest(%(ids)s::bigint[], %(random)s::bytea[]) AS r(id, random) ON r.id = s.id
)
UPDATE subjects_subject s SET sealed = NULL, person_digest = was.random
FROM was WHERE s.id = was.id
RETURNING was.digest
