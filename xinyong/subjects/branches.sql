-- name: below
-- Current names that begin with a name, along the index of name keys.
SELECT s.id, n.name
FROM subjects_subjectname n JOIN subjects_subject s ON s.id = n.subject_id
WHERE n.name_key > %(from)s AND n.name_key < %(to)s AND n.is_current AND s.code IS NOT NULL AND s.id <> %(id)s
ORDER BY n.name_key, s.id
LIMIT %(most)s

-- name: named
SELECT DISTINCT s.id, n.is_current
FROM subjects_subjectname n JOIN subjects_subject s ON s.id = n.subject_id
WHERE n.name_key = %(key)s AND %(key)s <> '' AND s.code IS NOT NULL
ORDER BY s.id
LIMIT 20
