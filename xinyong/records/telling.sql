-- Whom to tell what. Every statement begins with those who have an account: few beside the archive, and each is looked up
-- by the partition's key.

-- name: held
-- Subjects somebody acts for, and since when: a person by their account, an organisation by a mandate.
held AS MATERIALIZED (
    SELECT subject_id, min(since) AS since FROM (
        SELECT subject_id, verified_at AS since FROM security_personaccount WHERE subject_id IS NOT NULL
        UNION ALL
        SELECT subject_id, given_at FROM security_mandate WHERE ended_at IS NULL AND valid_to > %(now)s
    ) AS a GROUP BY 1
)

-- name: newest_batch
SELECT coalesce(max(id), 0) FROM security_batch

-- name: changes
WITH {held}, came AS MATERIALIZED (
    SELECT DISTINCT submission_id FROM security_batch WHERE id > %(after)s AND id <= %(upto)s
)
SELECT r.subject_id, r.item_id, max(r.item_version), r.source_id, r.submission_id,
       (r.known_from AT TIME ZONE 'Asia/Shanghai')::date AS day, r.version = 1 AS is_new, r.state = 2 AS is_gone, count(*)
FROM held h
JOIN record r ON r.subject_id = h.subject_id AND r.known_from >= h.since
JOIN came USING (submission_id)
WHERE r.source_id <> %(own)s
  -- Withdrawn because its basis fell: whoever withdrew it told the subject then, with the reason.
  AND NOT (r.state = 2 AND EXISTS (
    SELECT FROM records_clockend e
    WHERE e.subject_id = r.subject_id AND e.key_digest = r.key_digest AND e.version = r.version - 1 AND e.reason LIKE 'basis-%%'
  ))
GROUP BY r.subject_id, r.item_id, r.source_id, r.submission_id, day, is_new, is_gone
ORDER BY 1, 2, 5, 6, 7

-- name: publicity
WITH {held}
SELECT r.subject_id, r.item_id, max(r.item_version), r.publish_until, count(*)
FROM held h JOIN record r ON r.subject_id = h.subject_id
WHERE r.state = 1 AND r.publish_from IS NOT NULL AND r.publish_until = ANY(%(days)s::date[]) AND {not_repaired} AND NOT EXISTS (
    SELECT 1 FROM record_later n
    WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version
)
GROUP BY 1, 2, 4 ORDER BY 1, 2, 4

-- name: repairs
WITH {held}
SELECT r.subject_id, r.item_id, max(r.item_version), r.repair_from, count(*)
FROM held h JOIN record r ON r.subject_id = h.subject_id
WHERE r.state = 1 AND r.repair_from = ANY(%(days)s::date[]) AND (r.publish_until IS NULL OR r.publish_until > %(today)s)
  AND {not_repaired} AND NOT EXISTS (
    SELECT 1 FROM record_later n
    WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version
)
GROUP BY 1, 2, 4 ORDER BY 1, 2, 4

-- name: refs
-- How the log names subjects who have an account: an organisation by its code, a person by the digest.
WITH {held}
SELECT h.subject_id, coalesce(s.code, 'person:' || encode(s.person_digest, 'hex')) AS ref
FROM held h JOIN subjects_subject s ON s.id = h.subject_id
WHERE coalesce(s.code, 'person:' || encode(s.person_digest, 'hex')) = ANY(%(refs)s::text[])
