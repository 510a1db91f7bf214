-- name: is_kept_out
-- True for a record that its subject does not want shown. Few items are of that kind; only for theirs the table is asked.
(r.item_id = ANY(%(out_items)s::text[]) AND EXISTS (
    SELECT 1 FROM records_optout o
    JOIN unnest(%(out_kinds)s::text[], %(out_items)s::text[], %(out_fields)s::text[], %(out_words)s::text[])
        AS c(kind, item_id, field, word) ON c.kind = o.kind
    WHERE o.subject_id = r.subject_id AND o.is_out AND c.item_id = r.item_id
      AND (c.field = '' OR starts_with(coalesce(r.payload ->> c.field, ''), c.word))
      AND NOT EXISTS (
          SELECT 1 FROM records_optout l WHERE l.subject_id = o.subject_id AND l.kind = o.kind AND l.id > o.id
      )
))

-- name: out
SELECT o.subject_id, o.kind FROM records_optout o
WHERE o.subject_id = ANY(%(subjects)s::bigint[]) AND o.kind = ANY(%(kinds)s::text[]) AND o.is_out
  AND NOT EXISTS (SELECT 1 FROM records_optout l WHERE l.subject_id = o.subject_id AND l.kind = o.kind AND l.id > o.id)
