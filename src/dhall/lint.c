/* src/dhall/lint.c
 *
 * One walk with an explicit stack. The body of a let comes before its value: the value of one that
 * nobody uses is not looked at, so what only it uses is not used either. */
#include "dhall/lint.h"
#include "dhall/gap.h"
#include "dhall/parse.h"
#include <stdlib.h>

enum {
    PASSES_MAX = 20, /* of corrections on top of corrections */
};
enum task_kind {
    TASK_VISIT,
    TASK_BIND,   /* row's variable is in scope from here on */
    TASK_UNBIND, /* ... to here */
    TASK_DECIDE, /* the body of a let was seen: is its value needed? */
};
struct task {
    enum task_kind kind;
    uint32_t row;
};
/* A variable in scope. */
struct binder {
    uint32_t row;   /* of the let, lambda or forall */
    uint32_t outer; /* the binder of the same name around it; UINT32_MAX: none */
};
enum {
    MARK_VISITED = 1,
    MARK_USED = 2,    /* the variable of a let */
    MARK_CROSSED = 4, /* x@1 looks past it: without it that would be another x */
    MARK_ASSERTS = 8, /* an assert is in it */
    MARK_CLAIMS = 16, /* a let of a === b that nobody uses */
    MARK_GOES = 32,   /* a let to be removed */
};
struct linter {
    struct str text;
    struct arena *arena;
    struct dhall_terms terms;
    uint8_t *marks;     /* by row */
    struct task *tasks; /* owned */
    size_t tasks_len, tasks_cap;
    struct binder *binders; /* owned; a stack */
    size_t binders_len, binders_cap;
    uint32_t *innermost;            /* by label: into binders, UINT32_MAX: none */
    struct dhall_finding *findings; /* owned until given away */
    size_t findings_len, findings_cap;
};

static void task_push(struct linter *linter, enum task_kind kind, uint32_t row)
{
    if (linter->tasks_len == linter->tasks_cap) {
        linter->tasks_cap = linter->tasks_cap == 0 ? 256 : linter->tasks_cap * 2;
        linter->tasks = memory_realloc(linter->tasks, linter->tasks_cap * sizeof *linter->tasks);
    }
    linter->tasks[linter->tasks_len++] = (struct task){.kind = kind, .row = row};
}

static void binder_push(struct linter *linter, uint32_t row)
{
    if (linter->binders_len == linter->binders_cap) {
        linter->binders_cap = linter->binders_cap == 0 ? 256 : linter->binders_cap * 2;
        linter->binders =
            memory_realloc(linter->binders, linter->binders_cap * sizeof *linter->binders);
    }
    uint32_t label = linter->terms.rows[row].a;
    linter->binders[linter->binders_len] =
        (struct binder){.row = row, .outer = linter->innermost[label]};
    linter->innermost[label] = (uint32_t)linter->binders_len++;
}

static void binder_pop(struct linter *linter, uint32_t row)
{
    linter->binders_len--;
    linter->innermost[linter->terms.rows[row].a] = linter->binders[linter->binders_len].outer;
}

static void variable_use(struct linter *linter, const struct dhall_row *row)
{
    uint32_t at = linter->innermost[row->a];
    for (uint32_t i = 0; i < row->b && at != UINT32_MAX; i++) {
        linter->marks[linter->binders[at].row] |= MARK_CROSSED;
        at = linter->binders[at].outer;
    }
    if (at != UINT32_MAX) {
        linter->marks[linter->binders[at].row] |= MARK_USED;
    }
}

/* --- the walk --- */

static void child_push(void *context, dhall_term child)
{
    task_push(context, TASK_VISIT, child.row);
}

static void row_visit(struct linter *linter, uint32_t number)
{
    const struct dhall_row *row = &linter->terms.rows[number];
    linter->marks[number] |= MARK_VISITED;
    if (row->kind == DHALL_VAR) {
        variable_use(linter, row);
    } else if (row->kind == DHALL_LET) {
        uint32_t body = dhall_list_of(&linter->terms, row)[2];
        task_push(linter, TASK_DECIDE, number);
        task_push(linter, TASK_UNBIND, number);
        task_push(linter, TASK_VISIT, body);
        task_push(linter, TASK_BIND, number);
    } else if (row->kind == DHALL_LAMBDA || row->kind == DHALL_PI) {
        task_push(linter, TASK_VISIT, row->b);
        task_push(linter, TASK_UNBIND, number);
        task_push(linter, TASK_VISIT, row->c);
        task_push(linter, TASK_BIND, number);
    } else {
        dhall_children_visit(&linter->terms, (dhall_term){number}, child_push, linter);
    }
}

/* The `a === b` that a value ends in, behind lets of its own; 0: none. */
static uint32_t claim_of(const struct linter *linter, uint32_t row)
{
    const struct dhall_terms *terms = &linter->terms;
    while (terms->rows[row].kind == DHALL_LET) {
        row = dhall_list_of(terms, &terms->rows[row])[2];
    }
    bool is = terms->rows[row].kind == DHALL_OPERATOR && terms->rows[row].flag == DHALL_EQUIVALENT;
    return is ? row : 0;
}

static void let_decide(struct linter *linter, uint32_t number)
{
    const uint32_t *parts = dhall_list_of(&linter->terms, &linter->terms.rows[number]);
    uint8_t marks = linter->marks[number];
    bool used = (marks & (MARK_USED | MARK_CROSSED)) != 0;
    bool asserts = (linter->marks[parts[1]] & MARK_ASSERTS) != 0;
    if (!used && !asserts && parts[0] == 0 && claim_of(linter, parts[1]) != 0) {
        linter->marks[number] |= MARK_CLAIMS;
    } else if (!used && !asserts) {
        linter->marks[number] |= MARK_GOES;
        return;
    }
    task_push(linter, TASK_VISIT, parts[1]);
    if (parts[0] != 0) {
        task_push(linter, TASK_VISIT, parts[0]);
    }
}

struct assert_search {
    const struct linter *linter;
    bool found;
};

static void assert_look(void *context, dhall_term child)
{
    struct assert_search *search = context;
    search->found = search->found || (search->linter->marks[child.row] & MARK_ASSERTS) != 0;
}

/* Children have smaller numbers. */
static void asserts_find(struct linter *linter)
{
    for (uint32_t i = 1; i < linter->terms.len; i++) {
        struct assert_search search = {.linter = linter};
        search.found = linter->terms.rows[i].kind == DHALL_ASSERT;
        dhall_children_visit(&linter->terms, (dhall_term){i}, assert_look, &search);
        linter->marks[i] |= search.found ? MARK_ASSERTS : 0;
    }
}

static void walk(struct linter *linter, dhall_term root)
{
    task_push(linter, TASK_VISIT, root.row);
    while (linter->tasks_len > 0) {
        struct task task = linter->tasks[--linter->tasks_len];
        switch (task.kind) {
        case TASK_VISIT:
            row_visit(linter, task.row);
            break;
        case TASK_BIND:
            binder_push(linter, task.row);
            break;
        case TASK_UNBIND:
            binder_pop(linter, task.row);
            break;
        case TASK_DECIDE:
            let_decide(linter, task.row);
            break;
        }
    }
}

/* --- findings --- */

static struct dhall_finding *finding_add(
    struct linter *linter, struct span span, size_t begin, size_t end, struct str text)
{
    if (linter->findings_len == linter->findings_cap) {
        linter->findings_cap = linter->findings_cap == 0 ? 16 : linter->findings_cap * 2;
        linter->findings =
            memory_realloc(linter->findings, linter->findings_cap * sizeof *linter->findings);
    }
    struct dhall_finding *finding = &linter->findings[linter->findings_len++];
    *finding = (struct dhall_finding){
        .span = span, .edit = {.begin = (uint32_t)begin, .end = (uint32_t)end, .text = text}};
    return finding;
}

/* Where the line begins that `at` is on, if only blanks stand before it; else `at`. */
static size_t line_begin(struct str text, size_t at)
{
    size_t begin = at;
    while (begin > 0 && (text.ptr[begin - 1] == ' ' || text.ptr[begin - 1] == '\t')) {
        begin--;
    }
    return begin == 0 || text.ptr[begin - 1] == '\n' ? begin : at;
}

/* Line comments directly above the let at `at`, below an empty line, are about it: they go with it.
 * Where what goes begins. */
static size_t paragraph_begin(struct str text, size_t at)
{
    size_t begin = line_begin(text, at);
    while (begin > 0 && text.ptr[begin - 1] == '\n') {
        size_t above = begin - 1;
        size_t first = above;
        while (first > 0 && text.ptr[first - 1] != '\n') {
            first--;
        }
        size_t word = first;
        while (word < above &&
               (text.ptr[word] == ' ' || text.ptr[word] == '\t' || text.ptr[word] == '\r')) {
            word++;
        }
        if (word == above) {
            return begin;
        }
        if (!str_starts(str_sub(text, word, above), STR("--"))) {
            break;
        }
        begin = first;
    }
    return at;
}

static size_t blanks_end(struct str text, size_t at)
{
    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t' || text.ptr[at] == '\n' ||
                                text.ptr[at] == '\r')) {
        at++;
    }
    return at;
}

/* Behind a binding: its value, parentheses around it, a comment behind it, the rest of the line. */
static size_t binding_end(struct str text, size_t at)
{
    for (;;) {
        size_t next = dhall_gap_end(text, at);
        if (text.ptr[next] != ')') {
            break;
        }
        at = next + 1;
    }
    size_t comment = at;
    while (text.ptr[comment] == ' ' || text.ptr[comment] == '\t') {
        comment++;
    }
    at = dhall_comment_end(text, comment);
    while (text.ptr[at] == ' ' || text.ptr[at] == '\t' || text.ptr[at] == '\r') {
        at++;
    }
    return text.ptr[at] == '\n' ? at + 1 : at; /* an empty line stays */
}

/* Behind the value of a let: where `let` or `in` begins. */
static size_t let_next(const struct linter *linter, const uint32_t *parts)
{
    return dhall_closing_end(linter->text, linter->terms.spans[parts[1]].end);
}

static void unused_add(struct linter *linter, uint32_t number, size_t end, bool is_first)
{
    const struct dhall_row *row = &linter->terms.rows[number];
    struct str name = dhall_label_name(linter->terms.labels, row->a);
    struct span span = linter->terms.spans[number];
    size_t begin = is_first ? span.begin : paragraph_begin(linter->text, span.begin);
    span.end = linter->terms.spans[dhall_list_of(&linter->terms, row)[1]].end;
    struct dhall_finding *finding = finding_add(linter, span, begin, end, STR(""));
    finding->unused = true;
    finding->text = arena_printf(linter->arena, "`%.*s` is never used", STR_ARG(name));
}

/* A let chain from its first let on; nested ones (`in let`) are part of it. */
static void chain_look(struct linter *linter, uint32_t first)
{
    const struct dhall_terms *terms = &linter->terms;
    bool stays = false;
    bool goes_on = true;
    for (uint32_t number = first; goes_on;) {
        const uint32_t *parts = dhall_list_of(terms, &terms->rows[number]);
        size_t next = let_next(linter, parts);
        bool is_in = linter->text.ptr[next] == 'i';
        size_t behind = is_in ? dhall_gap_end(linter->text, next + 2) : next;
        bool goes = (linter->marks[number] & MARK_GOES) != 0;
        goes_on = terms->rows[parts[2]].kind == DHALL_LET && terms->spans[parts[2]].begin == behind;
        stays = stays || !goes;
        bool in_goes = is_in && (goes_on || !stays);
        if (goes) {
            unused_add(linter, number,
                in_goes ? blanks_end(linter->text, next + 2)
                        : binding_end(linter->text, terms->spans[parts[1]].end),
                number == first);
        } else if (in_goes) {
            struct span span = {.source = terms->spans[number].source,
                .begin = (uint32_t)next,
                .end = (uint32_t)next + 2};
            size_t end = blanks_end(linter->text, next + 2);
            finding_add(linter, span, next, end, STR(""))->text =
                STR("a chain of lets needs no `in` between them");
        }
        linter->marks[number] &= (uint8_t)~MARK_VISITED;
        number = parts[2];
    }
}

static void import_look(struct linter *linter, uint32_t number)
{
    const struct dhall_import *import = &linter->terms.imports[linter->terms.rows[number].a];
    struct span span = linter->terms.spans[number];
    if (import->scheme == DHALL_HERE && import->path_len > 1 &&
        str_eq(import->path[0], STR(".."))) {
        finding_add(linter, span, span.begin, span.begin + 2, STR(""))->text =
            STR("a path of the folder above begins with ../");
    }
    bool prelude = import->scheme == DHALL_HTTPS && import->path_len > 0 &&
                   str_eq(import->authority, STR("prelude.dhall-lang.org"));
    if (prelude && !import->has_query &&
        str_find(import->path[import->path_len - 1], '.') ==
            import->path[import->path_len - 1].len) {
        size_t end = dhall_location_end(linter->text, span);
        finding_add(linter, span, end, end, STR(".dhall"))->text =
            STR("files of the Prelude end in .dhall");
    }
}

static int by_begin(const void *a, const void *b)
{
    const struct dhall_finding *left = a;
    const struct dhall_finding *right = b;
    return (left->edit.begin > right->edit.begin) - (left->edit.begin < right->edit.begin);
}

static void findings_make(struct linter *linter)
{
    for (uint32_t i = 1; i < linter->terms.len; i++) {
        if ((linter->marks[i] & MARK_VISITED) == 0) {
            continue;
        }
        const struct dhall_row *row = &linter->terms.rows[i];
        if (row->kind == DHALL_IMPORT) {
            import_look(linter, i);
        } else if (row->kind == DHALL_LET) {
            if ((linter->marks[i] & MARK_CLAIMS) != 0) {
                uint32_t value = dhall_list_of(&linter->terms, row)[1];
                struct span span = linter->terms.spans[claim_of(linter, value)];
                finding_add(linter, span, span.begin, span.begin, STR("assert : "))->text =
                    STR("this claim is not checked");
            }
        }
    }
    /* Chains from their outermost let: it has the greatest number. */
    for (uint32_t i = linter->terms.len - 1; i > 0; i--) {
        if ((linter->marks[i] & MARK_VISITED) != 0 && linter->terms.rows[i].kind == DHALL_LET) {
            chain_look(linter, i);
        }
    }
    if (linter->findings_len > 0) {
        qsort(linter->findings, linter->findings_len, sizeof *linter->findings, by_begin);
    }
    /* Blanks between two may belong to both. */
    for (size_t i = 1; i < linter->findings_len; i++) {
        uint32_t end = linter->findings[i - 1].edit.end;
        struct dhall_edit *edit = &linter->findings[i].edit;
        edit->begin = edit->begin < end ? end : edit->begin;
    }
}

enum err dhall_lint(struct str text, uint32_t source, struct arena *arena,
    struct dhall_finding **ret_findings, size_t *ret_count, struct diags *diags)
{
    struct linter linter = {.text = arena_str(arena, text), .arena = arena};
    struct dhall_labels labels;
    dhall_labels_init(&labels);
    dhall_terms_init(&linter.terms, &labels, 0);
    dhall_term root;
    enum err err = dhall_parse(&linter.terms, source, text, &root, diags);
    if (err == OK) {
        linter.marks = memory_calloc(linter.terms.len, 1);
        linter.innermost = memory_alloc(labels.table.len * sizeof *linter.innermost);
        memset(linter.innermost, 0xFF, labels.table.len * sizeof *linter.innermost);
        asserts_find(&linter);
        walk(&linter, root);
        findings_make(&linter);
        *ret_findings = ARENA_NEW(arena, struct dhall_finding, linter.findings_len);
        if (linter.findings_len > 0) {
            memcpy(*ret_findings, linter.findings, linter.findings_len * sizeof **ret_findings);
        }
        *ret_count = linter.findings_len;
    }
    free(linter.marks);
    free(linter.innermost);
    free(linter.tasks);
    free(linter.binders);
    free(linter.findings);
    dhall_terms_release(&linter.terms);
    dhall_labels_release(&labels);
    return err;
}

enum err dhall_lint_apply(
    struct str text, uint32_t source, struct buf *ret_text, struct diags *diags)
{
    struct arena arena = {0};
    enum err err = OK;
    for (unsigned pass = 0; pass < PASSES_MAX && err == OK; pass++) {
        struct dhall_finding *findings = NULL;
        size_t count = 0;
        err = dhall_lint(text, pass == 0 ? source : 0, &arena, &findings, &count, diags);
        if (err != OK || count == 0) {
            break;
        }
        AUTO_BUF next = {0};
        size_t at = 0;
        for (size_t i = 0; i < count; i++) {
            dhall_edit_next(text, &findings[i].edit, &at, &next);
        }
        buf_add(&next, str_sub(text, at, text.len));
        text = arena_str(&arena, buf_str(&next));
    }
    if (err == OK) {
        buf_add(ret_text, text);
    }
    arena_release(&arena);
    return err;
}
