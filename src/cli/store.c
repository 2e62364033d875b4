/* src/cli/store.c: store add|get|has|ls|verify: the store by hand. */
#include "base/file.h"
#include "cli/command.h"
#include "codec/json.h"
#include "store/tree.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A store that cannot be opened is the environment's failure, whatever the reason. */
static struct store *open_store(struct cli *cli)
{
    struct store *store = NULL;
    return cli_store_open(cli, &store) == OK ? store : NULL;
}

/* ---- add */

static enum err add_one(
    struct cli *cli, struct store *store, const char *path, struct digest *ret_digest)
{
    /* A FIFO must not hang us; what is no file and no folder is refused below. */
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        int error_number = errno;
        enum err err = diag_add_errno(&cli->diags, error_number, "cannot open %s", path);
        return error_number == ENOENT || error_number == ENOTDIR ? ERR_INVALID : err;
    }
    if (S_ISDIR(st.st_mode)) {
        return tree_import(store, fd, ret_digest, &cli->diags);
    }
    if (!S_ISREG(st.st_mode)) {
        return diag_add(
            &cli->diags, ERR_INVALID, SPAN_NONE, "%s is neither a file nor a folder", path);
    }
    return store_put_fd(store, fd, ret_digest, &cli->diags);
}

enum {
    ADD_JSON,
    ADD_COUNT
};

static enum cli_status add_run(struct cli *cli)
{
    struct store *store = open_store(cli);
    if (store == NULL) {
        return CLI_BROKEN;
    }
    bool as_json = cli->args.values[ADD_JSON].given;
    enum cli_status status = CLI_DONE;
    for (size_t i = 0; i < cli->args.operand_count; i++) {
        const char *path = cli->args.operands[i];
        struct digest digest;
        enum err err = add_one(cli, store, path, &digest);
        if (err != OK) {
            enum cli_status failed = cli_status_of(err);
            status = failed > status ? failed : status;
            diags_end_chain(&cli->diags);
            continue;
        }
        char text[DIGEST_TEXT_MAX];
        AUTO_BUF line = {0};
        if (as_json) {
            struct json json = {.text = &line};
            json_begin(&json, '{');
            json_key_str(&json, STR("digest"), digest_format(&digest, text));
            json_key_str(&json, STR("path"), str_of(path));
            json_end(&json, '}');
            buf_add_byte(&line, '\n');
        } else {
            buf_printf(&line, "%.*s  %s\n", STR_ARG(digest_format(&digest, text)), path);
        }
        cli_print(buf_str(&line));
    }
    store_close(store);
    return status;
}

const struct command command_store_add = {
    .spec = {.name = "store add",
        .operands = "PATH...",
        .summary = "put files and folders into the store, print their digests",
        .about =
            "A folder becomes a tree (a Remote Execution API Directory); its digest names all\n"
            "that is in it: names, contents, execute bits, links. Times and owners do not count.",
        .options = (const struct option_spec[ADD_COUNT]){[ADD_JSON] = {.name = "json",
                                                             .kind = OPTION_FLAG,
                                                             .help = "print a JSON object a line"}},
        .option_count = ADD_COUNT,
        .operand_kind = OPERAND_FILE,
        .operand_min = 1,
        .operand_max = OPERANDS_MANY},
    .run = add_run,
};

/* ---- get and has */

static enum err digest_operand(struct cli *cli, struct digest *ret_digest)
{
    struct str text = str_of(cli->args.operands[0]);
    if (digest_parse(text, ret_digest) != OK) {
        enum err err = diag_add(
            &cli->diags, ERR_INVALID, SPAN_NONE, "\"%.*s\" is not a digest", STR_ARG(text));
        diag_help(&cli->diags, "a digest is 64 hexadecimal digits, a slash, and the size in bytes");
        return err;
    }
    return OK;
}

static enum cli_status absent(struct cli *cli, const struct digest *digest)
{
    char text[DIGEST_TEXT_MAX];
    return cli_status_of(diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "the store has no %.*s",
        STR_ARG(digest_format(digest, text))));
}

/* Verifies while it copies nothing: store_blob_open has hashed the file, or knows it unchanged. */
static enum err copy_out(struct cli *cli, int from, const char *path)
{
    AUTO_CLOSE int to = path == NULL ? dup(STDOUT_FILENO)
                                     : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (to < 0) {
        return diag_add_errno(&cli->diags, errno, "cannot write %s", path);
    }
    static const size_t block_bytes = 1 << 16;
    char *block = arena_alloc(&cli->arena, block_bytes);
    for (;;) {
        ssize_t len = fd_read_full(from, block, block_bytes);
        if (len == 0) {
            return OK;
        }
        if (len < 0) {
            return diag_add_errno(&cli->diags, errno, "cannot read from the store");
        }
        if (fd_write_all(to, (struct str){block, (size_t)len}) != OK) {
            return diag_add_errno(
                &cli->diags, errno, "cannot write %s", path == NULL ? "standard output" : path);
        }
    }
}

static enum err blob_get(
    struct cli *cli, struct store *store, const struct digest *digest, const char *path)
{
    AUTO_CLOSE int fd = -1;
    enum err err = store_blob_open(store, digest, &fd, &cli->diags);
    return err != OK ? err : copy_out(cli, fd, path);
}

static enum err entry_get(
    struct cli *cli, struct store *store, const struct tree_entry *entry, const char *folder)
{
    const char *path = arena_printf(&cli->arena, "%s/%.*s", folder, STR_ARG(entry->path)).ptr;
    struct str parent = str_sub(str_of(path), 0, str_find_last(str_of(path), '/'));
    enum err err = dirs_make(AT_FDCWD, arena_cstr(&cli->arena, parent), &cli->diags);
    if (err != OK) {
        return err;
    }
    switch (entry->kind) {
    case TREE_DIRECTORY:
        return dirs_make(AT_FDCWD, path, &cli->diags);
    case TREE_SYMLINK:
        return symlink(arena_cstr(&cli->arena, entry->target), path) == 0
                   ? OK
                   : diag_add_errno(&cli->diags, errno, "cannot make link %s", path);
    case TREE_FILE:
    case TREE_EXECUTABLE:
        err = blob_get(cli, store, &entry->digest, path);
        if (err == OK && entry->kind == TREE_EXECUTABLE && chmod(path, 0755) != 0) {
            err = diag_add_errno(&cli->diags, errno, "cannot make %s executable", path);
        }
        return err;
    }
    return OK;
}

/* Into a folder that is new: a link that lay there before could lead out of it. */
static enum err tree_get(
    struct cli *cli, struct store *store, const struct digest *digest, const char *folder)
{
    struct tree_entry *entries = NULL;
    size_t count = 0;
    enum err err = tree_list(store, digest, &cli->arena, &entries, &count, &cli->diags);
    if (err == OK && mkdir(folder, 0777) != 0) {
        err = diag_add_errno(&cli->diags, errno, "cannot make folder %s", folder);
    }
    for (size_t i = 0; err == OK && i < count; i++) {
        err = entry_get(cli, store, &entries[i], folder);
    }
    return err;
}

enum {
    GET_OUTPUT,
    GET_TREE,
    GET_COUNT
};

static enum cli_status get_run(struct cli *cli)
{
    struct digest digest;
    const struct option_value *output = &cli->args.values[GET_OUTPUT];
    bool tree = cli->args.values[GET_TREE].given;
    if (digest_operand(cli, &digest) != OK) {
        return CLI_MISUSE;
    }
    if (tree && !output->given) {
        enum err err =
            diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "--tree wants --output FOLDER");
        return err == OK ? CLI_DONE : CLI_MISUSE;
    }
    struct store *store = open_store(cli);
    if (store == NULL) {
        return CLI_BROKEN;
    }
    const char *path = output->given ? output->text.ptr : NULL;
    enum err err = tree ? tree_get(cli, store, &digest, path) : blob_get(cli, store, &digest, path);
    store_close(store);
    return err == ERR_ABSENT ? absent(cli, &digest) : cli_status_of(err);
}

const struct command command_store_get = {
    .spec = {.name = "store get",
        .operands = "DIGEST",
        .summary = "write what a digest names to standard output or a file",
        .about =
            "The bytes are verified first; a damaged file is refused and moved out of the way.",
        .options =
            (const struct option_spec[GET_COUNT]){
                [GET_OUTPUT] = {.name = "output",
                    .letter = 'o',
                    .kind = OPTION_TEXT,
                    .value = "PATH",
                    .help = "write this file; with --tree, this new folder"},
                [GET_TREE] = {.name = "tree",
                    .kind = OPTION_FLAG,
                    .help = "the digest names a folder: write all that is in it"}},
        .option_count = GET_COUNT,
        .operand_kind = OPERAND_TEXT,
        .operand_min = 1,
        .operand_max = 1},
    .run = get_run,
};

static enum cli_status has_run(struct cli *cli)
{
    struct digest digest;
    if (digest_operand(cli, &digest) != OK) {
        return CLI_MISUSE;
    }
    struct store *store = open_store(cli);
    if (store == NULL) {
        return CLI_BROKEN;
    }
    enum err err = store_has(store, &digest);
    store_close(store);
    return err == ERR_ABSENT ? absent(cli, &digest) : cli_status_of(err);
}

const struct command command_store_has = {
    .spec = {.name = "store has",
        .operands = "DIGEST",
        .summary = "ask whether the store has what a digest names",
        .operand_kind = OPERAND_TEXT,
        .operand_min = 1,
        .operand_max = 1},
    .run = has_run,
};

/* ---- ls */

enum {
    LS_JSON,
    LS_COUNT
};

static const char *kind_name(enum tree_entry_kind kind)
{
    switch (kind) {
    case TREE_FILE:
        return "file";
    case TREE_EXECUTABLE:
        return "executable";
    case TREE_SYMLINK:
        return "link";
    case TREE_DIRECTORY:
        return "folder";
    }
    return "";
}

static void print_entry(const struct tree_entry *entry, bool as_json)
{
    char text[DIGEST_TEXT_MAX];
    AUTO_BUF line = {0};
    bool link = entry->kind == TREE_SYMLINK;
    struct str what = link ? entry->target : digest_format(&entry->digest, text);
    if (as_json) {
        struct json json = {.text = &line};
        json_begin(&json, '{');
        json_key_str(&json, STR("path"), entry->path);
        json_key_str(&json, STR("kind"), str_of(kind_name(entry->kind)));
        json_key_str(&json, link ? STR("target") : STR("digest"), what);
        json_end(&json, '}');
    } else {
        buf_printf(&line, "%-10s  %.*s  %.*s", kind_name(entry->kind), STR_ARG(entry->path),
            STR_ARG(what));
    }
    buf_add_byte(&line, '\n');
    cli_print(buf_str(&line));
}

static enum err print_blob(void *context, const struct digest *digest, struct diags *diags)
{
    (void)diags;
    const bool *as_json = context;
    char text[DIGEST_TEXT_MAX];
    AUTO_BUF line = {0};
    struct str digest_text = digest_format(digest, text);
    if (*as_json) {
        struct json json = {.text = &line};
        json_begin(&json, '{');
        json_key_str(&json, STR("digest"), digest_text);
        json_end(&json, '}');
    } else {
        buf_add(&line, digest_text);
    }
    buf_add_byte(&line, '\n');
    cli_print(buf_str(&line));
    return OK;
}

static enum cli_status ls_run(struct cli *cli)
{
    bool as_json = cli->args.values[LS_JSON].given;
    bool one_tree = cli->args.operand_count == 1;
    struct digest digest = {0};
    if (one_tree && digest_operand(cli, &digest) != OK) {
        return CLI_MISUSE;
    }
    struct store *store = open_store(cli);
    if (store == NULL) {
        return CLI_BROKEN;
    }
    struct tree_entry *entries = NULL;
    size_t count = 0;
    enum err err = one_tree ? tree_list(store, &digest, &cli->arena, &entries, &count, &cli->diags)
                            : store_each(store, print_blob, &as_json, &cli->diags);
    for (size_t i = 0; err == OK && i < count; i++) {
        print_entry(&entries[i], as_json);
    }
    store_close(store);
    return err == ERR_ABSENT ? absent(cli, &digest) : cli_status_of(err);
}

const struct command command_store_ls = {
    .spec = {.name = "store ls",
        .operands = "[DIGEST]",
        .summary = "list what the store holds, or what is in one folder of it",
        .options = (const struct option_spec[LS_COUNT]){[LS_JSON] = {.name = "json",
                                                            .kind = OPTION_FLAG,
                                                            .help = "print a JSON object a line"}},
        .option_count = LS_COUNT,
        .operand_kind = OPERAND_TEXT,
        .operand_max = 1},
    .run = ls_run,
};

/* ---- verify */

enum {
    VERIFY_JSON,
    VERIFY_COUNT
};

static enum cli_status verify_run(struct cli *cli)
{
    struct store *store = open_store(cli);
    if (store == NULL) {
        return CLI_BROKEN;
    }
    struct store_verified seen = {0};
    enum err err = store_verify(store, &seen, &cli->diags);
    store_close(store);
    if (err != OK && err != ERR_CORRUPT) {
        return cli_status_of(err);
    }
    AUTO_BUF text = {0};
    if (cli->args.values[VERIFY_JSON].given) {
        struct json json = {.text = &text};
        json_begin(&json, '{');
        json_key_number(&json, STR("blobs"), seen.blob_count);
        json_key_number(&json, STR("bytes"), seen.blob_bytes);
        json_key_number(&json, STR("trees"), seen.tree_count);
        json_key_number(&json, STR("actions"), seen.action_count);
        json_key_number(&json, STR("damaged"), seen.damaged_count);
        json_key_number(&json, STR("removed"), seen.removed_count);
        json_end(&json, '}');
        buf_add_byte(&text, '\n');
    } else {
        buf_printf(&text,
            "%llu blobs of %llu bytes, %llu folders, %llu actions: %llu damaged, %llu removed\n",
            (unsigned long long)seen.blob_count, (unsigned long long)seen.blob_bytes,
            (unsigned long long)seen.tree_count, (unsigned long long)seen.action_count,
            (unsigned long long)seen.damaged_count, (unsigned long long)seen.removed_count);
    }
    cli_print(buf_str(&text));
    return seen.damaged_count == 0 ? CLI_DONE : CLI_FAILED;
}

const struct command command_store_verify = {
    .spec = {.name = "store verify",
        .operands = "",
        .summary = "hash everything in the store again",
        .about = "Damaged files are named and moved out of the way, so that the next build makes\n"
                 "them again. The exit status is 1 if there was one.",
        .options = (const struct option_spec[VERIFY_COUNT]){[VERIFY_JSON] = {.name = "json",
                                                                .kind = OPTION_FLAG,
                                                                .help = "print one JSON object"}},
        .option_count = VERIFY_COUNT},
    .run = verify_run,
};
