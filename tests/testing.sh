#!/bin/sh
# tests/testing.sh: repetitions, flaky tests, JUnit XML.
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
