/* src/dhall/stack.c: on Linux, a mapping and a context of its own. */
#include "dhall/stack.h"
#include "base/arena.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER
#endif
#ifdef HAS_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(ptr, len) ((void)(ptr), (void)(len))
#endif

struct dhall_stack {
    char *low;
    size_t size_bytes;
    ucontext_t back, run;
    void (*task)(void *argument);
    void *argument;
};

struct dhall_stack *dhall_stack_new(size_t size_bytes)
{
    void *low = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (low == MAP_FAILED) {
        return NULL;
    }
    struct dhall_stack *stack = memory_calloc(1, sizeof *stack);
    stack->low = low;
    stack->size_bytes = size_bytes;
    return stack;
}

void dhall_stack_free(struct dhall_stack *stack)
{
    if (stack != NULL) {
        (void)munmap(stack->low, stack->size_bytes);
        free(stack);
    }
}

char *dhall_stack_low(const struct dhall_stack *stack)
{
    return stack->low;
}

/* makecontext passes ints: the pointer comes in two halves. */
static void run_on_stack(unsigned high, unsigned low)
{
    struct dhall_stack *stack = (struct dhall_stack *)((uintptr_t)high << 32 | low);
    stack->task(stack->argument);
}

void dhall_stack_enter(struct dhall_stack *stack, void (*task)(void *argument), void *argument)
{
    uintptr_t self = (uintptr_t)stack;
    stack->task = task;
    stack->argument = argument;
    (void)getcontext(&stack->run);
    stack->run.uc_stack.ss_sp = stack->low;
    stack->run.uc_stack.ss_size = stack->size_bytes;
    stack->run.uc_link = &stack->back;
    makecontext(&stack->run, (void (*)(void))run_on_stack, 2, (unsigned)(self >> 32),
        (unsigned)(self & UINT32_MAX));
    (void)swapcontext(&stack->back, &stack->run);
}

_Noreturn void dhall_stack_leave(struct dhall_stack *stack)
{
    /* The frames that are left never return, so nobody else takes back their red zones. */
    char *here = __builtin_frame_address(0);
    ASAN_UNPOISON_MEMORY_REGION(here, (size_t)(stack->low + stack->size_bytes - here));
    (void)setcontext(&stack->back);
    abort(); /* not reached: setcontext fails only for a bad context */
}

void dhall_stack_drop(struct dhall_stack *stack)
{
    if (stack->size_bytes > DHALL_STACK_KEPT_BYTES) {
        (void)madvise(stack->low, stack->size_bytes - DHALL_STACK_KEPT_BYTES, MADV_DONTNEED);
    }
}
