-- name: position
SELECT greatest(
    coalesce((SELECT max(sequence) FROM subjects_changeoutcome WHERE source_id = %(source_id)s), 0),
    coalesce((SELECT max(last) FROM subjects_changeskip WHERE source_id = %(source_id)s), 0)
)

-- name: told
SELECT c.sequence, c.event_id, c.kind, c.code, c.effective_on, c.digest, c.received_at, coalesce(o.outcome, ''),
       coalesce(o.reasons::text, '[]'), o.submission_id, o.at
FROM subjects_change c LEFT JOIN subjects_changeoutcome o ON o.change_id = c.id
WHERE c.source_id = %(source_id)s AND c.sequence = ANY(%(sequences)s)
ORDER BY c.sequence

-- name: refused
SELECT c.sequence, c.event_id, c.kind, c.code, c.effective_on, c.digest, c.received_at, coalesce(o.outcome, ''),
       coalesce(o.reasons::text, '[]'), o.submission_id, o.at
FROM subjects_changeoutcome o JOIN subjects_change c ON c.id = o.change_id
WHERE o.source_id = %(source_id)s AND o.outcome = 'refused' AND o.sequence < %(before)s
ORDER BY o.sequence DESC LIMIT %(limit)s

-- name: sources
SELECT source_id FROM subjects_change UNION SELECT source_id FROM subjects_changeskip ORDER BY 1

-- name: state
WITH settled AS (
    SELECT greatest(
        coalesce((SELECT max(sequence) FROM subjects_changeoutcome WHERE source_id = %(source_id)s), 0),
        coalesce((SELECT max(last) FROM subjects_changeskip WHERE source_id = %(source_id)s), 0)
    ) AS position
), latest AS (
    SELECT extract(epoch FROM o.at - c.received_at) AS seconds
    FROM subjects_changeoutcome o JOIN subjects_change c ON c.id = o.change_id
    WHERE o.source_id = %(source_id)s ORDER BY o.sequence DESC LIMIT 1000
), waits AS (
    SELECT count(*) AS waiting, min(sequence) AS first, min(received_at) AS since
    FROM subjects_change, settled WHERE source_id = %(source_id)s AND sequence > settled.position
), outcomes AS (
    SELECT count(*) FILTER (WHERE outcome = 'applied') AS applied, count(*) FILTER (WHERE outcome = 'refused') AS refused,
           max(at) AS last_at
    FROM subjects_changeoutcome WHERE source_id = %(source_id)s
), received AS (
    SELECT coalesce(max(sequence), 0) AS upto, max(received_at) AS last_at FROM subjects_change WHERE source_id = %(source_id)s
)
SELECT settled.position, greatest(received.upto, settled.position), waits.waiting, waits.first, waits.since, outcomes.applied,
       outcomes.refused, received.last_at, outcomes.last_at,
       (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FROM latest)::float,
       (SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) FROM latest)::float
FROM settled, waits, outcomes, received
