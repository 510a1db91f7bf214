-- name: received
-- One line for each row handed in within the period, as it was known at an instant. A row is of the unit that it names as
-- its source, where that is registered here, else of the unit that handed it in. Submissions of a period have neighbouring
-- numbers, and an index of record follows them: the cost goes with the period, not with the archive. {filled} is counted
-- only where a figure asks for it.
WITH told AS (
    SELECT * FROM unnest(%(items)s::text[], %(versions)s::int[], %(fields)s::text[], %(asked)s::int[], %(due)s::bool[])
        AS t(item_id, item_version, source_field, asked, has_due)
), batch AS MATERIALIZED (
    SELECT id, source_id, item_id, item_version, received_at
    FROM intake_submission
    WHERE received_at >= %(from_at)s AND received_at < %(to_at)s AND received_at <= %(as_of)s
      AND (reverted_at IS NULL OR reverted_at > %(as_of)s)
      AND subject_id IS NULL -- what organisations declare of themselves is no department's reporting
), brought AS MATERIALIZED (
    SELECT r.subject_id, r.key_digest, r.version, r.submission_id, r.row_no, coalesce(d.id, r.source_id) AS source_id,
           r.item_id, r.decided_on, b.received_at, r.is_late, coalesce(t.has_due, false) AS has_due, {filled} AS filled,
           coalesce(t.asked, 0) AS asked
    FROM record r
    JOIN batch b ON b.id = r.submission_id
    LEFT JOIN told t ON t.item_id = r.item_id AND t.item_version = r.item_version
    LEFT JOIN security_department d ON d.code = r.payload ->> t.source_field
    WHERE r.submission_id BETWEEN (SELECT min(id) FROM batch) AND (SELECT max(id) FROM batch)
      AND r.state = 1 AND r.known_from <= %(as_of)s
), later AS MATERIALIZED (
    -- The newest later version of these data, if there is one, and whether it withdraws: a step down the key for each.
    SELECT n.subject_id, n.key_digest, n.version, v.state
    FROM (
        SELECT DISTINCT ON (n.subject_id, n.key_digest) n.subject_id, n.key_digest, n.version
        FROM record_later n
        WHERE n.known_from <= %(as_of)s AND (n.subject_id, n.key_digest) IN (SELECT subject_id, key_digest FROM brought)
        ORDER BY n.subject_id, n.key_digest, n.version DESC
    ) n
    CROSS JOIN LATERAL (
        SELECT v.state FROM record v
        WHERE v.subject_id = n.subject_id AND v.key_digest = n.key_digest AND v.version = n.version
        LIMIT 1
    ) v
), echoed AS MATERIALIZED (
    -- What a row brought stands again as a later version where a withdrawal or what had replaced it was taken back: one
    -- row, and as old as its first version.
    SELECT submission_id, row_no, subject_id, key_digest, min(version) AS first, max(version) AS last
    FROM brought
    GROUP BY submission_id, row_no, subject_id, key_digest
    HAVING count(*) > 1
), came AS MATERIALIZED (
    SELECT r.submission_id, r.row_no, r.source_id, r.item_id, r.decided_on, r.received_at, 'accepted' AS outcome,
           coalesce(e.first, r.version) = 1 AS is_first, r.is_late, coalesce(l.state, 1) = 2 AS is_withdrawn,
           r.version = coalesce(l.version, 1) AS is_newest, r.has_due, r.filled, r.asked,
           false AS is_closed, false AS is_unlinked, false AS is_conflict
    FROM brought r
    LEFT JOIN later l ON l.subject_id = r.subject_id AND l.key_digest = r.key_digest
    LEFT JOIN echoed e ON e.submission_id = r.submission_id AND e.row_no = r.row_no AND e.subject_id = r.subject_id
        AND e.key_digest = r.key_digest
    WHERE r.version = coalesce(e.last, r.version)
), stopped AS (
    SELECT w.submission_id, w.row_no, coalesce(d.id, b.source_id), b.item_id, NULL::date, b.received_at,
           w.outcome, false, false, false, false, false, 0,
           0, coalesce(w.closed_at <= %(as_of)s, false), coalesce(f.is_unlinked, false), coalesce(f.is_conflict, false)
    FROM batch b
    JOIN intake_waitingrow w ON w.submission_id = b.id
    LEFT JOIN told t ON t.item_id = b.item_id AND t.item_version = b.item_version
    LEFT JOIN security_department d ON d.code = w."row" ->> t.source_field
    LEFT JOIN LATERAL (
        SELECT bool_or(rule = ANY(%(whose)s)) AND bool_and(rule = ANY(%(whose)s) OR severity = 'warning') AS is_unlinked,
               bool_or(rule = ANY(%(conflicts)s)) AS is_conflict
        FROM intake_finding f
        WHERE f.submission_id = w.submission_id AND f.row_no = w.row_no
    ) f ON true
    -- What the desk has brought in went in, and waits no more.
    WHERE NOT EXISTS (
        SELECT 1 FROM came c WHERE c.submission_id = w.submission_id AND c.row_no = w.row_no AND NOT c.is_withdrawn
    )
), received AS (
    SELECT * FROM came UNION ALL SELECT * FROM stopped
)

-- name: sums
SELECT source_id, item_id, {sums}
FROM received
GROUP BY 1, 2

-- name: rows
SELECT submission_id, row_no, source_id, item_id, decided_on, received_at, outcome, is_late, is_closed,
       ({hit})::int, ({whole})::int, (SELECT b.source_id FROM batch b WHERE b.id = submission_id)
FROM received
WHERE {which} AND {whose} AND (submission_id, row_no) > (%(after_submission)s, %(after_row)s)
ORDER BY submission_id, row_no
LIMIT %(limit)s

-- name: handled
-- What is no row: repeated and known rows, from the ledger of chunks, by the unit that handed them in.
SELECT s.source_id, s.item_id, sum(c.duplicate), sum(c.unchanged)
FROM intake_submission s JOIN intake_chunk c ON c.submission_id = s.id
WHERE s.received_at >= %(from_at)s AND s.received_at < %(to_at)s AND c.deposited_at <= %(as_of)s
  AND (s.reverted_at IS NULL OR s.reverted_at > %(as_of)s) AND s.subject_id IS NULL
GROUP BY 1, 2

-- name: organisations
-- Organisations by division: in existence, enterprises among them, with a record of anything but the register and their own word, and others.
SELECT left(s.region_code, 6), count(*) FILTER (WHERE s.status = 'active'),
       count(*) FILTER (WHERE s.status = 'active' AND s.subject_class = 'enterprise'),
       count(*) FILTER (WHERE s.status = 'active' AND EXISTS (
           SELECT 1 FROM record r
           WHERE r.subject_id = s.id AND r.item_id <> 'organisation-register' AND r.known_from <= %(as_of)s
               AND r.source_id IS DISTINCT FROM (SELECT id FROM security_department WHERE kind = 'subjects')
       )),
       count(*) FILTER (WHERE s.status <> 'active')
FROM subjects_subject s
WHERE s.code IS NOT NULL AND s.known_from <= %(as_of)s
GROUP BY 1

-- name: without_record
SELECT s.code, s.name, s.region_code
FROM subjects_subject s
WHERE s.code > %(after)s AND s.status = 'active' AND s.known_from <= %(as_of)s AND s.region_code LIKE %(region)s
  AND NOT EXISTS (
    SELECT 1 FROM record r
    WHERE r.subject_id = s.id AND r.item_id <> 'organisation-register' AND r.known_from <= %(as_of)s
               AND r.source_id IS DISTINCT FROM (SELECT id FROM security_department WHERE kind = 'subjects')
  )
ORDER BY s.code
LIMIT %(limit)s

-- name: findings
-- What was found wrong most often in the period's files, by rule; the values stay where they are.
SELECT f.rule, max(f.severity), count(*), count(DISTINCT s.source_id), count(*) FILTER (WHERE f.closed_at <= %(as_of)s)
FROM intake_submission s JOIN intake_finding f ON f.submission_id = s.id
WHERE s.received_at >= %(from_at)s AND s.received_at < %(to_at)s AND s.received_at <= %(as_of)s AND f.severity <> 'warning'
  AND (s.reverted_at IS NULL OR s.reverted_at > %(as_of)s) AND s.subject_id IS NULL
GROUP BY f.rule
ORDER BY count(*) DESC, f.rule
LIMIT %(limit)s

-- name: by_item
SELECT item_id, count(*) FROM record r
WHERE r.item_id = ANY(%(items)s) AND r.version = 1 AND r.known_from <= %(as_of)s
GROUP BY 1

-- name: suppliers_of_items
-- Which units ever brought records of which items.
SELECT t.item_id, array_agg(DISTINCT t.source_id) FROM records_tally t WHERE t.item_id = ANY(%(items)s) GROUP BY 1

-- name: persons_records
-- Records about natural persons by item, county of the unit that reported and month of decision, as they were known at an instant, with
-- how many persons that is; and every total. Persons are counted, not added up: one may stand in several cells.
WITH standing AS (
    SELECT r.item_id, left(d.region_code, 6) AS county, date_trunc('month', r.decided_on)::date AS month, r.subject_id
    FROM record r
    JOIN security_department d ON d.id = r.source_id
    WHERE r.item_id = ANY(%(wanted)s) AND r.decided_on >= %(from)s AND r.decided_on < %(to)s AND r.known_from < %(as_of)s
      AND r.state = 1 AND NOT EXISTS (
        SELECT 1 FROM record_later n
        WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version AND n.known_from < %(as_of)s
      )
)
SELECT item_id, county, month, grouping(county) = 1, grouping(month) = 1, count(*), count(DISTINCT subject_id)
FROM standing
GROUP BY item_id, GROUPING SETS ((county, month), (county), (month), ())
