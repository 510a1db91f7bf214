-- name: incoming
-- One row per code of the batch. Codes are unique here: the caller merged repetitions.
code varchar(18) COLLATE "C" NOT NULL, name text NOT NULL, name_key text COLLATE "C" NOT NULL, trade_name text NOT NULL,
grams text NOT NULL, subject_class varchar(24) NOT NULL, status varchar(12), region_code varchar(12) NOT NULL,
registered_on date, ended_on date, changed_on date

-- name: incoming_names
code varchar(18) COLLATE "C" NOT NULL, name text NOT NULL, name_key text COLLATE "C" NOT NULL, trade_name text NOT NULL,
grams text NOT NULL

-- name: incoming_identifiers
code varchar(18) COLLATE "C" NOT NULL, scheme varchar(20) NOT NULL, value varchar(50) NOT NULL

-- name: create_missing
-- Codes go in sorted, so that two lanes that bring the same new codes wait for each other and never in a ring.
WITH made AS (
    INSERT INTO subjects_subject (code, subject_class, name, name_key, status, region_code, registered_on, ended_on, known_from)
    SELECT code, subject_class, name, name_key, coalesce(status, %(status)s), region_code, registered_on, ended_on, %(known_at)s
    FROM subject_incoming i
    WHERE NOT EXISTS (SELECT FROM subjects_subject s WHERE s.code = i.code)
    ORDER BY code
    ON CONFLICT (code) DO NOTHING
    RETURNING id, code
)
INSERT INTO subjects_subjectname (subject_id, name, name_key, trade_name, is_current, grams)
SELECT made.id, i.name, i.name_key, i.trade_name, true,
       array_to_tsvector(string_to_array(i.grams, ' ') || subject_places(i.subject_class, i.region_code))
FROM made JOIN subject_incoming i USING (code)
WHERE i.name_key <> ''

-- name: lock_known
-- Subjects are locked in the order of their codes, before any change.
SELECT count(*) FROM (
    SELECT FROM subjects_subject s JOIN subject_incoming i USING (code) ORDER BY s.code FOR NO KEY UPDATE OF s
) locked

-- name: drop_reported_names
-- A provisional subject's name stood in a report, never in the register: it is no former name.
DELETE FROM subjects_subjectname n
USING subjects_subject s, subject_incoming i
WHERE s.code = i.code AND n.subject_id = s.id AND n.is_current
  AND s.status = 'provisional' AND i.name_key NOT IN ('', n.name_key)

-- name: close_names
-- On the day the register says it approved the change; on the day we learned of it where it says none, or a later one.
UPDATE subjects_subjectname n
SET is_current = false, valid_to = greatest(n.valid_from, least(i.changed_on, %(known_on)s))
FROM subjects_subject s, subject_incoming i
WHERE s.code = i.code AND n.subject_id = s.id AND n.is_current AND i.name_key NOT IN ('', n.name_key)

-- name: move_names
-- Class and region stand among the lexemes; when they change, those lexemes change in all names of the subject.
UPDATE subjects_subjectname n
SET grams = ts_delete(n.grams, subject_places(s.subject_class, s.region_code))
    || array_to_tsvector(subject_places(i.subject_class, r.code))
FROM subjects_subject s, subject_incoming i, LATERAL (SELECT coalesce(nullif(i.region_code, ''), s.region_code) AS code) r
WHERE s.code = i.code AND n.subject_id = s.id AND (s.subject_class, s.region_code) <> (i.subject_class, r.code)

-- name: update_known
-- What the register leaves empty stays as it was; an end is taken away only by a state that says so.
UPDATE subjects_subject s
SET name = n.name, name_key = n.name_key, subject_class = n.subject_class, status = n.status, region_code = n.region_code,
    registered_on = n.registered_on, ended_on = n.ended_on
FROM subject_incoming i JOIN subjects_subject k USING (code),
LATERAL (
    SELECT coalesce(nullif(i.name, ''), k.name) AS name, coalesce(nullif(i.name_key, ''), k.name_key) AS name_key, i.subject_class,
           coalesce(i.status, CASE k.status WHEN 'provisional' THEN 'active' ELSE k.status END) AS status,
           coalesce(nullif(i.region_code, ''), k.region_code) AS region_code,
           coalesce(i.registered_on, k.registered_on) AS registered_on,
           CASE WHEN i.status IS NULL THEN coalesce(i.ended_on, k.ended_on) ELSE i.ended_on END AS ended_on
) n
WHERE s.id = k.id
  AND (s.name, s.name_key, s.subject_class, s.status, s.region_code, s.registered_on, s.ended_on)
      IS DISTINCT FROM (n.name, n.name_key, n.subject_class, n.status, n.region_code, n.registered_on, n.ended_on)

-- name: open_names
-- A name that follows another holds from the day that one ended; a first name since nobody knows when.
INSERT INTO subjects_subjectname (subject_id, name, name_key, trade_name, is_current, valid_from, grams)
SELECT s.id, i.name, i.name_key, i.trade_name, true,
       (SELECT max(n.valid_to) FROM subjects_subjectname n WHERE n.subject_id = s.id AND NOT n.is_current),
       array_to_tsvector(string_to_array(i.grams, ' ') || subject_places(s.subject_class, s.region_code))
FROM subject_incoming i JOIN subjects_subject s USING (code)
WHERE i.name_key <> ''
  AND NOT EXISTS (SELECT FROM subjects_subjectname n WHERE n.subject_id = s.id AND n.is_current)

-- name: respell_names
-- Same name, written otherwise (width of brackets): the register's spelling is shown.
UPDATE subjects_subjectname n
SET name = i.name
FROM subjects_subject s, subject_incoming i
WHERE s.code = i.code AND n.subject_id = s.id AND n.is_current AND n.name_key = i.name_key AND n.name <> i.name

-- name: add_former_names
INSERT INTO subjects_subjectname (subject_id, name, name_key, trade_name, is_current, grams)
SELECT DISTINCT ON (s.id, f.name_key) s.id, f.name, f.name_key, f.trade_name, false,
       array_to_tsvector(string_to_array(f.grams, ' ') || subject_places(s.subject_class, s.region_code))
FROM subject_incoming_names f JOIN subjects_subject s USING (code)
WHERE NOT EXISTS (SELECT FROM subjects_subjectname n WHERE n.subject_id = s.id AND n.name_key = f.name_key)

-- name: add_identifiers
INSERT INTO subjects_subjectidentifier (subject_id, scheme, value)
SELECT s.id, i.scheme, i.value
FROM subject_incoming_identifiers i JOIN subjects_subject s USING (code)
ORDER BY i.value, i.scheme, s.id
ON CONFLICT ON CONSTRAINT identifier_once DO NOTHING

-- name: ids
SELECT code, id AS subject_id FROM subjects_subject JOIN subject_incoming USING (code)

-- name: ids_of_codes
SELECT s.code, s.id AS subject_id
FROM json_array_elements_text(%(codes)s::json) AS asked (code) JOIN subjects_subject s USING (code)

-- name: add_persons
INSERT INTO subjects_subject (person_digest, sealed, subject_class, name, status, region_code, known_from)
SELECT p.digest, p.sealed, 'natural_person', '', 'active', '', %(known_at)s
FROM (SELECT DISTINCT ON (digest) digest, sealed
      FROM unnest(%(digests)s::bytea[], %(sealed)s::bytea[]) AS given (digest, sealed) ORDER BY digest) p
WHERE NOT EXISTS (SELECT FROM subjects_subject s WHERE s.person_digest = p.digest)
ORDER BY p.digest
ON CONFLICT (person_digest) WHERE person_digest IS NOT NULL DO NOTHING

-- name: persons
SELECT s.person_digest, s.id FROM unnest(%(digests)s::bytea[]) AS asked (digest)
JOIN subjects_subject s ON s.person_digest = asked.digest

-- name: by_codes
-- Keys are joined by the unit separator, the current one first.
SELECT s.code, s.id AS subject_id, s.status, concat_ws(chr(31), nullif(s.name_key, ''),
    (SELECT string_agg(f.name_key, chr(31) ORDER BY f.id DESC)
     FROM subjects_subjectname f WHERE f.subject_id = s.id AND NOT f.is_current)) AS keys
FROM json_array_elements_text(%(codes)s::json) AS asked (code) JOIN subjects_subject s USING (code)

-- name: keys_of_codes
SELECT s.code, s.id AS subject_id, s.name_key
FROM json_array_elements_text(%(codes)s::json) AS asked (code) JOIN subjects_subject s USING (code)

-- name: by_identifiers
-- The organisation code inside a unified code is found by its own index; every other identifier is a row.
WITH asked AS MATERIALIZED (
    SELECT pair ->> 0 AS scheme, pair ->> 1 AS value FROM json_array_elements(%(pairs)s::json) AS pair
)
SELECT asked.scheme, asked.value, i.subject_id
FROM asked
JOIN subjects_subjectidentifier i ON i.value = asked.value AND i.scheme = asked.scheme
UNION
SELECT asked.scheme, asked.value, s.id
FROM asked
JOIN subjects_subject s ON substring(s.code, 9, 9) = asked.value AND s.code IS NOT NULL
WHERE asked.scheme = 'org_code'
UNION
SELECT asked.scheme, asked.value, s.id
FROM asked
JOIN subjects_subject s ON s.code = asked.value
WHERE asked.scheme = 'uscc'

-- name: names_of
-- Every page of a subject asks: one statement, each half along its own index.
SELECT name, valid_from, valid_to, is_current FROM subjects_subjectname WHERE subject_id = %(id)s AND is_current
UNION ALL
(SELECT name, valid_from, valid_to, is_current FROM subjects_subjectname
 WHERE subject_id = %(id)s AND NOT is_current ORDER BY valid_to DESC, id DESC)

-- name: names_of_subjects
SELECT n.subject_id, n.name_key FROM json_array_elements_text(%(ids)s::json) AS asked (id)
JOIN subjects_subjectname n ON n.subject_id = asked.id::bigint AND n.is_current
UNION ALL
SELECT n.subject_id, n.name_key FROM json_array_elements_text(%(ids)s::json) AS asked (id)
JOIN subjects_subjectname n ON n.subject_id = asked.id::bigint AND NOT n.is_current
