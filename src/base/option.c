/* src/base/option.c: parsing, help and the manual's sections, all from one table. */
#include "base/option.h"
#include "base/near.h"

const struct option_spec option_common[OPTION_COMMON_COUNT] = {
    [OPTION_COMMON_COLOR] = {.name = "color",
        .kind = OPTION_CHOICE,
        .value = "auto|always|never",
        .help = "colour messages; auto: on a terminal, unless NO_COLOR is set"},
    [OPTION_COMMON_PROGRESS] = {.name = "progress",
        .kind = OPTION_CHOICE,
        .value = "auto|always|never",
        .help = "show what is being done; auto: on a terminal"},
    [OPTION_COMMON_HELP] = {.name = "help",
        .letter = 'h',
        .kind = OPTION_FLAG,
        .help = "print this text and do nothing"},
};

/* One call of option_parse. */
struct parse {
    const struct command_spec *spec;
    const char *const *words;
    size_t count, next; /* words[next] is the next one */
    struct arena *arena;
    struct option_args *args;
    struct diags *diags;
};
/* An option's row and where its value goes. */
struct option_slot {
    const struct option_spec *spec; /* NULL: no such option */
    struct option_value *value;
};

static struct option_slot slot_at(const struct parse *parse, size_t i)
{
    size_t own = parse->spec->option_count;
    return i < own ? (struct option_slot){&parse->spec->options[i], &parse->args->values[i]}
                   : (struct option_slot){&option_common[i - own], &parse->args->common[i - own]};
}

static struct option_slot slot_by_name(const struct parse *parse, struct str name)
{
    for (size_t i = 0; i < parse->spec->option_count + OPTION_COMMON_COUNT; i++) {
        struct option_slot slot = slot_at(parse, i);
        if (str_eq(str_of(slot.spec->name), name)) {
            return slot;
        }
    }
    return (struct option_slot){NULL, NULL};
}

static struct option_slot slot_by_letter(const struct parse *parse, char letter)
{
    for (size_t i = 0; i < parse->spec->option_count + OPTION_COMMON_COUNT; i++) {
        struct option_slot slot = slot_at(parse, i);
        if (slot.spec->letter != 0 && slot.spec->letter == letter) {
            return slot;
        }
    }
    return (struct option_slot){NULL, NULL};
}

static enum err unknown_option(const struct parse *parse, struct str name)
{
    size_t count = parse->spec->option_count + OPTION_COMMON_COUNT;
    struct str *names = ARENA_NEW(parse->arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        names[i] = str_of(slot_at(parse, i).spec->name);
    }
    size_t near = near_find(name, names, count);
    enum err err =
        diag_add(parse->diags, ERR_INVALID, SPAN_NONE, "there is no option --%.*s", STR_ARG(name));
    if (near < count) {
        diag_help(parse->diags, "did you mean --%.*s?", STR_ARG(names[near]));
    }
    return err;
}

/* What stands for an option's value in help. */
static const char *value_name(const struct option_spec *spec)
{
    return spec->kind == OPTION_ASSIGN ? "NAME=N" : spec->value;
}

/* Is word one of the words of choices, which '|' separates? */
static bool choice_has(struct str choices, struct str word)
{
    while (choices.len > 0) {
        size_t bar = str_find(choices, '|');
        if (str_eq(str_sub(choices, 0, bar), word)) {
            return true;
        }
        choices = str_sub(choices, bar + 1, choices.len);
    }
    return false;
}

static bool number_parse(struct str text, uint64_t number_max, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' ||
            __builtin_mul_overflow(number, (uint64_t)10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text.ptr[i] - '0'), &number)) {
            return false;
        }
    }
    *ret_number = number;
    return text.len > 0 && number <= number_max;
}

static enum err assign_set(
    const struct parse *parse, const struct option_spec *spec, struct option_value *value)
{
    struct str text = value->text;
    size_t equals = str_find(text, '=');
    struct str number = equals < text.len ? str_sub(text, equals + 1, text.len) : STR("");
    value->text = str_sub(text, 0, equals);
    if (!choice_has(str_of(spec->value), value->text)) {
        return diag_add(parse->diags, ERR_INVALID, SPAN_NONE,
            "--%s wants NAME=N, NAME one of %s, not \"%.*s\"", spec->name, spec->value,
            STR_ARG(text));
    }
    if (!number_parse(number, spec->number_max, &value->number)) {
        return diag_add(parse->diags, ERR_INVALID, SPAN_NONE,
            "--%s %.*s= wants a number from 0 to %llu, not \"%.*s\"", spec->name,
            STR_ARG(value->text), (unsigned long long)spec->number_max, STR_ARG(number));
    }
    return OK;
}

static enum err value_set(const struct parse *parse, struct option_slot slot, struct str text)
{
    const struct option_spec *spec = slot.spec;
    struct option_value *earlier = NULL;
    if (slot.value->given) {
        earlier = ARENA_NEW(parse->arena, struct option_value, 1);
        *earlier = *slot.value;
    }
    *slot.value = (struct option_value){.given = true, .text = text, .earlier = earlier};
    if (spec->kind == OPTION_NUMBER && !number_parse(text, spec->number_max, &slot.value->number)) {
        return diag_add(parse->diags, ERR_INVALID, SPAN_NONE,
            "--%s wants a number from 0 to %llu, not \"%.*s\"", spec->name,
            (unsigned long long)spec->number_max, STR_ARG(text));
    }
    if (spec->kind == OPTION_ASSIGN) {
        return assign_set(parse, spec, slot.value);
    }
    if (spec->kind == OPTION_CHOICE && !choice_has(str_of(spec->value), text)) {
        return diag_add(parse->diags, ERR_INVALID, SPAN_NONE, "--%s is one of %s, not \"%.*s\"",
            spec->name, spec->value, STR_ARG(text));
    }
    if (text.len == 0 && spec->kind == OPTION_TEXT && !spec->empty_too) {
        return diag_add(
            parse->diags, ERR_INVALID, SPAN_NONE, "--%s wants %s", spec->name, spec->value);
    }
    return OK;
}

static enum err value_take(struct parse *parse, struct option_slot slot)
{
    if (parse->next == parse->count) {
        return diag_add(parse->diags, ERR_INVALID, SPAN_NONE, "--%s wants %s", slot.spec->name,
            value_name(slot.spec));
    }
    return value_set(parse, slot, str_of(parse->words[parse->next++]));
}

/* word: what stands behind "--" of --name or --name=value. */
static enum err long_option(struct parse *parse, struct str word)
{
    size_t equals = str_find(word, '=');
    struct option_slot slot = slot_by_name(parse, str_sub(word, 0, equals));
    if (slot.spec == NULL) {
        return unknown_option(parse, str_sub(word, 0, equals));
    }
    if (slot.spec->kind == OPTION_FLAG) {
        slot.value->given = true;
        return equals == word.len ? OK
                                  : diag_add(parse->diags, ERR_INVALID, SPAN_NONE,
                                        "--%s takes no value", slot.spec->name);
    }
    return equals == word.len ? value_take(parse, slot)
                              : value_set(parse, slot, str_sub(word, equals + 1, word.len));
}

/* word: what stands behind "-" of -a, -abc or -nVALUE. */
static enum err letters(struct parse *parse, struct str word)
{
    for (size_t i = 0; i < word.len; i++) {
        struct option_slot slot = slot_by_letter(parse, word.ptr[i]);
        if (slot.spec == NULL) {
            return diag_add(
                parse->diags, ERR_INVALID, SPAN_NONE, "there is no option -%c", word.ptr[i]);
        }
        if (slot.spec->kind != OPTION_FLAG) {
            return i + 1 == word.len ? value_take(parse, slot)
                                     : value_set(parse, slot, str_sub(word, i + 1, word.len));
        }
        slot.value->given = true;
    }
    return OK;
}

static enum err operands_check(const struct parse *parse)
{
    const struct command_spec *spec = parse->spec;
    size_t count = parse->args->operand_count;
    if (count > spec->operand_max) {
        return diag_add(parse->diags, ERR_INVALID, SPAN_NONE, "%s takes no \"%s\"%s", spec->name,
            parse->args->operands[spec->operand_max],
            spec->operand_max == 0 ? "" : ": there are too many operands");
    }
    if (count < spec->operand_min) {
        return diag_add(
            parse->diags, ERR_INVALID, SPAN_NONE, "%s wants %s", spec->name, spec->operands);
    }
    if (spec->operand_kind == OPERAND_WORD && count > 0 &&
        !choice_has(str_of(spec->operand_words), str_of(parse->args->operands[0]))) {
        return diag_add(parse->diags, ERR_INVALID, SPAN_NONE, "%s wants one of %s, not \"%s\"",
            spec->name, spec->operand_words, parse->args->operands[0]);
    }
    if (parse->args->rest_count > 0 && !spec->takes_rest) {
        return diag_add(
            parse->diags, ERR_INVALID, SPAN_NONE, "%s takes nothing behind \"--\"", spec->name);
    }
    return OK;
}

static bool help_is_wanted(const struct parse *parse)
{
    for (size_t i = 0; i < parse->count && strcmp(parse->words[i], "--") != 0; i++) {
        if (strcmp(parse->words[i], "--help") == 0 || strcmp(parse->words[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

static enum err words_parse(struct parse *parse)
{
    struct option_args *args = parse->args;
    while (parse->next < parse->count) {
        const char *word = parse->words[parse->next++];
        enum err err = OK;
        if (strcmp(word, "--") == 0 && parse->spec->takes_rest) {
            args->rest = parse->words + parse->next;
            args->rest_count = parse->count - parse->next;
            break;
        }
        if (strcmp(word, "--") == 0) {
            while (parse->next < parse->count) {
                args->operands[args->operand_count++] = parse->words[parse->next++];
            }
        } else if (word[0] == '-' && word[1] == '-') {
            err = long_option(parse, str_of(word + 2));
        } else if (word[0] == '-' && word[1] != '\0') {
            err = letters(parse, str_of(word + 1));
        } else {
            args->operands[args->operand_count++] = word;
        }
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

enum err option_parse(const struct command_spec *spec, const char *const *words, size_t word_count,
    struct arena *arena, struct option_args *ret_args, struct diags *diags)
{
    *ret_args = (struct option_args){
        .values = ARENA_NEW(arena, struct option_value, spec->option_count + 1),
        .operands = ARENA_NEW(arena, const char *, word_count + 1),
    };
    struct parse parse = {.spec = spec,
        .words = words,
        .count = word_count,
        .arena = arena,
        .args = ret_args,
        .diags = diags};
    if (help_is_wanted(&parse)) {
        ret_args->common[OPTION_COMMON_HELP].given = true;
        return OK;
    }
    enum err err = words_parse(&parse);
    return err != OK ? err : operands_check(&parse);
}

void option_usage(const char *program, const struct command_spec *spec, struct buf *ret_text)
{
    buf_printf(ret_text, "usage: %s %s [OPTION...]%s%s%s\n", program, spec->name,
        spec->operands[0] == '\0' ? "" : " ", spec->operands,
        spec->takes_rest ? " [-- ARGUMENT...]" : "");
}

static void help_option(const struct option_spec *spec, struct buf *ret_text)
{
    AUTO_BUF left = {0};
    if (spec->letter != 0) {
        buf_printf(&left, "  -%c, --%s", spec->letter, spec->name);
    } else {
        buf_printf(&left, "      --%s", spec->name);
    }
    if (spec->kind != OPTION_FLAG) {
        buf_printf(&left, " %s", value_name(spec));
    }
    if (left.len > 28) {
        buf_printf(ret_text, "%.*s\n%30s%s\n", STR_ARG(buf_str(&left)), "", spec->help);
    } else {
        buf_printf(ret_text, "%-30.*s%s\n", STR_ARG(buf_str(&left)), spec->help);
    }
}

void option_help(const char *program, const struct command_spec *spec, struct buf *ret_text)
{
    buf_printf(ret_text, "%s %s: %s\n\n", program, spec->name, spec->summary);
    option_usage(program, spec, ret_text);
    if (spec->about != NULL) {
        buf_printf(ret_text, "\n%s\n", spec->about);
    }
    buf_printf(ret_text, "\noptions:\n");
    for (size_t i = 0; i < spec->option_count; i++) {
        help_option(&spec->options[i], ret_text);
    }
    for (size_t i = 0; i < OPTION_COMMON_COUNT; i++) {
        help_option(&option_common[i], ret_text);
    }
}

static void mdoc_option(const struct option_spec *spec, struct buf *ret_text)
{
    buf_printf(ret_text, ".It ");
    if (spec->letter != 0) {
        buf_printf(ret_text, "Fl %c , ", spec->letter);
    }
    buf_printf(ret_text, "Fl \\-%s", spec->name);
    if (spec->kind == OPTION_CHOICE) {
        buf_printf(ret_text, " Cm ");
        for (const char *c = spec->value; *c != '\0'; c++) {
            if (*c == '|') {
                buf_printf(ret_text, " | ");
            } else {
                buf_add_byte(ret_text, (uint8_t)*c);
            }
        }
    } else if (spec->kind != OPTION_FLAG) {
        buf_printf(ret_text, " Ar %s", value_name(spec));
    }
    buf_printf(ret_text, "\n%c%s.\n",
        spec->help[0] >= 'a' && spec->help[0] <= 'z' ? spec->help[0] - 'a' + 'A' : spec->help[0],
        spec->help + 1);
}

void option_mdoc(const char *program, const struct command_spec *spec, struct buf *ret_text)
{
    buf_printf(ret_text, ".Sh SYNOPSIS\n.Nm %s %s\n.Op Ar option ...\n", program, spec->name);
    if (spec->operands[0] != '\0') {
        buf_printf(ret_text, ".Ar %s\n", spec->operands);
    }
    if (spec->takes_rest) {
        buf_printf(ret_text, ".Op Fl \\- Ar argument ...\n");
    }
    buf_printf(ret_text, ".Sh OPTIONS\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < spec->option_count; i++) {
        mdoc_option(&spec->options[i], ret_text);
    }
    for (size_t i = 0; i < OPTION_COMMON_COUNT; i++) {
        mdoc_option(&option_common[i], ret_text);
    }
    buf_printf(ret_text, ".El\n");
}
