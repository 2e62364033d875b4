/* src/build/expand.h: from an action as written to what is run: texts, inputs, outputs.
 *
 *   Source s   -> a/s            and the file as an input
 *   Made o     -> gen/a/o        and the output of an action as an input
 *   Program o  -> exec/a/o       the same, of the exec configuration
 *   Out o      -> out/a/o
 *   Tool t     -> /t
 *   Dir d      -> the argument twice: with d, and with gen/d if a made input of it lies below
 *   Tree t     -> no text; the tree is seen
 *   Each SET   -> one argument for each element of a transitive set (build/tset.h)
 *
 * All paths are relative to the sandbox's working folder, /build; a is the package. */
#ifndef BUILD_EXPAND_H
#define BUILD_EXPAND_H
#include "build/tset.h"

enum {
    EXPAND_INPUTS_MAX = 1000000,
    EXPAND_ARGV_BYTES_MAX = 64 * 1024 * 1024,
};
struct input {
    struct str path;    /* below /build */
    struct piece piece; /* PIECE_SOURCE, PIECE_MADE or PIECE_PROGRAM */
};
struct expansion {
    const struct str *argv;
    size_t argv_count;
    const struct input *inputs; /* sorted by path, unique */
    size_t input_count;
    const struct piece *trees; /* unique, as first named */
    size_t tree_count;
    struct strs outputs, folders; /* out/a/o, sorted, unique; the depfile is one of outputs */
};
/* All expansions of one target share what its sets expand to. */
struct expander {
    const struct tset_graph *graph;
    const struct target *target;
    struct arena *arena; /* of the sets */
    struct table sets;   /* order and name -> row of found */
    struct expanded_set {
        const struct pieces *at;
        size_t count;
    } * found; /* owned */
    uint32_t cap;
};
void expander_init(struct expander *expander, const struct tset_graph *graph,
    const struct target *target, struct arena *arena);
void expander_release(struct expander *expander);
/* The result is in arena. ERR_INVALID with a diag: two different files at one path; ERR_LIMIT. */
enum err expand_action(struct expander *expander, const struct action *action, struct arena *arena,
    struct expansion *ret_expansion, struct diags *diags);
/* The inputs and trees of args alone: what `run` puts beside its program. */
enum err expand_inputs(struct expander *expander, struct args args, struct arena *arena,
    struct expansion *ret_expansion, struct diags *diags);
/* Where the output of label is seen: "gen/a/o"; folder is "gen", "exec" or "out". In arena. */
struct str sandbox_path(
    const char *folder, struct str package, struct str output, struct arena *arena);
#endif
