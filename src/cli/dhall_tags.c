/* src/cli/dhall_tags.c: `straylight dhall tags`: names of Dhall files for editors, as etags writes
 * them:
 *
 *   \f newline FILE,BYTES newline     then BYTES bytes of: PATTERN \x7f NAME \x01 LINE,OFFSET
 * newline
 *
 * PATTERN is the line up to the name and one character more; Emacs looks for it. */
#include "base/file.h"
#include "cli/dhalling.h"
#include "dhall/parse.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
    TAGS_PATH,
    TAGS_OUTPUT,
    TAGS_SUFFIXES,
    TAGS_FOLLOW,
    FOLDERS_DEPTH_MAX = 256,
};
static const struct option_spec options[] = {
    [TAGS_PATH] = {.name = "path",
        .kind = OPTION_TEXT,
        .value = "PATH",
        .help = "take this file or folder; else the files that standard input names"},
    [TAGS_OUTPUT] = {.name = "output",
        .kind = OPTION_TEXT,
        .value = "FILE",
        .help = "write to FILE (tags); - is standard output"},
    [TAGS_SUFFIXES] = {.name = "suffixes",
        .kind = OPTION_TEXT,
        .value = "SUFFIXES",
        .help = "take files with one of these endings (.dhall); * or nothing takes all",
        .empty_too = true},
    [TAGS_FOLLOW] = {.name = "follow-symlinks",
        .kind = OPTION_FLAG,
        .help = "go into folders that are symbolic links"},
};

struct tag {
    struct str name;
    size_t at;     /* where the name begins */
    size_t column; /* of it, in bytes */
};
struct tagger {
    struct cli *cli;
    struct dhall_labels labels;
    struct dhall_terms *terms;
    struct str text; /* of the file */
    struct buf rows; /* struct tag: of the file */
    struct buf tags; /* the same, written */
    struct buf all;
    struct str suffixes;
    bool follow;
};

/* The line of `at`, from its begin, without its end. */
static struct str line_of(struct str text, size_t at, size_t *ret_begin)
{
    size_t begin = at;
    while (begin > 0 && text.ptr[begin - 1] != '\n') {
        begin--;
    }
    *ret_begin = begin;
    struct str rest = str_sub(text, begin, text.len);
    return str_sub(rest, 0, str_find(rest, '\n'));
}

static bool is_label_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '/';
}

/* Where name stands in line, as a whole word if it does; line.len: nowhere. */
static size_t name_find(struct str line, struct str name)
{
    size_t any = line.len;
    for (size_t at = 0; at + name.len <= line.len; at++) {
        if (!str_starts(str_sub(line, at, line.len), name)) {
            continue;
        }
        size_t end = at + name.len;
        bool whole = (at == 0 || !is_label_byte(line.ptr[at - 1])) &&
                     (end == line.len || !is_label_byte(line.ptr[end]));
        if (whole) {
            return at;
        }
        any = any == line.len ? at : any;
    }
    return any;
}

/* The name stands on the line of `at` or on one above it; there is no tag if not. */
static void tag_add(struct tagger *tagger, struct str name, size_t at)
{
    size_t begin = at;
    while (name.len > 0) {
        struct str line = line_of(tagger->text, begin, &begin);
        size_t column = name_find(line, name);
        if (column < line.len) {
            struct tag tag = {.name = name, .at = begin + column, .column = column};
            buf_add(&tagger->rows, (struct str){.ptr = (const char *)&tag, .len = sizeof tag});
            return;
        }
        if (begin == 0) {
            return;
        }
        begin--;
    }
}

/* Names that let binds, fields and alternatives. A row's span is its text, so row numbers need not
 * be walked from the root. */
static void terms_tag(struct tagger *tagger)
{
    const struct dhall_terms *terms = tagger->terms;
    for (uint32_t i = 1; i < terms->len; i++) {
        const struct dhall_row *row = &terms->rows[i];
        const uint32_t *list = dhall_list_of(terms, row);
        if (row->kind == DHALL_LET) {
            tag_add(tagger, dhall_label_name(&tagger->labels, row->a), terms->spans[i].begin);
        }
        bool fields =
            row->kind == DHALL_RECORD || row->kind == DHALL_RECORD_TYPE || row->kind == DHALL_UNION;
        for (uint32_t j = 0; fields && j < row->c; j += 2) {
            size_t at = list[j + 1] == 0 ? terms->spans[i].begin : terms->spans[list[j + 1]].begin;
            tag_add(tagger, dhall_label_name(&tagger->labels, list[j]), at);
        }
    }
}

static int by_place(const void *a, const void *b)
{
    const struct tag *left = a;
    const struct tag *right = b;
    if (left->at != right->at) {
        return left->at > right->at ? 1 : -1;
    }
    return (left->name.len > right->name.len) - (left->name.len < right->name.len);
}

/* In the order of the text. */
static void tags_write(struct tagger *tagger)
{
    size_t count = tagger->rows.len / sizeof(struct tag);
    struct tag *tags = ARENA_NEW(&tagger->cli->arena, struct tag, count);
    size_t line = 1;
    size_t counted = 0; /* newlines before it are in line */
    if (count > 0) {
        memcpy(tags, tagger->rows.ptr, tagger->rows.len);
        qsort(tags, count, sizeof *tags, by_place);
    }
    for (size_t i = 0; i < count; i++) {
        const struct tag *tag = &tags[i];
        for (; counted < tag->at; counted++) {
            line += tagger->text.ptr[counted] == '\n' ? 1 : 0;
        }
        size_t begin = tag->at - tag->column;
        size_t end = tag->at + tag->name.len;
        bool more = end < tagger->text.len && tagger->text.ptr[end] != '\n';
        buf_add(&tagger->tags, str_sub(tagger->text, begin, end + (more ? 1 : 0)));
        buf_printf(&tagger->tags, "\x7f%.*s\x01%zu,%zu\n", STR_ARG(tag->name), line, tag->at + 1);
    }
}

/* What cannot be read or does not parse has no tags. */
static void file_tag(struct tagger *tagger, const char *path)
{
    struct cli *cli = tagger->cli;
    struct diags diags;
    struct dhall_terms terms;
    dhall_term root;
    struct str name = str_of(path);
    struct str file = str_sub(
        name, str_find_last(name, '/') == name.len ? 0 : str_find_last(name, '/') + 1, name.len);
    diags_init(&diags, &cli->arena, NULL);
    dhall_terms_init(&terms, &tagger->labels, 0);
    tagger->terms = &terms;
    tagger->rows.len = 0;
    tagger->tags.len = 0;
    buf_printf(&tagger->tags,
        "\x7f%.*s\x01"
        "1,1\n\x7f/%.*s\x01"
        "1,1\n",
        STR_ARG(file), STR_ARG(file));
    if (file_read(AT_FDCWD, path, FILE_BYTES_MAX, &cli->arena, &tagger->text, &diags) == OK &&
        dhall_parse(&terms, 1, tagger->text, &root, &diags) == OK) {
        terms_tag(tagger);
        tags_write(tagger);
        buf_printf(&tagger->all, "\x0c\n%s,%zu\n", path, tagger->tags.len);
        buf_add(&tagger->all, buf_str(&tagger->tags));
    }
    dhall_terms_release(&terms);
}

static bool suffix_fits(struct str name, struct str suffixes)
{
    while (suffixes.len > 0) {
        size_t blank = str_find(suffixes, ' ');
        struct str suffix = str_sub(suffixes, 0, blank);
        if (str_eq(suffix, STR("*")) || (suffix.len > 0 && str_ends(name, suffix))) {
            return true;
        }
        suffixes = str_sub(suffixes, blank + 1, suffixes.len);
    }
    return false;
}

/* A file that was named is taken whatever its ending. */
static void path_tag(struct tagger *tagger, const char *path, unsigned depth)
{
    struct stat info;
    struct dirent **rows = NULL;
    bool skip = depth > 0 && lstat(path, &info) == 0 && S_ISLNK(info.st_mode) && !tagger->follow;
    if (depth > FOLDERS_DEPTH_MAX || stat(path, &info) != 0) {
        return;
    }
    if (!S_ISDIR(info.st_mode)) {
        if (depth == 0 || suffix_fits(str_of(path), tagger->suffixes)) {
            file_tag(tagger, path);
        }
        return;
    }
    int count = skip ? 0 : scandir(path, &rows, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (rows[i]->d_name[0] != '.') {
            path_tag(tagger, arena_printf(&tagger->cli->arena, "%s/%s", path, rows[i]->d_name).ptr,
                depth + 1);
        }
        free(rows[i]);
    }
    free(rows);
}

static enum cli_status tags_run(struct cli *cli)
{
    const struct option_value *values = cli->args.values;
    struct tagger tagger = {.cli = cli,
        .suffixes = !values[TAGS_SUFFIXES].given          ? STR(".dhall")
                    : values[TAGS_SUFFIXES].text.len == 0 ? STR("*")
                                                          : values[TAGS_SUFFIXES].text,
        .follow = values[TAGS_FOLLOW].given};
    struct str names = {0};
    enum err err = OK;
    dhall_labels_init(&tagger.labels);
    if (values[TAGS_PATH].given) {
        path_tag(&tagger, arena_cstr(&cli->arena, values[TAGS_PATH].text), 0);
    } else {
        err = dhalling_stdin_read(cli, &names);
    }
    while (names.len > 0) {
        size_t end = str_find(names, '\n');
        path_tag(&tagger, arena_cstr(&cli->arena, str_sub(names, 0, end)), 0);
        names = str_sub(names, end + 1, names.len);
    }
    const char *output =
        values[TAGS_OUTPUT].given ? arena_cstr(&cli->arena, values[TAGS_OUTPUT].text) : "tags";
    bool printed = str_eq(str_of(output), STR("-"));
    if (err == OK && printed) {
        cli_print(buf_str(&tagger.all));
    } else if (err == OK) {
        err = file_write_atomic(AT_FDCWD, output, buf_str(&tagger.all), &cli->diags);
    }
    buf_release(&tagger.rows);
    buf_release(&tagger.tags);
    buf_release(&tagger.all);
    dhall_labels_release(&tagger.labels);
    return cli_status_of(err);
}

const struct command command_dhall_tags = {
    .spec = {.name = "dhall tags",
        .operands = "",
        .summary = "write an etags file of the names in Dhall files",
        .options = options,
        .option_count = sizeof options / sizeof options[0]},
    .run = tags_run,
};
