-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: The fusioncache-go authors
--
-- KEYS[1] the lock
-- ARGV    token, ttl in ms
-- returns 1, or 0 if the lock is not that of token
if redis.call('GET', KEYS[1]) == ARGV[1] then
	return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
