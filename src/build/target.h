/* src/build/target.h: a target as data: dhall/dice/v1.dhall's types, read and made absolute.
 *
 *   BUILD.dhall's value -> target_read (build/package.h) -> struct target -> CBOR, dice's value
 *   target
 *     deps     [ label, hidden sets ]
 *     actions  [ argv: [ pieces | each SET in ORDER ], inputs, outputs ]
 *              last, of a test: its action, one for each shard
 *     exports  [ SET += pieces ]
 *
 * Absolute: paths of sources and folders are the workspace's, labels have package and
 * configuration, so that a piece means the same to whoever gets it through a transitive set. */
#ifndef BUILD_TARGET_H
#define BUILD_TARGET_H
#include "base/buf.h"
#include "build/label.h"
#include "coeffect/coeffect.h"
#include "digest/digest.h"

enum {
    TEST_SHARDS_MAX = 1000,
};
enum piece_kind {
    PIECE_TEXT,    /* text */
    PIECE_SOURCE,  /* text: workspace path */
    PIECE_MADE,    /* text: output of label, relative to its package */
    PIECE_PROGRAM, /* the same, in the exec configuration */
    PIECE_OUT,     /* text: output of this action, relative to its package */
    PIECE_TOOL,    /* text: path in the trees, without the first '/' */
    PIECE_DIR,     /* text: folder of the workspace, "" is the root */
    PIECE_TREE,    /* text: where it is seen; digest */
    PIECE_KIND_COUNT,
};
struct piece {
    enum piece_kind kind;
    struct str text;
    union {
        struct label label;   /* PIECE_MADE, PIECE_PROGRAM */
        struct digest digest; /* PIECE_TREE */
    };
};
struct pieces {
    const struct piece *at;
    size_t count;
};
enum order {
    ORDER_PREORDER,
    ORDER_TOPOLOGICAL,
    ORDER_COUNT,
};
struct arg {
    bool each;            /* one for each element of set; else `before` alone */
    bool joined;          /* all elements in one argument */
    enum order order;     /* of each */
    struct str set;       /* of each */
    struct pieces before; /* of each: in front of the element's pieces */
    struct pieces after;
};
struct args {
    const struct arg *at;
    size_t count;
};
struct strs {
    const struct str *at;
    size_t count;
};
struct variable {
    struct str name, value;
};
struct action {
    struct str category, identifier;
    struct pieces trees; /* PIECE_TREE */
    struct args argv, inputs;
    const struct variable *env;
    size_t env_count;
    struct strs outputs, folders; /* relative to the package */
    struct str stdout_path;       /* output that gets standard output; empty: none */
    struct str depfile;           /* empty: none */
    const struct resource *requires;
    size_t require_count;
    bool jobserver;        /* it shares our tokens */
    uint64_t memory_bytes; /* that it says it takes; 0: nothing said */
};
struct dep {
    struct label label;
    struct strs hide;
};
struct export
{
    struct str set;
    struct pieces pieces;
};
struct run {
    struct str program; /* an output of this target */
    struct strs args;
    struct args data;
};
struct target {
    struct label label;
    struct str kind, doc;
    struct strs visibility; /* absolute patterns */
    struct strs srcs;       /* workspace paths */
    const struct dep *deps;
    size_t dep_count;
    const struct action *actions;
    size_t action_count; /* with the test's, which are then the last */
    const struct export *exports;
    size_t export_count;
    struct strs outputs;
    struct strs errors, warnings; /* what the rule found wrong */
    bool has_run, test_flaky;
    struct run run;
    uint64_t test_timeout_ms, test_runs;
    size_t test_count; /* actions of the test: its shards; 0: it is none */
};

/* Canonical CBOR. */
void target_encode(const struct target *target, struct buf *ret_bytes);
/* Views of bytes, arrays in arena. ERR_INVALID (no diag): not what target_encode makes. */
enum err target_decode(struct str bytes, struct arena *arena, struct target *ret_target);
/* All but how it is made: no actions, tests, runs. Costs a tenth. */
enum err target_head_decode(struct str bytes, struct arena *arena, struct target *ret_target);
/* What dependents see: exports and edges alone, in the same way (a set's node, build/tset.h). */
void exports_encode(const struct target *target, struct buf *ret_bytes);
enum err exports_decode(struct str bytes, struct arena *arena, struct target *ret_target);
/* The number of the action that makes `output`, out of target_encode's bytes alone. */
bool target_maker_find(struct str bytes, struct str output, size_t *ret_number);
/* For equality by value. */
void pieces_encode(struct pieces pieces, struct buf *ret_bytes);
/* Index of the action that makes `output` (a file, a folder, or standard output's file);
 * action_count if none does. */
size_t target_action_of(const struct target *target, struct str output);
/* Is it the test's action, or one of its shards? */
bool target_action_is_test(const struct target *target, size_t number);
/* All outputs of one action, in order: files, folders, standard output's. In arena. */
struct strs action_outputs(const struct action *action, struct arena *arena);
/* "c.compile x.c"; in arena. */
struct str action_describe(const struct action *action, struct arena *arena);
#endif
