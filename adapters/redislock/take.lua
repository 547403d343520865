-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: The fusioncache-go authors
--
-- KEYS[1] the lock
-- ARGV    token, ttl in ms
-- returns the fence, 0 if the lock is held
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
	local now = redis.call('TIME')
	return now[1] * 1000000 + now[2]
end
return 0
