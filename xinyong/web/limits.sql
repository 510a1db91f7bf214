-- name: take
-- A bucket refills by its rate up to its burst; tokens are taken only when enough whole ones are there. The network's
-- bucket is touched only when the client's had enough. One statement, so two requests at once cannot both take the last
-- token. Says of each bucket whether it had enough.
WITH mine AS (
    INSERT INTO rate_bucket AS b (key, tokens, at)
    SELECT %(client)s, %(burst)s - %(cost)s, %(now)s WHERE %(burst)s >= %(cost)s
    ON CONFLICT (key) DO UPDATE
    SET tokens = LEAST(%(burst)s, b.tokens + GREATEST(extract(epoch FROM %(now)s - b.at), 0) * %(rate)s) - %(cost)s,
        at = GREATEST(b.at, %(now)s)
    WHERE LEAST(%(burst)s, b.tokens + GREATEST(extract(epoch FROM %(now)s - b.at), 0) * %(rate)s) >= %(cost)s
    RETURNING 1
), ours AS (
    INSERT INTO rate_bucket AS b (key, tokens, at)
    SELECT %(network)s, %(burst)s * %(factor)s - %(cost)s, %(now)s FROM mine
    ON CONFLICT (key) DO UPDATE
    SET tokens = LEAST(%(burst)s * %(factor)s,
            b.tokens + GREATEST(extract(epoch FROM %(now)s - b.at), 0) * %(rate)s * %(factor)s) - %(cost)s,
        at = GREATEST(b.at, %(now)s)
    WHERE LEAST(%(burst)s * %(factor)s,
            b.tokens + GREATEST(extract(epoch FROM %(now)s - b.at), 0) * %(rate)s * %(factor)s) >= %(cost)s
    RETURNING 1
)
SELECT EXISTS (SELECT FROM mine), EXISTS (SELECT FROM ours)

-- name: levels
SELECT key, CASE key
    WHEN %(client)s THEN LEAST(%(burst)s, tokens + GREATEST(extract(epoch FROM %(now)s - at), 0) * %(rate)s)
    ELSE LEAST(%(burst)s * %(factor)s, tokens + GREATEST(extract(epoch FROM %(now)s - at), 0) * %(rate)s * %(factor)s)
    END
FROM rate_bucket WHERE key IN (%(client)s, %(network)s)

-- name: give_back
UPDATE rate_bucket
SET tokens = CASE key
        WHEN %(client)s THEN LEAST(%(burst)s, tokens + GREATEST(extract(epoch FROM %(now)s - at), 0) * %(rate)s + %(tokens)s)
        ELSE LEAST(%(burst)s * %(factor)s,
            tokens + GREATEST(extract(epoch FROM %(now)s - at), 0) * %(rate)s * %(factor)s + %(tokens)s) END,
    at = GREATEST(at, %(now)s)
WHERE key IN (%(client)s, %(network)s)

-- name: first_time
INSERT INTO rate_bucket (key, tokens, at) VALUES (%(key)s, 0, %(now)s) ON CONFLICT DO NOTHING

-- name: sweep
-- A bucket nobody used for an hour is full again (every rate fills its burst in less), so its row says nothing.
DELETE FROM rate_bucket WHERE at < %(before)s
