/* src/cli/compile_commands.c */
#include "cli/compile_commands.h"
#include "base/file.h"
#include "build/plan.h"
#include "build/query.h"
#include "build/workspace.h"
#include "codec/json.h"
#include <fcntl.h>

enum {
    FILE_OLD_BYTES_MAX = 64 * 1024 * 1024,
};

/* What stands behind "-c", if it is a source that the action reads; NULL: it compiles nothing. */
static const struct str *source_of(const struct log_action *action)
{
    for (size_t i = 0; i + 1 < action->argv.count; i++) {
        for (size_t j = 0; j < action->input_count && str_eq(action->argv.at[i], STR("-c")); j++) {
            if (str_eq(action->argv.at[i + 1], action->inputs[j].path)) {
                return &action->argv.at[i + 1];
            }
        }
    }
    return NULL;
}

/* What other actions made is seen at gen/ in the sandbox, and lies in out/ of the workspace. */
static struct str workspace_word(struct str word, struct arena *arena)
{
    static const struct str before[] = {{"", 0}, {"-I", 2}};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        struct str path = str_sub(word, before[i].len, word.len);
        if (str_starts(word, before[i]) && str_starts(path, STR("gen/"))) {
            return arena_printf(
                arena, "%.*sout/%.*s", STR_ARG(before[i]), (int)(path.len - 4), path.ptr + 4);
        }
    }
    return word;
}

static void entry_json(
    struct cli *cli, const char *root, const struct log_action *action, struct json *json)
{
    const struct str *source = source_of(action);
    if (source == NULL) {
        return;
    }
    json_begin(json, '{');
    json_key_str(json, STR("directory"), str_of(root));
    json_key_str(json, STR("file"), workspace_word(*source, &cli->arena));
    json_key(json, STR("arguments"));
    json_begin(json, '[');
    for (size_t i = 0; i < action->argv.count; i++) {
        json_str(json, workspace_word(action->argv.at[i], &cli->arena));
    }
    json_end(json, ']');
    json_end(json, '}');
}

static bool file_digest(struct cli *cli, const char *path, struct digest *ret_digest)
{
    struct diags ignored;
    struct str bytes;
    diags_init(&ignored, &cli->arena, NULL);
    bool there = file_read(AT_FDCWD, path, FILE_OLD_BYTES_MAX, &cli->arena, &bytes, &ignored) == OK;
    if (there) {
        *ret_digest = digest_of(bytes);
    }
    return there;
}

enum err compile_commands_write(struct cli *cli, struct engine *engine)
{
    struct target *targets = NULL;
    struct log_action *actions = NULL;
    size_t count = 0, action_count = 0;
    const char *root = build_workspace(engine)->root;
    enum err err = build_targets(engine, STR(""), true, &cli->arena, &targets, &count, &cli->diags);
    struct label *labels = ARENA_NEW(&cli->arena, struct label, count);
    for (size_t i = 0; i < count; i++) {
        labels[i] = targets[i].label;
    }
    err = err == OK ? build_actions(
                          engine, labels, count, &cli->arena, &actions, &action_count, &cli->diags)
                    : err;
    if (err != OK) {
        return err;
    }
    AUTO_BUF text = {0};
    struct json json = {.text = &text};
    json_begin(&json, '[');
    for (size_t i = 0; i < action_count; i++) {
        entry_json(cli, root, &actions[i], &json);
    }
    json_end(&json, ']');
    buf_add_byte(&text, '\n');
    const char *path = arena_printf(&cli->arena, "%s/%s", root, COMPILE_COMMANDS_FILE).ptr;
    struct digest digest = digest_of(buf_str(&text)), old;
    if (!file_digest(cli, path, &old) || !digest_eq(&old, &digest)) {
        err = file_write_atomic(AT_FDCWD, path, buf_str(&text), &cli->diags);
    }
    return err == OK ? build_commands_note(engine, &digest, &cli->diags) : err;
}

enum err compile_commands_update(struct cli *cli, struct engine *engine)
{
    struct digest written, now;
    if (!build_commands_old(engine, &written)) {
        return OK;
    }
    const char *root = build_workspace(engine)->root;
    const char *path = arena_printf(&cli->arena, "%s/%s", root, COMPILE_COMMANDS_FILE).ptr;
    bool ours =
        file_digest(cli, path, &now) && memcmp(now.hash, written.hash, sizeof now.hash) == 0;
    return ours ? compile_commands_write(cli, engine)
                : build_commands_note(engine, NULL, &cli->diags);
}
