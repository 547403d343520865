-- Decides whether a write may replace what a key holds, and stores the outcome.
-- The rule is that of core.Write.Decide in Go; a test compares the two.
--
-- KEYS[1] the key
-- ARGV    mode (force, fill, replay), header, body, ttl in ms (empty: for ever),
--         expected header (fill), clock skew in ms and ttl of a tombstone (replay),
--         channel (empty: none) and message to publish once it is stored,
--         until when to carry it out in microseconds (empty: for ever)
-- returns a word (stored, refused, foreign, late), the header that is in place now,
-- told if the message was published, and the time in microseconds if the user may
-- ask for it
--
-- A header has 48 bytes: H1, time (13 digits), tick (5), bump (5), node (12 hex),
-- operation (9 hex), kind, line feed. All numbers stay below 2^53, so that they
-- are exact in Lua.

local SIZE, MAX, MAX_TIME = 48, 99999, 9999999999999
local mode, header, body, ttl, expected = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local function parse(h)
	if #h < SIZE or not string.find(h, '^H1%d+[%da-f]+[VFT]\n', 1) then return nil end
	local p = {
		time = tonumber(string.sub(h, 3, 15), 10), tick = tonumber(string.sub(h, 16, 20), 10),
		bump = tonumber(string.sub(h, 21, 25), 10), node = tonumber(string.sub(h, 26, 37), 16),
		op = tonumber(string.sub(h, 38, 46), 16), kind = string.sub(h, 47, 47),
	}
	if p.time and p.tick and p.bump and p.node and p.op then return p end
	return nil
end

local function higher(a, b)
	if a.time ~= b.time then return a.time > b.time end
	if a.tick ~= b.tick then return a.tick > b.tick end
	if a.bump ~= b.bump then return a.bump > b.bump end
	return a.node > b.node
end

local clock, now = redis.pcall('TIME'), ''
if not clock.err then
	now = string.format('%.0f', clock[1] * 1000000 + clock[2])
	if ARGV[10] ~= '' and tonumber(now, 10) > tonumber(ARGV[10], 10) then return {'late', '', '', now} end
end

local current = redis.call('GETRANGE', KEYS[1], 0, SIZE - 1)
local ours = parse(header)
if not ours then return {'foreign', '', '', now} end
local kind = ours.kind

if current == '' then
	if mode == 'fill' and expected ~= '' then return {'refused', '', '', now} end
else
	local there = parse(current)
	if not there then return {'foreign', '', '', now} end
	if mode == 'fill' and current ~= expected then return {'refused', current, '', now} end
	if mode == 'replay' then
		local skew = tonumber(ARGV[6], 10)
		if there.node == ours.node and there.op == ours.op then return {'stored', current, '', now} end
		if there.node == ours.node and there.kind ~= 'F' then
			if there.op > ours.op then return {'refused', current, '', now} end
		elseif there.time > ours.time + skew then
			return {'refused', current, '', now}
		elseif there.time + skew >= ours.time then
			kind, body, ttl = 'T', '', ARGV[7]
		end
	end
	local above = higher(ours, there)
	if not above then ours.time, ours.tick, ours.bump = there.time, there.tick, there.bump end
	if not above or kind ~= ours.kind then
		if ours.bump < MAX then
			ours.bump = ours.bump + 1
		elseif ours.time < MAX_TIME then
			ours.time, ours.tick, ours.bump = ours.time + 1, 0, 1
		else
			ours.tick = MAX
		end
	end
	header = string.format('H1%013.0f%05.0f%05.0f', ours.time, ours.tick, ours.bump)
		.. string.sub(header, 26, 46) .. kind .. '\n'
end

if ttl == '' then
	redis.call('SET', KEYS[1], header .. body)
else
	redis.call('SET', KEYS[1], header .. body, 'PX', ttl)
end
if ARGV[8] ~= '' and type(redis.pcall('PUBLISH', ARGV[8], ARGV[9])) == 'number' then
	return {'stored', header, 'told', now}
end
return {'stored', header, '', now}
