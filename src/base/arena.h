/* src/base/arena.h: memory that is given back all at once.
 *
 *   arena -> [block: used | free] -> [older block: used] -> ...
 *
 * One arena for each request, passed as a parameter; what shares a lifetime shares an arena.
 * Not for two threads at a time. Out of memory ends the process (see memory_exhausted). */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include "base/view.h"
#include <stdarg.h>

enum {
    ARENA_ALIGN = 16, /* of what is allocated: alignof(max_align_t) */
};
struct arena_block;
struct arena {
    struct arena_block *block; /* newest; owned */
    char *next, *end;          /* free bytes of the newest block */
    size_t total_bytes;        /* of all blocks, for statistics and bounds */
};

/* The one end of a process that has no memory: a line on stderr, then abort. The store is
 * crash-only, so nothing is lost. */
_Noreturn void memory_exhausted(void);
/* malloc/realloc/calloc that never return NULL; the caller frees. */
void *memory_alloc(size_t size_bytes);
void *memory_realloc(void *ptr, size_t size_bytes);
/* count * size_bytes zero bytes; an overflow of the product ends the process too. */
void *memory_calloc(size_t count, size_t size_bytes);

/* An empty arena needs no heap: (struct arena){0} is one as well. */
void arena_init(struct arena *arena);
/* Frees all blocks; the arena is empty then and may be used again. */
void arena_release(struct arena *arena);
/* arena_alloc where the newest block has no room. */
void *arena_alloc_block(struct arena *arena, size_t size_bytes);
/* size_bytes bytes, aligned for any type, not initialised. Never NULL. */
static inline void *arena_alloc(struct arena *arena, size_t size_bytes)
{
    /* What is left of a block is a multiple of the alignment; 0 bytes and an empty arena go on. */
    if (size_bytes - 1 < (size_t)(arena->end - arena->next)) {
        char *ptr = arena->next;
        arena->next += (size_bytes + (ARENA_ALIGN - 1)) & ~(size_t)(ARENA_ALIGN - 1);
        return ptr;
    }
    return arena_alloc_block(arena, size_bytes);
}
/* Takes back size_bytes at ptr if that is what was allocated last. */
bool arena_take_back(struct arena *arena, const void *ptr, size_t size_bytes);
/* count elements of zero bytes; an overflow of the product ends the process. */
void *arena_calloc(struct arena *arena, size_t count, size_t size_bytes);
/* A copy of text with a NUL behind it (not counted in len). */
struct str arena_str(struct arena *arena, struct str text);
/* The same, as a C string for the kernel's door; the caller has checked that text holds no NUL. */
const char *arena_cstr(struct arena *arena, struct str text);
/* Formatted text with a NUL behind it (not counted in len). */
struct str arena_printf(struct arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *arena, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

/* A typed array in an arena: ARENA_NEW(arena, struct x, n) is n zeroed elements. */
#define ARENA_NEW(arena, type, count) ((type *)arena_calloc((arena), (count), sizeof(type)))
#endif
