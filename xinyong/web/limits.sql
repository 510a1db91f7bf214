-- name: take
-- A bucket refills by its rate up to its burst; a token is taken only when a whole one is there. One statement, so
-- two requests at once cannot both take the last token. No row comes back when the bucket is empty.
INSERT INTO rate_bucket AS b (key, tokens, at)
VALUES (%(key)s, %(burst)s - 1, %(now)s)
ON CONFLICT (key) DO UPDATE
SET tokens = LEAST(%(burst)s, b.tokens + GREATEST(extract(epoch FROM %(now)s - b.at), 0) * %(rate)s) - 1,
    at = GREATEST(b.at, %(now)s)
WHERE LEAST(%(burst)s, b.tokens + GREATEST(extract(epoch FROM %(now)s - b.at), 0) * %(rate)s) >= 1
RETURNING tokens

-- name: level
SELECT LEAST(%(burst)s, tokens + GREATEST(extract(epoch FROM %(now)s - at), 0) * %(rate)s)
FROM rate_bucket WHERE key = %(key)s

-- name: sweep
-- A bucket nobody used for an hour is full again (every rate fills its burst in less), so its row says nothing.
DELETE FROM rate_bucket WHERE at < %(before)s
