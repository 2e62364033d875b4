/* src/dhall/tool.c */
#include "dhall/tool.h"
#include "dhall/eval.h"
#include "dhall/import.h"
#include <stdlib.h>

struct dhall_labels *dhall_tool_labels(struct dhall *dhall)
{
    return &dhall->labels;
}

struct read_back_task {
    const struct dhall_value *value;
    bool alpha;
    struct dhall_terms *terms;
    dhall_term result;
};

static void read_back_run(struct dhall *dhall, void *argument)
{
    struct read_back_task *task = argument;
    struct dhall_quote quote;
    dhall_quote_init(&quote, dhall, task->terms, task->alpha);
    task->result = dhall_quote_bounded(&quote, (struct dhall_value *)(uintptr_t)task->value);
}

enum err dhall_tool_read_back(struct dhall *dhall, const struct dhall_value *value, bool alpha,
    struct dhall_terms *terms, dhall_term *ret_term, struct diags *diags)
{
    struct read_back_task task = {.value = value, .alpha = alpha, .terms = terms};
    enum err err = dhall_run(dhall, read_back_run, &task, diags);
    *ret_term = task.result;
    return err;
}

struct text_task {
    struct str name, text;
    struct dhall_value *value;
    struct dhall_terms *terms;
    dhall_term result;
    struct diags *diags;
    enum err err;
};

static void evaluate_run(struct dhall *dhall, void *argument)
{
    struct text_task *task = argument;
    struct dhall_import_entry entry = {.name = task->name};
    entry.self = dhall_import_of_name(dhall, task->name);
    struct dhall_code *code = dhall_code_new(dhall);
    uint32_t source =
        dhall->sources == NULL ? 0 : sources_add(dhall->sources, task->name, task->text);
    struct dhall_parse_limits limits = dhall_parse_limits_of(dhall);
    task->err =
        dhall_parse_within(&limits, &code->terms, source, task->text, &code->root, task->diags);
    if (task->err == OK) {
        task->err = dhall_code_resolve(dhall, code, &entry, 0, task->diags);
    }
    if (task->err == OK) {
        task->value = dhall_eval(dhall, code, code->root, NULL);
    }
    free(entry.reads);
}

enum err dhall_tool_evaluate(struct dhall *dhall, struct str name, struct str text,
    struct dhall_loaded *ret_loaded, struct diags *diags)
{
    struct text_task task = {.name = name, .text = text, .diags = diags};
    enum err err = dhall_run(dhall, evaluate_run, &task, diags);
    *ret_loaded = (struct dhall_loaded){.value = task.value};
    return err != OK ? err : task.err;
}

/* Copies a term: with every bound name `_` (the marks say which binder a variable belongs to), or,
 * to show it resolved, with its names, and values in the place of imports. */
struct alpha {
    struct dhall *dhall;
    const struct dhall_code *code;
    struct dhall_terms *terms;
    uint32_t depth; /* binders around */
    bool resolves;
};

static uint32_t alpha_copy(struct alpha *alpha, uint32_t row);

static uint32_t alpha_variable(
    const struct alpha *alpha, const struct dhall_row *row, uint32_t mark, struct span span)
{
    if (alpha->resolves) {
        return dhall_var_add(alpha->terms, row->a, row->b, span).row;
    }
    if ((mark & MARK_FREE) == 0) {
        return dhall_var_add(alpha->terms, 0, mark, span).row;
    }
    uint32_t index = mark & (MARK_FREE - 1U);
    return dhall_var_add(alpha->terms, row->a, row->a == 0 ? index + alpha->depth : index, span)
        .row;
}

static uint32_t alpha_under(struct alpha *alpha, uint32_t row)
{
    alpha->depth++;
    row = alpha_copy(alpha, row);
    alpha->depth--;
    return row;
}

/* The list of a row, its terms copied; which of its numbers are terms depends on the kind. */
static uint32_t alpha_list(struct alpha *alpha, const struct dhall_row *row, struct span span)
{
    uint32_t *items = arena_alloc(&alpha->dhall->arena, row->c * sizeof *items);
    memcpy(items, dhall_list_of(&alpha->code->terms, row), row->c * sizeof *items);
    uint32_t a = row->a;
    switch ((enum dhall_kind)row->kind) {
    case DHALL_LET:
        a = alpha->resolves ? a : 0;
        items[0] = alpha_copy(alpha, items[0]);
        items[1] = alpha_copy(alpha, items[1]);
        items[2] = alpha_under(alpha, items[2]);
        break;
    case DHALL_LIST:
        for (uint32_t i = 0; i < row->c; i++) {
            items[i] = alpha_copy(alpha, items[i]);
        }
        break;
    case DHALL_TEXT:
        for (uint32_t i = 0; i < row->c; i++) {
            items[i] = i % 2 == 1
                           ? alpha_copy(alpha, items[i])
                           : dhall_text_literal(alpha->terms, alpha->code->terms.texts[items[i]]);
        }
        break;
    case DHALL_WITH:
        a = alpha_copy(alpha, a);
        items[0] = alpha_copy(alpha, items[0]);
        break;
    case DHALL_PROJECT:
        a = alpha_copy(alpha, a);
        break;
    default: /* RECORD, RECORD_TYPE, UNION */
        for (uint32_t i = 1; i < row->c; i += 2) {
            items[i] = alpha_copy(alpha, items[i]);
        }
        break;
    }
    return dhall_list_row_add(alpha->terms, (enum dhall_kind)row->kind, a, items, row->c, span).row;
}

static bool has_list(enum dhall_kind kind)
{
    return kind == DHALL_LET || kind == DHALL_LIST || kind == DHALL_TEXT || kind == DHALL_WITH ||
           kind == DHALL_PROJECT || kind == DHALL_RECORD || kind == DHALL_RECORD_TYPE ||
           kind == DHALL_UNION;
}

static bool is_number(enum dhall_kind kind)
{
    return kind == DHALL_NATURAL || kind == DHALL_INTEGER;
}

/* Literals and builtins; what they keep in the table's pools is copied. */
static uint32_t alpha_atom(const struct alpha *alpha, const struct dhall_row *row, struct span span)
{
    const struct dhall_terms *from = &alpha->code->terms;
    if (row->kind == DHALL_BYTES) {
        return dhall_bytes_add(alpha->terms, from->texts[row->a], span).row;
    }
    if (row->kind == DHALL_TIME) {
        return dhall_time_add(alpha->terms, row->a, from->bigs[row->b], row->c, span).row;
    }
    if (is_number((enum dhall_kind)row->kind) && (row->flag & DHALL_BIG) != 0) {
        uint32_t number =
            dhall_number_add(alpha->terms, (enum dhall_kind)row->kind, from->bigs[row->a], span)
                .row;
        alpha->terms->rows[number].flag |= row->flag & DHALL_NEGATIVE; /* bigs have no sign */
        return number;
    }
    return dhall_row_add(alpha->terms, *row, span).row;
}

/* The normal form of what was imported. */
static uint32_t import_copy(struct alpha *alpha, const struct dhall_row *row)
{
    struct dhall_quote quote;
    dhall_quote_init(&quote, alpha->dhall, alpha->terms, false);
    return dhall_quote(&quote, alpha->code->imports[row->a]->value).row;
}

static uint32_t alpha_copy(struct alpha *alpha, uint32_t term)
{
    dhall_step(alpha->dhall);
    if (term == 0) {
        return 0;
    }
    const struct dhall_row *row = &alpha->code->terms.rows[term];
    if (row->kind == DHALL_IMPORT && alpha->resolves) {
        return import_copy(alpha, row);
    }
    if (row->kind == DHALL_OPERATOR && row->flag == DHALL_ALTERNATIVE && alpha->resolves) {
        return alpha_copy(alpha, alpha->code->marks[term] == MARK_LEFT ? row->a : row->b);
    }
    struct span span = dhall_span_of(&alpha->code->terms, (dhall_term){term});
    struct dhall_row copy = *row;
    switch ((enum dhall_kind)row->kind) {
    case DHALL_VAR:
        return alpha_variable(alpha, row, alpha->code->marks[term], span);
    case DHALL_LAMBDA:
    case DHALL_PI:
        copy.a = alpha->resolves ? row->a : 0;
        copy.b = alpha_copy(alpha, row->b);
        copy.c = alpha_under(alpha, row->c);
        break;
    case DHALL_IF:
    case DHALL_MERGE:
        copy.c = alpha_copy(alpha, row->c);
        copy.b = alpha_copy(alpha, row->b);
        copy.a = alpha_copy(alpha, row->a);
        break;
    case DHALL_APP:
    case DHALL_ANNOT:
    case DHALL_OPERATOR:
    case DHALL_PROJECT_TYPE:
    case DHALL_TO_MAP:
        copy.b = alpha_copy(alpha, row->b);
        copy.a = alpha_copy(alpha, row->a);
        break;
    case DHALL_LIST_EMPTY:
    case DHALL_SOME:
    case DHALL_FIELD:
    case DHALL_SHOW_CONSTRUCTOR:
    case DHALL_ASSERT:
        copy.a = alpha_copy(alpha, row->a);
        break;
    default:
        return has_list((enum dhall_kind)row->kind) ? alpha_list(alpha, row, span)
                                                    : alpha_atom(alpha, row, span);
    }
    return dhall_row_add(alpha->terms, copy, span).row;
}

static void alpha_run(struct dhall *dhall, void *argument)
{
    struct text_task *task = argument;
    struct dhall_code *code = dhall_code_new(dhall);
    struct dhall_parse_limits limits = dhall_parse_limits_of(dhall);
    task->err = dhall_parse_within(&limits, &code->terms, 0, task->text, &code->root, task->diags);
    if (task->err != OK) {
        return;
    }
    task->err = dhall_code_resolve(dhall, code, NULL, 0, task->diags);
    struct alpha alpha = {.dhall = dhall, .code = code, .terms = task->terms};
    task->result.row = alpha_copy(&alpha, code->root.row);
}

enum err dhall_tool_alpha(struct dhall *dhall, struct str text, struct dhall_terms *terms,
    dhall_term *ret_term, struct diags *diags)
{
    struct text_task task = {.text = text, .terms = terms, .diags = diags};
    enum err err = dhall_run(dhall, alpha_run, &task, diags);
    *ret_term = task.result;
    return err != OK ? err : task.err;
}

struct parse_task {
    struct dhall_terms *terms;
    struct str text;
    uint32_t source;
    dhall_term term;
    struct diags *diags;
    enum err err;
};

static void parse_run(struct dhall *dhall, void *argument)
{
    struct parse_task *task = argument;
    struct dhall_parse_limits limits = dhall_parse_limits_of(dhall);
    task->err = dhall_parse_within(
        &limits, task->terms, task->source, task->text, &task->term, task->diags);
}

enum err dhall_tool_parse(struct dhall *dhall, struct dhall_terms *terms, uint32_t source,
    struct str text, dhall_term *ret_term, struct diags *diags)
{
    struct parse_task task = {.terms = terms, .text = text, .source = source, .diags = diags};
    terms->len_max = dhall->limits.terms_max;
    enum err err = dhall_run(dhall, parse_run, &task, diags);
    *ret_term = task.term;
    return err != OK ? err : task.err;
}

struct resolve_task {
    struct str name, text;
    const struct dhall_import *self;
    struct dhall_terms *terms; /* NULL: the graph is wanted */
    dhall_term term;
    struct dhall_tool_import *imports;
    size_t import_count;
    struct diags *diags;
    enum err err;
};

/* entry and all below it, in post-order; is_listed guards against what was met before. */
static size_t graph_gather(struct dhall *dhall, struct dhall_import_entry *entry,
    struct dhall_import_entry **list, size_t count)
{
    dhall_step(dhall);
    entry->is_listed = true;
    for (uint32_t i = 0; i < entry->reads_len; i++) {
        struct dhall_import_entry *child = entry->reads[i];
        bool had = child->state == IMPORT_DONE || child->is_cached;
        if (had && !child->is_listed) {
            count = graph_gather(dhall, child, list, count);
        }
    }
    list[count] = entry;
    return count + 1;
}

static void graph_make(
    struct dhall *dhall, struct dhall_import_entry *root, struct resolve_task *task)
{
    struct arena *arena = &dhall->arena;
    struct dhall_import_entry **list =
        ARENA_NEW(arena, struct dhall_import_entry *, (size_t)dhall->imports_len + 1);
    size_t count = graph_gather(dhall, root, list, 0);
    struct dhall_tool_import *imports = ARENA_NEW(arena, struct dhall_tool_import, count);
    for (size_t i = 0; i < count; i++) {
        list[i]->is_listed = false;
        list[i]->graph_row = (uint32_t)i;
        imports[i].self = list[i]->self;
        imports[i].self.headers = (dhall_term){0};
        imports[i].name = list[i]->name;
        imports[i].reads = ARENA_NEW(arena, uint32_t, list[i]->reads_len);
        for (uint32_t j = 0; j < list[i]->reads_len; j++) {
            struct dhall_import_entry *child = list[i]->reads[j];
            if (child->state == IMPORT_DONE || child->is_cached) {
                imports[i].reads[imports[i].read_count++] = child->graph_row;
            }
        }
    }
    task->imports = imports;
    task->import_count = count;
}

static void resolve_run(struct dhall *dhall, void *argument)
{
    struct resolve_task *task = argument;
    struct dhall_import_entry entry = {.name = task->name, .self = *task->self};
    struct dhall_code *code = dhall_code_new(dhall);
    uint32_t source =
        dhall->sources == NULL ? 0 : sources_add(dhall->sources, task->name, task->text);
    struct dhall_parse_limits limits = dhall_parse_limits_of(dhall);
    task->err =
        dhall_parse_within(&limits, &code->terms, source, task->text, &code->root, task->diags);
    if (task->err == OK) {
        task->err = dhall_code_resolve(dhall, code, &entry, 0, task->diags);
    }
    if (task->err == OK && task->terms == NULL) {
        graph_make(dhall, &entry, task);
    } else if (task->err == OK) {
        struct alpha alpha = {.dhall = dhall, .code = code, .terms = task->terms, .resolves = true};
        struct dhall_quote quote;
        dhall_quote_init(&quote, dhall, task->terms, false);
        task->term.row = alpha_copy(&alpha, code->root.row);
        dhall_quote_check(&quote, task->term);
    }
    free(entry.reads);
}

enum err dhall_tool_resolve(struct dhall *dhall, struct str name, struct str dir, struct str text,
    struct dhall_terms *terms, dhall_term *ret_term, struct diags *diags)
{
    struct dhall_import self = dhall_import_of_file(dhall, name, dir);
    struct resolve_task task = {
        .name = name, .text = text, .self = &self, .terms = terms, .diags = diags};
    enum err err = dhall_run(dhall, resolve_run, &task, diags);
    *ret_term = task.term;
    err = err != OK ? err : task.err;
    return err == ERR_ABSENT ? ERR_INVALID : err;
}

enum err dhall_tool_graph(struct dhall *dhall, struct str name, struct str dir, struct str text,
    const struct dhall_tool_import **ret_imports, size_t *ret_count, struct diags *diags)
{
    struct dhall_import self = dhall_import_of_file(dhall, name, dir);
    struct resolve_task task = {.name = name, .text = text, .self = &self, .diags = diags};
    enum err err = dhall_run(dhall, resolve_run, &task, diags);
    *ret_imports = task.imports;
    *ret_count = task.import_count;
    err = err != OK ? err : task.err;
    return err == ERR_ABSENT ? ERR_INVALID : err;
}

void dhall_tool_explain(struct dhall *dhall, bool explains)
{
    dhall->explains = explains;
}

struct names_task {
    struct dhall_value *value;
    const struct str *names;
    size_t count;
};

static void names_run(struct dhall *dhall, void *argument)
{
    struct names_task *task = argument;
    const struct dhall_value *value = dhall_force(dhall, task->value);
    if (value->kind != V_RECORD && value->kind != V_RECORD_TYPE && value->kind != V_UNION) {
        return;
    }
    struct str *names = ARENA_NEW(&dhall->arena, struct str, value->shape->count);
    for (uint32_t i = 0; i < value->shape->count; i++) {
        names[i] = dhall_label_name(&dhall->labels, value->shape->labels[i]);
    }
    task->names = names;
    task->count = value->shape->count;
}

void dhall_tool_names(struct dhall *dhall, const struct dhall_value *value,
    const struct str **ret_names, size_t *ret_count)
{
    struct names_task task = {.value = (struct dhall_value *)(uintptr_t)value};
    struct diags diags;
    diags_init(&diags, &dhall->arena, NULL);
    bool done = dhall_run(dhall, names_run, &task, &diags) == OK;
    *ret_names = task.names;
    *ret_count = done ? task.count : 0;
}
