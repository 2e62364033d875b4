/* src/cli/dhall_tree.c: `straylight dhall to-directory-tree`: a value as files and folders.
 *
 *   record, map    a folder        Text            a file
 *   Some x         x               None            nothing
 *   < A : a >.A x  x
 *   \(tree : Type) -> \(make : { directory : ..., file : ... }) -> [ make.file { ... } ]
 *                  files and folders with users, groups and modes ("fixpoint") */
#include "base/file.h"
#include "cli/dhalling.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TREE_OUTPUT = DHALLING_OPTION_COUNT,
    TREE_ABSOLUTE,
    TREE_PARENT,
    TREE_SEPARATORS,
    TREE_DEPTH_MAX = 500,
};
static const struct option_spec options[] = {
    DHALLING_OPTIONS,
    [TREE_OUTPUT] = {.name = "output",
        .kind = OPTION_TEXT,
        .value = "PATH",
        .help = "where to make it; must be given"},
    [TREE_ABSOLUTE] = {.name = "allow-absolute-paths",
        .kind = OPTION_FLAG,
        .help = "allow names that begin with a slash"},
    [TREE_PARENT] = {.name = "allow-parent-directory",
        .kind = OPTION_FLAG,
        .help = "allow .. in names"},
    [TREE_SEPARATORS] = {.name = "allow-path-separators",
        .kind = OPTION_FLAG,
        .help = "allow slashes in names"},
};

struct tree {
    struct cli *cli;
    struct dhall *dhall;
    bool absolute, parent, separators;
};

static enum err name_refuse(const struct tree *tree, struct str name, const char *why)
{
    return diag_add(&tree->cli->diags, ERR_INVALID, SPAN_NONE,
        "\"%.*s\" cannot be a file's name here: %s", STR_ARG(name), why);
}

/* The path of name below folder, if the options allow it. */
static enum err path_of(
    const struct tree *tree, const char *folder, struct str name, const char **ret_path)
{
    bool parent = false;
    bool empty = name.len == 0;
    struct str rest = name;
    while (rest.len > 0) {
        size_t slash = str_find(rest, '/');
        parent = parent || str_eq(str_sub(rest, 0, slash), STR(".."));
        rest = str_sub(rest, slash + 1, rest.len);
    }
    if (empty || str_eq(name, STR(".")) || memchr(name.ptr, 0, name.len) != NULL) {
        return name_refuse(tree, name, "it names nothing");
    }
    if (name.ptr[0] == '/' && !tree->absolute) {
        return name_refuse(tree, name, "it is absolute (--allow-absolute-paths)");
    }
    if (parent && !tree->parent) {
        return name_refuse(tree, name, "it leaves the folder (--allow-parent-directory)");
    }
    if (str_find(name, '/') != name.len && !tree->separators) {
        return name_refuse(tree, name, "it has a slash (--allow-path-separators)");
    }
    *ret_path = name.ptr[0] == '/'
                    ? arena_cstr(&tree->cli->arena, name)
                    : arena_printf(&tree->cli->arena, "%s/%.*s", folder, STR_ARG(name)).ptr;
    return OK;
}

static enum err value_write(
    const struct tree *tree, const char *path, const struct dhall_value *value, unsigned depth);

/* One entry of a folder, which is made with it. */
static enum err entry_write(const struct tree *tree, const char *folder, struct str name,
    const struct dhall_value *value, unsigned depth)
{
    const char *path = "";
    enum err err = path_of(tree, folder, name, &path);
    if (err == OK && dhall_value_kind_of(tree->dhall, value) == DHALL_VALUE_OPTIONAL) {
        const struct dhall_value *content = NULL;
        err = dhall_value_optional(tree->dhall, value, &content);
        if (err == OK && content == NULL) {
            return OK; /* not even the folders above it */
        }
    }
    if (err == OK) {
        size_t slash = str_find_last(str_of(path), '/');
        const char *above =
            arena_cstr(&tree->cli->arena, str_sub(str_of(path), 0, slash == 0 ? 1 : slash));
        err = dirs_make(AT_FDCWD, above, &tree->cli->diags);
    }
    return err == OK ? value_write(tree, path, value, depth + 1) : err;
}

static enum err record_write(
    const struct tree *tree, const char *path, const struct dhall_value *value, unsigned depth)
{
    const struct dhall_field *fields = NULL;
    size_t count = 0;
    enum err err = dhall_value_record(tree->dhall, value, &fields, &count);
    if (err == OK) {
        err = dirs_make(AT_FDCWD, path, &tree->cli->diags);
    }
    for (size_t i = 0; err == OK && i < count; i++) {
        err = entry_write(tree, path, fields[i].name, fields[i].value, depth);
    }
    return err;
}

/* A list of { mapKey : Text, mapValue }; others are refused. */
static enum err map_write(
    const struct tree *tree, const char *path, const struct dhall_value *value, unsigned depth)
{
    const struct dhall_value *const *elements = NULL;
    size_t count = 0;
    enum err err = dhall_value_list(tree->dhall, value, &elements, &count);
    if (err == OK) {
        err = dirs_make(AT_FDCWD, path, &tree->cli->diags);
    }
    for (size_t i = 0; err == OK && i < count; i++) {
        const struct dhall_value *key, *content;
        struct str name = {0};
        bool good = dhall_value_field(tree->dhall, elements[i], STR("mapKey"), &key) == OK &&
                    dhall_value_field(tree->dhall, elements[i], STR("mapValue"), &content) == OK &&
                    dhall_value_text(tree->dhall, key, &name) == OK;
        err = good
                  ? entry_write(tree, path, name, content, depth)
                  : diag_add(&tree->cli->diags, ERR_INVALID, SPAN_NONE,
                        "%s: a list is a folder only if it is of { mapKey : Text, mapValue : ... }",
                        path);
    }
    return err;
}

static enum err file_put(const struct tree *tree, const char *path, struct str text)
{
    struct diags *diags = &tree->cli->diags;
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || fd_write_all(fd, text) != OK) {
        return diag_add_errno(diags, errno, "cannot write %s", path);
    }
    return OK;
}

static enum err value_write(
    const struct tree *tree, const char *path, const struct dhall_value *value, unsigned depth)
{
    const struct dhall_value *content = NULL;
    struct str text;
    enum err err = OK;
    if (depth > TREE_DEPTH_MAX) {
        return diag_add(&tree->cli->diags, ERR_LIMIT, SPAN_NONE,
            "%s: folders are nested deeper than %d", path, TREE_DEPTH_MAX);
    }
    switch (dhall_value_kind_of(tree->dhall, value)) {
    case DHALL_VALUE_TEXT:
        err = dhall_value_text(tree->dhall, value, &text);
        return err == OK ? file_put(tree, path, text) : err;
    case DHALL_VALUE_RECORD:
        return record_write(tree, path, value, depth);
    case DHALL_VALUE_LIST:
        return map_write(tree, path, value, depth);
    case DHALL_VALUE_OPTIONAL:
        err = dhall_value_optional(tree->dhall, value, &content);
        return err == OK && content != NULL ? value_write(tree, path, content, depth + 1) : err;
    case DHALL_VALUE_UNION:
        err = dhall_value_union(tree->dhall, value, &text, &content);
        if (err == OK && content != NULL) {
            return value_write(tree, path, content, depth + 1);
        }
        break;
    default:
        break;
    }
    struct str shown = dhall_value_show(tree->dhall, value, 100, &tree->cli->arena);
    return diag_add(&tree->cli->diags, ERR_INVALID, SPAN_NONE,
        "%s: only Text, records and maps become files and folders, not %.*s", path, STR_ARG(shown));
}

/* The fixpoint form. It is applied to a Tree that is a union, so that it becomes plain data:
 *   < directory : Entry (List ...) >  cannot be written (it is recursive), so make gives Text: each
 * node is asked for through a Dhall function that flattens it to one list of entries by depth:
 *   List { depth : Natural, name, text, bytes, user, group, mode } in pre-order.
 * A tree may be made with files of Bytes (binary-file), or of Text alone. */
#define FLAT_TEXT(type, record)                                                                    \
    "let User = < UserId : Natural | UserName : Text >\n"                                          \
    "let Group = < GroupId : Natural | GroupName : Text >\n"                                       \
    "let Access = { execute : Optional Bool, read : Optional Bool, write : Optional Bool }\n"      \
    "let Mode = { user : Optional Access, group : Optional Access, other : Optional Access }\n"    \
    "let Entry = \\(content : Type) ->\n"                                                          \
    "      { name : Text, content : content, user : Optional User, group : Optional Group\n"       \
    "      , mode : Optional Mode }\n"                                                             \
    "let Flat = { depth : Natural, name : Text, text : Optional Text, bytes : Optional Bytes\n"    \
    "      , user : Optional User, group : Optional Group, mode : Optional Mode }\n"               \
    "let Tree = Natural -> List Flat\n"                                                            \
    "let none = { text = None Text, bytes = None Bytes }\n"                                        \
    "let concat = \\(depth : Natural) -> \\(trees : List Tree) ->\n"                               \
    "      List/fold Tree trees (List Flat)\n"                                                     \
    "        (\\(tree : Tree) -> \\(rest : List Flat) -> tree (depth + 1) # rest)\n"               \
    "        ([] : List Flat)\n"                                                                   \
    "let directory = \\(entry : Entry (List Tree)) -> \\(depth : Natural) ->\n"                    \
    "        [ none // entry.{ name, user, group, mode } // { depth } ]\n"                         \
    "      # concat depth entry.content\n"                                                         \
    "let file = \\(entry : Entry Text) -> \\(depth : Natural) ->\n"                                \
    "        [ none // entry.{ name, user, group, mode }\n"                                        \
    "          // { depth, text = Some entry.content } ]\n"                                        \
    "let binary-file = \\(entry : Entry Bytes) -> \\(depth : Natural) ->\n"                        \
    "        [ none // entry.{ name, user, group, mode }\n"                                        \
    "          // { depth, bytes = Some entry.content } ]\n"                                       \
    "in  \\(make : forall (tree : Type) ->\n"                                                      \
    "        forall (make : { directory : Entry (List tree) -> tree\n"                             \
    "                       , file : Entry Text -> tree" type " })\n"                              \
    "        -> List tree) ->\n"                                                                   \
    "      List/fold Tree (make Tree { directory, file" record " }) (List Flat)\n"                 \
    "        (\\(tree : Tree) -> \\(rest : List Flat) -> tree 0 # rest) ([] : List Flat)\n"
static const char *const flat_texts[] = {
    FLAT_TEXT(", binary-file : Entry Bytes -> tree", ", binary-file"),
    FLAT_TEXT("", ""),
};

/* The field of a record, through Some; NULL if it is None. */
static const struct dhall_value *field_some(
    const struct tree *tree, const struct dhall_value *record, struct str name)
{
    const struct dhall_value *field = NULL;
    const struct dhall_value *content = NULL;
    return dhall_value_field(tree->dhall, record, name, &field) == OK &&
                   dhall_value_optional(tree->dhall, field, &content) == OK
               ? content
               : NULL;
}

/* < UserId : Natural | UserName : Text > as a number; false if there is no such name. */
static bool owner_id(
    const struct tree *tree, const struct dhall_value *owner, bool is_group, uint32_t *ret_id)
{
    struct str alternative, name;
    const struct dhall_value *content = NULL;
    uint64_t number = 0;
    if (dhall_value_union(tree->dhall, owner, &alternative, &content) != OK || content == NULL) {
        return false;
    }
    if (dhall_value_natural(tree->dhall, content, &number) == OK) {
        *ret_id = (uint32_t)number;
        return number < UINT32_MAX;
    }
    if (dhall_value_text(tree->dhall, content, &name) != OK) {
        return false;
    }
    const char *text = arena_cstr(&tree->cli->arena, name);
    const struct passwd *user = is_group ? NULL : getpwnam(text);
    const struct group *group = is_group ? getgrnam(text) : NULL;
    *ret_id = user != NULL ? user->pw_uid : group != NULL ? group->gr_gid : 0;
    return user != NULL || group != NULL;
}

static enum err owner_set(
    const struct tree *tree, const char *path, const struct dhall_value *entry)
{
    uint32_t ids[2] = {UINT32_MAX, UINT32_MAX};
    for (unsigned i = 0; i < 2; i++) {
        const struct dhall_value *owner =
            field_some(tree, entry, i == 0 ? STR("user") : STR("group"));
        if (owner != NULL && !owner_id(tree, owner, i == 1, &ids[i])) {
            struct str shown = dhall_value_show(tree->dhall, owner, 100, &tree->cli->arena);
            return diag_add(&tree->cli->diags, ERR_INVALID, SPAN_NONE, "%s: there is no %s %.*s",
                path, i == 0 ? "user" : "group", STR_ARG(shown));
        }
    }
    if ((ids[0] != UINT32_MAX || ids[1] != UINT32_MAX) && chown(path, ids[0], ids[1]) != 0) {
        return diag_add_errno(&tree->cli->diags, errno, "cannot change the owner of %s", path);
    }
    return OK;
}

/* Bits that the mode does not mention stay as they are. */
static enum err mode_set(const struct tree *tree, const char *path, const struct dhall_value *entry)
{
    static const struct {
        const char *name;
        unsigned shift;
    } classes[] = {{"user", 6}, {"group", 3}, {"other", 0}};
    static const struct {
        const char *name;
        unsigned bit;
    } rights[] = {{"read", 4}, {"write", 2}, {"execute", 1}};
    const struct dhall_value *mode = field_some(tree, entry, STR("mode"));
    struct stat info;
    if (mode == NULL) {
        return OK;
    }
    if (stat(path, &info) != 0) {
        return diag_add_errno(&tree->cli->diags, errno, "cannot read the mode of %s", path);
    }
    mode_t bits = info.st_mode & 07777U;
    for (size_t i = 0; i < 3; i++) {
        const struct dhall_value *access = field_some(tree, mode, str_of(classes[i].name));
        for (size_t j = 0; access != NULL && j < 3; j++) {
            const struct dhall_value *right = field_some(tree, access, str_of(rights[j].name));
            bool given = false;
            if (right == NULL || dhall_value_bool(tree->dhall, right, &given) != OK) {
                continue;
            }
            mode_t bit = (mode_t)(rights[j].bit << classes[i].shift);
            bits = given ? bits | bit : bits & ~bit;
        }
    }
    return chmod(path, bits) == 0
               ? OK
               : diag_add_errno(&tree->cli->diags, errno, "cannot change the mode of %s", path);
}

struct flat { /* an entry that is made; its mode is set when all below it is there */
    const char *path;
    const struct dhall_value *entry;
};

static enum err flat_make(const struct tree *tree, const char *folder, struct flat *flat)
{
    const struct dhall_value *field = NULL;
    struct str name = {0};
    struct str content = {0};
    if (dhall_value_field(tree->dhall, flat->entry, STR("name"), &field) != OK ||
        dhall_value_text(tree->dhall, field, &name) != OK) {
        return ERR_INVALID;
    }
    enum err err = path_of(tree, folder, name, &flat->path);
    if (err != OK) {
        return err;
    }
    const struct dhall_value *text = field_some(tree, flat->entry, STR("text"));
    const struct dhall_value *bytes = field_some(tree, flat->entry, STR("bytes"));
    if (text == NULL && bytes == NULL) {
        return dirs_make(AT_FDCWD, flat->path, &tree->cli->diags);
    }
    if (tree->separators) {
        struct str above = str_sub(str_of(flat->path), 0, str_find_last(str_of(flat->path), '/'));
        err = dirs_make(AT_FDCWD, arena_cstr(&tree->cli->arena, above), &tree->cli->diags);
    }
    if (err == OK) {
        err = text != NULL ? dhall_value_text(tree->dhall, text, &content)
                           : dhall_value_bytes(tree->dhall, bytes, &content);
    }
    return err == OK ? file_put(tree, flat->path, content) : err;
}

static enum err flats_write(
    const struct tree *tree, const char *path, const struct dhall_value *list)
{
    const struct dhall_value *const *elements = NULL;
    const char *folders[TREE_DEPTH_MAX + 2] = {path};
    size_t count = 0;
    enum err err = dhall_value_list(tree->dhall, list, &elements, &count);
    if (err == OK) {
        err = dirs_make(AT_FDCWD, path, &tree->cli->diags);
    }
    struct flat *flats = ARENA_NEW(&tree->cli->arena, struct flat, count);
    for (size_t i = 0; err == OK && i < count; i++) {
        const struct dhall_value *field = NULL;
        uint64_t depth = 0;
        flats[i].entry = elements[i];
        if (dhall_value_field(tree->dhall, elements[i], STR("depth"), &field) != OK ||
            dhall_value_natural(tree->dhall, field, &depth) != OK || depth > TREE_DEPTH_MAX) {
            return diag_add(&tree->cli->diags, ERR_LIMIT, SPAN_NONE,
                "folders are nested deeper than %d", TREE_DEPTH_MAX);
        }
        err = flat_make(tree, folders[depth], &flats[i]);
        folders[depth + 1] = flats[i].path;
    }
    for (size_t i = count; err == OK && i > 0; i--) {
        err = owner_set(tree, flats[i - 1].path, flats[i - 1].entry);
        err = err == OK ? mode_set(tree, flats[i - 1].path, flats[i - 1].entry) : err;
    }
    return err;
}

static enum err function_write(
    const struct tree *tree, const char *path, const struct dhall_loaded *loaded)
{
    struct diags *diags = &tree->cli->diags;
    struct dhall_loaded flatten;
    const struct dhall_value *list = NULL;
    enum err err = OK;
    bool accepts = false;
    for (size_t i = 0; err == OK && !accepts && i < sizeof flat_texts / sizeof flat_texts[0]; i++) {
        err = dhall_load_text(
            tree->dhall, STR("(fixpoint)"), STR("."), str_of(flat_texts[i]), &flatten, diags);
        accepts = err == OK && dhall_type_accepts(tree->dhall, flatten.type, loaded->type);
    }
    if (err == OK && !accepts) {
        struct str type = dhall_value_show(tree->dhall, loaded->type, 200, &tree->cli->arena);
        return diag_add(diags, ERR_INVALID, SPAN_NONE,
            "a function is a tree only if its type is that of the fixpoint form, not %.*s",
            STR_ARG(type));
    }
    if (err == OK) {
        err = dhall_apply(tree->dhall, flatten.value, loaded->value, &list, diags);
    }
    return err == OK ? flats_write(tree, path, list) : err;
}

static enum cli_status tree_run(struct cli *cli)
{
    const struct option_value *values = cli->args.values;
    struct dhalling dhalling;
    struct dhall_loaded loaded;
    if (!values[TREE_OUTPUT].given) {
        enum err missing = diag_add(&cli->diags, ERR_INVALID, SPAN_NONE, "--output is missing");
        diag_help(&cli->diags, "it says where to make the tree");
        return missing == OK ? CLI_DONE : CLI_MISUSE;
    }
    dhalling_open(cli, &dhalling);
    struct tree tree = {.cli = cli,
        .dhall = dhalling.dhall,
        .absolute = values[TREE_ABSOLUTE].given,
        .parent = values[TREE_PARENT].given,
        .separators = values[TREE_SEPARATORS].given};
    const char *path = arena_cstr(&cli->arena, values[TREE_OUTPUT].text);
    enum err err = dhalling_load(&dhalling, &loaded);
    if (err == OK) {
        err = dhall_value_kind_of(dhalling.dhall, loaded.value) == DHALL_VALUE_FUNCTION
                  ? function_write(&tree, path, &loaded)
                  : value_write(&tree, path, loaded.value, 0);
    }
    return dhalling_end(&dhalling, err);
}

const struct command command_dhall_to_directory_tree = {
    .spec = {.name = "dhall to-directory-tree",
        .operands = "[FILE]",
        .summary = "write a Dhall record as files and folders",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_FILE,
        .operand_max = 1},
    .run = tree_run,
};
