-- Grants with everything a request or a page needs to know of them. Parameters: at, and account or grant.

-- name: held
-- Whether a grant is a right is asked of one function of the database, grant_holds; triggers ask the same one.
SELECT g.id, g.account_id, a.username, g.role, d.code AS department, coalesce(d.name, '') AS department_name, g.region,
       g.items, g.valid_from, g.valid_to, g.reason, g.given_at, g.given_by, g.delegated_from_id AS delegated_from,
       coalesce(sa.username, '') AS delegated_by, g.ended_at, g.ended_by, g.end_reason, g.post_id,
       pd.code AS post_department, p.valid_to AS post_ended_at, a.is_active AS account_is_active,
       grant_holds(g.id, %(at)s) AS holds
  FROM security_grant g
  JOIN security_account a ON a.id = g.account_id
  JOIN security_post p ON p.id = g.post_id
  LEFT JOIN security_department d ON d.id = g.department_id
  LEFT JOIN security_department pd ON pd.id = p.department_id
  LEFT JOIN security_grant s ON s.id = g.delegated_from_id
  LEFT JOIN security_account sa ON sa.id = s.account_id

-- name: of_account
 WHERE g.account_id = %(account)s ORDER BY g.id

-- name: one
 WHERE g.id = %(grant)s

-- name: passed_on
 WHERE s.account_id = %(account)s ORDER BY g.id DESC
