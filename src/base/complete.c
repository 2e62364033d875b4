/* src/base/complete.c: completion scripts for bash, zsh and fish, from the commands' tables. The
 * scripts hold the commands and options themselves, so only a label starts the program. */
#include "base/option.h"

/* What a shell's script needs to know while it is written. */
struct script {
    const char *program;
    const struct command_spec *const *specs;
    size_t count;
    struct buf *text;
};

/* First word of a command's name; the rest (behind the blank) is empty where there is no group. */
static struct str first_word(const struct command_spec *spec)
{
    struct str name = str_of(spec->name);
    return str_sub(name, 0, str_find(name, ' '));
}

static struct str second_word(const struct command_spec *spec)
{
    struct str name = str_of(spec->name);
    return str_sub(name, str_find(name, ' ') + 1, name.len);
}

/* Is it the first command of its group, or a command without one? */
static bool is_first_of_group(const struct script *script, size_t row)
{
    for (size_t i = 0; i < row; i++) {
        if (!script->specs[i]->hidden &&
            str_eq(first_word(script->specs[i]), first_word(script->specs[row]))) {
            return false;
        }
    }
    return !script->specs[row]->hidden;
}

static void add_words(struct buf *text, const char *words)
{
    for (const char *c = words; *c != '\0'; c++) {
        buf_add_byte(text, *c == '|' ? ' ' : (uint8_t)*c);
    }
}

/* Text within single quotes of any of the three shells: our tables hold no quote, this makes it
 * harmless if one did. */
static void add_quoted(struct buf *text, const char *plain)
{
    for (const char *c = plain; *c != '\0'; c++) {
        buf_add_byte(text, *c == '\'' ? '`' : (uint8_t)*c);
    }
}

static void bash_case(const struct script *script, const struct command_spec *spec)
{
    struct buf *text = script->text;
    buf_printf(text, "    '%s')\n        options='", spec->name);
    for (size_t i = 0; i < spec->option_count + OPTION_COMMON_COUNT; i++) {
        const struct option_spec *option =
            i < spec->option_count ? &spec->options[i] : &option_common[i - spec->option_count];
        buf_printf(text, "%s--%s", i == 0 ? "" : " ", option->name);
    }
    static const char *const kinds[] = {[OPERAND_NONE] = "none",
        [OPERAND_LABEL] = "label",
        [OPERAND_FILE] = "file",
        [OPERAND_FOLDER] = "folder",
        [OPERAND_COMMAND] = "command",
        [OPERAND_TEXT] = "none",
        [OPERAND_WORD] = "word"};
    buf_printf(text, "'\n        kind=%s\n", kinds[spec->operand_kind]);
    if (spec->operand_words != NULL) {
        buf_printf(text, "        words='");
        add_words(text, spec->operand_words);
        buf_printf(text, "'\n");
    }
    buf_printf(text, "        ;;\n");
}

/* Values of options with a choice, and files for the others, by the word before the cursor. */
static void bash_values(const struct script *script)
{
    struct buf *text = script->text;
    buf_printf(text, "    case \"$command $before\" in\n");
    for (size_t i = 0; i < script->count; i++) {
        const struct command_spec *spec = script->specs[i];
        for (size_t j = 0; j < spec->option_count && !spec->hidden; j++) {
            const struct option_spec *option = &spec->options[j];
            if (option->kind == OPTION_CHOICE) {
                buf_printf(text, "    '%s --%s')\n        words='", spec->name, option->name);
                add_words(text, option->value);
                buf_printf(text, "' kind=value\n        ;;\n");
            } else if (option->kind == OPTION_TEXT) {
                buf_printf(text, "    '%s --%s') kind=file-value ;;\n", spec->name, option->name);
            }
        }
    }
    for (size_t j = 0; j < OPTION_COMMON_COUNT; j++) {
        if (option_common[j].kind == OPTION_CHOICE) {
            buf_printf(text, "    *' --%s')\n        words='", option_common[j].name);
            add_words(text, option_common[j].value);
            buf_printf(text, "' kind=value\n        ;;\n");
        }
    }
    buf_printf(text, "    esac\n");
}

static void bash_lists(const struct script *script)
{
    struct buf *text = script->text;
    buf_printf(text, "    local commands='");
    for (size_t i = 0; i < script->count; i++) {
        if (is_first_of_group(script, i)) {
            buf_printf(text, "%.*s ", STR_ARG(first_word(script->specs[i])));
        }
    }
    buf_printf(text, "--help --version'\n    case \"$first\" in\n");
    for (size_t i = 0; i < script->count; i++) {
        if (!is_first_of_group(script, i) || second_word(script->specs[i]).len == 0) {
            continue;
        }
        buf_printf(text, "    %.*s)\n        group='", STR_ARG(first_word(script->specs[i])));
        for (size_t j = i; j < script->count; j++) {
            if (str_eq(first_word(script->specs[j]), first_word(script->specs[i]))) {
                buf_printf(text, "%.*s ", STR_ARG(second_word(script->specs[j])));
            }
        }
        buf_printf(text, "'\n        ;;\n");
    }
    buf_printf(text, "    esac\n");
}

/* The end of the bash script: words to offer, by kind. A label holds ':' and '/', which bash takes
 * for a word's end: what stands before the last ':' is cut off what is offered. */
static void bash_offer(const struct script *script)
{
    buf_printf(script->text,
        "    case \"$kind:$current\" in\n"
        "    value:*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
        "    file-value:*) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
        "    *:-*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
        "    word:*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
        "    command:*) COMPREPLY=($(compgen -W \"$commands\" -- \"$current\")) ;;\n"
        "    folder:*) COMPREPLY=($(compgen -d -- \"$current\")) ;;\n"
        "    file:*) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n"
        "    label:*)\n"
        "        local line=${COMP_LINE:0:COMP_POINT}\n"
        "        local label=${line##* }\n"
        "        mapfile -t COMPREPLY < <(%s complete labels \"$label\" 2>/dev/null)\n"
        "        if [[ $label == *:* && $COMP_WORDBREAKS == *:* ]]; then\n"
        "            COMPREPLY=(\"${COMPREPLY[@]#\"${label%%:*}:\"}\")\n"
        "        fi\n"
        "        ;;\n"
        "    esac\n"
        "}\n",
        script->program);
    buf_printf(script->text, "complete -F _%s %s\n", script->program, script->program);
}

static void bash_write(const struct script *script)
{
    struct buf *text = script->text;
    buf_printf(text,
        "# bash completion of %s; use: source <(%s complete bash)\n"
        "_%s()\n{\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
        "    local first=${COMP_WORDS[1]} second=${COMP_WORDS[2]}\n"
        "    local command=$first group='' options='' kind=none words='' at=1\n"
        "    COMPREPLY=()\n",
        script->program, script->program, script->program);
    bash_lists(script);
    buf_printf(text, "    if [[ -n $group ]]; then\n"
                     "        command=\"$first $second\" at=2\n"
                     "    fi\n"
                     "    if ((COMP_CWORD == 1)); then\n"
                     "        COMPREPLY=($(compgen -W \"$commands\" -- \"$current\"))\n"
                     "        return\n"
                     "    fi\n"
                     "    if ((COMP_CWORD == at)); then\n"
                     "        COMPREPLY=($(compgen -W \"$group --help\" -- \"$current\"))\n"
                     "        return\n"
                     "    fi\n"
                     "    case \"$command\" in\n");
    for (size_t i = 0; i < script->count; i++) {
        if (!script->specs[i]->hidden) {
            bash_case(script, script->specs[i]);
        }
    }
    buf_printf(text, "    esac\n");
    bash_values(script);
    bash_offer(script);
}

static void zsh_option(struct buf *text, const struct option_spec *option)
{
    buf_printf(text, "            '--%s%s[", option->name, option->kind == OPTION_FLAG ? "" : "=");
    add_quoted(text, option->help);
    buf_printf(text, "]");
    if (option->kind == OPTION_CHOICE) {
        buf_printf(text, ":%s:(", option->name);
        add_words(text, option->value);
        buf_printf(text, ")");
    } else if (option->kind == OPTION_TEXT) {
        buf_printf(text, ":%s:_files", option->value);
    } else if (option->kind == OPTION_NUMBER) {
        buf_printf(text, ":%s:", option->value);
    }
    buf_printf(text, "' \\\n");
}

static void zsh_case(const struct script *script, const struct command_spec *spec)
{
    struct buf *text = script->text;
    buf_printf(text, "    '%s')\n        _arguments -s \\\n", spec->name);
    for (size_t i = 0; i < spec->option_count; i++) {
        zsh_option(text, &spec->options[i]);
    }
    for (size_t i = 0; i < OPTION_COMMON_COUNT; i++) {
        zsh_option(text, &option_common[i]);
    }
    switch (spec->operand_kind) {
    case OPERAND_LABEL:
        buf_printf(text, "            '*:label:_%s_labels'\n", script->program);
        break;
    case OPERAND_FILE:
        buf_printf(text, "            '*:file:_files'\n");
        break;
    case OPERAND_FOLDER:
        buf_printf(text, "            '*:folder:_files -/'\n");
        break;
    case OPERAND_COMMAND:
        buf_printf(text, "            '*:command:($names)'\n");
        break;
    case OPERAND_WORD:
        buf_printf(text, "            '*:what:(");
        add_words(text, spec->operand_words);
        buf_printf(text, ")'\n");
        break;
    case OPERAND_NONE:
    case OPERAND_TEXT:
        buf_printf(text, "            '*:text:'\n");
        break;
    }
    buf_printf(text, "        ;;\n");
}

static void zsh_groups(const struct script *script)
{
    struct buf *text = script->text;
    buf_printf(text, "    local -a names=(");
    for (size_t i = 0; i < script->count; i++) {
        if (is_first_of_group(script, i)) {
            buf_printf(text, "%.*s ", STR_ARG(first_word(script->specs[i])));
        }
    }
    buf_printf(text, ")\n    local -a group=()\n    case \"$words[2]\" in\n");
    for (size_t i = 0; i < script->count; i++) {
        if (!is_first_of_group(script, i) || second_word(script->specs[i]).len == 0) {
            continue;
        }
        buf_printf(text, "    %.*s) group=(", STR_ARG(first_word(script->specs[i])));
        for (size_t j = i; j < script->count; j++) {
            if (str_eq(first_word(script->specs[j]), first_word(script->specs[i]))) {
                buf_printf(text, "%.*s ", STR_ARG(second_word(script->specs[j])));
            }
        }
        buf_printf(text, ") ;;\n");
    }
    buf_printf(text, "    esac\n");
}

static void zsh_write(const struct script *script)
{
    struct buf *text = script->text;
    const char *program = script->program;
    buf_printf(text,
        "#compdef %s\n"
        "# zsh completion of %s; use: source <(%s complete zsh)\n"
        "_%s_labels()\n{\n"
        "    local -a labels=(${(f)\"$(%s complete labels \"$PREFIX\" 2>/dev/null)\"})\n"
        "    compadd -a labels\n"
        "}\n"
        "_%s()\n{\n",
        program, program, program, program, program, program);
    zsh_groups(script);
    buf_printf(text, "    if ((CURRENT == 2)); then\n"
                     "        compadd -- $names --help --version\n"
                     "        return\n"
                     "    fi\n"
                     "    local command=$words[2]\n"
                     "    if (($#group)); then\n"
                     "        if ((CURRENT == 3)); then\n"
                     "            compadd -- $group --help\n"
                     "            return\n"
                     "        fi\n"
                     "        command=\"$words[2] $words[3]\"\n"
                     "        shift words\n"
                     "        ((CURRENT--))\n"
                     "    fi\n"
                     "    shift words\n"
                     "    ((CURRENT--))\n"
                     "    case \"$command\" in\n");
    for (size_t i = 0; i < script->count; i++) {
        if (!script->specs[i]->hidden) {
            zsh_case(script, script->specs[i]);
        }
    }
    buf_printf(text, "    esac\n}\ncompdef _%s %s\n", program, program);
}

/* fish's condition for "this command": its first word, and the second of a group. */
static void fish_condition(const struct script *script, const struct command_spec *spec)
{
    buf_printf(script->text, "'__fish_seen_subcommand_from %.*s", STR_ARG(first_word(spec)));
    if (second_word(spec).len > 0) {
        buf_printf(
            script->text, "; and __fish_seen_subcommand_from %.*s", STR_ARG(second_word(spec)));
    }
    buf_printf(script->text, "'");
}

static void fish_option(
    const struct script *script, const struct command_spec *spec, const struct option_spec *option)
{
    struct buf *text = script->text;
    buf_printf(text, "complete -c %s -n ", script->program);
    fish_condition(script, spec);
    buf_printf(text, " -l %s", option->name);
    if (option->letter != 0) {
        buf_printf(text, " -s %c", option->letter);
    }
    if (option->kind == OPTION_CHOICE) {
        buf_printf(text, " -x -a '");
        add_words(text, option->value);
        buf_printf(text, "'");
    } else if (option->kind != OPTION_FLAG) {
        buf_printf(text, option->kind == OPTION_TEXT ? " -r -F" : " -x");
    }
    buf_printf(text, " -d '");
    add_quoted(text, option->help);
    buf_printf(text, "'\n");
}

static void fish_operands(const struct script *script, const struct command_spec *spec)
{
    struct buf *text = script->text;
    if (spec->operand_kind == OPERAND_NONE || spec->operand_kind == OPERAND_TEXT ||
        spec->operand_kind == OPERAND_COMMAND) {
        return;
    }
    buf_printf(text, "complete -c %s -n ", script->program);
    fish_condition(script, spec);
    if (spec->operand_kind == OPERAND_LABEL) {
        buf_printf(
            text, " -a '(%s complete labels (commandline -ct) 2>/dev/null)'", script->program);
    } else if (spec->operand_kind == OPERAND_WORD) {
        buf_printf(text, " -a '");
        add_words(text, spec->operand_words);
        buf_printf(text, "'");
    } else {
        buf_printf(text, " -F");
    }
    buf_printf(text, "\n");
}

static void fish_command(const struct script *script, size_t row)
{
    const struct command_spec *spec = script->specs[row];
    struct str group = first_word(spec);
    struct str second = second_word(spec);
    if (is_first_of_group(script, row)) {
        buf_printf(script->text, "complete -c %s -n __fish_use_subcommand -a %.*s", script->program,
            STR_ARG(group));
        if (second.len == 0) {
            buf_printf(script->text, " -d '");
            add_quoted(script->text, spec->summary);
            buf_printf(script->text, "'");
        }
        buf_printf(script->text, "\n");
    }
    if (second.len > 0) {
        buf_printf(script->text,
            "complete -c %s -n '__fish_seen_subcommand_from %.*s; and test (count (commandline "
            "-opc)) -eq 2' -a %.*s -d '",
            script->program, STR_ARG(group), STR_ARG(second));
        add_quoted(script->text, spec->summary);
        buf_printf(script->text, "'\n");
    }
    for (size_t i = 0; i < spec->option_count; i++) {
        fish_option(script, spec, &spec->options[i]);
    }
    for (size_t i = 0; i < OPTION_COMMON_COUNT; i++) {
        fish_option(script, spec, &option_common[i]);
    }
    fish_operands(script, spec);
}

void option_complete(const char *program, const struct command_spec *const *specs,
    size_t spec_count, enum option_shell shell, struct buf *ret_text)
{
    struct script script = {program, specs, spec_count, ret_text};
    switch (shell) {
    case OPTION_BASH:
        bash_write(&script);
        return;
    case OPTION_ZSH:
        zsh_write(&script);
        return;
    case OPTION_FISH:
        buf_printf(ret_text,
            "# fish completion of %s; use: %s complete fish | source\ncomplete -c %s -f\n", program,
            program, program);
        for (size_t i = 0; i < spec_count; i++) {
            if (!specs[i]->hidden) {
                fish_command(&script, i);
            }
        }
        return;
    }
}
