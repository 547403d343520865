-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: The fusioncache-go authors
--
-- KEYS[1] the lock, and the channel of those who wait for it
-- ARGV    token
-- returns 1, or 0 if the lock is not that of token
if redis.call('GET', KEYS[1]) == ARGV[1] then
	redis.call('DEL', KEYS[1])
	redis.pcall('PUBLISH', KEYS[1], '')
	return 1
end
return 0
