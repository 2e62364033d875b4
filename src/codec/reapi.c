/* src/codec/reapi.c: the tables of codec/reapi.h, and canonical order. */
#include "codec/reapi.h"
#include "base/utf8.h"
#include "codec/proto.h"
#include <stdlib.h>

#define FIELD(n, k, type, member)                                                                  \
    {                                                                                              \
        .number = (n), .kind = (k), .offset = offsetof(type, member)                               \
    }
#define CHILD(n, type, member, of)                                                                 \
    {                                                                                              \
        .number = (n), .kind = PROTO_MESSAGE, .offset = offsetof(type, member), .message = &(of)   \
    }
/* A pointer and its count must be neighbours. */
#define LIST_OF(n, k, type, member, count, of)                                                     \
    {                                                                                              \
        .number = (n), .kind = (k), .repeated = true,                                              \
        .offset =                                                                                  \
            offsetof(type, member) +                                                               \
            0 * sizeof(char[offsetof(type, count) == offsetof(type, member) + PROTO_COUNT_OFFSET   \
                                ? 1                                                                \
                                : -1]),                                                            \
        .message = (of)                                                                            \
    }
#define LIST(n, type, member, count, of) LIST_OF(n, PROTO_MESSAGE, type, member, count, &(of))
#define STRINGS(n, type, member, count) LIST_OF(n, PROTO_STRING, type, member, count, NULL)
#define MESSAGE(variable, type, text)                                                              \
    static const struct proto_message variable = {.name = (text),                                  \
        .fields = variable##_fields,                                                               \
        .field_count = sizeof variable##_fields / sizeof variable##_fields[0],                     \
        .size_bytes = sizeof(type)}

static const struct proto_field property_fields[] = {
    FIELD(1, PROTO_STRING, struct reapi_property, name),
    FIELD(2, PROTO_STRING, struct reapi_property, value),
};
MESSAGE(property, struct reapi_property, "Property");

static const struct proto_field platform_fields[] = {
    LIST(1, struct reapi_platform, properties, property_count, property),
};
MESSAGE(platform, struct reapi_platform, "Platform");

static const struct proto_field timestamp_fields[] = {
    FIELD(1, PROTO_INT64, struct reapi_time, seconds),
    FIELD(2, PROTO_INT32, struct reapi_time, nanos),
};
MESSAGE(timestamp, struct reapi_time, "Timestamp");

static const struct proto_field uint32_fields[] = {
    FIELD(1, PROTO_UINT32, struct reapi_uint32, value),
};
MESSAGE(uint32, struct reapi_uint32, "UInt32Value");

static const struct proto_field any_fields[] = {
    FIELD(1, PROTO_STRING, struct reapi_any, type_url),
    FIELD(2, PROTO_BYTES, struct reapi_any, value),
};
MESSAGE(any, struct reapi_any, "Any");

static const struct proto_field action_fields[] = {
    FIELD(1, PROTO_DIGEST, struct reapi_action, command_digest),
    FIELD(2, PROTO_DIGEST, struct reapi_action, input_root_digest),
    CHILD(6, struct reapi_action, timeout, timestamp),
    FIELD(7, PROTO_BOOL, struct reapi_action, do_not_cache),
    FIELD(9, PROTO_BYTES, struct reapi_action, salt),
    CHILD(10, struct reapi_action, platform, platform),
};
MESSAGE(action, struct reapi_action, "Action");

static const struct proto_field command_fields[] = {
    STRINGS(1, struct reapi_command, arguments, argument_count),
    LIST(2, struct reapi_command, environment, environment_count, property),
    STRINGS(3, struct reapi_command, output_files, output_file_count),
    STRINGS(4, struct reapi_command, output_directories, output_directory_count),
    CHILD(5, struct reapi_command, platform, platform),
    FIELD(6, PROTO_STRING, struct reapi_command, working_directory),
    STRINGS(7, struct reapi_command, output_paths, output_path_count),
    STRINGS(8, struct reapi_command, output_node_properties, output_node_property_count),
    FIELD(9, PROTO_INT32, struct reapi_command, output_directory_format),
};
MESSAGE(command, struct reapi_command, "Command");

static const struct proto_field node_properties_fields[] = {
    LIST(1, struct reapi_node_properties, properties, property_count, property),
    CHILD(2, struct reapi_node_properties, mtime, timestamp),
    CHILD(3, struct reapi_node_properties, unix_mode, uint32),
};
MESSAGE(node_properties, struct reapi_node_properties, "NodeProperties");

static const struct proto_field file_node_fields[] = {
    FIELD(1, PROTO_STRING, struct reapi_file_node, name),
    FIELD(2, PROTO_DIGEST, struct reapi_file_node, digest),
    FIELD(4, PROTO_BOOL, struct reapi_file_node, is_executable),
    CHILD(6, struct reapi_file_node, node_properties, node_properties),
};
MESSAGE(file_node, struct reapi_file_node, "FileNode");

static const struct proto_field directory_node_fields[] = {
    FIELD(1, PROTO_STRING, struct reapi_directory_node, name),
    FIELD(2, PROTO_DIGEST, struct reapi_directory_node, digest),
};
MESSAGE(directory_node, struct reapi_directory_node, "DirectoryNode");

static const struct proto_field symlink_fields[] = {
    FIELD(1, PROTO_STRING, struct reapi_symlink, name),
    FIELD(2, PROTO_STRING, struct reapi_symlink, target),
    CHILD(4, struct reapi_symlink, node_properties, node_properties),
};
MESSAGE(symlink, struct reapi_symlink, "SymlinkNode");

static const struct proto_field directory_fields[] = {
    LIST(1, struct reapi_directory, files, file_count, file_node),
    LIST(2, struct reapi_directory, directories, directory_count, directory_node),
    LIST(3, struct reapi_directory, symlinks, symlink_count, symlink),
    CHILD(5, struct reapi_directory, node_properties, node_properties),
};
MESSAGE(directory, struct reapi_directory, "Directory");

static const struct proto_field tree_fields[] = {
    CHILD(1, struct reapi_tree, root, directory),
    LIST(2, struct reapi_tree, children, child_count, directory),
};
MESSAGE(tree, struct reapi_tree, "Tree");

static const struct proto_field output_file_fields[] = {
    FIELD(1, PROTO_STRING, struct reapi_output_file, path),
    FIELD(2, PROTO_DIGEST, struct reapi_output_file, digest),
    FIELD(4, PROTO_BOOL, struct reapi_output_file, is_executable),
    FIELD(5, PROTO_BYTES, struct reapi_output_file, contents),
    CHILD(7, struct reapi_output_file, node_properties, node_properties),
};
MESSAGE(output_file, struct reapi_output_file, "OutputFile");

static const struct proto_field output_directory_fields[] = {
    FIELD(1, PROTO_STRING, struct reapi_output_directory, path),
    FIELD(3, PROTO_DIGEST, struct reapi_output_directory, tree_digest),
    FIELD(4, PROTO_BOOL, struct reapi_output_directory, is_topologically_sorted),
    FIELD(5, PROTO_DIGEST, struct reapi_output_directory, root_directory_digest),
};
MESSAGE(output_directory, struct reapi_output_directory, "OutputDirectory");

static const struct proto_field metadata_fields[] = {
    FIELD(1, PROTO_STRING, struct reapi_metadata, worker),
    CHILD(2, struct reapi_metadata, queued, timestamp),
    CHILD(3, struct reapi_metadata, worker_start, timestamp),
    CHILD(4, struct reapi_metadata, worker_completed, timestamp),
    CHILD(5, struct reapi_metadata, input_fetch_start, timestamp),
    CHILD(6, struct reapi_metadata, input_fetch_completed, timestamp),
    CHILD(7, struct reapi_metadata, execution_start, timestamp),
    CHILD(8, struct reapi_metadata, execution_completed, timestamp),
    CHILD(9, struct reapi_metadata, output_upload_start, timestamp),
    CHILD(10, struct reapi_metadata, output_upload_completed, timestamp),
    LIST(11, struct reapi_metadata, auxiliary, auxiliary_count, any),
    CHILD(12, struct reapi_metadata, virtual_execution_duration, timestamp),
};
MESSAGE(metadata, struct reapi_metadata, "ExecutedActionMetadata");

static const struct proto_field result_fields[] = {
    LIST(2, struct reapi_action_result, output_files, output_file_count, output_file),
    LIST(3, struct reapi_action_result, output_directories, output_directory_count,
        output_directory),
    FIELD(4, PROTO_INT32, struct reapi_action_result, exit_code),
    FIELD(5, PROTO_BYTES, struct reapi_action_result, stdout_raw),
    FIELD(6, PROTO_DIGEST, struct reapi_action_result, stdout_digest),
    FIELD(7, PROTO_BYTES, struct reapi_action_result, stderr_raw),
    FIELD(8, PROTO_DIGEST, struct reapi_action_result, stderr_digest),
    CHILD(9, struct reapi_action_result, metadata, metadata),
    LIST(10, struct reapi_action_result, output_file_symlinks, output_file_symlink_count, symlink),
    LIST(11, struct reapi_action_result, output_directory_symlinks, output_directory_symlink_count,
        symlink),
    LIST(12, struct reapi_action_result, output_symlinks, output_symlink_count, symlink),
};
MESSAGE(result, struct reapi_action_result, "ActionResult");

void reapi_action_encode(const struct reapi_action *value, struct buf *ret_bytes)
{
    proto_encode(&action, value, ret_bytes);
}

void reapi_command_encode(const struct reapi_command *value, struct buf *ret_bytes)
{
    proto_encode(&command, value, ret_bytes);
}

void reapi_directory_encode(const struct reapi_directory *value, struct buf *ret_bytes)
{
    proto_encode(&directory, value, ret_bytes);
}

void reapi_tree_encode(const struct reapi_tree *value, struct buf *ret_bytes)
{
    proto_encode(&tree, value, ret_bytes);
}

void reapi_action_result_encode(const struct reapi_action_result *value, struct buf *ret_bytes)
{
    proto_encode(&result, value, ret_bytes);
}

static bool digest_is_absent(const struct digest *digest)
{
    static const uint8_t zeros[DIGEST_HASH_BYTES];
    return memcmp(digest->hash, zeros, sizeof zeros) == 0;
}

enum err reapi_action_decode(struct str bytes, struct arena *arena, struct reapi_action *ret_action)
{
    enum err err = proto_decode(&action, bytes, arena, ret_action);
    if (err == OK && (digest_is_absent(&ret_action->command_digest) ||
                         digest_is_absent(&ret_action->input_root_digest))) {
        err = ERR_INVALID;
    }
    return err;
}

enum err reapi_command_decode(
    struct str bytes, struct arena *arena, struct reapi_command *ret_command)
{
    return proto_decode(&command, bytes, arena, ret_command);
}

bool reapi_name_is_valid(struct str name)
{
    return name.len > 0 && !str_eq(name, STR(".")) && !str_eq(name, STR("..")) &&
           memchr(name.ptr, '/', name.len) == NULL && memchr(name.ptr, '\0', name.len) == NULL &&
           utf8_is(name);
}

/* All names of the three lists, each sorted: a merge that sees each pair of neighbours. */
static bool names_are_ordered(const struct reapi_directory *dir)
{
    size_t f = 0, d = 0, s = 0;
    struct str last = {0};
    while (f < dir->file_count || d < dir->directory_count || s < dir->symlink_count) {
        struct str name = {0};
        size_t *from = NULL;
        if (f < dir->file_count) {
            name = dir->files[f].name;
            from = &f;
        }
        if (d < dir->directory_count &&
            (from == NULL || str_cmp(dir->directories[d].name, name) < 0)) {
            name = dir->directories[d].name;
            from = &d;
        }
        if (s < dir->symlink_count && (from == NULL || str_cmp(dir->symlinks[s].name, name) < 0)) {
            name = dir->symlinks[s].name;
            from = &s;
        }
        if (!reapi_name_is_valid(name) || str_cmp(last, name) >= 0) {
            return false;
        }
        last = name;
        *from += 1;
    }
    return true;
}

static bool directory_is_canonical(const struct reapi_directory *dir)
{
    for (size_t i = 0; i < dir->file_count; i++) {
        if (digest_is_absent(&dir->files[i].digest)) {
            return false;
        }
    }
    for (size_t i = 0; i < dir->directory_count; i++) {
        if (digest_is_absent(&dir->directories[i].digest)) {
            return false;
        }
    }
    return names_are_ordered(dir);
}

enum err reapi_directory_decode(
    struct str bytes, struct arena *arena, struct reapi_directory *ret_directory)
{
    enum err err = proto_decode(&directory, bytes, arena, ret_directory);
    return err == OK && !directory_is_canonical(ret_directory) ? ERR_INVALID : err;
}

enum err reapi_tree_decode(struct str bytes, struct arena *arena, struct reapi_tree *ret_tree)
{
    enum err err = proto_decode(&tree, bytes, arena, ret_tree);
    if (err == OK && (ret_tree->root == NULL || !directory_is_canonical(ret_tree->root))) {
        err = ERR_INVALID;
    }
    for (size_t i = 0; err == OK && i < ret_tree->child_count; i++) {
        if (!directory_is_canonical(&ret_tree->children[i])) {
            err = ERR_INVALID;
        }
    }
    return err;
}

enum err reapi_action_result_decode(
    struct str bytes, struct arena *arena, struct reapi_action_result *ret_result)
{
    return proto_decode(&result, bytes, arena, ret_result);
}

/* Order. */

static int property_compare(const void *a, const void *b)
{
    const struct reapi_property *x = a, *y = b;
    int cmp = str_cmp(x->name, y->name);
    return cmp != 0 ? cmp : str_cmp(x->value, y->value);
}

static int str_compare(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int file_compare(const void *a, const void *b)
{
    return str_cmp(
        ((const struct reapi_file_node *)a)->name, ((const struct reapi_file_node *)b)->name);
}

static int directory_compare(const void *a, const void *b)
{
    return str_cmp(((const struct reapi_directory_node *)a)->name,
        ((const struct reapi_directory_node *)b)->name);
}

static int symlink_compare(const void *a, const void *b)
{
    return str_cmp(
        ((const struct reapi_symlink *)a)->name, ((const struct reapi_symlink *)b)->name);
}

static void sort(
    void *elements, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (count > 1) {
        qsort(elements, count, size, compare);
    }
}

void reapi_platform_sort(struct reapi_platform *value)
{
    sort(value->properties, value->property_count, sizeof value->properties[0], property_compare);
}

static enum err strings_sort(struct str *strings, size_t count)
{
    sort(strings, count, sizeof strings[0], str_compare);
    for (size_t i = 1; i < count; i++) {
        if (str_eq(strings[i - 1], strings[i])) {
            return ERR_INVALID;
        }
    }
    return OK;
}

enum err reapi_command_sort(struct reapi_command *value)
{
    sort(value->environment, value->environment_count, sizeof value->environment[0],
        property_compare);
    for (size_t i = 1; i < value->environment_count; i++) {
        if (str_eq(value->environment[i - 1].name, value->environment[i].name)) {
            return ERR_INVALID;
        }
    }
    enum err err = strings_sort(value->output_files, value->output_file_count);
    err = err != OK ? err : strings_sort(value->output_directories, value->output_directory_count);
    err = err != OK ? err : strings_sort(value->output_paths, value->output_path_count);
    return err != OK
               ? err
               : strings_sort(value->output_node_properties, value->output_node_property_count);
}

enum err reapi_directory_sort(struct reapi_directory *value)
{
    sort(value->files, value->file_count, sizeof value->files[0], file_compare);
    sort(value->directories, value->directory_count, sizeof value->directories[0],
        directory_compare);
    sort(value->symlinks, value->symlink_count, sizeof value->symlinks[0], symlink_compare);
    return names_are_ordered(value) ? OK : ERR_INVALID;
}

/* Arena's copy of what buf holds. */
static struct str message_finish(struct arena *arena, struct buf *buf, struct digest *ret_digest)
{
    struct str bytes = arena_str(arena, buf_str(buf));
    *ret_digest = digest_of(bytes);
    buf->len = 0;
    return bytes;
}

enum err reapi_action_make(struct reapi_command *value, const struct digest *input_root,
    struct reapi_platform *grade, struct arena *arena, struct reapi_action_messages *ret_messages)
{
    enum err err = reapi_command_sort(value);
    if (err != OK) {
        return err;
    }
    if (grade != NULL) {
        reapi_platform_sort(grade);
    }
    if (grade != NULL && grade->property_count == 0) {
        grade = NULL; /* one form of "nothing" */
    }
    value->platform = grade;
    AUTO_BUF buf = {0};
    proto_encode(&command, value, &buf);
    ret_messages->command = message_finish(arena, &buf, &ret_messages->command_digest);
    struct reapi_action made = {.command_digest = ret_messages->command_digest,
        .input_root_digest = *input_root,
        .platform = grade};
    proto_encode(&action, &made, &buf);
    ret_messages->action = message_finish(arena, &buf, &ret_messages->action_digest);
    return OK;
}
