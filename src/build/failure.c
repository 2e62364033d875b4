/* src/build/failure.c: an action that ended badly: its output, what may be missing, how to repeat.
 *
 *   stderr: "src/a.c:1:10: fatal error: util/x.h: No such file"
 *     -> words that look like paths -> tried below the workspace, the package, the folders that
 *        the command names -> a file that is there but was not declared
 *     -> whose is it? -> which list of which target in which BUILD.dhall to add it to
 *
 * Knows no language: a tool that names what it misses is understood. */
#include "base/file.h"
#include "build/action.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
    OUTPUT_SHOWN_MAX = 16 * 1024 * 1024,
    WORDS_MAX = 1000,
    HINTS_MAX = 5,
};
struct search {
    struct job *job;
    struct table folders; /* where a path may start: "" is the root */
    struct table inputs;  /* what was declared */
    struct table told;
};

static bool is_file(struct search *search, struct str path)
{
    struct stat st;
    return path_fault(path) == NULL &&
           fstatat(search->job->engine->root_fd, arena_cstr(search->job->arena, path), &st, 0) ==
               0 &&
           S_ISREG(st.st_mode);
}

static struct str parent_of(struct str path)
{
    size_t slash = str_find_last(path, '/');
    return slash == path.len ? STR("") : str_sub(path, 0, slash);
}

static void pieces_folders(struct search *search, struct pieces pieces)
{
    for (size_t i = 0; i < pieces.count; i++) {
        if (pieces.at[i].kind == PIECE_DIR) {
            (void)table_add(&search->folders, NULL, pieces.at[i].text);
        }
    }
}

/* The root, the package and what is above it, folders that the command names or finds inputs in. */
static void search_init(struct search *search, struct job *job)
{
    search->job = job;
    struct str folder = job->label.package;
    (void)table_add(&search->folders, NULL, folder);
    while (folder.len > 0) {
        folder = parent_of(folder);
        (void)table_add(&search->folders, NULL, folder);
    }
    for (size_t i = 0; i < job->action->argv.count; i++) {
        pieces_folders(search, job->action->argv.at[i].before);
    }
    for (size_t i = 0; i < job->expansion.input_count; i++) {
        const struct input *input = &job->expansion.inputs[i];
        (void)table_add(&search->inputs, NULL, input->path);
        if (input->piece.kind == PIECE_SOURCE) {
            (void)table_add(&search->folders, NULL, parent_of(input->path));
        }
    }
}

static void search_release(struct search *search)
{
    table_release(&search->folders);
    table_release(&search->inputs);
    table_release(&search->told);
}

/* The package that a file of the workspace belongs to: the nearest folder with a BUILD.dhall. */
static bool owner_of(struct search *search, struct str path, struct str *ret_package)
{
    struct str folder = path;
    do {
        folder = parent_of(folder);
        if (is_file(search, path_join(folder, STR(PACKAGE_FILE), search->job->arena))) {
            *ret_package = folder;
            return true;
        }
    } while (folder.len > 0);
    return false;
}

static struct str extension_of(struct str path)
{
    size_t dot = str_find_last(path, '.');
    return dot == path.len ? STR("") : str_sub(path, dot, path.len);
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* The field whose list holds byte `at` of a Dhall text: `hdrs` of `hdrs = [ "a.h", "b.h"`. */
static struct str field_around(struct str text, size_t at)
{
    size_t i = at;
    while (i > 0 && text.ptr[i - 1] != '[') {
        i--;
    }
    while (i > 0 && (text.ptr[i - 1] == '[' || text.ptr[i - 1] == ' ' || text.ptr[i - 1] == '\n' ||
                        text.ptr[i - 1] == '=')) {
        i--;
    }
    size_t end = i;
    while (i > 0 && is_name_byte(text.ptr[i - 1])) {
        i--;
    }
    return str_sub(text, i, end);
}

/* The list of the target that has files of this kind already; else what its rule calls it. */
static struct str list_of(struct search *search, const struct target *target, struct str path)
{
    struct job *job = search->job;
    struct str extension = extension_of(path);
    struct str package = target->label.package;
    for (size_t i = 0; i < target->srcs.count; i++) {
        struct str source = target->srcs.at[i];
        if (!str_eq(extension_of(source), extension)) {
            continue;
        }
        struct str written = str_sub(source, package.len + (package.len > 0), source.len);
        struct span span =
            engine_place(job->engine, package, target->label.name, written, job->arena);
        struct str text = sources_text(job->engine->sources, span.source);
        struct str field = span.source == 0 ? STR("") : field_around(text, span.begin);
        if (field.len > 0) {
            return field;
        }
    }
    bool header = str_eq(extension, STR(".h")) && str_starts(target->kind, STR("c."));
    if (header) {
        return str_eq(target->kind, STR("c.library")) ? STR("hdrs") : STR("private_hdrs");
    }
    return STR("srcs");
}

static bool has_source(const struct target *target, struct str path)
{
    for (size_t i = 0; i < target->srcs.count; i++) {
        if (str_eq(target->srcs.at[i], path)) {
            return true;
        }
    }
    return false;
}

/* Does the action read something that the target makes? Then a file of it that is named (where a
 * linker found something wrong) is not what is missing. */
static bool reads_from(const struct job *job, struct label label)
{
    for (size_t i = 0; i < job->expansion.input_count; i++) {
        const struct piece *piece = &job->expansion.inputs[i].piece;
        if (piece->kind != PIECE_SOURCE && label_eq(piece->label, label)) {
            return true;
        }
    }
    return false;
}

/* The target of that package that has the file, if one has. False: nobody has it. */
static bool owner_tell(struct search *search, struct str path, struct str package)
{
    struct job *job = search->job;
    struct str file = path_join(job->label.package, STR(PACKAGE_FILE), job->arena);
    struct package_entry *entries;
    size_t count;
    if (package_peek(job->task, package, job->label.config, &job->settings, job->arena, &entries,
            &count) != OK) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct target target;
        if (target_decode(entries[i].bytes, job->arena, &target) != OK ||
            !has_source(&target, path)) {
            continue;
        }
        if (!label_eq(target.label, job->label) && !reads_from(job, target.label)) {
            struct str label = label_show(job->engine, target.label, job->arena);
            diag_help(job->diags,
                "%.*s is a file of %.*s: add that target to the deps of \"%.*s\" in %.*s",
                STR_ARG(path), STR_ARG(label), STR_ARG(job->label.name), STR_ARG(file));
        }
        return true;
    }
    return false;
}

static void hidden_tell(struct search *search, struct str path)
{
    struct job *job = search->job;
    struct str owner;
    if (!owner_of(search, path, &owner) || owner_tell(search, path, owner)) {
        return;
    }
    struct str file = path_join(job->label.package, STR(PACKAGE_FILE), job->arena);
    struct str written = str_sub(path, owner.len + (owner.len > 0), path.len);
    if (str_eq(owner, job->label.package)) {
        struct str list = list_of(search, &job->analysis->target, path);
        diag_help(job->diags,
            "%.*s exists, but the action does not see it: add \"%.*s\" to %.*s of \"%.*s\" in %.*s",
            STR_ARG(path), STR_ARG(written), STR_ARG(list), STR_ARG(job->label.name),
            STR_ARG(file));
        return;
    }
    struct str owner_file = path_join(owner, STR(PACKAGE_FILE), job->arena);
    diag_help(job->diags,
        "%.*s exists, but no target has it: add \"%.*s\" to a list of one in %.*s, and that target "
        "to the deps of \"%.*s\" in %.*s",
        STR_ARG(path), STR_ARG(written), STR_ARG(owner_file), STR_ARG(job->label.name),
        STR_ARG(file));
}

static void word_try(struct search *search, struct str word)
{
    static const struct str prefix = {"/build/", 7};
    if (str_starts(word, prefix)) {
        word = str_sub(word, prefix.len, word.len);
    }
    while (str_starts(word, STR("./"))) {
        word = str_sub(word, 2, word.len);
    }
    for (uint32_t i = 0; i < search->folders.len; i++) {
        struct str path = path_join(search->folders.keys[i], word, search->job->arena);
        if (!is_file(search, path)) {
            continue;
        }
        if (table_get(&search->inputs, path) != TABLE_NONE) {
            return; /* declared: not what is missing */
        }
        uint32_t before = search->told.len;
        if (table_add(&search->told, NULL, path) == before && before < HINTS_MAX) {
            hidden_tell(search, path);
        }
        return;
    }
}

static bool is_path_byte(char c)
{
    return is_name_byte(c) || c == '.' || c == '/' || c == '+' || (unsigned char)c >= 0x80;
}

/* Words of text that look like paths: a dot or a slash in them. */
static void words_try(struct search *search, struct str text)
{
    struct table seen = {0};
    size_t i = 0;
    while (i < text.len && seen.len < WORDS_MAX) {
        size_t begin = i;
        while (i < text.len && is_path_byte(text.ptr[i])) {
            i++;
        }
        struct str word = str_sub(text, begin, i);
        while (word.len > 0 && word.ptr[word.len - 1] == '.') {
            word.len--;
        }
        uint32_t before = seen.len;
        if (word.len > 1 &&
            (memchr(word.ptr, '.', word.len) != NULL || memchr(word.ptr, '/', word.len) != NULL) &&
            table_add(&seen, NULL, word) == before) {
            word_try(search, word);
        }
        i += i == begin ? 1 : 0;
    }
    table_release(&seen);
}

static struct str printed(struct job *job, const struct digest *digest)
{
    struct str text = STR("");
    struct diags ignored;
    diags_init(&ignored, job->arena, NULL);
    return digest->size_bytes > 0 && store_get(job->engine->store, digest, OUTPUT_SHOWN_MAX,
                                         job->arena, &text, &ignored) == OK
               ? text
               : STR("");
}

struct str failure_ending(struct job *job, const struct exec_result *result)
{
    switch (result->end) {
    case EXEC_EXITED:
        if (result->code == 0 && job->is_test && job->analysis->target.test_count > 1) {
            return STR("did not make $TEST_SHARD_STATUS_FILE: it does not know of shards");
        }
        return result->code == 0 ? arena_printf(job->arena, "did not make its output %.*s",
                                       STR_ARG(result->missing))
                                 : arena_printf(job->arena, "failed with status %d", result->code);
    case EXEC_SIGNALLED:
        return arena_printf(job->arena, "was ended by signal %d", result->code);
    case EXEC_TIMED_OUT:
        return arena_printf(job->arena, "did not end within %llu s",
            (unsigned long long)(action_timeout_ms(job) / 1000));
    case EXEC_MEMORY:
        return arena_printf(job->arena, "needed more than %llu MiB of memory, and was ended",
            (unsigned long long)(result->memory_max_bytes >> 20));
    case EXEC_PROCESSES:
        return arena_printf(
            job->arena, "had more than %d processes at a time, and was ended", EXEC_PROCESSES_MAX);
    case EXEC_FLOODED:
        return STR("printed more than 64 MiB, and was ended");
    case EXEC_CANCELLED:
        break;
    }
    return STR("was cancelled");
}

void failure_tell(struct job *job, const struct exec_result *result)
{
    struct str label = label_show(job->engine, job->label, job->arena);
    struct str what = action_describe(job->action, job->arena);
    struct str end = failure_ending(job, result);
    /* A compiler's error has a place of its own; what an action does that none may is the target's.
     */
    bool own = (result->end == EXEC_EXITED && result->code != 0) || result->end == EXEC_SIGNALLED;
    struct span span = own ? SPAN_NONE
                           : engine_place(job->engine, job->label.package, job->label.name,
                                 job->label.name, job->arena);
    enum err err = diag_add(job->diags, ERR_INVALID, span, "%.*s: %.*s %.*s", STR_ARG(label),
        STR_ARG(what), STR_ARG(end));
    struct str out = printed(job, &result->stdout_digest);
    struct str errors = printed(job, &result->stderr_digest);
    AUTO_BUF both = {0};
    buf_add(&both, errors);
    if (errors.len > 0 && !str_ends(errors, STR("\n")) && out.len > 0) {
        buf_add_byte(&both, '\n');
    }
    buf_add(&both, out);
    if (err != OK && both.len > 0) {
        diag_extra(job->diags, buf_str(&both));
    }
    struct search search = {0};
    search_init(&search, job);
    words_try(&search, buf_str(&both));
    search_release(&search);
    AUTO_BUF command = {0};
    struct str selected =
        arena_printf(job->arena, "%.*s#%.*s", STR_ARG(label), STR_ARG(job->action->identifier));
    shell_word_add(&command, selected);
    diag_help(
        job->diags, "to repeat it alone: straylight build -v %.*s", STR_ARG(buf_str(&command)));
    diag_help(job->diags, "to look around in its sandbox: straylight shell --action %.*s",
        STR_ARG(buf_str(&command)));
}
