-- People and units for lists.

-- name: people
-- Accounts with their current post and the roles that hold now; persons' are in no list. department: a code, '-' for nobody's, '' for everybody.
SELECT a.id, a.username, a.display_name, a.is_active, coalesce(d.code, ''), coalesce(d.name, ''), coalesce(o.name, ''),
       coalesce(p.title, ''),
       ARRAY(SELECT g.role FROM security_grant g WHERE g.account_id = a.id AND grant_holds(g.id, %(at)s) ORDER BY g.id)
  FROM security_account a
  LEFT JOIN security_post p ON p.account_id = a.id AND p.valid_from <= %(at)s AND %(at)s < coalesce(p.valid_to, 'infinity')
  LEFT JOIN security_department d ON d.id = p.department_id
  LEFT JOIN security_office o ON o.id = p.office_id
 WHERE CASE WHEN %(account)s = 0 THEN NOT a.is_person ELSE a.id = %(account)s END
   AND (%(department)s = '' OR coalesce(d.code, '-') = %(department)s)
   AND (%(text)s = '' OR a.username ILIKE %(text)s OR a.display_name ILIKE %(text)s)
   AND a.username > %(after)s
 ORDER BY a.username
 LIMIT %(limit)s

-- name: units
SELECT d.id, d.code, d.name, d.short_name, d.region_code, coalesce(r.name, '') AS region_name, r.level, d.is_active,
       (SELECT count(*) FROM security_post p JOIN security_account a ON a.id = p.account_id AND a.is_active
         WHERE p.department_id = d.id AND p.valid_from <= %(at)s AND %(at)s < coalesce(p.valid_to, 'infinity')) AS people
  FROM security_department d
  LEFT JOIN LATERAL (SELECT name, level FROM security_region r WHERE r.code = d.region_code
                      ORDER BY valid_to DESC NULLS FIRST LIMIT 1) r ON true
 WHERE d.kind = 'department' AND (%(own)s = '' OR d.code = %(own)s)
 ORDER BY d.is_active DESC, d.region_code, d.name
