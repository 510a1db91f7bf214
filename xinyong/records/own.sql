-- What is on file of one subject, for itself.

-- name: own
-- The newest version of each datum, withdrawn ones and such whose retention is over too.
SELECT {columns}, r.sealed, r.extra, {marks}, {statement_sealed}
FROM record r
WHERE r.subject_id = %(subject_id)s AND {newest} AND {after}
ORDER BY r.decided_on DESC, r.subject_id DESC, r.key_digest DESC
LIMIT %(limit)s

-- name: versions
-- Every version of everything, each datum's newest first.
SELECT {columns}, r.sealed, r.extra, {marks}, {statement_sealed}
FROM record r
WHERE r.subject_id = %(subject_id)s
ORDER BY r.key_digest, r.version DESC
LIMIT %(most)s

-- name: count
SELECT count(*) AS total FROM record r WHERE r.subject_id = %(subject_id)s AND {newest}

-- name: registered
-- The newest word of the register about an organisation.
SELECT r.item_id, r.payload FROM record r
WHERE r.subject_id = %(subject_id)s AND r.item_id = ANY(%(items)s::text[]) AND r.state = 1 AND r.known_from <= %(now)s
  AND NOT EXISTS (
    SELECT 1 FROM record_later n
    WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version
)
ORDER BY r.known_from DESC LIMIT 1
