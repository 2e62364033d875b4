/* src/dhall/stack.h: the stack that a session's recursive parts run on.
 *
 *   caller's stack: dhall_stack_enter --> task ... dhall_stack_leave
 *                          ^------------------------------'
 *
 * All that dhall/ wants of the operating system beside memory. stack.c has it from Linux: address
 * space that costs nothing until it is touched. stack_plain.c needs C alone, for where a program
 * has one stack, of a size that is given when it is linked (WebAssembly). */
#ifndef DHALL_STACK_H
#define DHALL_STACK_H
#include <stddef.h>

enum {
    DHALL_STACK_KEPT_BYTES = 1024 * 1024, /* what dhall_stack_drop leaves */
};
struct dhall_stack;
/* NULL: there is no room for so much. */
struct dhall_stack *dhall_stack_new(size_t size_bytes);
void dhall_stack_free(struct dhall_stack *stack); /* or NULL */
/* The lowest address of it, once a task that is entered from here runs. */
char *dhall_stack_low(const struct dhall_stack *stack);
/* Runs the task until it returns or leaves. Not within a task of this stack. */
void dhall_stack_enter(struct dhall_stack *stack, void (*task)(void *argument), void *argument);
/* Ends the task, from wherever in it. */
_Noreturn void dhall_stack_leave(struct dhall_stack *stack);
/* Between tasks: gives memory back. */
void dhall_stack_drop(struct dhall_stack *stack);
#endif
