-- name: see_nonce
-- No row is made when the nonce is known; of two that come at once, one waits for the other and finds it.
INSERT INTO security_seennonce (sender, nonce, seen_at) VALUES (%(sender)s, %(nonce)s, %(now)s)
ON CONFLICT (sender, nonce) DO NOTHING

-- name: so_far
SELECT count(*), COALESCE(max(seq), 0), max(received_at) FROM security_partnermessage WHERE partner_id = %(partner)s

-- name: gaps
-- Numbers that never came. A message keeps the number it followed, so its index finds the few that left some out.
SELECT follows + 1, seq - 1 FROM security_partnermessage
WHERE partner_id = %(partner)s AND seq > follows + 1
ORDER BY seq DESC LIMIT 1000
