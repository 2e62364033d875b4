/* src/base/arena.c */
#include "base/arena.h"
#include <assert.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 64 * 1024,
    BLOCK_LEAST_BYTES = 1024, /* of the first block; the next are as big as all before together */
    HUGE_BYTES = 2 * 1024 * 1024,       /* a huge page of x86-64 and AArch64 */
    HUGE_AFTER_BYTES = 8 * 1024 * 1024, /* an arena of that size goes on in huge pages */
};

struct arena_block {
    struct arena_block *older;
    size_t size_bytes; /* of the payload */
    alignas(max_align_t) char payload[];
};

_Noreturn void memory_exhausted(void)
{
    static const char text[] = "straylight: out of memory\n";
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
    (void)n;
    abort();
}

void *memory_alloc(size_t size_bytes)
{
    void *ptr = malloc(size_bytes == 0 ? 1 : size_bytes);
    if (ptr == NULL) {
        memory_exhausted();
    }
    return ptr;
}

void *memory_realloc(void *ptr, size_t size_bytes)
{
    void *bigger = realloc(ptr, size_bytes == 0 ? 1 : size_bytes);
    if (bigger == NULL) {
        memory_exhausted();
    }
    return bigger;
}

void *memory_calloc(size_t count, size_t size_bytes)
{
    void *ptr = calloc(count == 0 ? 1 : count, size_bytes == 0 ? 1 : size_bytes);
    if (ptr == NULL) {
        memory_exhausted();
    }
    return ptr;
}

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

void arena_release(struct arena *arena)
{
    struct arena_block *block = arena->block;
    while (block != NULL) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
    *arena = (struct arena){0};
}

/* A block that is one huge page, if the kernel has one: a fault for each 4 KiB costs more than what
 * is done with them. */
static struct arena_block *block_huge(void)
{
    struct arena_block *block = aligned_alloc(HUGE_BYTES, HUGE_BYTES);
    if (block == NULL) {
        memory_exhausted();
    }
    (void)madvise(block, HUGE_BYTES, MADV_HUGEPAGE); /* else it is 512 small ones */
    return block;
}

/* A block of its own for what is big, so that the rest of the newest block is not lost. */
static char *block_add(struct arena *arena, size_t size_bytes)
{
    size_t usual_bytes = BLOCK_LEAST_BYTES;
    while (usual_bytes < BLOCK_BYTES && usual_bytes < arena->total_bytes) {
        usual_bytes *= 2;
    }
    bool big = size_bytes > usual_bytes / 4;
    bool huge = !big && arena->total_bytes >= HUGE_AFTER_BYTES;
    size_t payload_bytes = big    ? size_bytes
                           : huge ? HUGE_BYTES - sizeof(struct arena_block)
                                  : usual_bytes;
    size_t total_bytes;
    if (__builtin_add_overflow(payload_bytes, sizeof(struct arena_block), &total_bytes)) {
        memory_exhausted();
    }
    struct arena_block *block = huge ? block_huge() : memory_alloc(total_bytes);
    block->size_bytes = payload_bytes;
    arena->total_bytes += total_bytes;
    if (big && arena->block != NULL) {
        block->older = arena->block->older;
        arena->block->older = block;
    } else {
        block->older = arena->block;
        arena->block = block;
        arena->next = block->payload + size_bytes;
        arena->end = block->payload + payload_bytes;
    }
    return block->payload;
}

static_assert(ARENA_ALIGN == alignof(max_align_t), "memory from an arena fits any type");

void *arena_alloc_block(struct arena *arena, size_t size_bytes)
{
    size_t rounded;
    if (__builtin_add_overflow(size_bytes, (size_t)ARENA_ALIGN - 1, &rounded)) {
        memory_exhausted();
    }
    rounded &= ~(size_t)(ARENA_ALIGN - 1);
    if (rounded == 0 && arena->next != NULL) {
        return arena->next;
    }
    return block_add(arena, rounded);
}

bool arena_take_back(struct arena *arena, const void *ptr, size_t size_bytes)
{
    size_t rounded = (size_bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (arena->next == NULL || (const char *)ptr + rounded != arena->next) {
        return false;
    }
    arena->next -= rounded;
    return true;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size_bytes)
{
    size_t total_bytes;
    if (__builtin_mul_overflow(count, size_bytes, &total_bytes)) {
        memory_exhausted();
    }
    void *ptr = arena_alloc(arena, total_bytes);
    memset(ptr, 0, total_bytes);
    return ptr;
}

struct str arena_str(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    copy[text.len] = '\0';
    return (struct str){.ptr = copy, .len = text.len};
}

const char *arena_cstr(struct arena *arena, struct str text)
{
    assert(text.len == 0 || memchr(text.ptr, 0, text.len) == NULL);
    return arena_str(arena, text).ptr;
}

struct str arena_vprintf(struct arena *arena, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    assert(len >= 0);
    char *text = arena_alloc(arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return (struct str){.ptr = text, .len = (size_t)len};
}

struct str arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct str text = arena_vprintf(arena, fmt, args);
    va_end(args);
    return text;
}
