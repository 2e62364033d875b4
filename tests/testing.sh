#!/bin/sh
# tests/testing.sh: repetitions, flaky tests, shards, arguments, JUnit XML.
. "$(dirname "$0")/lib.sh"

workspace_make ws || exit 1
cd ws || exit 1
mkdir -p t
package t <<'END2'
let test = \(name : Text) -> C.test C.Test::{ name, srcs = [ "${name}.c" ] }
let forty =
      C.test C.Test::{ name = "forty", srcs = [ "coin.c" ], runs = 40, flaky = True }
let hopeless =
      C.test C.Test::{ name = "hopeless", srcs = [ "bad.c" ], flaky = True }
in  { forty, hopeless, good = test "good", bad = test "bad", coin = test "coin", broken = test "broken" }
END2
echo 'int main(void) { return 0; }' >t/good.c
cat >t/bad.c <<'END2'
#include <stdio.h>
int main(void) { puts("a < b && \"c\" \x01 \xff"); return 3; }
END2
cat >t/coin.c <<'END2'
#include <stdio.h>
int main(void) { FILE *file = fopen("/dev/urandom", "r"); return fgetc(file) & 1; }
END2
echo 'int main(void) { return x; }' >t/broken.c

expect "a test" 0 "$straylight" test //t:good
expect "again" 0 "$straylight" test //t:good
out_has "is known" "cached"
expect "as often as is asked for" 0 "$straylight" test --runs-per-test 3 //t:good
out_has "it runs" "PASS //t:good, 0 of 3 runs failed ("
out_lacks "though it is known" "cached)"
expect "and without asking" 0 "$straylight" test //t:good
out_has "it is known still" "cached"
expect "one that always fails" 1 "$straylight" test --runs-per-test 3 //t:bad
out_has "is no flaky one" "FAIL //t:bad: failed with status 3, 3 of 3 runs failed ("
expect "one that fails at times" 1 "$straylight" test --runs-per-test 60 //t:coin
out_has "is flaky" "FLAKY //t:coin: failed with status 1, "
out_has "and says how often" " of 60 runs failed ("
out_has "and counts as failed" "0 passed, 1 failed"
expect "as JSON" 1 "$straylight" test --runs-per-test 60 --json //t:coin
out_has "it is flaky" '"flaky":true,"runs":60,'
ok "a coin that fell well" sh -c '
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    "$0" test //t:coin && exit 0
done
exit 1' "$straylight"
expect "is known" 0 "$straylight" test //t:coin
out_has "to have passed" "cached"
expect "until it is found to fail at times" 1 "$straylight" test --runs-per-test 60 //t:coin
"$straylight" test //t:coin >"$out" 2>"$err"
out_lacks "then the pass is forgotten" ", cached)"
expect "a flaky test has three attempts" 1 "$straylight" test //t:hopeless
out_has "all of them" "FAIL //t:hopeless: failed with status 3, 3 of 3 runs failed ("
expect "another has one" 1 "$straylight" test //t:bad
out_has "of which nothing is said" "FAIL //t:bad: failed with status 3 ("
expect "unless it is asked for" 1 "$straylight" test --flaky-test-attempts 2 //t:bad
out_has "more" "FAIL //t:bad: failed with status 3, 2 of 2 runs failed ("
expect "40 heads, each in many attempts" 0 "$straylight" test --flaky-test-attempts 100 //t:forty
out_has "are flaky" "FLAKY //t:forty: failed with status 1, "
out_has "and passed" "1 passed (1 flaky), 0 failed"
expect "and are known" 0 "$straylight" test --junit junit.xml //t:forty
out_has "as flaky" "FLAKY //t:forty: failed with status 1, "
out_has "and as passed" ", cached)"
ok "which JUnit XML has a word for" grep -q '<flakyFailure message="failed with status 1, ' junit.xml
expect "no number of runs" 2 "$straylight" test --runs-per-test many //t:good

mkdir -p s
package s <<'END2'
let test =
      \(name : Text) ->
        C.test C.Test::{ name, srcs = [ "${name}.c" ], shard_count = 3 }
in  { shards = test "shards", ignorant = test "ignorant", words = C.test C.Test::{ name = "words", srcs = [ "words.c" ], args = [ D.text "own" ] } }
END2
cat >s/shards.c <<'END2'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
    const char *index = getenv("TEST_SHARD_INDEX"), *total = getenv("TEST_TOTAL_SHARDS");
    FILE *file = fopen(getenv("TEST_SHARD_STATUS_FILE"), "w");
    if (file == NULL || fclose(file) != 0 || strcmp(total, "3") != 0) return 9;
    printf("I am shard %s\n", index);
    return FAILS(atoi(index));
}
END2
cp s/shards.c s/shards.in
sed 's/FAILS(.*)/0/' s/shards.in >s/shards.c
cp t/good.c s/ignorant.c
expect "a test in three shards" 0 "$straylight" test //s:shards
out_has "is one test" "PASS //s:shards ("
out_has "of three actions" "1 passed, 0 failed; 5 actions: 5 run, 0 cached"
expect "with what they print" 0 "$straylight" test --all-output //s:shards
out_has "is known" ", cached)"
for number in 1 2 3; do
    out_has "of shard $number" "shard $number of 3:"
    out_has "what it printed" "I am shard $((number - 1))"
done
expect "one shard alone" 0 "$straylight" build -v "//s:shards#shards.shard_2_of_3"
sed 's/FAILS(\(.*\))/\1 == 1 ? 5 : 0/' s/shards.in >s/shards.c
expect "if one shard fails" 1 "$straylight" test //s:shards
out_has "the test does" "FAIL //s:shards: shard 2 of 3 failed with status 5 ("
out_has "and says what it printed" "I am shard 1"
out_lacks "and nothing else" "I am shard 0"
expect "and only it" 1 "$straylight" test //s:shards
out_has "runs again" "5 actions: 1 run, 4 cached"
expect "a test that ignores its shards" 1 "$straylight" test //s:ignorant
out_has "is no test in shards" 'FAIL //s:ignorant: shard 1 of 3 did not make $TEST_SHARD_STATUS_FILE: it does not know of shards'
expect "as JSON" 1 "$straylight" test --json //s:shards
out_has "there are three" '"flaky":false,"runs":3,"shards":3,"failed_runs":1,'
sed -i 's/shard_count = 3/shard_count = 1001/' s/BUILD.dhall
expect "too many" 1 "$straylight" test //s:shards
err_has "are refused" 'a test has at most 1000 shards: '
sed -i 's/shard_count = 1001/shard_count = 3/' s/BUILD.dhall

cat >s/words.c <<'END2'
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
    const char *only = getenv("TESTBRIDGE_TEST_ONLY");
    for (int i = 1; i < argc; i++) printf("[%s]", argv[i]);
    printf("(%s)\n", only == NULL ? "all" : only);
    return 0;
}
END2
expect "a test's own arguments" 0 "$straylight" test --all-output //s:words
out_has "are its own" "[own](all)"
expect "more of them" 0 "$straylight" test --all-output //s:words -- --fast "a b"
out_has "stand behind those" "[own][--fast][a b](all)"
expect "and again" 0 "$straylight" test //s:words -- --fast "a b"
out_has "are known" ", cached)"
expect "without them" 0 "$straylight" test --all-output //s:words
out_has "it is the same as before" "[own](all)"
out_has "and known" ", cached)"
expect "a filter" 0 "$straylight" test --all-output --test-filter "some*" //s:words
out_has "is in the environment" "[own](some*)"

expect "JUnit XML" 1 "$straylight" test -k --junit junit.xml //t:good //t:bad //t:broken
ok "is XML that says all of it" python3 -c '
import xml.etree.ElementTree as tree
suite = tree.parse("junit.xml").getroot().find("testsuite")
assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
cases = {case.get("name"): case for case in suite.findall("testcase")}
assert all(case.get("classname") == "//t" for case in cases.values())
assert len(cases["good"]) == 0 and float(cases["good"].get("time")) >= 0
assert cases["bad"].find("failure").get("message") == "failed with status 3"
assert cases["bad"].find("system-out").text == "a < b && \"c\" \ufffd \ufffd\n"
assert cases["broken"].find("error") is not None'
expect "JUnit XML into nowhere" 3 "$straylight" test --junit nowhere/junit.xml //t:good
err_has "is told" "nowhere/junit.xml"
finish
