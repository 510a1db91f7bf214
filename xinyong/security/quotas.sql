-- name: take
-- One statement counts a call (or an amount), and only what is left: of any number at once, no more than the quota get a row.
INSERT INTO security_quotause AS q (caller, span, starts_at, used)
SELECT %(caller)s, %(span)s, %(starts_at)s, %(amount)s WHERE %(amount)s <= %(most)s
ON CONFLICT (caller, span, starts_at) DO UPDATE SET used = q.used + %(amount)s WHERE q.used + %(amount)s <= %(most)s
RETURNING used

-- name: by_day
SELECT starts_at, used FROM security_quotause
WHERE caller = %(caller)s AND span = 'day' AND starts_at > %(since)s
ORDER BY starts_at DESC

-- name: sweep
DELETE FROM security_quotause
WHERE (span = 'minute' AND starts_at < %(minutes_before)s) OR (span = 'day' AND starts_at < %(days_before)s)
