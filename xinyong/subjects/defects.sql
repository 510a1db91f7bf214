-- name: same_org_code
-- The values first, along the index of codes alone ("|| ''" keeps the planner off the index of organisation codes, which
-- visits every row of the table in another order), then the few rows that hold them.
WITH held AS MATERIALIZED (
    SELECT substring(code, 9, 9) || '' AS value
    FROM subjects_subject
    WHERE code IS NOT NULL AND substring(code, 9, 9) || '' > %(after)s
    GROUP BY 1 HAVING count(*) > 1
    ORDER BY 1 LIMIT %(most)s
)
SELECT held.value, '', array_agg(s.code ORDER BY s.code), array_agg(s.id ORDER BY s.code)
FROM held JOIN subjects_subject s ON substring(s.code, 9, 9) = held.value AND s.code IS NOT NULL
GROUP BY held.value
ORDER BY 1

-- name: same_name
-- Only organisations that exist, in one region. The keys first, in one pass over the subjects, which hold the current one;
-- then the few rows that share one, along the index of name keys.
WITH held AS MATERIALIZED (
    SELECT name_key COLLATE "C" AS value, region_code
    FROM subjects_subject
    WHERE code IS NOT NULL AND status IN ('active', 'provisional') AND name_key COLLATE "C" > %(after)s
    GROUP BY 1, 2 HAVING count(*) > 1
    ORDER BY 1, 2 LIMIT %(most)s
)
SELECT held.value, held.region_code, array_agg(s.code ORDER BY s.code), array_agg(s.id ORDER BY s.code)
FROM held
JOIN subjects_subjectname n ON n.name_key = held.value AND n.is_current
JOIN subjects_subject s ON s.id = n.subject_id AND s.region_code = held.region_code
WHERE s.code IS NOT NULL AND s.status IN ('active', 'provisional')
GROUP BY held.value, held.region_code
ORDER BY 1, 2

-- name: duplicate_count
SELECT coalesce(sum(held - 1), 0) FROM (
    SELECT count(*) AS held FROM subjects_subject WHERE code IS NOT NULL GROUP BY substring(code, 9, 9) HAVING count(*) > 1
) groups

-- name: codes_after
SELECT code FROM subjects_subject WHERE code > %(last)s ORDER BY code LIMIT %(most)s
