-- name: take_here
-- One try of an account from a network (or a device that knows it), counted before the password is looked at: a hundred
-- tries at once are a hundred tries. Old failures are forgotten; while closed nothing changes.
INSERT INTO security_attempt AS a (key, failures, failed_at) VALUES (%(key)s, 1, %(now)s)
ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN a.closed_until > %(now)s THEN a.failures
                    WHEN a.closed_until IS NOT NULL OR a.failed_at < %(forget)s THEN 1 ELSE a.failures + 1 END,
    failed_at = CASE WHEN a.closed_until > %(now)s THEN a.failed_at ELSE %(now)s END,
    closed_until = CASE WHEN a.closed_until > %(now)s THEN a.closed_until
                        WHEN a.closed_until IS NOT NULL OR a.failed_at < %(forget)s THEN NULL
                        WHEN a.failures + 1 > %(tries)s THEN %(until)s END
RETURNING closed_until, succeeded_at

-- name: take_anywhere
-- One try of an account from wherever. No row comes back when a network that never signed in has to wait: after the first
-- few failures 1, 2, 4 … seconds since the last one, up to a limit.
INSERT INTO security_attempt AS a (key, failures, failed_at) VALUES (%(key)s, 1, %(now)s)
ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN a.failed_at < %(forget)s THEN 1 ELSE a.failures + 1 END,
    failed_at = %(now)s
WHERE %(is_known)s OR a.failures < %(calm)s
   OR a.failed_at + least(power(2, least(a.failures - %(calm)s, 20)), %(longest)s) * interval '1 second' <= %(now)s
RETURNING failures

-- name: wait_anywhere
SELECT failed_at + least(power(2, least(failures - %(calm)s, 20)), %(longest)s) * interval '1 second'
FROM security_attempt WHERE key = %(key)s

-- name: close_here
-- The last of the tries was wrong.
UPDATE security_attempt SET closed_until = %(until)s
WHERE key = %(key)s AND failures >= %(tries)s AND closed_until IS NULL
RETURNING closed_until

-- name: give_back
-- The password was right: it was no wrong try.
UPDATE security_attempt SET failures = greatest(failures - 1, 0) WHERE key IN (%(key)s, %(anywhere)s)

-- name: clear_here
UPDATE security_attempt SET failures = 0, closed_until = NULL, succeeded_at = %(now)s WHERE key = %(key)s

-- name: of_late
SELECT failures FROM security_attempt
WHERE key = %(key)s AND (%(since)s::timestamptz IS NULL OR failed_at > %(since)s)

-- name: sweep
DELETE FROM security_attempt
WHERE coalesce(failed_at, '-infinity') < %(failed_before)s AND coalesce(closed_until, '-infinity') < %(failed_before)s
  AND coalesce(succeeded_at, '-infinity') < %(known_since)s
