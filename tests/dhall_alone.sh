#!/bin/sh
# tests/dhall_alone.sh: src/dhall stands alone: what it needs, down to the C library, is known.
#
# From the symbols of the compiled objects: those of src/dhall, what of ours they call, and what
# those call in turn. Nothing of it may open a file, look at the environment, a clock or a network:
# imports come through struct dhall_reader. stack.c alone asks the system, for a stack; with
# stack_plain.c in its place (dhall_plain_test) the rest is C, GMP and no more, as for WebAssembly.
. "$(dirname "$0")/lib.sh"

archive=$build/libstraylight-core.a
if ! command -v nm >/dev/null || ! [ -f "$archive" ]; then
    skip "the symbols of src/dhall" "no nm, or no $archive"
    finish
    exit
fi
nm -A "$archive" >symbols 2>/dev/null

# Of the C library: what ISO C has and a few of POSIX that are as pure, for any object ("*"); and what
# one object may call: memory, a lock, the last word of a process that has no memory.
cat >allowed <<'END2'
* __assert_fail __errno_location __stack_chk_fail _setjmp abort bcmp calloc floor free longjmp malloc realloc
* frexp ldexp log10 memchr memcmp memcpy memmem memmove memset qsort snprintf strchr strcmp strlen
* strncasecmp strncmp strtod vsnprintf
src_base_arena.c.o aligned_alloc madvise write
src_base_diag.c.o pthread_mutex_destroy pthread_mutex_init pthread_mutex_lock pthread_mutex_unlock strerror_r
src_dhall_stack.c.o getcontext madvise makecontext mmap mmap64 munmap setcontext swapcontext
END2

# needs.py: each needed object of ours, then each symbol that no object of ours has, with its user.
cat >needs.py <<'END2'
import re, sys
has, wants = {}, {}
for line in open("symbols"):
    found = re.match(r"[^:]*:(?:.*/)?([^/:]+\.o):\s*(?:[0-9a-f]+)?\s*([A-Za-z]) (\S+)", line)
    if found is None:
        continue
    member, kind, symbol = found.groups()
    if kind in "Uw":
        wants.setdefault(member, set()).add(symbol.split("@")[0])
    elif kind.isupper():
        has[symbol] = member
members = set(wants) | set(has.values())
todo = [m for m in members if m.startswith("src_dhall_")]
seen = set(todo)
while todo:
    member = todo.pop()
    print("object", member)
    for symbol in wants.get(member, ()):
        if symbol in has:
            if has[symbol] not in seen:
                seen.add(has[symbol])
                todo.append(has[symbol])
        else:
            print("symbol", symbol, member)
END2
python3 needs.py >needs
awk '$1 == "object" { print $2 }' needs | sort >objects
ok "there are objects to look at" test "$(grep -c '^src_dhall_' objects)" -gt 30
grep -Ev '^src_(dhall|base|digest|codec)_' objects >upward
ok "nothing above base, digest and codec is needed" test ! -s upward
awk '
    FILENAME == "allowed" { for (i = 2; i <= NF; i++) may[$1, $i] = 1 }
    FILENAME == "needs" && $1 == "symbol" && !(("*", $2) in may) && !(($3, $2) in may) &&
        $2 !~ /^__gmp/ && $2 !~ /^__(asan|ubsan|tsan|gcov|sanitizer|sancov)/ { print $2, "in", $3 }
    END { print "looked" }' allowed needs >foreign
echo looked >none
ok "and of the system nothing but memory, and a stack in stack.c" diff foreign none
ok "which is where these are called" grep -q "^symbol setcontext src_dhall_stack.c.o" needs
finish
