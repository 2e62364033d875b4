/* src/build/workspace.c */
#include "build/workspace.h"
#include "digest/digest.h"
#include <errno.h>
#include <limits.h>
#include <unistd.h>

bool workspace_reserved(struct str name)
{
    return str_eq(name, STR("out")) || str_eq(name, STR("gen")) || str_eq(name, STR("exec"));
}

/* Does folder[0..len) hold the file that marks a root? */
static bool is_root(struct str folder, struct arena *arena)
{
    struct str file = arena_printf(arena, "%.*s/%s", STR_ARG(folder), WORKSPACE_FILE);
    return access(file.ptr, F_OK) == 0;
}

enum err workspace_find(const char *store_root, struct arena *arena,
    struct workspace *ret_workspace, struct diags *diags)
{
    char buf[PATH_MAX];
    if (getcwd(buf, sizeof buf) == NULL || buf[0] != '/') {
        return diag_add_errno(diags, errno, "the working folder has no path");
    }
    struct str cwd = arena_str(arena, str_of(buf));
    struct str root = str_eq(cwd, STR("/")) ? STR("") : cwd;
    while (!is_root(root, arena)) {
        if (root.len == 0) {
            enum err err = diag_add(diags, ERR_INVALID, SPAN_NONE,
                "no workspace: neither %.*s nor a folder above it has a %s", STR_ARG(cwd),
                WORKSPACE_FILE);
            diag_help(diags, "\"straylight init\" makes one here");
            return err;
        }
        root = str_sub(root, 0, str_find_last(root, '/'));
    }
    struct digest name = digest_of(root);
    char hex[DIGEST_HEX_BYTES];
    struct str hex_text = digest_hex(&name, hex);
    ret_workspace->root = root.len == 0 ? "/" : arena_cstr(arena, root);
    ret_workspace->here = str_sub(cwd, root.len + 1, cwd.len);
    ret_workspace->state =
        arena_printf(arena, "%s/workspaces/%.*s", store_root, STR_ARG(hex_text)).ptr;
    return OK;
}
