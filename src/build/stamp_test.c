/* src/build/stamp_test.c: the rule against racy timestamps, on a file system that is made up: real
 * ones hide the race too well. */
#include "base/test.h"
#include "build/stamp.h"
#include <string.h>

/* A file whose times are cut to ticks, as kernels (4 and 10 ms) and file systems (1 and 2 s) do. */
struct made_up {
    int64_t tick_ns, written_ns;
    int content;
};

static void write_at(struct made_up *file, int64_t now_ns, int content)
{
    file->written_ns = now_ns / file->tick_ns * file->tick_ns;
    file->content = content;
}

static struct stat stat_of(const struct made_up *file)
{
    struct stat st;
    memset(&st, 0, sizeof st);
    st.st_mtim = (struct timespec){
        .tv_sec = file->written_ns / 1000000000, .tv_nsec = file->written_ns % 1000000000};
    st.st_ctim = st.st_mtim;
    st.st_size = 7; /* always: the worst case */
    st.st_ino = 3;
    return st;
}

/* Written at `first`; clock read at `clock`, file read at `read`; written again at `second`, whose
 * place in time is free: before the clock, between clock and reading, behind both. Law: a stamp
 * that holds at the end speaks of the content that is there. Returns whether it holds. */
static bool story(int64_t tick_ns, int64_t first, int64_t clock, int64_t read, int64_t second)
{
    struct made_up file = {.tick_ns = tick_ns};
    write_at(&file, first, 1);
    if (second < read) {
        write_at(&file, second, 2);
    }
    struct stat st = stat_of(&file);
    struct stamp stamp = stamp_make(&st, clock);
    int content = file.content;
    if (second >= read) {
        write_at(&file, second, 2);
    }
    st = stat_of(&file);
    bool holds = stamp_unchanged(&stamp, &st);
    CHECK(!holds || content == file.content);
    return holds;
}

/* All stories whose first write is at `first`. */
static void stories(int64_t tick_ns, int64_t step_ns, int64_t first)
{
    for (int64_t clock = first; clock < first + 3 * tick_ns; clock += step_ns) {
        for (int64_t gap = 0; gap < tick_ns; gap += 2 * step_ns) {
            int64_t end = clock + gap + 2 * tick_ns;
            for (int64_t second = first; second < end; second += step_ns) {
                (void)story(tick_ns, first, clock, clock + gap, second);
            }
        }
    }
}

static void no_race(void)
{
    static const struct {
        int64_t tick_ns, step_ns;
    } cases[] = {{1000000, 200000}, {4000000, 500000}, {10000000, 1000000}, {1000000000, 200000000},
        {2000000000, 250000000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t tick_ns = cases[i].tick_ns;
        int64_t base = 1700000000LL * 1000000000; /* of whole seconds, only if ticks are as long */
        base += tick_ns < 1000000000 ? 3 * tick_ns : 0;
        for (int64_t phase = 0; phase < tick_ns; phase += cases[i].step_ns) {
            stories(tick_ns, cases[i].step_ns, base + phase);
        }
    }
}

/* The rule costs one more reading, and no more: a file that has rested is not hashed. */
static void rested(void)
{
    static const int64_t ticks_ns[] = {1, 1000000, 4000000, 10000000, 1000000000, 2000000000};
    for (size_t i = 0; i < sizeof ticks_ns / sizeof ticks_ns[0]; i++) {
        int64_t first = 1700000000LL * 1000000000 + 123456789;
        int64_t clock = first + 2 * ticks_ns[i] + STAMP_TICK_NS +
                        (ticks_ns[i] >= 1000000000 ? (int64_t)STAMP_COARSE_TICK_NS : 0);
        CHECK(story(ticks_ns[i], first, clock, clock, INT64_MAX / 2) == false);
        struct made_up file = {.tick_ns = ticks_ns[i]};
        write_at(&file, first, 1);
        struct stat st = stat_of(&file);
        struct stamp stamp = stamp_make(&st, clock);
        CHECK(stamp_unchanged(&stamp, &st));
        stamp = stamp_make(&st, first); /* read as soon as it was written */
        CHECK(!stamp_unchanged(&stamp, &st));
    }
}

/* Each thing that a stamp knows is compared; a clock that goes wrong costs hashing alone. */
static void compared(void)
{
    struct made_up file = {.tick_ns = 1};
    int64_t now = 1700000000LL * 1000000000;
    write_at(&file, now, 1);
    const struct stat st = stat_of(&file);
    struct stamp stamp = stamp_make(&st, now + 5000000000);
    CHECK(stamp_unchanged(&stamp, &st));
    for (unsigned i = 0; i < 6; i++) {
        struct stat other = st;
        other.st_mtim.tv_nsec += i == 0 ? 1 : 0;
        other.st_ctim.tv_nsec += i == 1 ? 1 : 0;
        other.st_size += i == 2 ? 1 : 0;
        other.st_ino += i == 3 ? 1 : 0;
        other.st_dev += i == 4 ? 1 : 0;
        other.st_mode += i == 5 ? 1 : 0;
        CHECK(!stamp_unchanged(&stamp, &other));
    }
    stamp = stamp_make(&st, now - 1000000000); /* the clock was set back */
    CHECK(!stamp_unchanged(&stamp, &st));
    struct stat restored = st; /* `touch -d`: an old mtime, but not an old ctime */
    restored.st_mtim.tv_sec -= 100;
    stamp = stamp_make(&restored, now);
    CHECK(!stamp_unchanged(&stamp, &restored));
}

int main(void)
{
    TEST(no_race);
    TEST(rested);
    TEST(compared);
    return test_done();
}
