-- name: is_deposited
SELECT 1 FROM intake_chunk WHERE submission_id = %s AND chunk_no = %s AND lane = %s

-- name: enter_chunk
INSERT INTO intake_chunk (submission_id, chunk_no, lane, rows, accepted, doubtful, rejected, duplicate, unchanged,
                          warnings, late, deposited_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)

-- name: sums
SELECT coalesce(sum(rows), 0), coalesce(sum(accepted), 0), coalesce(sum(doubtful), 0), coalesce(sum(rejected), 0),
       coalesce(sum(duplicate), 0), coalesce(sum(unchanged), 0), coalesce(sum(warnings), 0), coalesce(sum(late), 0)
FROM intake_chunk WHERE submission_id = %s

-- name: copy_findings
COPY intake_finding (submission_id, row_no, "column", field, value, rule, severity, message, message_en, basis, suggestion)
FROM STDIN

-- name: copy_waiting
COPY intake_waitingrow (submission_id, row_no, outcome, anchor_by_name, anchor_by_code, "row", sealed) FROM STDIN

-- name: told_rows
-- Rows about which something is said, in order; no more are looked at than a page has. A row that waits has its outcome; of the
-- others it is said that they repeat an earlier row, or something that did not keep them out.
WITH said AS MATERIALIZED (
    SELECT f.row_no, bool_or(f.rule = 'V11-duplicate') AS is_repeated
    FROM intake_finding f
    WHERE f.submission_id = %(submission)s AND f.row_no > %(after)s
      AND (%(outcome)s = '' OR NOT EXISTS (
          SELECT 1 FROM intake_waitingrow w WHERE w.submission_id = %(submission)s AND w.row_no = f.row_no))
    GROUP BY f.row_no
    HAVING %(outcome)s = '' OR bool_or(f.rule = 'V11-duplicate') = (%(outcome)s = 'duplicate')
    ORDER BY f.row_no
    LIMIT %(limit)s
)
SELECT s.row_no, coalesce(w.outcome, CASE WHEN s.is_repeated THEN 'duplicate' ELSE 'noted' END), w.closed_by
FROM said s LEFT JOIN intake_waitingrow w ON w.submission_id = %(submission)s AND w.row_no = s.row_no
ORDER BY s.row_no

-- name: waiting_rows
-- The same of one outcome that makes a row wait.
SELECT row_no, outcome, closed_by FROM intake_waitingrow
WHERE submission_id = %(submission)s AND row_no > %(after)s AND outcome = %(outcome)s
ORDER BY row_no
LIMIT %(limit)s

-- name: open_anchors
-- Rows of earlier submissions of the same source and item that still wait, the latest first.
SELECT w.anchor_by_name, w.anchor_by_code
FROM intake_waitingrow w JOIN intake_submission s ON s.id = w.submission_id
WHERE s.source_id = %s AND s.item_id = %s AND s.id <> %s AND w.closed_at IS NULL
ORDER BY w.id DESC
LIMIT 200000

-- name: close_waiting
-- A later row of the same source with the same document, about the same name or the same code, went in.
UPDATE intake_waitingrow w SET closed_at = %(now)s, closed_by = %(submission)s
FROM intake_submission s
WHERE s.id = w.submission_id AND s.source_id = %(source)s AND s.item_id = %(item)s AND s.id <> %(submission)s
  AND w.closed_at IS NULL AND (w.anchor_by_name = ANY(%(anchors)s) OR w.anchor_by_code = ANY(%(anchors)s))
RETURNING w.submission_id, w.row_no

-- name: close_findings
UPDATE intake_finding f SET closed_at = %s, closed_by = %s
FROM unnest(%s::bigint[], %s::int[]) AS c(submission_id, row_no)
WHERE f.submission_id = c.submission_id AND f.row_no = c.row_no AND f.closed_at IS NULL

-- name: only_misnamed
-- Open rows whose one doubt is that their name is not registered under their code.
SELECT w.id, w.submission_id, w.row_no, s.item_id, s.item_version, w."row"
FROM intake_waitingrow w JOIN intake_submission s ON s.id = w.submission_id
WHERE w.closed_at IS NULL AND w.outcome = 'doubtful' AND w."row" IS NOT NULL AND w.id > %(after)s
  AND EXISTS (SELECT 1 FROM intake_finding f WHERE f.submission_id = w.submission_id AND f.row_no = w.row_no
              AND f.rule = %(rule)s)
  AND NOT EXISTS (SELECT 1 FROM intake_finding f WHERE f.submission_id = w.submission_id AND f.row_no = w.row_no
                  AND f.rule <> %(rule)s AND f.severity <> 'warning')
ORDER BY w.id
LIMIT %(limit)s

-- name: desk_rows
-- Open doubtful rows whose doubts are all about whose row it is.
SELECT w.id, w.submission_id, w.row_no, s.item_id, s.item_version, s.source_id, s.received_at, w."row",
       (SELECT f.message || chr(31) || f.message_en FROM intake_finding f
        WHERE f.submission_id = w.submission_id AND f.row_no = w.row_no AND f.rule = ANY(%(whose)s) LIMIT 1)
FROM intake_waitingrow w JOIN intake_submission s ON s.id = w.submission_id
WHERE w.closed_at IS NULL AND w.outcome = 'doubtful' AND w."row" IS NOT NULL AND w.id > %(after)s
  AND EXISTS (SELECT 1 FROM intake_finding f WHERE f.submission_id = w.submission_id AND f.row_no = w.row_no
              AND f.rule = ANY(%(whose)s))
  AND NOT EXISTS (SELECT 1 FROM intake_finding f WHERE f.submission_id = w.submission_id AND f.row_no = w.row_no
                  AND f.severity = 'error')
ORDER BY w.id
LIMIT %(limit)s

-- name: duties
-- Who owed which item in the period, as it was known: of each beginning the newest word, one line a unit and item. No
-- unit (null) is every one.
SELECT source_id, item_id, min(starts_on), CASE WHEN bool_or(ends_on IS NULL) THEN NULL ELSE max(ends_on) END,
       sum(least(coalesce(ends_on, %(to)s), %(to)s) - greatest(starts_on, %(from)s))
FROM (
    SELECT DISTINCT ON (source_id, item_id, starts_on) source_id, item_id, starts_on, ends_on
    FROM intake_duty
    WHERE made_at <= %(as_of)s AND (%(unit)s::bigint IS NULL OR source_id = %(unit)s)
    ORDER BY source_id, item_id, starts_on, version DESC
) AS known
WHERE starts_on < %(to)s AND (ends_on IS NULL OR ends_on > greatest(starts_on, %(from)s))
GROUP BY source_id, item_id

-- name: suppliers
-- Who may report items on a day, whatever an item's mode: of each beginning of a grant, and of a duty, the newest word. No unit or
-- item (null) is every one.
SELECT source_id, item_id, 'granted' FROM (
    SELECT DISTINCT ON (source_id, item_id, starts_on) source_id, item_id, starts_on, ends_on
    FROM intake_supplygrant
    WHERE (%(unit)s::bigint IS NULL OR source_id = %(unit)s) AND (%(item)s::text IS NULL OR item_id = %(item)s)
    ORDER BY source_id, item_id, starts_on, version DESC
) AS granted
WHERE starts_on <= %(on)s AND (ends_on IS NULL OR ends_on > %(on)s)
UNION
SELECT source_id, item_id, 'owed' FROM (
    SELECT DISTINCT ON (source_id, item_id, starts_on) source_id, item_id, starts_on, ends_on
    FROM intake_duty
    WHERE (%(unit)s::bigint IS NULL OR source_id = %(unit)s) AND (%(item)s::text IS NULL OR item_id = %(item)s)
    ORDER BY source_id, item_id, starts_on, version DESC
) AS owed
WHERE starts_on <= %(on)s AND (ends_on IS NULL OR ends_on > %(on)s)

-- name: supplied_lately
-- Which units handed in files of an item since an instant, by what ways, how often and when last: what neither was refused nor
-- cancelled, without what organisations declare of themselves and without the change feed of the register.
SELECT source_id, count(*), max(received_at), array_agg(DISTINCT channel ORDER BY channel)
FROM intake_submission
WHERE item_id = %(item)s AND received_at >= %(since)s AND subject_id IS NULL AND channel <> %(feed)s
  AND status NOT IN ('refused', 'cancelled')
GROUP BY source_id

-- name: declared
-- The newest word of each unit on each item of a month, as it was known; one that was taken back has no number.
SELECT DISTINCT ON (source_id, item_id, kind) source_id, item_id, kind, version, number, found, note, made_at, made_by
FROM intake_declaration
WHERE period = %(from)s AND made_at <= %(as_of)s AND (%(unit)s::bigint IS NULL OR source_id = %(unit)s)
ORDER BY source_id, item_id, kind, version DESC

-- name: doubt_rows
-- Rows that wait with a doubt, or with an error for which a value is suggested; along the index of rows that wait.
SELECT w.id, w.submission_id, w.row_no, w.outcome, s.item_id, s.item_version, s.source_id, s.file_name, s.received_at
FROM intake_waitingrow w
JOIN intake_submission s ON s.id = w.submission_id
JOIN security_department d ON d.id = s.source_id
WHERE w.closed_at IS NULL AND w.id > %(after)s AND (%(ids)s::bigint[] IS NULL OR w.id = ANY(%(ids)s::bigint[]))
  AND (w.outcome = 'doubtful' OR EXISTS (
        SELECT 1 FROM intake_finding f WHERE f.submission_id = w.submission_id AND f.row_no = w.row_no
        AND f.suggestion <> '' AND f.rule LIKE %(values)s AND f.severity <> 'warning'))
  AND (%(item)s = '' OR s.item_id = %(item)s)
  AND (%(items)s::text[] IS NULL OR s.item_id = ANY(%(items)s::text[]))
  AND (%(source)s = '' OR d.code = %(source)s)
  AND s.received_at <= %(before)s
  AND (%(rule)s = '' OR EXISTS (
        SELECT 1 FROM intake_finding f WHERE f.submission_id = w.submission_id AND f.row_no = w.row_no
        AND f.rule = %(rule)s))
  AND (%(state)s = '' OR EXISTS (
        SELECT 1 FROM (
            SELECT a.kind, a.until FROM intake_rowact a
            WHERE a.submission_id = w.submission_id AND a.row_no = w.row_no AND a.kind = ANY(%(standing)s)
              AND NOT EXISTS (SELECT 1 FROM intake_rowact u WHERE u.undoes_id = a.id)
            ORDER BY a.id DESC LIMIT 1
        ) AS last
        WHERE last.kind = %(state)s OR (%(state)s = 'overdue' AND last.kind = 'sent-back' AND last.until < %(today)s)))
ORDER BY w.id
LIMIT %(limit)s

-- name: doubt_rules
-- The rules behind the first thousands of rows that wait.
SELECT DISTINCT f.rule
FROM (
    SELECT w.submission_id, w.row_no
    FROM intake_waitingrow w
    JOIN intake_submission s ON s.id = w.submission_id
    JOIN security_department d ON d.id = s.source_id
    WHERE w.closed_at IS NULL AND (%(source)s = '' OR d.code = %(source)s)
      AND (w.outcome = 'doubtful' OR EXISTS (
            SELECT 1 FROM intake_finding f WHERE f.submission_id = w.submission_id AND f.row_no = w.row_no
            AND f.suggestion <> '' AND f.rule LIKE %(values)s AND f.severity <> 'warning'))
    ORDER BY w.id LIMIT 5000
) AS waits
JOIN intake_finding f ON f.submission_id = waits.submission_id AND f.row_no = waits.row_no
WHERE f.closed_at IS NULL AND f.severity <> 'warning'
ORDER BY 1

-- name: deposited
SELECT coalesce(sum(records), 0) FROM records_tally WHERE item_id = %s

-- name: on_file
-- The newest versions that stand, each field as text in a column of its own: one walk of the payload a row. Placeholders
-- are filled in by psycopg: COPY takes no parameters.
COPY (
    SELECT r.source_id, r.submission_id, r.row_no, encode(r.sealed, 'hex'), {fields}
    FROM record r CROSS JOIN LATERAL jsonb_to_record(r.payload) AS x({shape})
    WHERE r.item_id = {item} AND r.state = 1 AND NOT EXISTS (
        SELECT 1 FROM record_later n
        WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version
    ) AND NOT EXISTS ( -- what was erased says nothing that could be checked
        SELECT 1 FROM record_erased e
        WHERE e.subject_id = r.subject_id AND e.key_digest = r.key_digest AND e.version = r.version
    )
) TO STDOUT (FORMAT csv)
