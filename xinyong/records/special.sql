-- name: of_subject
-- The newest versions about one subject of one item, past publicity too, never past retention; of the asker's division.
SELECT r.payload, r.sealed, r.item_version, r.decided_on, r.source_id,
       EXISTS (SELECT 1 FROM records_annotation a
               WHERE a.subject_id = r.subject_id AND a.key_digest = r.key_digest AND a.kind = 'disputed'
                 AND NOT EXISTS (SELECT 1 FROM records_annotationend e WHERE e.annotation_id = a.id)) AS is_disputed
FROM record r
WHERE r.subject_id = %(subject_id)s AND r.item_id = %(item_id)s AND r.state = 1
  AND r.disclosure IN ('public', 'shared', 'authorised')
  AND (r.retain_until IS NULL OR %(today)s < r.retain_until)
  AND NOT EXISTS (
      SELECT 1 FROM records_repair p
      WHERE p.subject_id = r.subject_id AND p.key_digest = r.key_digest
        AND NOT EXISTS (SELECT 1 FROM records_repairend e WHERE e.repair_id = p.id)
  )
  AND (%(reach)s::bigint[] IS NULL OR r.source_id = ANY(%(reach)s::bigint[]))
  AND NOT EXISTS (
      SELECT 1 FROM record n
      WHERE n.subject_id = r.subject_id AND n.key_digest = r.key_digest AND n.version > r.version
  )
ORDER BY r.decided_on DESC
LIMIT %(limit)s
