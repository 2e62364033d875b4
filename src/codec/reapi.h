/* src/codec/reapi.h: messages of the Remote Execution API v2 (build.bazel.remote.execution.v2):
 * what content and results are made of. proto/reapi.proto says the same in the language of protoc.
 *
 *   Action -> command_digest -> Command        ActionResult -> OutputFile, OutputDirectory -> Tree
 *          -> input_root_digest -> Directory -> FileNode, DirectoryNode -> Directory, SymlinkNode
 *
 * Canonical form ("what makes digests equal"): codec/proto.h sees to the encoding, the
 * reapi_*_sort functions here to the order of what a message holds. */
#ifndef CODEC_REAPI_H
#define CODEC_REAPI_H
#include "base/buf.h"
#include "base/diag.h"
#include "digest/digest.h"

/* Platform.Property, NodeProperty, Command.EnvironmentVariable. */
struct reapi_property {
    struct str name, value;
};
struct reapi_platform {
    struct reapi_property *properties;
    size_t property_count;
};
/* google.protobuf.Timestamp (since 1970, UTC), google.protobuf.Duration. */
struct reapi_time {
    int64_t seconds;
    int32_t nanos;
};
/* google.protobuf.UInt32Value: a number that can be absent. */
struct reapi_uint32 {
    uint32_t value;
};
struct reapi_any {
    struct str type_url, value;
};

struct reapi_action {
    struct digest command_digest, input_root_digest;
    const struct reapi_time *timeout;
    bool do_not_cache;
    struct str salt;
    const struct reapi_platform *platform;
};
enum reapi_directory_format {
    REAPI_TREE_ONLY = 0,
    REAPI_DIRECTORY_ONLY = 1,
    REAPI_TREE_AND_DIRECTORY = 2,
};
struct reapi_command {
    struct str *arguments;
    size_t argument_count;
    struct reapi_property *environment;
    size_t environment_count;
    struct str *output_files; /* deprecated, ignored where there are output_paths */
    size_t output_file_count;
    struct str *output_directories; /* the same */
    size_t output_directory_count;
    const struct reapi_platform *platform; /* deprecated: a copy of Action's */
    struct str working_directory;
    struct str *output_paths;
    size_t output_path_count;
    struct str *output_node_properties;
    size_t output_node_property_count;
    int32_t output_directory_format; /* enum reapi_directory_format */
};

struct reapi_node_properties {
    struct reapi_property *properties;
    size_t property_count;
    const struct reapi_time *mtime;
    const struct reapi_uint32 *unix_mode;
};
struct reapi_file_node {
    struct str name;
    struct digest digest;
    bool is_executable;
    const struct reapi_node_properties *node_properties;
};
struct reapi_directory_node {
    struct str name;
    struct digest digest;
};
/* SymlinkNode; and OutputSymlink, whose name is a path. */
struct reapi_symlink {
    struct str name;
    struct str target;
    const struct reapi_node_properties *node_properties;
};
struct reapi_directory {
    struct reapi_file_node *files;
    size_t file_count;
    struct reapi_directory_node *directories;
    size_t directory_count;
    struct reapi_symlink *symlinks;
    size_t symlink_count;
    const struct reapi_node_properties *node_properties;
};
struct reapi_tree {
    const struct reapi_directory *root;
    struct reapi_directory *children;
    size_t child_count;
};

struct reapi_output_file {
    struct str path;
    struct digest digest;
    bool is_executable;
    struct str contents;
    const struct reapi_node_properties *node_properties;
};
struct reapi_output_directory {
    struct str path;
    struct digest tree_digest;
    bool is_topologically_sorted;
    struct digest root_directory_digest;
};
/* ExecutedActionMetadata. */
struct reapi_metadata {
    struct str worker;
    const struct reapi_time *queued, *worker_start, *worker_completed, *input_fetch_start,
        *input_fetch_completed, *execution_start, *execution_completed, *output_upload_start,
        *output_upload_completed;
    struct reapi_any *auxiliary;
    size_t auxiliary_count;
    const struct reapi_time *virtual_execution_duration;
};
struct reapi_action_result {
    struct reapi_output_file *output_files;
    size_t output_file_count;
    struct reapi_output_directory *output_directories;
    size_t output_directory_count;
    int32_t exit_code;
    struct str stdout_raw;
    struct digest stdout_digest;
    struct str stderr_raw;
    struct digest stderr_digest;
    const struct reapi_metadata *metadata;
    struct reapi_symlink *output_file_symlinks; /* deprecated, as the next */
    size_t output_file_symlink_count;
    struct reapi_symlink *output_directory_symlinks;
    size_t output_directory_symlink_count;
    struct reapi_symlink *output_symlinks;
    size_t output_symlink_count;
};

/* Canonical bytes behind what is in ret_bytes; lists stand in the order that they have. */
void reapi_action_encode(const struct reapi_action *action, struct buf *ret_bytes);
void reapi_command_encode(const struct reapi_command *command, struct buf *ret_bytes);
void reapi_directory_encode(const struct reapi_directory *directory, struct buf *ret_bytes);
void reapi_tree_encode(const struct reapi_tree *tree, struct buf *ret_bytes);
void reapi_action_result_encode(const struct reapi_action_result *result, struct buf *ret_bytes);

/* As proto_decode: texts are borrowed from bytes, the rest is in arena. ERR_INVALID, ERR_LIMIT, no
 * diag. Action: both digests are there. Directory: also what its form promises: names are names
 * (reapi_name_is_valid), each list is sorted, no name twice, every file and folder has a digest. */
enum err reapi_action_decode(
    struct str bytes, struct arena *arena, struct reapi_action *ret_action);
enum err reapi_command_decode(
    struct str bytes, struct arena *arena, struct reapi_command *ret_command);
enum err reapi_directory_decode(
    struct str bytes, struct arena *arena, struct reapi_directory *ret_directory);
enum err reapi_tree_decode(struct str bytes, struct arena *arena, struct reapi_tree *ret_tree);
enum err reapi_action_result_decode(
    struct str bytes, struct arena *arena, struct reapi_action_result *ret_result);

/* One segment of a path: UTF-8, not empty, ".", "..", without '/' and NUL. */
bool reapi_name_is_valid(struct str name);
/* Put lists in their canonical order, in place. ERR_INVALID: a name (of the environment, an output,
 * a directory's child) twice. No diag. */
enum err reapi_command_sort(struct reapi_command *command);
enum err reapi_directory_sort(struct reapi_directory *directory);
void reapi_platform_sort(struct reapi_platform *platform);

/* The logical action of design.md, "Keys": what is to be run on what, and nothing of where. */
struct reapi_action_messages {
    struct str command, action; /* canonical bytes, in arena: blobs of their digests */
    struct digest command_digest, action_digest;
};
/* command's and platform's lists are sorted in place (platform may be NULL; it is set in both
 * messages, for old servers). ERR_INVALID as reapi_command_sort. */
enum err reapi_action_make(struct reapi_command *command, const struct digest *input_root,
    struct reapi_platform *platform, struct arena *arena,
    struct reapi_action_messages *ret_messages);
#endif
