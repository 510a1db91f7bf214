-- name: take_pending
DELETE FROM security_pending WHERE id IN (SELECT id FROM security_pending ORDER BY id LIMIT %s) RETURNING id, kind, ref

-- name: already
SELECT kind, ref FROM security_leaf
WHERE (kind, ref) IN (SELECT k, r FROM unnest(%s::text[], %s::bigint[]) AS asked(k, r))

-- name: copy_leaves
COPY security_leaf (position, kind, ref, salt, hash) FROM STDIN (FORMAT binary)

-- name: size
SELECT coalesce(max(position) + 1, 0) FROM security_leaf

-- name: leaves
SELECT position, hash FROM security_leaf WHERE position >= %s AND position < %s ORDER BY position

-- name: nodes
SELECT number, hash FROM security_node WHERE level = %s AND number >= %s AND number < %s ORDER BY number

-- name: last_checkpoint
SELECT number, size, note FROM security_checkpoint ORDER BY number DESC LIMIT 1

-- name: enter_checkpoint
INSERT INTO security_checkpoint (number, size, note, signed_at) VALUES (%s, %s, %s, %s)

-- name: leaf_of
SELECT position, salt, hash FROM security_leaf WHERE kind = %s AND ref = %s

-- name: enter_batch
INSERT INTO security_batch (submission_id, rows, row_nos, digests, root) VALUES (%s, %s, %s, %s, %s)

-- name: content_audit
-- The entry as JSON of the server's own order, all its columns; what is empty is left out, so that a column added later
-- (empty for old entries) changes no entry's digest.
SELECT a.id, (
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(a))
    WHERE value NOT IN ('null', '""', 'false', '{{}}', '[]')
)::text
FROM security_auditentry a WHERE {which} ORDER BY a.id

-- name: content_records
SELECT a.id, a.submission_id || ' ' || a.rows || ' ' || encode(sha256(a.row_nos), 'hex') || ' ' || encode(a.root, 'hex')
FROM security_batch a WHERE {which} ORDER BY a.id

-- name: content_statement
SELECT a.id, a.body FROM security_statement a WHERE {which} ORDER BY a.id

-- name: walk
-- Every leaf in order with what it stands for as that reads now, and when that says it happened.
SELECT l.position, l.kind, l.ref, l.salt, l.hash, c.content, c.at
FROM security_leaf l LEFT JOIN LATERAL (
    SELECT (
        SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(a))
        WHERE value NOT IN ('null', '""', 'false', '{}', '[]')
    )::text AS content, a.at
    FROM security_auditentry a WHERE l.kind = 'audit' AND a.id = l.ref
    UNION ALL
    SELECT b.submission_id || ' ' || b.rows || ' ' || encode(sha256(b.row_nos), 'hex') || ' ' || encode(b.root, 'hex'), NULL
    FROM security_batch b WHERE l.kind = 'records' AND b.id = l.ref
    UNION ALL
    SELECT s.body, NULL FROM security_statement s WHERE l.kind = 'statement' AND s.id = l.ref
) c ON true
ORDER BY l.position

-- name: unlogged
-- Things without a leaf: waiting for it, or slipped in past the queue.
SELECT t.kind, t.id, EXISTS (SELECT 1 FROM security_pending p WHERE p.kind = t.kind AND p.ref = t.id), t.at
FROM (
    SELECT 'audit' AS kind, id, at FROM security_auditentry
    UNION ALL SELECT 'records', id, NULL FROM security_batch
    UNION ALL SELECT 'statement', id, NULL FROM security_statement
) t
WHERE NOT EXISTS (SELECT 1 FROM security_leaf l WHERE l.kind = t.kind AND l.ref = t.id)
ORDER BY 1, 2

-- name: all_checkpoints
SELECT number, size, note, signed_at FROM security_checkpoint ORDER BY number

-- name: all_nodes
SELECT level, number, hash FROM security_node ORDER BY level, number

-- name: all_statements
SELECT id, public_id, kind, object_ref, body FROM security_statement ORDER BY id

-- name: all_batches
SELECT id, rows, row_nos, digests, root FROM security_batch ORDER BY id
