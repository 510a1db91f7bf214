-- name: newest
-- True for the newest version of a datum known at the asked instant.
r.known_from <= %(known_at)s AND NOT EXISTS (
    SELECT 1 FROM record_later n
    WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest
      AND n.version > r.version AND n.known_from <= %(known_at)s
)

-- name: columns
r.subject_id, r.key_digest, r.version, r.state, r.item_id, r.item_version, r.source_id, r.submission_id, r.severity,
r.decided_on, r.valid_from, r.valid_to, r.publish_from, r.publish_until, r.repair_from, r.retain_until, r.is_late,
r.payload, r.known_from

-- name: marks
-- What was noted beside a datum, as it was known at the asked instant: that it is disputed, and what its subject says of it. Of
-- what is shown only; for data with no note one look into an index each.
EXISTS (
    SELECT 1 FROM records_annotation a
    WHERE a.subject_id = r.subject_id AND a.key_digest = r.key_digest AND a.kind = 'disputed'
      AND a.noted_at <= %(known_at)s
      AND NOT EXISTS (SELECT 1 FROM records_annotationend e WHERE e.annotation_id = a.id AND e.ended_at <= %(known_at)s)
) AS is_disputed,
(
    SELECT a.text FROM records_annotation a
    WHERE a.subject_id = r.subject_id AND a.key_digest = r.key_digest AND a.kind = 'statement'
      AND a.noted_at <= %(known_at)s
      AND NOT EXISTS (SELECT 1 FROM records_annotationend e WHERE e.annotation_id = a.id AND e.ended_at <= %(known_at)s)
    ORDER BY a.id DESC LIMIT 1
) AS statement

-- name: statement_sealed
-- What a natural person says of a datum, sealed: shown where a person's own data are, and nowhere else.
(
    SELECT a.sealed FROM records_annotation a
    WHERE a.subject_id = r.subject_id AND a.key_digest = r.key_digest AND a.kind = 'statement' AND a.noted_at <= %(known_at)s
      AND NOT EXISTS (SELECT 1 FROM records_annotationend e WHERE e.annotation_id = a.id AND e.ended_at <= %(known_at)s)
    ORDER BY a.id DESC LIMIT 1
) AS statement_sealed

-- name: of_subject
-- The newest versions about one subject, at most per_item of an item, with the item's total.
SELECT r.*, {marks} FROM (
    SELECT {columns},
           count(*) OVER (PARTITION BY r.item_id) AS total,
           row_number() OVER (PARTITION BY r.item_id ORDER BY r.decided_on DESC, r.key_digest) AS place
    FROM record r
    WHERE r.subject_id = %(subject_id)s AND {newest} AND {sight}
) AS r
WHERE place <= %(per_item)s
ORDER BY item_id, place

-- name: page_of_subject
SELECT {columns}, {marks}
FROM record r
WHERE r.subject_id = %(subject_id)s AND r.item_id = ANY(%(item_ids)s) AND {newest} AND {sight} AND {after}
ORDER BY r.decided_on DESC, r.subject_id DESC, r.key_digest DESC
LIMIT %(limit)s

-- name: versions_of_record
SELECT {columns}, {marks}
FROM record r
WHERE r.subject_id = %(subject_id)s AND r.key_digest = %(key_digest)s AND r.known_from <= %(known_at)s AND {sight}
ORDER BY r.version DESC

-- name: history
-- Every version of a datum, withdrawn ones too, oldest first.
SELECT {columns}, {marks}, r.row_no, r.rule_set
FROM record r
WHERE r.subject_id = %(subject_id)s AND r.key_digest = %(key_digest)s AND {sight}
ORDER BY r.version

-- name: brought
-- What one row of a submission brought: of each datum the last version that is that row's word.
SELECT DISTINCT ON (r.subject_id, r.key_digest) {columns}, {marks}, s.code, s.name,
       EXISTS (SELECT 1 FROM record_later n
               WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version) AS is_replaced
FROM record r JOIN subjects_subject s ON s.id = r.subject_id
WHERE r.submission_id = %(submission_id)s AND r.row_no = %(row_no)s AND {sight}
ORDER BY r.subject_id, r.key_digest, r.version DESC

-- name: latest
-- Across subjects, along the index (item_id, decided_on DESC).
SELECT {columns}, {marks}, s.code, s.name
FROM record r JOIN subjects_subject s ON s.id = r.subject_id
WHERE r.item_id = %(item_id)s AND r.decided_on <= %(as_of)s AND s.code IS NOT NULL
  AND {newest} AND {sight} AND {after} AND {filters}
ORDER BY r.decided_on DESC, r.subject_id DESC, r.key_digest DESC
LIMIT %(limit)s

-- name: count_latest
-- Counts no further than a thousand pages: a total nobody reads should not cost a scan.
SELECT count(*) FROM (
    SELECT 1 FROM record r JOIN subjects_subject s ON s.id = r.subject_id
    WHERE r.item_id = %(item_id)s AND r.decided_on <= %(as_of)s AND s.code IS NOT NULL
      AND {newest} AND {sight} AND {filters}
    LIMIT %(cap)s
) AS counted

-- name: figures_by_class
SELECT subject_class, count(*) FROM subjects_subject WHERE code IS NOT NULL GROUP BY 1 ORDER BY 2 DESC

-- name: figures_tally
SELECT item_id, source_id, month, sum(records) FROM records_tally WHERE item_id = ANY(%(item_ids)s) GROUP BY 1, 2, 3

-- name: collected
-- Of which items anything was ever deposited: one step down an index for each, however much the archive holds and whatever
-- the asking may see of it.
SELECT i.item_id
FROM unnest(%(item_ids)s::text[]) AS i(item_id)
CROSS JOIN LATERAL (SELECT 1 FROM records_tally t WHERE t.item_id = i.item_id LIMIT 1) AS any_record

-- name: look_up
-- The newest version of each key: one step down the primary key a key, whatever the planner believes of the table (while
-- a first load runs it knows nothing of it yet, and once read whole partitions for every batch).
SELECT k.place, r.version, r.content_digest, r.source_id, r.submission_id, r.row_no, r.state,
       -- Withdrawn because its basis fell: it does not come back by being reported again. (What was changed does.)
       CASE WHEN r.state = 1 THEN false ELSE EXISTS (
           SELECT FROM records_clockend e
           WHERE e.subject_id = k.subject_id AND e.key_digest = decode(k.key_hex, 'hex')
             AND e.reason IN ('basis-revoked', 'basis-unlawful', 'basis-void')
       ) END AS is_annulled
FROM unnest(string_to_array(%s, ',')::int[], string_to_array(%s, ',')::bigint[], string_to_array(%s, ','))
     AS k(place, subject_id, key_hex)
CROSS JOIN LATERAL (
    SELECT o.version, o.content_digest, o.source_id, o.submission_id, o.row_no, o.state
    FROM record o
    WHERE o.subject_id = k.subject_id AND o.key_digest = decode(k.key_hex, 'hex')
    ORDER BY o.version DESC
    LIMIT 1
) AS r

-- name: note_ends
-- What left publicity, or may no longer be used, up to the day given and was not noted yet; each with its own first day
-- without it. Older days come up when a record was over before it arrived (or was deposited only after its day was closed:
-- known_from is when the file was received, so no instant tells which records a run has not seen yet; the anti-join does).
WITH ends AS (
    SELECT r.subject_id, r.key_digest, r.version, r.item_id, c.clock, c.reason, c.ended_on
    FROM record r
    CROSS JOIN LATERAL (
        SELECT 'publicity' AS clock,
               CASE WHEN r.publish_until = r.retain_until THEN 'retention-ended'
                    WHEN r.severity IS NOT NULL THEN 'publicity-maximum-reached'
                    WHEN r.valid_to IS NOT NULL AND r.valid_to <= r.publish_until THEN 'validity-ended'
                    ELSE 'term-ended' END AS reason,
               r.publish_until AS ended_on
        WHERE r.publish_until <= %(day)s AND NOT EXISTS (
            SELECT 1 FROM records_repair p
            WHERE p.subject_id = r.subject_id AND p.key_digest = r.key_digest
              AND NOT EXISTS (SELECT 1 FROM records_repairend e WHERE e.repair_id = p.id)
        )
        UNION ALL
        SELECT 'retention', 'retention-ended', r.retain_until WHERE r.retain_until <= %(day)s
        UNION ALL
        SELECT 'list', 'list-term-ended', r.valid_to WHERE r.valid_to <= %(day)s AND r.item_id = ANY(%(lists)s)
    ) AS c
    WHERE (r.publish_until <= %(day)s OR r.retain_until <= %(day)s OR (r.valid_to <= %(day)s AND r.item_id = ANY(%(lists)s)))
      AND r.state = 1 AND NOT EXISTS (
        SELECT 1 FROM record_later n
        WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version
      )
), noted AS (
    INSERT INTO records_clockend (subject_id, key_digest, version, item_id, clock, reason, ended_on, noted_at)
    SELECT ends.*, %(now)s
    FROM ends
    WHERE NOT EXISTS (
        SELECT 1 FROM records_clockend k
        WHERE k.subject_id = ends.subject_id AND k.key_digest = ends.key_digest AND k.version = ends.version
          AND k.clock = ends.clock
    )
    ON CONFLICT DO NOTHING
    RETURNING ended_on
)
SELECT count(*) FROM noted WHERE ended_on < %(day)s

-- name: ended_counts
SELECT clock, reason, count(*) FROM records_clockend WHERE ended_on = %(day)s GROUP BY 1, 2 ORDER BY 1, 2

-- name: withdraw_row
-- A later version that says withdrawn, of what one row of a submission brought.
INSERT INTO record (subject_id, key_digest, version, content_digest, state, item_id, item_version, source_id,
    submission_id, row_no, disclosure, severity, rule_set, decided_on, valid_from, valid_to, publish_from,
    publish_until, repair_from, retain_until, is_late, payload, sealed, extra, known_from)
SELECT r.subject_id, r.key_digest, r.version + 1, r.content_digest, 2, r.item_id, r.item_version, r.source_id,
    r.submission_id, r.row_no, r.disclosure, r.severity, r.rule_set, r.decided_on, r.valid_from, r.valid_to,
    r.publish_from, r.publish_until, r.repair_from, r.retain_until, r.is_late, r.payload, r.sealed, r.extra, %(now)s
FROM record r
WHERE r.submission_id = %(submission_id)s AND r.row_no = %(row_no)s AND r.subject_id = %(subject_id)s AND r.state = 1
  AND NOT EXISTS (
    SELECT 1 FROM record_later n
    WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version
  )
RETURNING subject_id, key_digest, version, content_digest, row_no, state, item_id, item_version, source_id, submission_id,
    disclosure, known_from, severity, rule_set, decided_on, valid_from, valid_to, publish_from, publish_until, repair_from,
    retain_until, is_late, payload, sealed, extra

-- name: newest_of
SELECT submission_id, row_no, state FROM record
WHERE subject_id = %(subject_id)s AND key_digest = %(key_digest)s ORDER BY version DESC LIMIT 1

-- name: end_now
-- Publicity, where there was any, and use end with the version that stood last.
INSERT INTO records_clockend (subject_id, key_digest, version, item_id, clock, reason, ended_on, noted_at)
SELECT r.subject_id, r.key_digest, r.version, %(item_id)s, c.clock, %(reason)s, %(on)s, %(noted_at)s
FROM (SELECT o.subject_id, o.key_digest, o.version, o.publish_from FROM record o
      WHERE o.subject_id = %(subject_id)s AND o.key_digest = %(key_digest)s AND o.state = 1
      ORDER BY o.version DESC LIMIT 1) AS r
CROSS JOIN (VALUES ('publicity'), ('retention')) AS c(clock)
WHERE c.clock = 'retention' OR r.publish_from IS NOT NULL
ON CONFLICT (subject_id, key_digest, version, clock) DO NOTHING

-- name: later_apart
-- Where the table of later versions and the versions themselves are not the same: true for one too many.
(SELECT subject_id, key_digest, version, true FROM (
    SELECT subject_id, key_digest, version, known_from FROM record_later
    EXCEPT SELECT subject_id, key_digest, version, known_from FROM record WHERE version > 1) AS extra)
UNION ALL
(SELECT subject_id, key_digest, version, false FROM (
    SELECT subject_id, key_digest, version, known_from FROM record WHERE version > 1
    EXCEPT SELECT subject_id, key_digest, version, known_from FROM record_later) AS lacking)

-- name: taken_back
-- Of the data whose newest version this submission brought: how many would be withdrawn, how many fall back to what stood
-- before; and of how many a later submission has the word already.
WITH brought AS (
    SELECT DISTINCT r.subject_id, r.key_digest FROM record r WHERE r.submission_id = %(submission_id)s AND r.state = 1
), newest AS (
    SELECT b.subject_id, b.key_digest, n.version, n.submission_id = %(submission_id)s AS is_ours, n.state
    FROM brought b
    CROSS JOIN LATERAL (
        SELECT o.version, o.submission_id, o.state FROM record o
        WHERE o.subject_id = b.subject_id AND o.key_digest = b.key_digest ORDER BY o.version DESC LIMIT 1
    ) AS n
)
SELECT count(*) FILTER (WHERE is_ours AND n.state = 1 AND f.state IS DISTINCT FROM 1),
       count(*) FILTER (WHERE is_ours AND n.state = 1 AND f.state = 1),
       count(*) FILTER (WHERE NOT is_ours)
FROM newest n
LEFT JOIN LATERAL (
    SELECT o.state FROM record o
    WHERE o.subject_id = n.subject_id AND o.key_digest = n.key_digest AND o.version < n.version
      AND o.submission_id <> %(submission_id)s AND o.submission_id <> ALL(%(besides)s::bigint[])
    ORDER BY o.version DESC LIMIT 1
) AS f ON true

-- name: take_back
-- So many of the data whose newest version this submission brought: what stood before it, from a submission that was not taken
-- back itself, stands again as a later version; where nothing did, a later version says withdrawn.
WITH ours AS MATERIALIZED (
    SELECT r.subject_id, r.key_digest, r.version FROM record r
    WHERE r.submission_id = %(submission_id)s AND r.state = 1
      AND NOT EXISTS (
        SELECT 1 FROM record_later n
        WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version
      )
    LIMIT %(most)s
), chosen AS MATERIALIZED (
    SELECT o.*, f.version AS falls_back_to
    FROM ours o
    LEFT JOIN LATERAL (
        SELECT b.version, b.state FROM record b
        WHERE b.subject_id = o.subject_id AND b.key_digest = o.key_digest AND b.version < o.version
          AND b.submission_id <> %(submission_id)s AND b.submission_id <> ALL(%(besides)s::bigint[])
        ORDER BY b.version DESC LIMIT 1
    ) AS f ON f.state = 1
)
INSERT INTO record (subject_id, key_digest, version, content_digest, state, item_id, item_version, source_id,
    submission_id, row_no, disclosure, severity, rule_set, decided_on, valid_from, valid_to, publish_from,
    publish_until, repair_from, retain_until, is_late, payload, sealed, extra, known_from)
SELECT r.subject_id, r.key_digest, c.version + 1, r.content_digest, CASE WHEN c.falls_back_to IS NULL THEN 2 ELSE 1 END,
    r.item_id, r.item_version, r.source_id, r.submission_id, r.row_no, r.disclosure, r.severity, r.rule_set, r.decided_on,
    r.valid_from, r.valid_to, r.publish_from, r.publish_until, r.repair_from, r.retain_until, r.is_late, r.payload, r.sealed,
    r.extra, %(now)s
FROM chosen c
JOIN record r ON r.subject_id = c.subject_id AND r.key_digest = c.key_digest
    AND r.version = coalesce(c.falls_back_to, c.version)
RETURNING subject_id, key_digest, version, content_digest, row_no, state, item_id, item_version, source_id, submission_id,
    disclosure, known_from, severity, rule_set, decided_on, valid_from, valid_to, publish_from, publish_until, repair_from,
    retain_until, is_late, payload, sealed, extra

-- name: arrived
-- Data decided in a period, as they were known at an instant, by the unit whose decisions they are and by item: those
-- whose newest version stands, and those that were withdrawn. The unit is the one the row itself names as having decided (a
-- bureau hands in for many); where the row names none that is registered here, who handed it in.
WITH told AS (
    SELECT * FROM unnest(%(items)s::text[], %(versions)s::int[], %(fields)s::text[])
        AS t(item_id, item_version, source_field)
), later AS MATERIALIZED (
    SELECT DISTINCT ON (n.subject_id, n.key_digest) n.subject_id, n.key_digest, n.version
    FROM record_later n
    WHERE n.known_from <= %(as_of)s
    ORDER BY n.subject_id, n.key_digest, n.version DESC
)
SELECT coalesce(d.id, r.source_id), r.item_id, count(*) FILTER (WHERE r.state = 1), count(*) FILTER (WHERE r.state = 2)
FROM record r
LEFT JOIN later l ON l.subject_id = r.subject_id AND l.key_digest = r.key_digest
LEFT JOIN told ON told.item_id = r.item_id AND told.item_version = r.item_version
LEFT JOIN security_department d ON d.code = r.payload ->> told.source_field
WHERE r.item_id = ANY(%(items)s) AND r.decided_on >= %(from)s AND r.decided_on < %(to)s AND r.known_from <= %(as_of)s
  AND r.version = coalesce(l.version, 1)
GROUP BY 1, 2

-- name: checked
-- Which declarations of a subject were found to be so, as it was known at an instant.
SELECT submission_id, unit, checked_on FROM records_verification
WHERE subject_id = %(subject_id)s AND checked_at <= %(known_at)s

-- name: standing
-- What became of what submissions brought about a subject: data that are shown on a day, and data whose publicity or retention
-- is over. Data of which another submission has the word, and withdrawn ones, are neither.
SELECT r.submission_id,
       count(*) FILTER (WHERE (r.publish_until IS NULL OR %(as_of)s < r.publish_until)
                          AND (r.retain_until IS NULL OR %(as_of)s < r.retain_until)) AS shown,
       count(*) FILTER (WHERE r.publish_until <= %(as_of)s OR r.retain_until <= %(as_of)s) AS over
FROM record r
WHERE r.subject_id = %(subject_id)s AND r.submission_id = ANY(%(submissions)s) AND r.state = 1 AND NOT EXISTS (
    SELECT 1 FROM record_later n
    WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version
)
GROUP BY 1

-- name: said
-- What a submission said of one subject, row by row: of each datum the last version that is its word.
SELECT * FROM (
    SELECT DISTINCT ON (r.key_digest) {columns}, r.row_no
    FROM record r
    WHERE r.subject_id = %(subject_id)s AND r.submission_id = %(submission_id)s
    ORDER BY r.key_digest, r.version DESC
) AS found
ORDER BY row_no
LIMIT %(limit)s

-- name: datum
-- The newest version of one datum, a withdrawn one too, with whose it is.
SELECT {columns}, r.sealed, {marks}, {statement_sealed}, s.code, s.name, s.region_code
FROM record r JOIN subjects_subject s ON s.id = r.subject_id
WHERE r.subject_id = %(subject_id)s AND r.key_digest = %(key_digest)s AND r.known_from <= %(known_at)s
ORDER BY r.version DESC
LIMIT 1

-- name: listed
-- Subjects with a record of one of these items that holds on a day.
SELECT DISTINCT r.subject_id
FROM record r
WHERE r.item_id = ANY(%(items)s) AND r.state = 1 AND r.decided_on <= %(on)s
  AND (r.valid_to IS NULL OR %(on)s < r.valid_to) AND (r.retain_until IS NULL OR %(on)s < r.retain_until)
  AND {newest} AND {not_repaired}
-- name: supplied
-- From which unit anything of an item ever came in, and when it first did.
SELECT item_id, source_id, min(deposited_at) AS since FROM records_tally WHERE item_id = ANY(%(items)s) GROUP BY 1, 2
-- name: erased
SELECT after, before FROM records_erasedversion WHERE submission_id = %(submission_id)s

-- name: over
-- Whether a datum of a subject is past its retention, within this sight; nothing of what it says.
SELECT 1 AS is_over FROM record r
WHERE r.subject_id = %(subject_id)s AND r.key_digest = %(key_digest)s AND r.version = %(newest)s AND {sight}
