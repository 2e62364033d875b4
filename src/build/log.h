/* src/build/log.h: the build log: one record for each build that did something.
 *
 *   $state/log/00000012    record: what was asked, what ran or was found, why, when, with what
 *              00000013    the next build of this workspace; the oldest are removed
 *
 *   record -> texts [ "src/a.c", "<digest>", ... ]     each once; actions name them by number
 *          -> actions [ label, cause, times, argv, inputs (path, digest), producers, ... ]
 *
 * docs/format/log.md has the record to the byte. A record is written whole under its name; one that
 * is damaged is as good as none. */
#ifndef BUILD_LOG_H
#define BUILD_LOG_H
#include "base/table.h"
#include "build/target.h"
#include "store/tree.h"

enum {
    LOG_BUILDS_MAX = 64,               /* records that are kept */
    LOG_BYTES_MAX = 128 * 1024 * 1024, /* of all of them; the newest is kept in any case */
    LOG_NUMBER_MAX = 99999999,
};
enum log_end {
    LOG_CACHED, /* found in the action cache */
    LOG_RAN,
    LOG_FAILED, /* ran, and ended badly */
    LOG_WOULD,  /* build -n: not in the cache */
    LOG_WAITS,  /* build -n: what it reads is not made yet */
    LOG_END_COUNT,
};
/* Was it run once more, under other conditions (build --check)? */
enum log_check {
    LOG_UNCHECKED,
    LOG_REPRODUCIBLE, /* and its outputs were the same, bit for bit */
    LOG_DIFFERS,      /* they were not, or it failed */
    LOG_CHECK_COUNT,
};
struct log_input {
    struct str path;   /* below /build in the sandbox; of a source, its workspace path */
    struct str digest; /* text */
    enum tree_entry_kind kind;
};
struct log_action {
    struct str key;        /* "//a:b@c#3" */
    struct str label;      /* as people write it */
    struct str what;       /* "c.compile x.c" */
    struct str identifier; /* "x.c" */
    enum log_end end;
    struct str cause;  /* of dice: what had changed; empty: the action is new to this workspace */
    uint64_t start_us; /* since the build's start */
    uint64_t wall_us, user_us, system_us, rss_max_bytes;
    uint64_t memory_bytes; /* that was kept free for it; 0: it did not run */
    uint64_t waited_us;    /* for that */
    uint64_t lane;         /* 1 ...: of those that run at once each has another; 0: cached */
    enum log_check check;  /* whether it is reproducible, as far as was seen */
    struct str digest;     /* of the REAPI Action: its key in the action cache */
    /* env: "A=b", all of it; trees: "/place digest"; outputs: files, then folders */
    struct strs argv, env, trees, outputs, producers;
    size_t folder_count;            /* of the outputs */
    const struct log_input *inputs; /* sorted by path */
    size_t input_count;
};
struct log_build {
    uint64_t number;
    uint64_t started_us; /* since 1970, UTC */
    uint64_t wall_us;
    struct strs patterns;
    bool tests, ok, interrupted;
    uint64_t total; /* actions that the targets are made of; 0: not known, the build failed */
    struct log_action *actions; /* that ran or were looked up, in the order of their ends */
    size_t action_count;
};

/* Adds one action to what becomes a record; texts are copied into arena. */
void log_action_encode(
    const struct log_action *action, struct table *texts, struct arena *arena, struct buf *actions);
/* build->actions is not looked at; actions holds action_count encoded ones. */
void log_build_encode(const struct log_build *build, const struct table *texts, struct str actions,
    struct buf *ret_record);
/* Views of record, arrays in arena; number is the caller's. ERR_INVALID without a diag. */
enum err log_build_decode(struct str record, struct arena *arena, struct log_build *ret_build);

/* Why `now` ran, or would, where it had been done as `then`: "a/x.c changed", "argument -DX is
 * new",
 * ... ; in arena. None: it is the same action. */
struct strs log_action_compare(
    const struct log_action *then, const struct log_action *now, struct arena *arena);

/* Numbers of the records of a workspace's state folder, rising, in arena; none is no error. */
enum err log_numbers(const char *state, struct arena *arena, uint64_t **ret_numbers,
    size_t *ret_count, struct diags *diags);
/* ERR_ABSENT without a diag: there is none of that number, or it is damaged. */
enum err log_read(const char *state, uint64_t number, struct arena *arena,
    struct log_build *ret_build, struct diags *diags);
/* Writes the record under the next free number and removes what is too old. */
enum err log_write(const char *state, struct str record, struct arena *arena, struct diags *diags);

/* Is it one of the actions that pattern names? A label without a configuration is of the default
 * one. */
bool log_action_matches(const struct log_action *action, const struct pattern *pattern);

/* Rows of build->actions along the longest chain of those that waited for each other, first to
 * last, in arena. */
void log_critical_path(const struct log_build *build, struct arena *arena, size_t **ret_rows,
    size_t *ret_count, uint64_t *ret_wall_us);
#endif
