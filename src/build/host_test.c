/* src/build/host_test.c: a folder of our own stands for the machine. */
#include "base/file.h"
#include "base/io.h"
#include "base/test.h"
#include "build/host.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
    char root[64]; /* "/tmp/host-test.XXXXXX" */
    struct arena arena;
    struct diags diags;
    struct probe probe;
    struct store *store;
    struct host host;
};

static void put(const struct fixture *fixture, const char *name, const char *text)
{
    struct arena arena = {0};
    const char *path = arena_printf(&arena, "%s/%s", fixture->root, name).ptr;
    struct diags diags;
    diags_init(&diags, &arena, NULL);
    CHECK(file_write_atomic(AT_FDCWD, path, str_of(text), &diags) == OK);
    arena_release(&arena);
}

/* target: "%R" at its start stands for the root. */
static void put_link(const struct fixture *fixture, const char *name, const char *target)
{
    struct arena arena = {0};
    bool rooted = strncmp(target, "%R", 2) == 0;
    const char *text =
        arena_printf(&arena, "%s%s", rooted ? fixture->root : "", rooted ? target + 2 : target).ptr;
    const char *path = arena_printf(&arena, "%s/%s", fixture->root, name).ptr;
    CHECK(symlink(text, path) == 0);
    arena_release(&arena);
}

static void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){.root = "/tmp/host-test.XXXXXX"};
    CHECK(mkdtemp(fixture->root) != NULL);
    diags_init(&fixture->diags, &fixture->arena, NULL);
    fixture->probe =
        (struct probe){.arena = &fixture->arena, .diags = &fixture->diags, .path = "/nonexistent"};
    const char *store = arena_printf(&fixture->arena, "%s/store", fixture->root).ptr;
    CHECK(store_open(&io_real, store, &fixture->store, &fixture->diags) == OK);
    fixture->host = host_new(&fixture->probe, fixture->store);
    const char *folder = arena_printf(&fixture->arena, "%s/usr/lib/deep", fixture->root).ptr;
    CHECK(dirs_make(AT_FDCWD, folder, &fixture->diags) == OK);
    put(fixture, "usr/lib/libx.so.1.2", "library");
    put_link(fixture, "usr/lib/libx.so", "libx.so.1.2");
    put_link(fixture, "lib", "usr/lib");
    put_link(fixture, "usr/lib/deep/up.so", "%R/lib/libx.so");
    put_link(fixture, "usr/lib/loop", "loop");
    put_link(fixture, "usr/lib/nowhere", "gone");
}

static void fixture_release(struct fixture *fixture)
{
    host_release(&fixture->host);
    store_close(fixture->store);
    CHECK(tree_remove(AT_FDCWD, fixture->root, &fixture->diags) == OK);
    arena_release(&fixture->arena);
}

static enum err add(struct fixture *fixture, const char *name)
{
    return host_add(
        &fixture->host, arena_printf(&fixture->arena, "%s/%s", fixture->root, name), NULL);
}

/* The entry of `name` below the root; NULL if the tree has none. */
static const struct tree_entry *entry(struct fixture *fixture, const char *name)
{
    struct str path = arena_printf(&fixture->arena, "%s/%s", fixture->root + 1, name);
    uint32_t row = table_get(&fixture->host.paths, path);
    return row == TABLE_NONE ? NULL : &fixture->host.entries[row];
}

static void links_are_kept(void)
{
    struct fixture fixture;
    fixture_init(&fixture);
    CHECK(add(&fixture, "lib/../lib/./libx.so") == OK);
    const struct tree_entry *lib = entry(&fixture, "lib");
    const struct tree_entry *link = entry(&fixture, "usr/lib/libx.so");
    const struct tree_entry *file = entry(&fixture, "usr/lib/libx.so.1.2");
    CHECK(lib != NULL && lib->kind == TREE_SYMLINK && str_eq(lib->target, STR("usr/lib")));
    CHECK(link != NULL && link->kind == TREE_SYMLINK && str_eq(link->target, STR("libx.so.1.2")));
    struct digest want = digest_of(STR("library"));
    CHECK(file != NULL && file->kind == TREE_FILE && digest_eq(&file->digest, &want));
    CHECK(fixture.host.paths.len == 3);
    CHECK(add(&fixture, "usr/lib/libx.so") == OK);
    CHECK(fixture.host.paths.len == 3);
    fixture_release(&fixture);
}

/* An absolute link leads to the same file when the tree lies elsewhere. */
static void absolute_links_are_made_relative(void)
{
    struct fixture fixture;
    fixture_init(&fixture);
    CHECK(add(&fixture, "usr/lib/deep/up.so") == OK);
    const struct tree_entry *link = entry(&fixture, "usr/lib/deep/up.so");
    struct str want =
        arena_printf(&fixture.arena, "../../../../../%s/lib/libx.so", fixture.root + 1);
    CHECK(link != NULL && link->kind == TREE_SYMLINK);
    CHECK_STR(link == NULL ? STR("") : link->target, want);
    CHECK(entry(&fixture, "usr/lib/libx.so.1.2") != NULL);
    fixture_release(&fixture);
}

static void what_leads_nowhere(void)
{
    struct fixture fixture;
    fixture_init(&fixture);
    CHECK(add(&fixture, "usr/lib/absent") == ERR_ABSENT);
    CHECK(add(&fixture, "usr/lib/nowhere") == ERR_ABSENT);
    CHECK(fixture.diags.newest == NULL);
    CHECK(add(&fixture, "usr/lib/loop") == ERR_INVALID);
    CHECK(add(&fixture, "usr/lib/libx.so/below") == ERR_ABSENT);
    fixture_release(&fixture);
}

static void folders_and_digests(void)
{
    struct fixture fixture;
    fixture_init(&fixture);
    struct str folder = arena_printf(&fixture.arena, "%s/usr", fixture.root);
    CHECK(unlink(arena_printf(&fixture.arena, "%s/usr/lib/loop", fixture.root).ptr) == 0);
    struct digest first, second;
    CHECK(host_add_folder(&fixture.host, folder) == OK);
    CHECK(entry(&fixture, "usr/lib/deep/up.so") != NULL);
    CHECK(entry(&fixture, "usr/lib/nowhere") != NULL);
    CHECK(host_build(&fixture.host, &first) == OK);
    host_release(&fixture.host);
    fixture.host = host_new(&fixture.probe, fixture.store);
    CHECK(add(&fixture, "usr/lib/libx.so.1.2") == OK);
    CHECK(host_add_folder(&fixture.host, folder) == OK);
    CHECK(host_build(&fixture.host, &second) == OK);
    CHECK(digest_eq(&first, &second));
    fixture_release(&fixture);
}

int main(void)
{
    TEST(links_are_kept);
    TEST(absolute_links_are_made_relative);
    TEST(what_leads_nowhere);
    TEST(folders_and_digests);
    return test_done();
}
