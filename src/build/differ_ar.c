/* src/build/differ_ar.c: two ar archives, member by member (ar(5); long names as System V has them,
 * "/12" into the member "//", and as BSD has them, "#1/12" before the content). */
#include "build/differ_part.h"

#define AR_MAGIC "!<arch>\n"
enum {
    HEAD_BYTES = 60,
};
struct member {
    struct str head; /* HEAD_BYTES */
    struct str name;
    struct str content;
};
struct archive {
    struct str rest;
    struct str names; /* of "//" */
};

/* A field of the head: decimal, blanks behind. False if it is nothing such. */
static bool number_of(struct str field, size_t *ret_number)
{
    size_t number = 0, i = 0;
    for (; i < field.len && field.ptr[i] >= '0' && field.ptr[i] <= '9'; i++) {
        number = number * 10 + (size_t)(field.ptr[i] - '0'); /* ten digits: no overflow */
    }
    bool any = i > 0 && i <= 15;
    while (i < field.len && field.ptr[i] == ' ') {
        i++;
    }
    *ret_number = number;
    return any && i == field.len;
}

static struct str trimmed(struct str text)
{
    while (text.len > 0 && text.ptr[text.len - 1] == ' ') {
        text.len--;
    }
    return text;
}

static void name_find(struct archive *archive, struct member *member)
{
    size_t number;
    struct str name = trimmed(str_sub(member->head, 0, 16));
    if (str_eq(name, STR("//"))) {
        archive->names = member->content;
    } else if (str_starts(name, STR("#1/")) && number_of(str_sub(name, 3, name.len), &number) &&
               number <= member->content.len) {
        name = str_sub(member->content, 0, number);
        name = str_sub(name, 0, str_find(name, '\0'));
        member->content = str_sub(member->content, number, member->content.len);
    } else if (name.len > 1 && name.ptr[0] == '/' &&
               number_of(str_sub(name, 1, name.len), &number) && number < archive->names.len) {
        name = str_sub(archive->names, number, archive->names.len);
        name = str_sub(name, 0, str_find(name, '\n'));
    }
    bool marked = name.len > 1 && name.ptr[name.len - 1] == '/' && !str_eq(name, STR("//"));
    member->name = marked ? str_sub(name, 0, name.len - 1) : name;
}

static bool member_take(struct archive *archive, struct member *member)
{
    size_t size;
    *member = (struct member){.head = str_sub(archive->rest, 0, HEAD_BYTES)};
    if (member->head.len < HEAD_BYTES || member->head.ptr[58] != '`' ||
        !number_of(str_sub(member->head, 48, 58), &size) || size > archive->rest.len - HEAD_BYTES) {
        return false;
    }
    member->content = str_sub(archive->rest, HEAD_BYTES, HEAD_BYTES + size);
    archive->rest = str_sub(archive->rest, HEAD_BYTES + size + size % 2, archive->rest.len);
    name_find(archive, member);
    return true;
}

/* Of the heads: what is not the size, which the content tells. */
static bool heads_add(
    const struct member *first, const struct member *again, unsigned depth, struct buf *out)
{
    static const struct {
        const char *name;
        size_t from, to;
    } fields[] = {{"time", 16, 28}, {"user", 28, 34}, {"group", 34, 40}, {"mode", 40, 48}};
    bool any = false;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct str one = str_sub(first->head, fields[i].from, fields[i].to);
        struct str two = str_sub(again->head, fields[i].from, fields[i].to);
        if (str_eq(one, two)) {
            continue;
        }
        any = true;
        differ_indent(out, depth);
        buf_printf(out, "its %s is ", fields[i].name);
        differ_text_add(out, trimmed(one), DIFFER_NAME_MAX);
        buf_add(out, STR(", then "));
        differ_text_add(out, trimmed(two), DIFFER_NAME_MAX);
        buf_add_byte(out, '\n');
    }
    return any;
}

/* Says what is different about a member; false: nothing is. */
static bool member_add(const struct member *first, const struct member *again,
    const struct differ_pair *pair, struct buf *out)
{
    if (str_eq(first->head, again->head) && str_eq(first->content, again->content)) {
        return false;
    }
    struct differ_pair inner = {first->content, again->content, pair->depth + 1};
    differ_indent(out, pair->depth);
    buf_add(out, STR("member "));
    differ_text_add(out, first->name, DIFFER_NAME_MAX);
    buf_add(out, STR(":\n"));
    size_t before = out->len;
    (void)heads_add(first, again, pair->depth + 1, out);
    differ_any_add(&inner, out);
    if (out->len == before) { /* the rest of the head */
        differ_hex_add(&(struct differ_pair){first->head, again->head, pair->depth + 1}, out);
    }
    return true;
}

/* Another member stands there, or none. */
static void order_add(const struct member *first, const struct member *again, bool has_first,
    bool has_again, size_t number, const struct differ_pair *pair, struct buf *out)
{
    differ_indent(out, pair->depth);
    buf_printf(out, "member %zu is ", number);
    differ_text_add(out, has_first ? first->name : STR("absent"), DIFFER_NAME_MAX);
    buf_add(out, STR(", then "));
    differ_text_add(out, has_again ? again->name : STR("absent"), DIFFER_NAME_MAX);
    buf_add_byte(out, '\n');
}

bool differ_ar_add(const struct differ_pair *pair, struct buf *out)
{
    if (!str_starts(pair->first, STR(AR_MAGIC)) || !str_starts(pair->again, STR(AR_MAGIC)) ||
        pair->depth >= DIFFER_DEPTH_MAX) {
        return false;
    }
    struct archive first = {.rest = str_sub(pair->first, 8, pair->first.len)};
    struct archive again = {.rest = str_sub(pair->again, 8, pair->again.len)};
    size_t shown = 0;
    for (size_t number = 1; shown < DIFFER_PARTS_MAX; number++) {
        struct member one, two;
        bool has_one = member_take(&first, &one), has_two = member_take(&again, &two);
        if (!has_one && !has_two) {
            return shown > 0;
        }
        if (!has_one || !has_two || !str_eq(one.name, two.name)) {
            order_add(&one, &two, has_one, has_two, number, pair, out);
            return true;
        }
        /* The index and the names follow from the members. */
        bool derived =
            str_eq(one.name, STR("/")) || str_eq(one.name, STR("//")) || one.name.len == 0;
        shown += !derived && member_add(&one, &two, pair, out) ? 1 : 0;
    }
    differ_indent(out, pair->depth);
    buf_add(out, STR("and what follows\n"));
    return true;
}
