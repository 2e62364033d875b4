/* src/store/tree_test.c: trees as messages and as folders. */
#include "base/file.h"
#include "store/test_store.h"
#include "store/tree.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct tree_entry file(const char *path, const char *text)
{
    struct tree_entry entry = {.path = str_of(path), .kind = TREE_FILE};
    CHECK(store_put(store, str_of(text), &entry.digest, &diags) == OK);
    return entry;
}

static struct tree_entry program(const char *path, const char *text)
{
    struct tree_entry entry = file(path, text);
    entry.kind = TREE_EXECUTABLE;
    return entry;
}

static struct tree_entry symlink_to(const char *path, const char *target)
{
    return (struct tree_entry){
        .path = str_of(path), .kind = TREE_SYMLINK, .target = str_of(target)};
}

static struct tree_entry folder(const char *path, const struct digest *digest)
{
    return (struct tree_entry){.path = str_of(path), .kind = TREE_DIRECTORY, .digest = *digest};
}

/* "a=text b/c*=text d->target e/" in the order that tree_list gives. */
static struct str listing(const struct digest *digest)
{
    AUTO_BUF text = {0};
    struct tree_entry *entries;
    size_t count;
    if (tree_list(store, digest, &arena, &entries, &count, &diags) != OK) {
        return STR("no list");
    }
    for (size_t i = 0; i < count; i++) {
        struct str bytes = STR("?");
        buf_printf(&text, "%s%.*s", i == 0 ? "" : " ", STR_ARG(entries[i].path));
        if (entries[i].kind == TREE_SYMLINK) {
            buf_printf(&text, "->%.*s", STR_ARG(entries[i].target));
        } else if (entries[i].kind == TREE_DIRECTORY) {
            buf_printf(&text, "/");
        } else if (store_get(store, &entries[i].digest, 100, &arena, &bytes, &diags) == OK) {
            buf_printf(
                &text, "%s=%.*s", entries[i].kind == TREE_EXECUTABLE ? "*" : "", STR_ARG(bytes));
        }
    }
    return arena_str(&arena, buf_str(&text));
}

static struct digest sample(void)
{
    struct tree_entry entries[] = {
        file("usr/lib/a.h", "h"),
        program("usr/bin/cc", "cc"),
        symlink_to("bin", "usr/bin"),
        file("usr-x", "x"),
        folder("usr/empty", &digest_empty),
        file("usr/bin.txt", "t"),
    };
    struct digest digest = {0};
    CHECK(tree_build(store, entries, 6, true, &digest, &diags) == OK);
    return digest;
}

static void trees_are_built_and_listed(void)
{
    begin("build");
    struct digest digest = sample();
    CHECK_STR(listing(&digest), STR("bin->usr/bin usr-x=x usr/bin.txt=t usr/bin/cc*=cc usr/empty/ "
                                    "usr/lib/a.h=h"));
    /* For ever: the same entries have this name. */
    char text[DIGEST_TEXT_MAX];
    CHECK_STR(digest_format(&digest, text),
        STR("40c1a7c12bed3ad9a92fce1ebca5b9746e3371c8301a69575260552c8bdf9f88/173"));
    struct tree_entry *entries;
    size_t count;
    CHECK(tree_list(store, &digest, &arena, &entries, &count, &diags) == OK);
    struct digest again;
    CHECK(tree_build(NULL, entries, count, false, &again, &diags) == OK);
    CHECK(digest_eq(&digest, &again));
    CHECK(tree_children(store, &digest, &arena, &entries, &count, &diags) == OK && count == 3);
    CHECK_STR(entries[1].path, STR("usr"));
    CHECK(entries[1].kind == TREE_DIRECTORY);
    CHECK(tree_build(store, NULL, 0, true, &again, &diags) == OK);
    CHECK(digest_eq(&again, &digest_empty));
    CHECK_STR(listing(&digest_empty), STR(""));
    struct digest absent = digest_of(STR("absent"));
    CHECK(tree_list(store, &absent, &arena, &entries, &count, &diags) == ERR_ABSENT);
    CHECK(diags.newest == NULL);
    struct tree_entry no_tree = file("x", "this is no Directory");
    CHECK(tree_list(store, &no_tree.digest, &arena, &entries, &count, &diags) == ERR_INVALID);
    CHECK(told("is not a folder's description"));
    end();
}

static void bad_entries_are_named(void)
{
    begin("bad");
    static const struct {
        const char *first, *second, *told;
    } cases[] = {
        {"a/b", "a/b", "a/b is there twice"},
        {"a", "a/b", "a cannot be a file, and the folder of a/b"},
        {"a/b/c", "a/b", "a/b cannot be a file, and the folder of a/b/c"},
        {"a/../b", "c", "\"a/../b\" cannot be a path"},
        {"a//b", "c", "cannot be a path"},
        {"/a", "c", "cannot be a path"},
        {"a/", "c", "cannot be a path"},
        {"", "c", "cannot be a path"},
        {".", "c", "cannot be a path"},
        {"a\xFF", "c", "(it is not UTF-8)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tree_entry entries[] = {file(cases[i].first, "1"), file(cases[i].second, "2")};
        struct digest digest;
        diags_init(&diags, &arena, NULL);
        CHECK(tree_build(store, entries, 2, true, &digest, &diags) == ERR_INVALID);
        CHECK(told(cases[i].told));
    }
    struct tree_entry link = symlink_to("l", "");
    struct digest digest;
    CHECK(tree_build(store, &link, 1, true, &digest, &diags) == ERR_INVALID);
    CHECK(told("the link l has no target"));
    char deep[2 * 200];
    for (size_t i = 0; i < sizeof deep; i++) {
        deep[i] = i % 2 == 0 ? 'd' : '/';
    }
    struct tree_entry down = file("x", "x");
    down.path = (struct str){.ptr = deep, .len = sizeof deep - 1};
    CHECK(tree_build(store, &down, 1, true, &digest, &diags) == ERR_LIMIT);
    CHECK(told("more than 128 folders"));
    end();
}

static void trees_merge(void)
{
    begin("merge");
    struct tree_entry one[] = {file("usr/lib/a", "a"), file("usr/lib/same", "s"),
        symlink_to("bin", "usr/bin"), file("x/only", "1")};
    struct tree_entry two[] = {
        program("usr/bin/b", "b"), file("usr/lib/same", "s"), symlink_to("bin", "usr/bin")};
    struct tree_entry three[] = {file("usr/lib/same", "other")};
    struct tree_entry four[] = {file("x", "a file where a folder is")};
    struct digest roots[3], merged;
    CHECK(tree_build(store, one, 4, true, &roots[0], &diags) == OK);
    CHECK(tree_build(store, two, 3, true, &roots[1], &diags) == OK);
    CHECK(tree_merge(store, roots, 2, &merged, &diags) == OK);
    CHECK_STR(
        listing(&merged), STR("bin->usr/bin usr/bin/b*=b usr/lib/a=a usr/lib/same=s x/only=1"));
    CHECK(tree_build(store, three, 1, true, &roots[2], &diags) == OK);
    CHECK(tree_merge(store, roots, 3, &merged, &diags) == ERR_INVALID);
    CHECK(told("differ at usr/lib/same"));
    CHECK(tree_build(store, four, 1, true, &roots[2], &diags) == OK);
    CHECK(tree_merge(store, roots, 3, &merged, &diags) == ERR_INVALID);
    CHECK(told("differ at x"));
    CHECK(tree_merge(store, roots, 1, &merged, &diags) == OK && digest_eq(&merged, &roots[0]));
    CHECK(tree_merge(store, roots, 0, &merged, &diags) == OK && digest_eq(&merged, &digest_empty));
    end();
}

static void folders_are_imported(void)
{
    begin("import");
    struct digest digest = sample(), imported;
    struct str path;
    CHECK(tree_stage(store, &digest, &arena, &path, &diags) == OK);
    AUTO_CLOSE int fd = openat(store_root_fd(store), path.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(tree_import(store, fd, &imported, &diags) == OK);
    CHECK(digest_eq(&digest, &imported)); /* laid out and read back: the same name */
    const char *folder_path = arena_printf(&arena, "%s/folder", top).ptr;
    CHECK(mkdir(folder_path, 0700) == 0);
    AUTO_CLOSE int odd = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(mkfifoat(odd, "fifo", 0600) == 0);
    CHECK(tree_import(store, odd, &imported, &diags) == ERR_INVALID);
    CHECK(told("fifo is neither a file, a folder nor a link"));
    CHECK(unlinkat(odd, "fifo", 0) == 0);
    CHECK(mkdirat(odd, "sub", 0700) == 0);
    AUTO_CLOSE int suid = openat(odd, "sub/suid", O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    CHECK(fchmod(suid, 04755) == 0);
    CHECK(tree_import(store, odd, &imported, &diags) == ERR_INVALID);
    CHECK(told("sub/suid has a set-user-id"));
    CHECK(unlinkat(odd, "sub/suid", 0) == 0);
    CHECK(mkdirat(odd, "sub/\xFF", 0700) == 0);
    CHECK(tree_import(store, odd, &imported, &diags) == ERR_INVALID);
    CHECK(told("it is not UTF-8"));
    end();
}

static void trees_are_laid_out(void)
{
    begin("stage");
    struct digest digest = sample();
    struct str path, again;
    struct stat st;
    mode_t old = umask(077);
    CHECK(tree_stage(store, &digest, &arena, &path, &diags) == OK);
    (void)umask(old);
    CHECK(tree_stage(store, &digest, &arena, &again, &diags) == OK);
    CHECK_STR(path, again);
    AUTO_CLOSE int fd = openat(store_root_fd(store), path.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    static const struct {
        const char *path;
        mode_t mode;
    } cases[] = {
        {".", S_IFDIR | 0555},
        {"usr", S_IFDIR | 0555},
        {"usr/empty", S_IFDIR | 0555},
        {"usr/lib/a.h", S_IFREG | 0444},
        {"usr/bin/cc", S_IFREG | 0555},
        {"bin", S_IFLNK | 0777},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK(fstatat(fd, cases[i].path, &st, AT_SYMLINK_NOFOLLOW) == 0);
        CHECK(st.st_mode == cases[i].mode && st.st_uid == geteuid());
        CHECK(st.st_mtim.tv_sec == 1 && st.st_mtim.tv_nsec == 0);
    }
    char target[10];
    CHECK(readlinkat(fd, "bin", target, sizeof target) == 7 && memcmp(target, "usr/bin", 7) == 0);
    ino_t inode = st.st_ino;
    reopen();
    CHECK(tree_stage(store, &digest, &arena, &again, &diags) == OK);
    CHECK(fstatat(fd, "bin", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == inode);
    struct tree_entry lost = {
        .path = STR("gone"), .kind = TREE_FILE, .digest = digest_of(STR("?"))};
    CHECK(tree_build(store, &lost, 1, true, &digest, &diags) == OK);
    CHECK(diags.newest == NULL);
    CHECK(tree_stage(store, &digest, &arena, &path, &diags) == ERR_ABSENT);
    CHECK(told("gone ("));
    CHECK(told("is not in the store"));
    struct digest absent = digest_of(STR("absent"));
    CHECK(tree_stage(store, &absent, &arena, &path, &diags) == ERR_ABSENT);
    CHECK(told("the folder"));
    end();
}

/* What somebody may do to a laid out tree; each is seen, and the tree is whole again. */
static void alter(int fd, int how)
{
    static const struct timespec fixed[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    CHECK(fchmodat(fd, "usr/bin", 0755, 0) == 0 && fchmodat(fd, "usr", 0755, 0) == 0);
    int file_fd = -1;
    switch (how) {
    case 0: /* a file more */
        file_fd = openat(fd, "usr/bin/ld", O_WRONLY | O_CREAT | O_CLOEXEC, 0555);
        break;
    case 1: /* a file less */
        CHECK(unlinkat(fd, "usr/bin/cc", 0) == 0);
        CHECK(utimensat(fd, "usr/bin", fixed, 0) == 0);
        break;
    case 2: /* another file, of the same size, made to look old */
        CHECK(unlinkat(fd, "usr/bin/cc", 0) == 0);
        file_fd = openat(fd, "usr/bin/cc", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        CHECK(write(file_fd, "xx", 2) == 2 && fchmod(file_fd, 0555) == 0);
        CHECK(futimens(file_fd, fixed) == 0 && utimensat(fd, "usr/bin", fixed, 0) == 0);
        break;
    case 3: /* another target */
        CHECK(fchmodat(fd, ".", 0755, 0) == 0 && unlinkat(fd, "bin", 0) == 0);
        CHECK(symlinkat("usr/lib", fd, "bin") == 0);
        CHECK(utimensat(fd, ".", fixed, 0) == 0 && fchmodat(fd, ".", 0555, 0) == 0);
        break;
    case 4: /* a file more, made to look as before */
        file_fd = openat(fd, "usr/bin/ld", O_WRONLY | O_CREAT | O_CLOEXEC, 0555);
        CHECK(futimens(file_fd, fixed) == 0 && utimensat(fd, "usr/bin", fixed, 0) == 0);
        break;
    case 5: /* a hidden folder more */
        CHECK(mkdirat(fd, "usr/bin/...", 0555) == 0);
        CHECK(utimensat(fd, "usr/bin", fixed, 0) == 0);
        break;
    default: /* a folder's mode only */
        return;
    }
    fd_close(&file_fd);
    CHECK(fchmodat(fd, "usr/bin", 0555, 0) == 0 && fchmodat(fd, "usr", 0555, 0) == 0);
}

static void an_altered_tree_is_laid_out_again(void)
{
    for (int how = 0; how < 7; how++) {
        begin(arena_printf(&arena, "altered-%d", how).ptr);
        struct digest digest = sample(), imported;
        struct str path;
        CHECK(tree_stage(store, &digest, &arena, &path, &diags) == OK);
        int fd = openat(store_root_fd(store), path.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        alter(fd, how);
        CHECK(close(fd) == 0);
        reopen();
        CHECK(tree_stage(store, &digest, &arena, &path, &diags) == OK);
        fd = openat(store_root_fd(store), path.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(tree_import(store, fd, &imported, &diags) == OK);
        CHECK(digest_eq(&digest, &imported));
        CHECK(close(fd) == 0);
        CHECK(diags.newest == NULL);
        end();
    }
}

static void an_altered_file_in_a_tree_is_never_used(void)
{
    begin("altered-file");
    struct digest digest = sample();
    struct digest blob = digest_of(STR("h"));
    struct str path;
    CHECK(tree_stage(store, &digest, &arena, &path, &diags) == OK);
    const char *file_path = arena_printf(&arena, "%s/%s/usr/lib/a.h", root, path.ptr).ptr;
    CHECK(chmod(file_path, 0644) == 0);
    int fd = open(file_path, O_WRONLY | O_CLOEXEC);
    CHECK(write(fd, "H", 1) == 1 && close(fd) == 0 && chmod(file_path, 0444) == 0);
    reopen();
    /* It is the blob itself, by another name. */
    CHECK(tree_stage(store, &digest, &arena, &path, &diags) == ERR_CORRUPT);
    struct store_verified verified;
    CHECK(told("laid out tree"));
    CHECK(told("the stored file"));
    CHECK(told("was altered or damaged"));
    CHECK(store_has(store, &blob) == ERR_ABSENT);
    for (int i = 0; i < 2; i++) { /* told of until it is repaired */
        CHECK(store_verify(store, &verified, &diags) == OK);
        CHECK(verified.tree_count == 0 && verified.damaged_count == 1);
        reopen();
        CHECK(tree_stage(store, &digest, &arena, &path, &diags) == ERR_CORRUPT);
    }
    CHECK(told("cannot be laid out again"));
    CHECK(store_put(store, STR("h"), &blob, &diags) == OK);
    CHECK(tree_stage(store, &digest, &arena, &path, &diags) == OK);
    CHECK(store_verify(store, &verified, &diags) == OK);
    CHECK(verified.tree_count == 1 && verified.damaged_count == 0);
    int tree_fd = openat(store_root_fd(store), path.ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    alter(tree_fd, 0);
    CHECK(close(tree_fd) == 0);
    CHECK(store_verify(store, &verified, &diags) == OK);
    CHECK(verified.tree_count == 0 && verified.damaged_count == 1);
    end();
}

int main(void)
{
    static const char pattern[] = "/tmp/straylight-tree-XXXXXX";
    memcpy(top, pattern, sizeof pattern);
    if (mkdtemp(top) == NULL) {
        return 1;
    }
    TEST(trees_are_built_and_listed);
    TEST(bad_entries_are_named);
    TEST(trees_merge);
    TEST(folders_are_imported);
    TEST(trees_are_laid_out);
    TEST(an_altered_tree_is_laid_out_again);
    TEST(an_altered_file_in_a_tree_is_never_used);
    diags_init(&diags, &arena, NULL);
    CHECK(tree_remove(AT_FDCWD, top, &diags) == OK);
    arena_release(&arena);
    return test_done();
}
