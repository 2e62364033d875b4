-- What every build of Lua 5.4 must answer.
local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
assert(_VERSION == "Lua 5.4")
assert(fib(20) == 6765)
assert(math.type(7 // 2) == "integer" and 7 // 2 == 3 and 7 / 2 == 3.5)
assert(("straylight"):gsub("light", "dark") == "straydark")
assert(string.format("%5.2f|%d|%s", 3.14159, 42, true) == " 3.14|42|true")
assert(select("#", table.unpack({ 1, nil, 3 }, 1, 3)) == 3)
local words = {}
for word in ("the hash is the artifact"):gmatch("%a+") do words[#words + 1] = word end
table.sort(words)
assert(table.concat(words, " ") == "artifact hash is the the")
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)
assert(co() == 1 and co() == 4 and co() == 9)
local ok, message = pcall(error, { code = 7 })
assert(not ok and message.code == 7)
assert(utf8.len("größe") == 5)
assert(load("return 1 + 1")() == 2)
local t <const> = setmetatable({}, { __index = function(_, k) return k * 2 end })
assert(t[21] == 42)
assert(math.abs(math.sin(1)^2 + math.cos(1)^2 - 1) < 1e-12)
print("lua is well")
