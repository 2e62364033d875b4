# tests/tap.awk: reads one program's TAP; prints a line about it, its skips, and all of its output
# if something failed; writes "passed failed skipped" to the file named by summary.
{ lines[NR] = $0 }
/^(not )?ok( |$)/ {
    ran++
    if ($0 ~ /# [Ss][Kk][Ii][Pp]/) {
        skipped++
        text = $0
        sub(/^ok [0-9]* *-? */, "", text)
        sub(/ *# [Ss][Kk][Ii][Pp] */, ": ", text)
        skips[skipped] = text
    } else if ($1 == "ok") {
        passed++
    } else {
        failed++
    }
}
/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; planned = 1 }
/^Bail out!/ { failed++ }
END {
    why = ""
    if (!planned) {
        why = "ended without a plan"
    } else if (plan != ran) {
        why = "planned " plan " cases, ran " ran + 0
    }
    if (status == 124 || status == 137) {
        why = "ran out of time"
    } else if (status != 0 && failed == 0) {
        why = "ended with status " status
    }
    if (why != "") {
        failed++
    }
    printf "%-28s %4d passed", name, passed
    if (failed) printf ", %d failed", failed
    if (skipped) printf ", %d skipped", skipped
    printf "  (%d s)%s\n", seconds, why == "" ? "" : ": " why
    for (i = 1; i <= skipped; i++) {
        printf "  skipped: %s: %s\n", name, skips[i]
    }
    if (failed) {
        for (i = 1; i <= NR; i++) {
            print "    " lines[i]
        }
    }
    print passed + 0, failed + 0, skipped + 0 > summary
}
