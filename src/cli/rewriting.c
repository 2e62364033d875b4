/* src/cli/rewriting.c */
#include "cli/rewriting.h"
#include "base/file.h"
#include "dhall/parse.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum dhall_charset rewriting_charset(const struct cli *cli)
{
    const struct option_value *values = cli->args.values;
    return values[DHALLING_ASCII].given     ? DHALL_CHARSET_ASCII
           : values[DHALLING_UNICODE].given ? DHALL_CHARSET_UNICODE
                                            : DHALL_CHARSET_AS_WRITTEN;
}

/* A link stays a link; the file keeps its mode. */
static enum err text_write(struct cli *cli, struct str name, struct str text)
{
    const char *path = arena_cstr(&cli->arena, name);
    struct stat st;
    char *real = realpath(path, NULL);
    if (real == NULL || stat(real, &st) != 0) {
        enum err failed = diag_add_errno(&cli->diags, errno, "cannot write %s", path);
        free(real);
        return failed;
    }
    enum err err = file_write_atomic(AT_FDCWD, real, text, &cli->diags);
    if (err == OK && chmod(real, st.st_mode & 07777) != 0) {
        err = diag_add_errno(&cli->diags, errno, "cannot set the mode of %s", path);
    }
    free(real);
    return err;
}

static enum err file_rewrite(const struct rewriting *rewriting, const struct rewriting_file *file,
    bool is_input, bool *ret_differs)
{
    struct cli *cli = rewriting->cli;
    AUTO_BUF text = {0};
    enum err err = rewriting->change(rewriting->context, cli, file, &text);
    if (err != OK) {
        return err;
    }
    bool differs = !str_eq(buf_str(&text), file->text);
    if (cli->args.values[REWRITING_CHECK].given) {
        *ret_differs = *ret_differs || differs;
        if (differs) {
            enum err told = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "%.*s %s",
                STR_ARG(file->name), rewriting->fault);
            if (told != OK && !is_input) {
                diag_help(&cli->diags, "straylight dhall %s %.*s", rewriting->command,
                    STR_ARG(file->name));
            }
            diags_end_chain(&cli->diags);
        }
        return OK;
    }
    if (is_input) {
        dhalling_print(cli, buf_str(&text));
        return OK;
    }
    return differs ? text_write(cli, file->name, buf_str(&text)) : OK;
}

/* --- the files --- */

struct queue {
    struct table names; /* as they are to be opened; row by row */
    uint32_t operands;  /* the first of them: they must be there */
};

/* "a/b" and "../c.dhall" are "c.dhall" in "a"; in arena. */
static struct str path_of(struct str dir, const struct dhall_import *import, struct arena *arena)
{
    AUTO_BUF path = {0};
    if (!str_eq(dir, STR("."))) {
        buf_printf(&path, "%.*s/", STR_ARG(dir));
    }
    buf_add(&path, import->scheme == DHALL_PARENT ? STR("../") : STR(""));
    for (uint32_t i = 0; i < import->path_len; i++) {
        buf_printf(&path, "%s%.*s", i == 0 ? "" : "/", STR_ARG(import->path[i]));
    }
    return arena_str(arena, buf_str(&path));
}

/* Queues what a file imports by relative paths, but not `as Text` and the like. */
static void imports_add(struct cli *cli, const struct rewriting_file *file, struct queue *queue)
{
    struct arena arena = {0};
    struct diags diags; /* what does not parse has been told */
    struct dhall_labels labels;
    struct dhall_terms terms;
    dhall_term root;
    diags_init(&diags, &arena, NULL);
    dhall_labels_init(&labels);
    dhall_terms_init(&terms, &labels, 0);
    if (dhall_parse(&terms, 0, file->text, &root, &diags) == OK) {
        for (uint32_t i = 0; i < terms.imports_len; i++) {
            const struct dhall_import *import = &terms.imports[i];
            bool relative = import->scheme == DHALL_HERE || import->scheme == DHALL_PARENT;
            if (relative && import->mode == DHALL_AS_CODE) {
                (void)table_add(
                    &queue->names, &cli->arena, path_of(file->dir, import, &cli->arena));
            }
        }
    }
    dhall_terms_release(&terms);
    dhall_labels_release(&labels);
    arena_release(&arena);
}

static enum err file_read_in(
    struct cli *cli, struct str name, bool must, struct rewriting_file *ret_file)
{
    size_t slash = str_find_last(name, '/');
    *ret_file = (struct rewriting_file){
        .name = name, .dir = slash == name.len ? STR(".") : str_sub(name, 0, slash)};
    enum err err = file_read(AT_FDCWD, arena_cstr(&cli->arena, name), FILE_BYTES_MAX, &cli->arena,
        &ret_file->text, &cli->diags);
    if (err == ERR_ABSENT && must) {
        return diag_add(&cli->diags, ERR_ABSENT, SPAN_NONE, "%.*s does not exist", STR_ARG(name));
    }
    if (err == OK) {
        ret_file->source = sources_add(cli->sources, name, ret_file->text);
    }
    return err;
}

static enum cli_status files_run(const struct rewriting *rewriting, struct queue *queue)
{
    struct cli *cli = rewriting->cli;
    enum cli_status status = CLI_DONE;
    bool differs = false;
    for (uint32_t i = 0; i < queue->names.len; i++) {
        struct rewriting_file file;
        bool must = i < queue->operands;
        enum err err = file_read_in(cli, queue->names.keys[i], must, &file);
        if (err == ERR_ABSENT && !must) {
            continue; /* the other side of a `?` may be there */
        }
        if (err == OK && cli->args.values[REWRITING_TRANSITIVE].given) {
            imports_add(cli, &file, queue);
        }
        err = err == OK ? file_rewrite(rewriting, &file, false, &differs) : err;
        diags_end_chain(&cli->diags);
        status = err != OK && status == CLI_DONE ? cli_status_of(err) : status;
    }
    return differs && status == CLI_DONE ? CLI_FAILED : status;
}

enum cli_status rewriting_run(const struct rewriting *rewriting)
{
    struct cli *cli = rewriting->cli;
    const struct option_value *values = cli->args.values;
    struct queue queue = {.operands = 0};
    bool is_input = false;
    for (size_t i = 0; i < cli->args.operand_count; i++) {
        is_input = is_input || strcmp(cli->args.operands[i], "-") == 0;
        (void)table_add(&queue.names, &cli->arena, str_of(cli->args.operands[i]));
    }
    const struct option_value named[] = {values[DHALLING_FILE], values[REWRITING_INPLACE]};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        is_input = is_input || (named[i].given && str_eq(named[i].text, STR("-")));
        if (named[i].given && named[i].text.len > 0) {
            (void)table_add(&queue.names, &cli->arena, named[i].text);
        }
    }
    queue.operands = queue.names.len;
    enum cli_status status = CLI_MISUSE;
    bool differs = false;
    if (queue.operands > 0 && !is_input) {
        status = files_run(rewriting, &queue);
    } else if (queue.operands > 1) {
        enum err err = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE,
            "standard input (\"-\") and files cannot be rewritten at once");
        status = err == OK ? CLI_DONE : CLI_MISUSE;
    } else {
        struct rewriting_file file = {.name = STR("(input)"), .dir = STR(".")};
        enum err err = dhalling_stdin_read(cli, &file.text);
        if (err == OK) {
            file.source = sources_add(cli->sources, file.name, file.text);
            err = file_rewrite(rewriting, &file, true, &differs);
        }
        status = differs ? CLI_FAILED : cli_status_of(err);
    }
    table_release(&queue.names);
    return status;
}
