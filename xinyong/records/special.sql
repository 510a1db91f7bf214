-- name: of_subject
-- The newest versions about one subject of some items, of the disclosure asked for; past publicity too, never past retention (nor
-- past a day that was closed: security.md T14), never what the subject left out; of the asker's division.
SELECT r.item_id, r.payload, r.sealed, r.item_version, r.decided_on, r.source_id,
       EXISTS (SELECT 1 FROM records_annotation a
               WHERE a.subject_id = r.subject_id AND a.key_digest = r.key_digest AND a.kind = 'disputed'
                 AND NOT EXISTS (SELECT 1 FROM records_annotationend e WHERE e.annotation_id = a.id)) AS is_disputed,
       said.text AS statement, said.sealed AS statement_sealed
FROM record r
LEFT JOIN LATERAL (
    SELECT a.text, a.sealed FROM records_annotation a
    WHERE a.subject_id = r.subject_id AND a.key_digest = r.key_digest AND a.kind = 'statement'
      AND NOT EXISTS (SELECT 1 FROM records_annotationend e WHERE e.annotation_id = a.id)
    ORDER BY a.id DESC LIMIT 1
) AS said ON true
WHERE r.subject_id = %(subject_id)s AND r.item_id = ANY(%(item_ids)s) AND r.state = 1
  AND r.disclosure = ANY(%(disclosures)s) AND NOT {is_kept_out}
  AND (r.retain_until IS NULL OR greatest(%(today)s, (SELECT max(day) FROM records_clockrun)) < r.retain_until) AND {not_repaired}
  AND (%(reach)s::bigint[] IS NULL OR r.source_id = ANY(%(reach)s::bigint[]))
  AND NOT EXISTS (
      SELECT 1 FROM record n
      WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version
  )
ORDER BY r.decided_on DESC, r.item_id, r.key_digest
LIMIT %(limit)s
