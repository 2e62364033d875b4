/* src/dhall/freeze.c */
#include "dhall/freeze.h"
#include "dhall/gap.h"
#include "dhall/parse.h"
#include <stdlib.h>

enum {
    COLUMNS = 80,
    HASH_BYTES = 7 + 64, /* "sha256:" and the digits */
};
struct freezer {
    struct dhall *dhall;
    struct str name, dir, text; /* a NUL stands behind text */
    const struct dhall_freeze *options;
    struct arena *arena;
    struct diags *diags;
    struct dhall_terms terms;
    uint32_t *parents; /* by row; 0: none */
    struct dhall_freeze_edit *edits;
    size_t count;
};
/* Where the parts of one import stand. */
struct place {
    uint32_t row;
    const struct dhall_import *import;
    struct span span;
    size_t location_end;         /* behind the headers, if it has some */
    size_t hash_begin, hash_end; /* equal: there is none */
};

static struct place place_of(const struct freezer *freezer, uint32_t row)
{
    const struct dhall_terms *terms = &freezer->terms;
    struct place place = {
        .row = row, .import = &terms->imports[terms->rows[row].a], .span = terms->spans[row]};
    place.location_end = dhall_location_end(freezer->text, place.span);
    if (place.import->headers.row != 0) {
        size_t at = dhall_span_of(terms, place.import->headers).end;
        place.location_end = at;
        while (at < place.span.end) {
            size_t next = dhall_gap_end(freezer->text, at);
            if (next >= place.span.end || freezer->text.ptr[next] != ')') {
                break;
            }
            at = next + 1;
            place.location_end = at;
        }
    }
    place.hash_begin = place.hash_end = place.location_end;
    if (place.import->has_hash) {
        place.hash_begin = dhall_gap_end(freezer->text, place.location_end);
        place.hash_end = place.hash_begin + HASH_BYTES;
    }
    return place;
}

static bool import_same(const struct dhall_import *a, const struct dhall_import *b)
{
    bool same = a->mode == b->mode && a->scheme == b->scheme && a->path_len == b->path_len &&
                a->has_query == b->has_query && str_eq(a->authority, b->authority) &&
                str_eq(a->query, b->query);
    for (uint32_t i = 0; same && i < a->path_len; i++) {
        same = str_eq(a->path[i], b->path[i]);
    }
    return same;
}

/* The import on the other side of a `?`, if it is the same one; else NULL. */
static const struct dhall_import *twin_of(const struct freezer *freezer, uint32_t row, bool on_left)
{
    const struct dhall_terms *terms = &freezer->terms;
    const struct dhall_row *parent = &terms->rows[freezer->parents[row]];
    if (parent->kind != DHALL_OPERATOR || parent->flag != DHALL_ALTERNATIVE) {
        return NULL;
    }
    uint32_t other = on_left ? parent->b : parent->a;
    bool is_side = (on_left ? parent->a : parent->b) == row;
    if (!is_side || terms->rows[other].kind != DHALL_IMPORT) {
        return NULL;
    }
    const struct dhall_import *twin = &terms->imports[terms->rows[other].a];
    return import_same(twin, &terms->imports[terms->rows[row].a]) ? twin : NULL;
}

/* The `missing sha256:...` whose fallback the import is; 0: it is none. */
static uint32_t cached_of(const struct freezer *freezer, uint32_t row)
{
    const struct dhall_terms *terms = &freezer->terms;
    const struct dhall_row *parent = &terms->rows[freezer->parents[row]];
    if (parent->kind != DHALL_OPERATOR || parent->flag != DHALL_ALTERNATIVE || parent->b != row ||
        terms->rows[parent->a].kind != DHALL_IMPORT) {
        return 0;
    }
    const struct dhall_import *import = &terms->imports[terms->rows[row].a];
    const struct dhall_import *left = &terms->imports[terms->rows[parent->a].a];
    bool is = left->scheme == DHALL_MISSING && left->has_hash && !import->has_hash &&
              left->mode == import->mode;
    return is ? parent->a : 0;
}

static bool is_wanted(const struct freezer *freezer, uint32_t row)
{
    const struct dhall_import *import = &freezer->terms.imports[freezer->terms.rows[row].a];
    bool remote = import->scheme == DHALL_HTTP || import->scheme == DHALL_HTTPS;
    if (import->scheme == DHALL_MISSING || import->mode == DHALL_AS_LOCATION ||
        (!remote && !freezer->options->all) ||
        (freezer->options->missing_only && (import->has_hash || cached_of(freezer, row) != 0))) {
        return false;
    }
    const struct dhall_import *twin = twin_of(freezer, row, false);
    return twin == NULL || !twin->has_hash; /* the right side of `a sha256:... ? a` */
}

static bool is_below_alternative(const struct freezer *freezer, uint32_t row)
{
    for (row = freezer->parents[row]; row != 0; row = freezer->parents[row]) {
        const struct dhall_row *parent = &freezer->terms.rows[row];
        if (parent->kind == DHALL_OPERATOR && parent->flag == DHALL_ALTERNATIVE) {
            return true;
        }
    }
    return false;
}

static struct str hash_print(struct arena *arena, const uint8_t hash[static 32])
{
    AUTO_BUF text = {0};
    buf_add(&text, STR("sha256:"));
    for (size_t i = 0; i < 32; i++) {
        buf_printf(&text, "%02x", hash[i]);
    }
    return arena_str(arena, buf_str(&text));
}

/* The hash of what the import holds, as it is written. It is loaded from the text with all else
 * made blank, so that messages have its place. */
static enum err import_hash(
    struct freezer *freezer, const struct place *place, struct str *ret_digits, struct diags *diags)
{
    AUTO_BUF masked = {0};
    buf_add(&masked, str_sub(freezer->text, 0, place->span.end));
    for (size_t i = 0; i < place->span.end; i++) {
        bool other = i < place->span.begin || (i >= place->hash_begin && i < place->hash_end);
        if (other && masked.ptr[i] != '\n') {
            masked.ptr[i] = ' ';
        }
    }
    struct dhall_loaded loaded;
    enum err err = dhall_load_text(
        freezer->dhall, freezer->name, freezer->dir, buf_str(&masked), &loaded, diags);
    uint8_t hash[32];
    err = err == OK ? dhall_value_hash(freezer->dhall, loaded.value, hash, diags) : err;
    if (err == OK) {
        *ret_digits = hash_print(freezer->arena, hash);
    }
    return err;
}

static void edit_add(
    struct freezer *freezer, struct span span, size_t begin, size_t end, struct str text)
{
    freezer->edits[freezer->count++] = (struct dhall_freeze_edit){
        .span = span, .edit = {.begin = (uint32_t)begin, .end = (uint32_t)end, .text = text}};
}

static size_t column_of(struct str text, size_t at)
{
    size_t column = 0;
    while (at > column && text.ptr[at - column - 1] != '\n') {
        column++;
    }
    return column;
}

/* Where `a ? b` may not stand without parentheses. */
static bool needs_parentheses(const struct freezer *freezer, const struct place *place)
{
    const struct dhall_row *parent = &freezer->terms.rows[freezer->parents[place->row]];
    size_t before = place->span.begin;
    while (before > 0 && strchr(" \t\r\n", freezer->text.ptr[before - 1]) != NULL) {
        before--;
    }
    size_t behind = dhall_gap_end(freezer->text, place->span.end);
    if (before > 0 && freezer->text.ptr[before - 1] == '(' && behind < freezer->text.len &&
        freezer->text.ptr[behind] == ')') {
        return false;
    }
    switch ((enum dhall_kind)parent->kind) {
    case DHALL_OPERATOR:
        return parent->flag != DHALL_ALTERNATIVE && parent->flag != DHALL_EQUIVALENT;
    case DHALL_WITH:
        return parent->a == place->row;
    case DHALL_APP:
    case DHALL_FIELD:
    case DHALL_PROJECT:
    case DHALL_PROJECT_TYPE:
    case DHALL_SOME:
    case DHALL_MERGE:
    case DHALL_TO_MAP:
    case DHALL_SHOW_CONSTRUCTOR:
    case DHALL_IMPORT:
        return true;
    default:
        return false;
    }
}

/* The hash of a place becomes digits. width: of what stands before it, from the span's begin. */
static void hash_edit(
    struct freezer *freezer, const struct place *place, size_t width, struct str digits)
{
    if (place->hash_end == place->hash_begin) {
        size_t column = column_of(freezer->text, place->span.begin);
        bool fits = column + width + 1 + HASH_BYTES <= COLUMNS;
        struct str insertion = arena_printf(freezer->arena, "%s%*s%.*s", fits ? "" : "\n",
            fits ? 1 : (int)column + 2, "", STR_ARG(digits));
        edit_add(freezer, place->span, place->location_end, place->location_end, insertion);
    } else if (!str_eq(str_sub(freezer->text, place->hash_begin, place->hash_end), digits)) {
        edit_add(freezer, place->span, place->hash_begin, place->hash_end, digits);
    }
}

/* ./a.dhall, with a hash or without one, becomes missing sha256:... ? ./a.dhall. A hash that does
 * not fit any more is no reason for the other side of a `?`: only what is absent is. */
static void import_cache(struct freezer *freezer, const struct place *place, struct str digits)
{
    struct str text = freezer->text;
    bool alone = twin_of(freezer, place->row, true) == NULL;
    bool parentheses = alone && needs_parentheses(freezer, place);
    edit_add(freezer, place->span, place->span.begin, place->location_end,
        parentheses ? STR("(missing") : STR("missing"));
    hash_edit(freezer, place, sizeof "missing" - 1, digits);
    if (alone) {
        struct str location = str_sub(text, place->span.begin, place->location_end);
        struct str mode = str_sub(text, place->hash_end, place->span.end);
        edit_add(freezer, place->span, place->span.end, place->span.end,
            arena_printf(freezer->arena, " ? %.*s%.*s%s", STR_ARG(location), STR_ARG(mode),
                parentheses ? ")" : ""));
    }
}

/* missing sha256:... ? ./a.dhall becomes ./a.dhall; false: not if something is about its parts. */
static bool cached_undo(
    struct freezer *freezer, const struct place *cached, const struct place *place)
{
    size_t sign = dhall_gap_end(freezer->text, cached->span.end);
    if (freezer->text.ptr[sign] != '?' ||
        dhall_gap_end(freezer->text, sign + 1) != place->span.begin) {
        return false;
    }
    edit_add(freezer, place->span, cached->span.begin, cached->span.end, STR(""));
    edit_add(freezer, place->span, sign, sign + 1, STR(""));
    return true;
}

static void import_edit(struct freezer *freezer, const struct place *place, struct str digits)
{
    uint32_t cached_row = cached_of(freezer, place->row);
    size_t width = place->location_end - place->span.begin;
    if (cached_row != 0) {
        struct place cached = place_of(freezer, cached_row);
        if (freezer->options->cache || !cached_undo(freezer, &cached, place)) {
            hash_edit(freezer, &cached, 0, digits);
            return;
        }
        hash_edit(freezer, place, width, digits);
    } else if (freezer->options->cache) {
        import_cache(freezer, place, digits);
    } else {
        hash_edit(freezer, place, width, digits);
    }
}

/* Brings what the import holds into the cache, by loading it with its hash: nothing else would. */
static enum err import_store(
    struct freezer *freezer, const struct place *place, struct str digits, struct diags *diags)
{
    AUTO_BUF text = {0};
    buf_add(&text, str_sub(freezer->text, place->span.begin, place->location_end));
    buf_add_byte(&text, ' ');
    buf_add(&text, digits);
    buf_add(&text, str_sub(freezer->text, place->hash_end, place->span.end));
    struct dhall_loaded loaded;
    return dhall_load_text(
        freezer->dhall, freezer->name, freezer->dir, buf_str(&text), &loaded, diags);
}

static enum err imports_freeze(struct freezer *freezer)
{
    const struct dhall_terms *terms = &freezer->terms;
    enum err err = OK;
    for (uint32_t row = 1; row < terms->len && err == OK; row++) {
        if (terms->rows[row].kind != DHALL_IMPORT || !is_wanted(freezer, row)) {
            continue;
        }
        struct place place = place_of(freezer, row);
        struct diags diags;
        struct str digits = STR("");
        diags_init(&diags, freezer->arena, freezer->diags->sources);
        err = import_hash(freezer, &place, &digits, &diags);
        if (err == OK && freezer->options->cache) {
            err = import_store(freezer, &place, digits, &diags);
        }
        if (err == OK) {
            import_edit(freezer, &place, digits);
        } else if (is_below_alternative(freezer, row)) {
            err = OK;
        } else {
            diags_append(freezer->diags, &diags);
        }
    }
    return err;
}

/* Of two insertions at one place the first made stays first, as qsort does not promise. Imports are
 * met in the order of the text, so hardly anything moves. */
static void edits_sort(struct dhall_freeze_edit *edits, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct dhall_freeze_edit edit = edits[i];
        size_t at = i;
        for (; at > 0 && edits[at - 1].edit.begin > edit.edit.begin; at--) {
            edits[at] = edits[at - 1];
        }
        edits[at] = edit;
    }
}

enum err dhall_freeze_text(struct dhall *dhall, struct str name, struct str dir, struct str text,
    uint32_t source, const struct dhall_freeze *options, struct arena *arena,
    struct dhall_freeze_edit **ret_edits, size_t *ret_count, struct diags *diags)
{
    struct freezer freezer = {.dhall = dhall,
        .name = name,
        .dir = dir,
        .text = arena_str(arena, text),
        .options = options,
        .arena = arena,
        .diags = diags};
    struct dhall_labels labels;
    dhall_labels_init(&labels);
    dhall_terms_init(&freezer.terms, &labels, 0);
    dhall_term root;
    enum err err = dhall_parse(&freezer.terms, source, text, &root, diags);
    if (err == OK) {
        freezer.parents = dhall_parents_new(&freezer.terms);
        freezer.edits =
            ARENA_NEW(arena, struct dhall_freeze_edit, 4 * (size_t)freezer.terms.imports_len);
        err = imports_freeze(&freezer);
    }
    if (err == OK) {
        edits_sort(freezer.edits, freezer.count);
        *ret_edits = freezer.edits;
        *ret_count = freezer.count;
    }
    free(freezer.parents);
    dhall_terms_release(&freezer.terms);
    dhall_labels_release(&labels);
    return err;
}
