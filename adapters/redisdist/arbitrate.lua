-- Decides whether a write may replace what a key holds, and stores the outcome.
-- The rule is that of core.Write.Decide in Go; a test compares the two.
--
-- KEYS[1] the key
-- ARGV    mode (force, fill, replay), header, which the client has checked, body, ttl in ms (empty: for ever),
--         expected header (fill), clock skew in ms (replay), ttl of a tombstone in ms (empty: for ever),
--         channel (empty: none) and message to publish once it is stored,
--         until when to carry it out in microseconds (empty: for ever)
-- returns a text of four parts with a space between: a word (stored, refused, foreign,
-- late); told if the message was published; the time, as seconds:microseconds, if the
-- user may ask for it; the header that is in place now
--
-- A header has 48 bytes: H1, time (13 digits), tick (5), bump (5), node (12 hex),
-- operation (9 hex), kind, line feed. All numbers stay below 2^53, so that they
-- are exact in Lua. Most of a run was once the reading of numbers, so that is done
-- only where they are needed: digits of equal number compare as text.

local SIZE, MAX, MAX_TIME, NOBODY = 48, 99999, 9999999999999, '000000000000'
local mode, header, body, ttl, expected = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local function valid(h)
	return #h == SIZE and string.find(h, '^H1%d+[%da-f]+[VFT]\n$') and (string.find(h, '[a-f]') or SIZE) > 25
end

local function parse(h)
	return {
		time = tonumber(string.sub(h, 3, 15), 10), tick = tonumber(string.sub(h, 16, 20), 10),
		bump = tonumber(string.sub(h, 21, 25), 10), node = tonumber(string.sub(h, 26, 37), 16),
		op = tonumber(string.sub(h, 38, 46), 16), kind = string.sub(h, 47, 47),
	}
end

local function higher(a, b)
	local at, bt = string.sub(a, 3, 25), string.sub(b, 3, 25)
	if at ~= bt then return at > bt end
	return tonumber(string.sub(a, 26, 37), 16) > tonumber(string.sub(b, 26, 37), 16)
end

local clock, now = redis.pcall('TIME'), ''
if not clock.err then
	now = clock[1] .. ':' .. clock[2]
	if ARGV[10] ~= '' and clock[1] * 1000000 + clock[2] > tonumber(ARGV[10], 10) then return 'late  ' .. now .. ' ' end
end

local current = redis.call('GETRANGE', KEYS[1], 0, SIZE - 1)
local doubt = false -- which of the two is the newer; then a tombstone of nobody takes the place

if current == '' then
	if mode == 'fill' and expected ~= '' then return 'refused  ' .. now .. ' ' end
else
	if not valid(current) then return 'foreign  ' .. now .. ' ' end
	if mode == 'fill' and current ~= expected then return 'refused  ' .. now .. ' ' .. current end
	if mode == 'replay' then
		local ours, there, skew = parse(header), parse(current), tonumber(ARGV[6], 10)
		if there.node == ours.node and there.op == ours.op then return 'stored  ' .. now .. ' ' .. current end
		if there.node == ours.node and there.kind ~= 'F' then
			if there.op > ours.op then return 'refused  ' .. now .. ' ' .. current end
		elseif there.time > ours.time + skew then
			return 'refused  ' .. now .. ' ' .. current
		elseif there.time + skew >= ours.time then
			doubt, body, ttl = true, '', ARGV[7]
		end
	end
	if string.sub(current, 47, 47) == 'T' and ttl ~= '' and (ARGV[7] == '' or tonumber(ttl, 10) < tonumber(ARGV[7], 10)) then
		ttl = ARGV[7] -- or else a load from before the removal would find the place as empty as it was
	end
	local above = higher(header, current)
	if not above or doubt then
		local p = parse(above and header or current)
		if p.bump < MAX then
			p.bump = p.bump + 1
		elseif p.time < MAX_TIME then
			p.time, p.tick, p.bump = p.time + 1, 0, 1
		else
			p.tick = MAX
		end
		header = string.format('H1%013.0f%05.0f%05.0f', p.time, p.tick, p.bump)
			.. (doubt and NOBODY .. string.sub(header, 38, 46) .. 'T\n' or string.sub(header, 26))
	end
end

local function set()
	if ttl == '' then return redis.pcall('SET', KEYS[1], header .. body) end
	return redis.pcall('SET', KEYS[1], header .. body, 'PX', ttl)
end

local reply = set()
if reply.err and mode ~= 'fill' and string.find(reply.err, 'OOM', 1, true) then
	-- The server is full. What is obsolete goes all the same, and a tombstone takes its place, of a
	-- value too: the place must not look as empty as it did to a load from before. A script that has
	-- made room may go on writing.
	local value = string.sub(header, 47, 47) ~= 'T'
	redis.call('UNLINK', KEYS[1])
	header, body = string.sub(header, 1, 46) .. 'T\n', ''
	if value then ttl = ARGV[7] end -- of which the caller gives one, whatever it writes
	local again = set()
	if not value or again.err then reply = again end
end
if reply.err then return reply end
if ARGV[8] ~= '' and type(redis.pcall('PUBLISH', ARGV[8], ARGV[9])) == 'number' then
	return 'stored told ' .. now .. ' ' .. header
end
return 'stored  ' .. now .. ' ' .. header
