/* src/dhall/stack_plain.c: in place of stack.c, where there is one stack, the caller's.
 *
 * Whoever links it sees to it that the program's stack is as large as PLAIN_BYTES. */
#include "base/arena.h"
#include "dhall/stack.h"
#include <setjmp.h>
#include <stdlib.h>

enum {
    PLAIN_BYTES = 4 * 1024 * 1024, /* at most, of what dhall_limits asks for */
};
struct dhall_stack {
    size_t size_bytes;
    jmp_buf back;
};

struct dhall_stack *dhall_stack_new(size_t size_bytes)
{
    struct dhall_stack *stack = memory_calloc(1, sizeof *stack);
    stack->size_bytes = size_bytes < PLAIN_BYTES ? size_bytes : PLAIN_BYTES;
    return stack;
}

void dhall_stack_free(struct dhall_stack *stack)
{
    free(stack);
}

char *dhall_stack_low(const struct dhall_stack *stack)
{
    return (char *)__builtin_frame_address(0) - stack->size_bytes;
}

void dhall_stack_enter(struct dhall_stack *stack, void (*task)(void *argument), void *argument)
{
    if (setjmp(stack->back) == 0) {
        task(argument);
    }
}

_Noreturn void dhall_stack_leave(struct dhall_stack *stack)
{
    longjmp(stack->back, 1);
}

void dhall_stack_drop(struct dhall_stack *stack)
{
    (void)stack; /* it is not ours */
}
