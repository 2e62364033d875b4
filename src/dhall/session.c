/* src/dhall/session.c: a session's life, and the big stack that its recursive parts run on.
 *
 *   caller's stack: dhall_run --> big stack (stack.h): task ... dhall_step ... dhall_stop
 *                        ^-----------------------------------------------------'
 *
 * dhall_step looks at how much of it is left. */
#include "dhall/eval.h"
#include "dhall/import.h"
#include <assert.h>
#include <stdlib.h>

enum {
    LIGHT_BYTES = 64 * 1024, /* what dhall_run_light takes of the caller's stack */
    STACK_MARGIN_BYTES =
        256 * 1024, /* for what runs below the last dhall_step: libc, GMP, parser */
};

static const struct dhall_limits limits_default = {
    .terms_max = DHALL_TERMS_MAX,
    .steps_max = UINT64_C(4000000000),
    .memory_bytes_max = (size_t)4 << 30,
    .stack_bytes_max = (size_t)1 << 30,
    .nesting_max = DHALL_NESTING_MAX,
};

/* What is not given is the default. */
static struct dhall_limits limits_complete(const struct dhall_limits *given)
{
    enum {
        PAGE_BYTES = 4096,
    };
    struct dhall_limits limits = limits_default;
    if (given == NULL) {
        return limits;
    }
    limits.is_option = given->is_option;
    limits.terms_max = given->terms_max != 0 ? given->terms_max : limits.terms_max;
    limits.steps_max = given->steps_max != 0 ? given->steps_max : limits.steps_max;
    limits.nesting_max = given->nesting_max != 0 ? given->nesting_max : limits.nesting_max;
    if (given->memory_bytes_max != 0) {
        limits.memory_bytes_max = given->memory_bytes_max;
    }
    if (given->stack_bytes_max != 0) {
        limits.stack_bytes_max = given->stack_bytes_max < DHALL_STACK_BYTES_MIN
                                     ? DHALL_STACK_BYTES_MIN
                                     : given->stack_bytes_max / PAGE_BYTES * PAGE_BYTES;
    }
    return limits;
}

static enum err nothing_read(void *context, const struct dhall_import *import, struct str name,
    struct arena *arena, struct str *ret_bytes, struct diags *diags)
{
    (void)context, (void)import, (void)name, (void)arena, (void)ret_bytes, (void)diags;
    return ERR_ABSENT;
}

struct dhall *dhall_new(
    const struct dhall_reader *reader, const struct dhall_limits *limits, struct sources *sources)
{
    struct dhall *dhall = memory_calloc(1, sizeof *dhall);
    dhall->reader = *reader;
    dhall->reader.read = reader->read == NULL ? nothing_read : reader->read;
    dhall->limits = limits_complete(limits);
    dhall->sources = sources;
    dhall_labels_init(&dhall->labels);
    dhall->label_type = dhall_label_of(&dhall->labels, STR("Type"));
    dhall->label_default = dhall_label_of(&dhall->labels, STR("default"));
    dhall->label_some = dhall_label_of(&dhall->labels, STR("Some"));
    dhall->label_none = dhall_label_of(&dhall->labels, STR("None"));
    dhall_label map[2] = {dhall_label_of(&dhall->labels, STR("mapKey")),
        dhall_label_of(&dhall->labels, STR("mapValue"))};
    dhall_label indexed[2] = {
        dhall_label_of(&dhall->labels, STR("index")), dhall_label_of(&dhall->labels, STR("value"))};
    dhall->shape_map = dhall_shape_new(dhall, map, 2);
    dhall->shape_indexed = dhall_shape_new(dhall, indexed, 2);
    return dhall;
}

static void code_release(struct dhall_code *code)
{
    dhall_terms_release(&code->terms);
    free(code->marks);
    free(code->shapes);
    free(code->constants);
    free(code->imports);
    free(code->shared);
    free(code);
}

void dhall_free(struct dhall *dhall)
{
    if (dhall == NULL) {
        return;
    }
    while (dhall->codes != NULL) {
        struct dhall_code *older = dhall->codes->older;
        code_release(dhall->codes);
        dhall->codes = older;
    }
    for (struct dhall_big *big = dhall->bigs; big != NULL; big = big->older) {
        mpz_clear(big->z);
    }
    for (uint32_t i = 0; i < dhall->import_table.len; i++) {
        free(dhall->imports[i]->reads);
    }
    free(dhall->imports);
    free(dhall->opened);
    free(dhall->pending);
    table_release(&dhall->import_table);
    dhall_labels_release(&dhall->labels);
    dhall_stack_free(dhall->stack);
    arena_release(&dhall->arena);
    free(dhall);
}

struct dhall_code *dhall_code_new(struct dhall *dhall)
{
    struct dhall_code *code = memory_calloc(1, sizeof *code);
    dhall_terms_init(&code->terms, &dhall->labels, dhall->limits.terms_max);
    code->older = dhall->codes;
    dhall->codes = code;
    return code;
}

_Noreturn void dhall_stop(struct dhall *dhall, enum dhall_stop why)
{
    assert(dhall->on_stack);
    dhall->stopped = why;
    dhall->on_stack = false;
    if (dhall->is_light) {
        longjmp(dhall->light, 1);
    }
    dhall_stack_leave(dhall->stack);
}

static void run_on_stack(void *argument)
{
    struct dhall *dhall = argument;
    dhall->task(dhall, dhall->task_argument);
}

static enum err stack_ready(struct dhall *dhall, struct diags *diags)
{
    if (dhall->stack != NULL) {
        return OK;
    }
    dhall->stack = dhall_stack_new(dhall->limits.stack_bytes_max);
    if (dhall->stack == NULL) {
        return diag_add(diags, ERR_LIMIT, SPAN_NONE, "no address space for Dhall's stack");
    }
    return OK;
}

bool dhall_run_light(
    struct dhall *dhall, void (*task)(struct dhall *dhall, void *argument), void *argument)
{
    if (dhall->on_stack) {
        return false; /* within a task: dhall_run goes on where that is */
    }
    dhall->stack_low = (char *)__builtin_frame_address(0) - LIGHT_BYTES;
    dhall->stopped = STOP_NONE;
    dhall->pending_len = 0;
    dhall->on_stack = true;
    dhall->is_light = true;
    if (setjmp(dhall->light) == 0) {
        task(dhall, argument);
    }
    dhall->is_light = false;
    dhall->on_stack = false;
    return dhall->stopped != STOP_DEPTH;
}

void dhall_stack_trim(struct dhall *dhall)
{
    if (dhall->stack != NULL && !dhall->on_stack) {
        dhall_stack_drop(dhall->stack);
    }
}

/* Where the work was when it stopped: in what was evaluated, if that was written in a file, in what
 * was type-checked, or in what was read last. */
static struct span stop_span(const struct dhall *dhall)
{
    const struct dhall_place *places[2] = {&dhall->eval_at, &dhall->infer_at};
    for (size_t i = 0; i < 2; i++) {
        if (places[i]->code != NULL) {
            struct span span = dhall_span_of(&places[i]->code->terms, places[i]->term);
            if (span.source != 0) {
                return span;
            }
        }
    }
    if (dhall->codes != NULL && dhall->codes->root.row != 0) { /* it was not looked at yet */
        return dhall_span_of(&dhall->codes->terms, dhall->codes->root);
    }
    return SPAN_NONE;
}

/* what: the limit that was passed, and its unit. */
static enum err stop_tell(
    const struct dhall *dhall, enum err told, const char *what, struct diags *diags)
{
    if (told != OK && dhall->limits.is_option) {
        diag_help(diags, "to allow more, say --limit %s", what);
    }
    return told;
}

enum err dhall_stop_report(const struct dhall *dhall, struct diags *diags)
{
    struct span span = dhall->stopped == STOP_NONE ? SPAN_NONE : stop_span(dhall);
    const struct dhall_limits *limits = &dhall->limits;
    switch (dhall->stopped) {
    case STOP_NONE:
        return OK;
    case STOP_STEPS:
        return stop_tell(dhall,
            diag_add(diags, ERR_LIMIT, span, "evaluating Dhall took more than %llu steps",
                (unsigned long long)limits->steps_max),
            "steps=N", diags);
    case STOP_MEMORY:
        return stop_tell(dhall,
            diag_add(diags, ERR_LIMIT, span, "evaluating Dhall took more than %zu MiB of memory",
                limits->memory_bytes_max >> 20),
            "memory=MIB", diags);
    case STOP_DEPTH:
        return stop_tell(dhall,
            diag_add(diags, ERR_LIMIT, span, "Dhall expression or its value is nested too deeply"),
            "stack=MIB", diags);
    case STOP_BINDERS:
        return diag_add(diags, ERR_LIMIT, span,
            "Dhall expression or its value is nested too deeply: more than %d functions around "
            "each other",
            DHALL_BOUND_MAX);
    case STOP_TERMS:
        return stop_tell(dhall,
            diag_add(
                diags, ERR_LIMIT, span, "normal form has more than %u terms", limits->terms_max),
            "terms=N", diags);
    }
    return OK;
}

struct dhall_parse_limits dhall_parse_limits_of(const struct dhall *dhall)
{
    assert(dhall->on_stack);
    return (struct dhall_parse_limits){.nesting_max = dhall->limits.nesting_max,
        .stack_low = dhall->stack_low,
        .is_option = dhall->limits.is_option};
}

enum err dhall_run(struct dhall *dhall, void (*task)(struct dhall *dhall, void *argument),
    void *argument, struct diags *diags)
{
    if (dhall->on_stack) {
        task(dhall, argument);
        return OK;
    }
    enum err err = stack_ready(dhall, diags);
    if (err != OK) {
        return err;
    }
    dhall->stack_low = dhall_stack_low(dhall->stack) + STACK_MARGIN_BYTES;
    dhall->stopped = STOP_NONE;
    dhall->pending_len = 0;
    dhall->task = task;
    dhall->task_argument = argument;
    dhall->on_stack = true;
    dhall_stack_enter(dhall->stack, run_on_stack, dhall);
    dhall->on_stack = false;
    dhall->opened_len = 0;
    return dhall_stop_report(dhall, diags);
}

/* Values that a line of Dhall says best. */
struct dhall_value *dhall_value_of_text(struct dhall *dhall, struct str text)
{
    struct dhall_code *code = dhall_code_new(dhall);
    struct diags diags;
    diags_init(&diags, &dhall->arena, NULL);
    enum err err = dhall_parse(&code->terms, 0, text, &code->root, &diags);
    assert(err == OK);
    err = dhall_code_resolve(dhall, code, NULL, 0, &diags);
    assert(err == OK);
    return dhall_eval(dhall, code, code->root, NULL);
}

struct dhall_value *dhall_list_cons(struct dhall *dhall)
{
    if (dhall->list_cons == NULL) {
        dhall->list_cons = dhall_value_of_text(
            dhall, STR("\\(A : Type) -> \\(a : A) -> \\(`as` : List A) -> [ a ] # `as`"));
        dhall->cons_code = dhall->list_cons->code;
        dhall->cons_row = dhall->cons_code->terms.rows[dhall->list_cons->a].c;
        dhall->cons_last_row = dhall->cons_code->terms.rows[dhall->cons_row].c;
    }
    return dhall->list_cons;
}

struct dhall_value *dhall_natural_successor(struct dhall *dhall)
{
    if (dhall->natural_successor == NULL) {
        dhall->natural_successor = dhall_value_of_text(dhall, STR("\\(x : Natural) -> x + 1"));
    }
    return dhall->natural_successor;
}
