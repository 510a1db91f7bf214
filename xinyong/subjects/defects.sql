-- name: same_org_code
SELECT substring(code, 9, 9), '', array_agg(code ORDER BY code), array_agg(id ORDER BY code)
FROM subjects_subject
WHERE code IS NOT NULL AND substring(code, 9, 9) > %(after)s
GROUP BY substring(code, 9, 9) HAVING count(*) > 1
ORDER BY 1 LIMIT %(most)s

-- name: same_name
-- Along the index of name keys; only organisations that exist, in one region.
SELECT n.name_key, s.region_code, array_agg(s.code ORDER BY s.code), array_agg(s.id ORDER BY s.code)
FROM subjects_subjectname n JOIN subjects_subject s ON s.id = n.subject_id
WHERE n.is_current AND s.code IS NOT NULL AND s.status IN ('active', 'provisional') AND n.name_key > %(after)s
GROUP BY n.name_key, s.region_code HAVING count(*) > 1
ORDER BY 1, 2 LIMIT %(most)s

-- name: duplicate_count
SELECT coalesce(sum(held - 1), 0) FROM (
    SELECT count(*) AS held FROM subjects_subject WHERE code IS NOT NULL GROUP BY substring(code, 9, 9) HAVING count(*) > 1
) groups

-- name: codes_after
SELECT code FROM subjects_subject WHERE code > %(last)s ORDER BY code LIMIT %(most)s
