/* src/dhall/term.c */
#include "dhall/term.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>

static const struct str builtin_names[DHALL_BUILTIN_COUNT] = {
#define BUILTIN_NAME(name, text) {.ptr = (text), .len = sizeof(text) - 1},
    DHALL_BUILTINS(BUILTIN_NAME)
#undef BUILTIN_NAME
};

struct str dhall_builtin_name(enum dhall_builtin builtin)
{
    assert(builtin < DHALL_BUILTIN_COUNT);
    return builtin_names[builtin];
}

void dhall_labels_init(struct dhall_labels *labels)
{
    static const struct str keywords[DHALL_KEYWORD_COUNT] = {
#define KEYWORD_NAME(name, text) {.ptr = (text), .len = sizeof(text) - 1},
        DHALL_KEYWORDS(KEYWORD_NAME)
#undef KEYWORD_NAME
    };
    *labels = (struct dhall_labels){0};
    (void)table_add(&labels->table, &labels->arena, STR("_"));
    for (size_t i = 0; i < DHALL_BUILTIN_COUNT; i++) {
        (void)table_add(&labels->table, &labels->arena, builtin_names[i]);
    }
    for (size_t i = 0; i < DHALL_KEYWORD_COUNT; i++) {
        (void)table_add(&labels->table, &labels->arena, keywords[i]);
    }
    assert(labels->table.len == 1 + DHALL_BUILTIN_COUNT + DHALL_KEYWORD_COUNT);
}

void dhall_labels_release(struct dhall_labels *labels)
{
    table_release(&labels->table);
    arena_release(&labels->arena);
}

dhall_label dhall_label_of(struct dhall_labels *labels, struct str name)
{
    return table_add(&labels->table, &labels->arena, name);
}

/* Twice as many elements of element_bytes; at first as many as are in 512 bytes, or two. */
static void *array_grow(void *array, uint32_t *cap, size_t element_bytes)
{
    uint32_t least = element_bytes > 256 ? 2 : (uint32_t)(512 / element_bytes);
    *cap = *cap == 0 ? least : *cap * 2;
    return memory_realloc(array, *cap * element_bytes);
}

void dhall_terms_init(struct dhall_terms *terms, struct dhall_labels *labels, uint32_t len_max)
{
    *terms = (struct dhall_terms){.labels = labels};
    terms->len_max = len_max == 0 ? DHALL_TERMS_MAX : len_max;
    terms->lists = array_grow(NULL, &terms->lists_cap, sizeof *terms->lists);
    dhall_term none = dhall_row_add(terms, (struct dhall_row){0}, SPAN_NONE);
    assert(none.row == 0);
}

void dhall_terms_release(struct dhall_terms *terms)
{
    for (uint32_t i = 0; i < terms->bigs_len; i++) {
        mpz_clear(terms->bigs[i]);
    }
    free(terms->rows);
    free(terms->spans);
    free(terms->lists);
    free(terms->texts);
    free(terms->bigs);
    free(terms->imports);
    arena_release(&terms->arena);
    *terms = (struct dhall_terms){0};
}

dhall_term dhall_row_add(struct dhall_terms *terms, struct dhall_row row, struct span span)
{
    if (terms->len == terms->len_max || terms->full) {
        terms->full = true;
        return (dhall_term){0};
    }
    if (terms->len == terms->cap) {
        uint32_t cap = terms->cap;
        terms->rows = array_grow(terms->rows, &terms->cap, sizeof *terms->rows);
        if (terms->spans != NULL) {
            terms->spans = array_grow(terms->spans, &cap, sizeof *terms->spans);
        }
    }
    bool has_span = span.source != 0 || span.begin != 0 || span.end != 0;
    if (has_span && terms->spans == NULL) {
        terms->spans = memory_calloc(terms->cap, sizeof *terms->spans);
    }
    terms->rows[terms->len] = row;
    if (terms->spans != NULL) {
        terms->spans[terms->len] = span;
    }
    return (dhall_term){terms->len++};
}

void dhall_terms_trim(struct dhall_terms *terms)
{
    terms->cap = terms->len;
    terms->rows = memory_realloc(terms->rows, terms->len * sizeof *terms->rows);
    if (terms->spans != NULL) {
        terms->spans = memory_realloc(terms->spans, terms->len * sizeof *terms->spans);
    }
    terms->lists_cap = terms->lists_len > 0 ? terms->lists_len : 1; /* always some: see init */
    terms->lists = memory_realloc(terms->lists, terms->lists_cap * sizeof *terms->lists);
    if (terms->texts_len > 0) {
        terms->texts_cap = terms->texts_len;
        terms->texts = memory_realloc(terms->texts, terms->texts_len * sizeof *terms->texts);
    }
    if (terms->imports_len > 0) {
        terms->imports_cap = terms->imports_len;
        terms->imports =
            memory_realloc(terms->imports, terms->imports_len * sizeof *terms->imports);
    }
}

/* Room for count more numbers in the pool; false if that is too many. */
static bool lists_reserve(struct dhall_terms *terms, size_t count)
{
    if (count > terms->len_max || terms->lists_len > terms->len_max - count) {
        terms->full = true;
        return false;
    }
    while (terms->lists_cap - terms->lists_len < count) {
        terms->lists = array_grow(terms->lists, &terms->lists_cap, sizeof *terms->lists);
    }
    return true;
}

dhall_term dhall_list_row_add(struct dhall_terms *terms, enum dhall_kind kind, uint32_t a,
    const uint32_t *items, size_t count, struct span span)
{
    size_t inside =
        terms->lists != NULL && items >= terms->lists && items < terms->lists + terms->lists_len
            ? (size_t)(items - terms->lists)
            : SIZE_MAX;
    if (!lists_reserve(terms, count)) {
        return (dhall_term){0};
    }
    uint32_t offset = terms->lists_len;
    assert(terms->lists != NULL);
    if (count > 0) {
        const uint32_t *from = inside == SIZE_MAX ? items : terms->lists + inside;
        memcpy(terms->lists + offset, from, count * sizeof *items);
        terms->lists_len += (uint32_t)count;
    }
    struct dhall_row row = {.kind = (uint8_t)kind, .a = a, .b = offset, .c = (uint32_t)count};
    return dhall_row_add(terms, row, span);
}

static dhall_term row3_add(struct dhall_terms *terms, enum dhall_kind kind, uint32_t a, uint32_t b,
    uint32_t c, struct span span)
{
    struct dhall_row row = {.kind = (uint8_t)kind, .a = a, .b = b, .c = c};
    return dhall_row_add(terms, row, span);
}

dhall_term dhall_var_add(
    struct dhall_terms *terms, dhall_label label, uint32_t index, struct span span)
{
    return row3_add(terms, DHALL_VAR, label, index, 0, span);
}

dhall_term dhall_lambda_add(struct dhall_terms *terms, dhall_label label, dhall_term domain,
    dhall_term body, struct span span)
{
    return row3_add(terms, DHALL_LAMBDA, label, domain.row, body.row, span);
}

dhall_term dhall_pi_add(struct dhall_terms *terms, dhall_label label, dhall_term domain,
    dhall_term codomain, struct span span)
{
    return row3_add(terms, DHALL_PI, label, domain.row, codomain.row, span);
}

dhall_term dhall_app_add(
    struct dhall_terms *terms, dhall_term function, dhall_term argument, struct span span)
{
    return row3_add(terms, DHALL_APP, function.row, argument.row, 0, span);
}

dhall_term dhall_let_add(struct dhall_terms *terms, dhall_label label, dhall_term annotation,
    dhall_term value, dhall_term body, struct span span)
{
    uint32_t items[3] = {annotation.row, value.row, body.row};
    return dhall_list_row_add(terms, DHALL_LET, label, items, 3, span);
}

dhall_term dhall_operator_add(struct dhall_terms *terms, enum dhall_operator operator_,
    dhall_term left, dhall_term right, struct span span)
{
    struct dhall_row row = {
        .kind = DHALL_OPERATOR, .flag = (uint8_t)operator_, .a = left.row, .b = right.row};
    return dhall_row_add(terms, row, span);
}

dhall_term dhall_builtin_add(
    struct dhall_terms *terms, enum dhall_builtin builtin, struct span span)
{
    if (builtin == DHALL_BUILTIN_TRUE_ || builtin == DHALL_BUILTIN_FALSE_) {
        return dhall_bool_add(terms, builtin == DHALL_BUILTIN_TRUE_, span);
    }
    struct dhall_row row = {.kind = DHALL_BUILTIN, .flag = (uint8_t)builtin};
    return dhall_row_add(terms, row, span);
}

dhall_term dhall_node_add(struct dhall_terms *terms, enum dhall_kind kind, dhall_term a,
    dhall_term b, dhall_term c, struct span span)
{
    return row3_add(terms, kind, a.row, b.row, c.row, span);
}

dhall_term dhall_field_add(
    struct dhall_terms *terms, dhall_term record, dhall_label label, struct span span)
{
    return row3_add(terms, DHALL_FIELD, record.row, label, 0, span);
}

dhall_term dhall_bool_add(struct dhall_terms *terms, bool value, struct span span)
{
    return row3_add(terms, DHALL_BOOL, value ? 1 : 0, 0, 0, span);
}

dhall_term dhall_natural_add(struct dhall_terms *terms, uint64_t value, struct span span)
{
    return row3_add(terms, DHALL_NATURAL, (uint32_t)value, (uint32_t)(value >> 32), 0, span);
}

static uint32_t big_add(struct dhall_terms *terms, const mpz_t value)
{
    if (terms->bigs_len == terms->bigs_cap) {
        terms->bigs = array_grow(terms->bigs, &terms->bigs_cap, sizeof *terms->bigs);
    }
    mpz_init_set(terms->bigs[terms->bigs_len], value);
    return terms->bigs_len++;
}

dhall_term dhall_number_add(
    struct dhall_terms *terms, enum dhall_kind kind, const mpz_t value, struct span span)
{
    static_assert(sizeof(unsigned long) == 8, "mpz_get_ui gives 64 bits");
    assert(kind == DHALL_INTEGER || mpz_sgn(value) >= 0);
    struct dhall_row row = {.kind = (uint8_t)kind};
    if (mpz_sizeinbase(value, 2) <= 64) {
        uint64_t magnitude = mpz_get_ui(value);
        row.a = (uint32_t)magnitude;
        row.b = (uint32_t)(magnitude >> 32);
    } else {
        row.flag = DHALL_BIG;
        row.a = big_add(terms, value);
        mpz_abs(terms->bigs[row.a], terms->bigs[row.a]);
    }
    if (mpz_sgn(value) < 0) {
        row.flag |= DHALL_NEGATIVE;
    }
    return dhall_row_add(terms, row, span);
}

dhall_term dhall_double_add(struct dhall_terms *terms, double value, struct span span)
{
    uint64_t bits = 0x7FF8000000000000U;
    if (!isnan(value)) {
        memcpy(&bits, &value, sizeof bits);
    }
    return row3_add(terms, DHALL_DOUBLE, (uint32_t)bits, (uint32_t)(bits >> 32), 0, span);
}

uint32_t dhall_text_literal_borrowed(struct dhall_terms *terms, struct str bytes)
{
    if (terms->texts_len == terms->texts_cap) {
        terms->texts = array_grow(terms->texts, &terms->texts_cap, sizeof *terms->texts);
    }
    terms->texts[terms->texts_len] = bytes;
    return terms->texts_len++;
}

uint32_t dhall_text_literal(struct dhall_terms *terms, struct str bytes)
{
    return dhall_text_literal_borrowed(
        terms, bytes.len == 0 ? STR("") : arena_str(&terms->arena, bytes));
}

dhall_term dhall_text_add(struct dhall_terms *terms, struct str bytes, struct span span)
{
    uint32_t literal = dhall_text_literal(terms, bytes);
    return dhall_list_row_add(terms, DHALL_TEXT, 0, &literal, 1, span);
}

dhall_term dhall_bytes_add(struct dhall_terms *terms, struct str bytes, struct span span)
{
    return row3_add(terms, DHALL_BYTES, dhall_text_literal(terms, bytes), 0, 0, span);
}

dhall_term dhall_time_add(struct dhall_terms *terms, uint32_t seconds, const mpz_t fraction,
    uint32_t digits, struct span span)
{
    return row3_add(terms, DHALL_TIME, seconds, big_add(terms, fraction), digits, span);
}

struct pair {
    struct str name;
    size_t place; /* keeps the order of equal names: qsort_r alone is not stable by contract */
    uint32_t label, value;
};

static int pair_compare(const void *left, const void *right)
{
    const struct pair *a = left;
    const struct pair *b = right;
    int order = str_cmp(a->name, b->name);
    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

void dhall_fields_sort(const struct dhall_labels *labels, uint32_t *pairs, size_t count)
{
    bool sorted = true;
    for (size_t i = 1; i < count && sorted; i++) {
        sorted = str_cmp(dhall_label_name(labels, pairs[2 * i - 2]),
                     dhall_label_name(labels, pairs[2 * i])) <= 0;
    }
    if (sorted) {
        return;
    }
    struct pair few[32];
    struct pair *rows = count <= 32 ? few : memory_calloc(count, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct pair){.name = dhall_label_name(labels, pairs[2 * i]),
            .place = i,
            .label = pairs[2 * i],
            .value = pairs[2 * i + 1]};
    }
    qsort(rows, count, sizeof *rows, pair_compare);
    for (size_t i = 0; i < count; i++) {
        pairs[2 * i] = rows[i].label;
        pairs[2 * i + 1] = rows[i].value;
    }
    if (rows != few) {
        free(rows);
    }
}

dhall_term dhall_fields_add(struct dhall_terms *terms, enum dhall_kind kind, uint32_t *pairs,
    size_t pair_count, struct span span)
{
    assert(kind == DHALL_RECORD || kind == DHALL_RECORD_TYPE || kind == DHALL_UNION);
    dhall_fields_sort(terms->labels, pairs, pair_count);
    return dhall_list_row_add(terms, kind, 0, pairs, 2 * pair_count, span);
}

dhall_term dhall_import_add(
    struct dhall_terms *terms, const struct dhall_import *import, struct span span)
{
    if (terms->imports_len == terms->imports_cap) {
        terms->imports = array_grow(terms->imports, &terms->imports_cap, sizeof *terms->imports);
    }
    terms->imports[terms->imports_len] = *import;
    return row3_add(terms, DHALL_IMPORT, terms->imports_len++, 0, 0, span);
}

void dhall_number_get(const struct dhall_terms *terms, const struct dhall_row *row, mpz_t ret)
{
    if ((row->flag & DHALL_BIG) != 0) {
        mpz_set(ret, terms->bigs[row->a]);
    } else {
        mpz_set_ui(ret, dhall_row_u64(row));
    }
    if ((row->flag & DHALL_NEGATIVE) != 0) {
        mpz_neg(ret, ret);
    }
}

double dhall_row_double(const struct dhall_row *row)
{
    uint64_t bits = dhall_row_u64(row);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Which of a, b, c are terms, and from where in the list, in which step, the terms stand. */
struct shape {
    uint8_t abc; /* bits 1, 2, 4 */
    uint8_t list_from, list_step;
};
static const struct shape shapes[] = {
    [DHALL_LAMBDA] = {6, 0, 0},
    [DHALL_PI] = {6, 0, 0},
    [DHALL_APP] = {3, 0, 0},
    [DHALL_LET] = {0, 0, 1},
    [DHALL_ANNOT] = {3, 0, 0},
    [DHALL_OPERATOR] = {3, 0, 0},
    [DHALL_IF] = {7, 0, 0},
    [DHALL_TEXT] = {0, 1, 2},
    [DHALL_LIST] = {0, 0, 1},
    [DHALL_LIST_EMPTY] = {1, 0, 0},
    [DHALL_SOME] = {1, 0, 0},
    [DHALL_RECORD] = {0, 1, 2},
    [DHALL_RECORD_TYPE] = {0, 1, 2},
    [DHALL_UNION] = {0, 1, 2},
    [DHALL_FIELD] = {1, 0, 0},
    [DHALL_PROJECT] = {1, 0, 0},
    [DHALL_PROJECT_TYPE] = {3, 0, 0},
    [DHALL_MERGE] = {7, 0, 0},
    [DHALL_TO_MAP] = {3, 0, 0},
    [DHALL_SHOW_CONSTRUCTOR] = {1, 0, 0},
    [DHALL_ASSERT] = {1, 0, 0},
    [DHALL_WITH] = {1, 0, UINT8_MAX},
    [DHALL_IMPORT] = {0, 0, 0},
};

void dhall_children_visit(const struct dhall_terms *terms, dhall_term term,
    void (*visit)(void *context, dhall_term child), void *context)
{
    struct dhall_row row = *dhall_row_of(terms, term);
    struct shape shape = shapes[row.kind];
    uint32_t abc[3] = {row.a, row.b, row.c};
    for (unsigned i = 0; i < 3; i++) {
        if ((shape.abc >> i & 1U) != 0 && abc[i] != 0) {
            visit(context, (dhall_term){abc[i]});
        }
    }
    for (uint32_t i = shape.list_from; shape.list_step != 0 && i < row.c; i += shape.list_step) {
        uint32_t child = dhall_list_of(terms, &row)[i];
        if (child != 0) {
            visit(context, (dhall_term){child});
        }
    }
    if (row.kind == DHALL_IMPORT && terms->imports[row.a].headers.row != 0) {
        visit(context, terms->imports[row.a].headers);
    }
}

struct parent_task {
    uint32_t *parents;
    uint32_t row;
};

static void parent_set(void *context, dhall_term child)
{
    const struct parent_task *task = context;
    task->parents[child.row] = task->row;
}

uint32_t *dhall_parents_new(const struct dhall_terms *terms)
{
    uint32_t *parents = memory_calloc(terms->len, sizeof *parents);
    for (uint32_t i = 1; i < terms->len; i++) {
        struct parent_task task = {.parents = parents, .row = i};
        dhall_children_visit(terms, (dhall_term){i}, parent_set, &task);
    }
    return parents;
}
