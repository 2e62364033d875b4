/* src/store/test_store.h: the store of the running test, in a folder of its own under `top`.
 *
 * Included once by each test of this folder that needs one; all is static. A test calls begin, then
 * works on `store`, then calls end. */
#ifndef STORE_TEST_STORE_H
#define STORE_TEST_STORE_H

#include "base/test.h"
#include "store/store.h"
#include <stdio.h>
#include <string.h>

static char top[64];       /* of all tests */
static char root[128];     /* the store of this test */
static struct arena arena; /* of this test */
static struct diags diags;
static struct store *store;

static void begin(const char *name)
{
    (void)snprintf(root, sizeof root, "%s/%s/store", top, name);
    diags_init(&diags, &arena, NULL);
    store = NULL;
    CHECK(store_open(&io_real, root, &store, &diags) == OK);
}

static void end(void)
{
    store_close(store);
    store = NULL;
    arena_release(&arena);
}

static void reopen(void)
{
    store_close(store);
    store = NULL;
    CHECK(store_open(&io_real, root, &store, &diags) == OK);
}

/* True if the messages so far hold the text; else prints both. */
static bool told(const char *text)
{
    AUTO_BUF all = {0};
    diags_format(&diags, false, &all);
    buf_add_byte(&all, 0);
    bool found = strstr(all.ptr, text) != NULL;
    if (!found) {
        (void)printf("# not told: %s\n# but: %s\n", text, all.ptr);
    }
    return found;
}

#endif
