-- name: gather
-- Data about persons whose newest version may be used no longer and was not erased yet. One walk over the items a run; the
-- chunks go along what it found.
CREATE TEMPORARY TABLE due AS
SELECT row_number() OVER (ORDER BY r.item_id, r.subject_id, r.key_digest) AS place, r.subject_id, r.key_digest, r.version,
       r.retain_until AS ended_on
FROM record r
WHERE r.item_id = ANY(%(items)s) AND r.retain_until <= %(ended_by)s
  AND NOT EXISTS (SELECT 1 FROM record_later n
                  WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version)
  AND NOT EXISTS (SELECT 1 FROM record_erased e
                  WHERE e.subject_id = r.subject_id AND e.key_digest = r.key_digest AND e.version = r.version)

-- name: chunk
-- Every version of the data in a chunk that still has its content. A datum that got a later version meanwhile is looked at anew
-- by the next run.
SELECT {columns}
FROM due d JOIN record r ON r.subject_id = d.subject_id AND r.key_digest = d.key_digest
WHERE d.place > %(after)s AND d.place <= %(to)s
  AND NOT EXISTS (SELECT 1 FROM record_later n
                  WHERE n.subject_id = d.subject_id AND n.key_digest = d.key_digest AND n.version > d.version)
  AND NOT EXISTS (SELECT 1 FROM record_erased e
                  WHERE e.subject_id = r.subject_id AND e.key_digest = r.key_digest AND e.version = r.version)
ORDER BY r.subject_id, r.key_digest, r.version

-- name: bury
-- What is left of each: entered first, for the guard of the archive asks for it.
INSERT INTO record_erased (subject_id, key_digest, version, item_id, content_digest, leaf, ended_on, run_id, erased_at)
SELECT r.subject_id, r.key_digest, r.version, r.item_id, r.content_digest, c.leaf, d.ended_on, %(run)s, %(now)s
FROM unnest(%(subjects)s::bigint[], %(keys)s::bytea[], %(versions)s::smallint[], %(leaves)s::bytea[])
     AS c(subject_id, key_digest, version, leaf)
JOIN record r ON r.subject_id = c.subject_id AND r.key_digest = c.key_digest AND r.version = c.version
JOIN due d ON d.subject_id = c.subject_id AND d.key_digest = c.key_digest

-- name: erase
UPDATE record r SET payload = '{}', sealed = NULL, extra = NULL
FROM unnest(%(subjects)s::bigint[], %(keys)s::bytea[], %(versions)s::smallint[]) AS c(subject_id, key_digest, version)
WHERE r.subject_id = c.subject_id AND r.key_digest = c.key_digest AND r.version = c.version

-- name: without_content
-- Of these subjects those of whom no version has its content any more, who have no account here and no case that is open.
SELECT s.id FROM unnest(%(subjects)s::bigint[]) AS s(id)
WHERE NOT EXISTS (SELECT 1 FROM security_personaccount a WHERE a.subject_id = s.id AND a.erased_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM workflow_case c WHERE c.subject_id = s.id AND c.ended_at IS NULL)
  AND NOT EXISTS (
    SELECT 1 FROM record r WHERE r.subject_id = s.id AND NOT EXISTS (
        SELECT 1 FROM record_erased e
        WHERE e.subject_id = r.subject_id AND e.key_digest = r.key_digest AND e.version = r.version))

-- name: leaves
-- Digests of what a run erased of an item, in the order of the root.
SELECT leaf FROM record_erased WHERE run_id = %(run)s AND item_id = %(item)s ORDER BY subject_id, key_digest, version

-- name: leaves_beside
SELECT leaf FROM record_erased_beside WHERE run_id = %(run)s AND item_id = %(item)s ORDER BY submission_id, row_no

-- name: items_of_run
SELECT item_id, min(ended_on), max(ended_on) FROM record_erased WHERE run_id = %(run)s GROUP BY 1
UNION ALL
SELECT item_id, NULL, NULL FROM record_erased_beside WHERE run_id = %(run)s GROUP BY 1
ORDER BY 1

-- name: left
-- Versions said to be erased that are gone altogether, or have any content.
SELECT count(*) FROM record_erased e
LEFT JOIN record r ON r.subject_id = e.subject_id AND r.key_digest = e.key_digest AND r.version = e.version
WHERE e.run_id = %(run)s AND e.item_id = %(item)s
  AND (r.subject_id IS NULL OR r.payload <> '{}' OR r.sealed IS NOT NULL OR r.extra IS NOT NULL)

-- name: of_submission
-- Which versions that a submission brought were erased, and their digests in the evidence log.
SELECT e.subject_id, e.key_digest, e.version, e.leaf
FROM record_erased e
JOIN record r ON r.subject_id = e.subject_id AND r.key_digest = e.key_digest AND r.version = e.version
WHERE r.submission_id = %(submission)s

-- name: over
-- Submissions of these items that are over: of what they brought nothing has its content any more. When the last of it ended.
SELECT r.submission_id, max(e.ended_on)
FROM record r
LEFT JOIN record_erased e ON e.subject_id = r.subject_id AND e.key_digest = r.key_digest AND e.version = r.version
WHERE r.item_id = ANY(%(items)s)
GROUP BY 1
HAVING bool_and(e.subject_id IS NOT NULL)
