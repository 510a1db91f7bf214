-- name: by_code
-- One kind of number after the other, each along its index: the unified code, the organisation code inside it, others.
SELECT s.id, s.code, s.name, s.subject_class, s.status, s.region_code, found.value, '', '', true
FROM (
    (SELECT id, code AS value FROM subjects_subject
     WHERE code >= %(from)s AND code < %(to)s ORDER BY code LIMIT %(most)s)
    UNION
    (SELECT id, code FROM subjects_subject
     WHERE code IS NOT NULL AND substring(code, 9, 9) >= %(from)s AND substring(code, 9, 9) < %(to)s
     ORDER BY substring(code, 9, 9) LIMIT %(most)s)
    UNION
    (SELECT subject_id, value FROM subjects_subjectidentifier
     WHERE value >= %(from)s AND value < %(to)s ORDER BY value LIMIT %(most)s)
) found JOIN subjects_subject s USING (id)
WHERE s.code IS NOT NULL AND %(class)s IN ('', s.subject_class) AND starts_with(s.region_code, %(region)s)

-- name: by_beginning
-- Along the index of name keys, so that the exact name comes first.
SELECT s.id, s.code, s.name, s.subject_class, s.status, s.region_code, n.name, n.name_key, n.trade_name, n.is_current
FROM (
    SELECT subject_id, name, name_key, trade_name, is_current FROM subjects_subjectname
    WHERE name_key >= %(from)s AND name_key < %(to)s ORDER BY name_key LIMIT %(read)s
) n JOIN subjects_subject s ON s.id = n.subject_id
WHERE s.code IS NOT NULL AND %(class)s IN ('', s.subject_class) AND starts_with(s.region_code, %(region)s)
LIMIT %(most)s

-- name: by_words
SELECT s.id, s.code, s.name, s.subject_class, s.status, s.region_code, n.name, n.name_key, n.trade_name, n.is_current
FROM subject_names_with(%(words)s::text::tsquery, %(most)s) n JOIN subjects_subject s ON s.id = n.subject_id
WHERE s.code IS NOT NULL AND %(class)s IN ('', s.subject_class) AND starts_with(s.region_code, %(region)s)

-- name: common_lexemes
-- What ANALYZE saw of the lexemes; nothing before it first ran.
SELECT lexeme, frequency FROM pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs) AS seen (lexeme, frequency)
WHERE schemaname = current_schema() AND tablename = 'subjects_subjectname' AND attname = 'grams' AND lexeme IS NOT NULL

-- name: same_name
SELECT s.id, s.code, s.name, s.subject_class, s.status, s.region_code, n.name, n.name_key, n.trade_name, n.is_current
FROM subjects_subjectname n JOIN subjects_subject s ON s.id = n.subject_id
WHERE n.name_key = %(key)s AND s.code IS NOT NULL
LIMIT %(most)s

-- name: similar_name
SELECT s.id, s.code, s.name, s.subject_class, s.status, s.region_code, n.name, n.name_key, n.trade_name, n.is_current
FROM subject_names_with(%(words)s::text::tsquery, %(most)s) n JOIN subjects_subject s ON s.id = n.subject_id
WHERE s.code IS NOT NULL
