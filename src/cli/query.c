/* src/cli/query.c: `straylight query EXPR` and `straylight graph LABEL...`. */
#include "build/query.h"
#include "build/picture.h"
#include "build/plan.h"
#include "build/query_expr.h"
#include "build/workspace.h"
#include "cli/command.h"
#include "codec/json.h"

enum {
    QUERY_ACTIONS,
    QUERY_OUTPUT,
};
static const struct option_spec options[] = {
    [QUERY_ACTIONS] = {.name = "actions",
        .kind = OPTION_FLAG,
        .help = "the actions of the targets instead of the targets"},
    [QUERY_OUTPUT] = {.name = "output",
        .kind = OPTION_CHOICE,
        .value = "label|json|dot|svg",
        .help = "how the answer is printed (label)"},
};

struct asked {
    struct cli *cli;
    struct engine *engine;
    struct query_graph graph;
    struct query_result result;
    struct log_action *actions;
    size_t action_count;
    struct str text_asked;
    struct buf text;
};

static struct str label_of(struct asked *asked, uint32_t row)
{
    return build_label_show(asked->engine, asked->graph.targets[row].label, &asked->cli->arena);
}

/* Which of the result's rows are there? In the arena. */
static bool *result_set(struct asked *asked)
{
    bool *has = ARENA_NEW(&asked->cli->arena, bool, asked->graph.count);
    for (size_t i = 0; i < asked->result.count; i++) {
        has[asked->result.rows[i]] = true;
    }
    return has;
}

static void quoted_add(struct buf *text, struct str word)
{
    buf_add_byte(text, '"');
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] == '"' || word.ptr[i] == '\\') {
            buf_add_byte(text, '\\');
        }
        buf_add_byte(text, (uint8_t)word.ptr[i]);
    }
    buf_add_byte(text, '"');
}

static void edge_print(struct buf *text, struct str from, struct str to)
{
    buf_add(text, STR("  "));
    quoted_add(text, from);
    buf_add(text, STR(" -> "));
    quoted_add(text, to);
    buf_add(text, STR(";\n"));
}

static void targets_label(struct asked *asked)
{
    for (size_t i = 0; i < asked->result.count; i++) {
        struct str label = label_of(asked, asked->result.rows[i]);
        buf_printf(&asked->text, "%.*s\n", STR_ARG(label));
    }
}

/* The nodes, and the edges among them. */
static void targets_dot(struct asked *asked)
{
    const bool *has = result_set(asked);
    buf_add(&asked->text, STR("digraph targets {\n  node [shape=box];\n"));
    for (size_t i = 0; i < asked->result.count; i++) {
        uint32_t row = asked->result.rows[i];
        const struct query_edges *edges = &asked->graph.edges[row];
        buf_add(&asked->text, STR("  "));
        quoted_add(&asked->text, label_of(asked, row));
        buf_add(&asked->text, STR(";\n"));
        for (size_t j = 0; j < edges->count; j++) {
            if (has[edges->at[j]]) {
                edge_print(&asked->text, label_of(asked, row), label_of(asked, edges->at[j]));
            }
        }
    }
    buf_add(&asked->text, STR("}\n"));
}

static void targets_json(struct asked *asked)
{
    struct json json = {.text = &asked->text};
    json_begin(&json, '[');
    for (size_t i = 0; i < asked->result.count; i++) {
        uint32_t row = asked->result.rows[i];
        const struct target *target = &asked->graph.targets[row];
        const struct query_edges *edges = &asked->graph.edges[row];
        json_begin(&json, '{');
        json_key_str(&json, STR("label"), label_of(asked, row));
        json_key_str(&json, STR("kind"), target->kind);
        json_key_str(&json, STR("doc"), target->doc);
        json_key_bool(&json, STR("test"), target->test_count > 0);
        json_key_strs(&json, STR("srcs"), target->srcs.at, target->srcs.count);
        json_key_strs(&json, STR("outputs"), target->outputs.at, target->outputs.count);
        json_key_strs(&json, STR("visibility"), target->visibility.at, target->visibility.count);
        json_key(&json, STR("needs"));
        json_begin(&json, '[');
        for (size_t j = 0; j < edges->count; j++) {
            json_str(&json, label_of(asked, edges->at[j]));
        }
        json_end(&json, ']');
        json_end(&json, '}');
    }
    json_end(&json, ']');
    buf_add_byte(&asked->text, '\n');
}

static enum err picture_add(
    struct asked *asked, const struct picture_node *nodes, size_t count, const struct buf *edges)
{
    struct picture picture = {.title = asked->text_asked,
        .nodes = nodes,
        .node_count = count,
        .edges = (const struct picture_edge *)(const void *)edges->ptr,
        .edge_count = edges->len / sizeof(struct picture_edge)};
    return picture_svg(&picture, &asked->text, &asked->cli->diags);
}

static void picture_edge_add(struct buf *edges, size_t from, size_t to)
{
    struct picture_edge edge = {.from = (uint32_t)from, .to = (uint32_t)to};
    buf_add(edges, (struct str){.ptr = (const char *)&edge, .len = sizeof edge});
}

static enum err targets_svg(struct asked *asked)
{
    size_t count = asked->result.count;
    struct picture_node *nodes = ARENA_NEW(&asked->cli->arena, struct picture_node, count);
    size_t *box_of = ARENA_NEW(&asked->cli->arena, size_t, asked->graph.count); /* + 1; 0: none */
    AUTO_BUF edges = {0};
    for (size_t i = 0; i < count; i++) {
        uint32_t row = asked->result.rows[i];
        nodes[i] = (struct picture_node){
            .name = label_of(asked, row), .kind = asked->graph.targets[row].kind};
        box_of[row] = i + 1;
    }
    for (size_t i = 0; i < count; i++) {
        const struct query_edges *needs = &asked->graph.edges[asked->result.rows[i]];
        for (size_t j = 0; j < needs->count; j++) {
            if (box_of[needs->at[j]] > 0) {
                picture_edge_add(&edges, i, box_of[needs->at[j]] - 1);
            }
        }
    }
    return picture_add(asked, nodes, count, &edges);
}

static struct str action_name(struct asked *asked, const struct log_action *action)
{
    return arena_printf(
        &asked->cli->arena, "%.*s#%.*s", STR_ARG(action->label), STR_ARG(action->identifier));
}

static void actions_label(struct asked *asked)
{
    for (size_t i = 0; i < asked->action_count; i++) {
        struct str name = action_name(asked, &asked->actions[i]);
        buf_printf(&asked->text, "%.*s\t%.*s\n", STR_ARG(name), STR_ARG(asked->actions[i].what));
    }
}

/* Pairs of who reads and who made: "out/a/x" of one is "gen/a/x" of another. */
static void actions_edges(struct asked *asked, struct buf *ret_edges)
{
    struct table makers = {0};
    size_t output_count = 0;
    for (size_t i = 0; i < asked->action_count; i++) {
        output_count += asked->actions[i].outputs.count;
    }
    size_t *maker = ARENA_NEW(&asked->cli->arena, size_t, output_count + 1);
    for (size_t i = 0; i < asked->action_count; i++) {
        struct strs outputs = asked->actions[i].outputs;
        for (size_t j = 0; j < outputs.count; j++) {
            maker[table_add(&makers, NULL, str_sub(outputs.at[j], 4, outputs.at[j].len))] = i;
        }
    }
    for (size_t i = 0; i < asked->action_count; i++) {
        const struct log_action *action = &asked->actions[i];
        for (size_t j = 0; j < action->input_count; j++) {
            struct str path = action->inputs[j].path;
            uint32_t row = str_starts(path, STR("gen/"))
                               ? table_get(&makers, str_sub(path, 4, path.len))
                               : TABLE_NONE;
            if (row != TABLE_NONE) {
                picture_edge_add(ret_edges, i, maker[row]);
            }
        }
    }
    table_release(&makers);
}

static void actions_dot(struct asked *asked)
{
    AUTO_BUF edges = {0};
    actions_edges(asked, &edges);
    const struct picture_edge *at = (const struct picture_edge *)(const void *)edges.ptr;
    size_t edge_count = edges.len / sizeof *at, next = 0;
    buf_add(&asked->text, STR("digraph actions {\n  node [shape=box];\n"));
    for (size_t i = 0; i < asked->action_count; i++) {
        const struct log_action *action = &asked->actions[i];
        buf_add(&asked->text, STR("  "));
        quoted_add(&asked->text, action_name(asked, action));
        buf_add(&asked->text, STR(";\n"));
        for (; next < edge_count && at[next].from == i; next++) {
            edge_print(&asked->text, action_name(asked, action),
                action_name(asked, &asked->actions[at[next].to]));
        }
    }
    buf_add(&asked->text, STR("}\n"));
}

static enum err actions_svg(struct asked *asked)
{
    AUTO_BUF edges = {0};
    struct picture_node *nodes =
        ARENA_NEW(&asked->cli->arena, struct picture_node, asked->action_count);
    for (size_t i = 0; i < asked->action_count; i++) {
        const struct log_action *action = &asked->actions[i];
        struct str category = str_sub(action->what, 0, str_find(action->what, ' '));
        nodes[i] = (struct picture_node){.name = action_name(asked, action), .kind = category};
    }
    actions_edges(asked, &edges);
    return picture_add(asked, nodes, asked->action_count, &edges);
}

static void actions_json(struct asked *asked)
{
    struct json json = {.text = &asked->text};
    json_begin(&json, '[');
    for (size_t i = 0; i < asked->action_count; i++) {
        const struct log_action *action = &asked->actions[i];
        json_begin(&json, '{');
        json_key_str(&json, STR("label"), action->label);
        json_key_str(&json, STR("action"), action->identifier);
        json_key_str(&json, STR("what"), action->what);
        json_key_strs(&json, STR("argv"), action->argv.at, action->argv.count);
        json_key_strs(&json, STR("env"), action->env.at, action->env.count);
        json_key_strs(&json, STR("outputs"), action->outputs.at, action->outputs.count);
        json_key(&json, STR("inputs"));
        json_begin(&json, '[');
        for (size_t j = 0; j < action->input_count; j++) {
            json_str(&json, action->inputs[j].path);
        }
        json_end(&json, ']');
        json_end(&json, '}');
    }
    json_end(&json, ']');
    buf_add_byte(&asked->text, '\n');
}

static enum err actions_print(struct asked *asked, struct str form)
{
    struct cli *cli = asked->cli;
    struct label *labels = ARENA_NEW(&cli->arena, struct label, asked->result.count);
    for (size_t i = 0; i < asked->result.count; i++) {
        labels[i] = asked->graph.targets[asked->result.rows[i]].label;
    }
    enum err err = build_actions(asked->engine, labels, asked->result.count, &cli->arena,
        &asked->actions, &asked->action_count, &cli->diags);
    if (err == OK && str_eq(form, STR("json"))) {
        actions_json(asked);
    } else if (err == OK && str_eq(form, STR("dot"))) {
        actions_dot(asked);
    } else if (err == OK && str_eq(form, STR("svg"))) {
        err = actions_svg(asked);
    } else if (err == OK) {
        actions_label(asked);
    }
    return err;
}

static enum err ask(struct asked *asked, struct str text, struct str form, bool actions)
{
    struct cli *cli = asked->cli;
    struct target *targets = NULL;
    size_t count = 0;
    struct build_options build_options = {.jobs = 1};
    enum err err = cli_store_root(cli, &build_options.store_root);
    err = err == OK ? build_open(&build_options, cli->sources, &asked->engine, &cli->diags) : err;
    err = err == OK ? build_targets(
                          asked->engine, STR(""), true, &cli->arena, &targets, &count, &cli->diags)
                    : err;
    if (err != OK) {
        return err;
    }
    asked->text_asked = text;
    query_graph_init(&asked->graph, targets, count, &cli->arena);
    uint32_t source = sources_add(cli->sources, STR("query"), text);
    err = query_run(&asked->graph, text, source, build_workspace(asked->engine)->here, &cli->arena,
        &asked->result, &cli->diags);
    if (err == OK && actions) {
        err = actions_print(asked, form);
    } else if (err == OK && str_eq(form, STR("json"))) {
        targets_json(asked);
    } else if (err == OK && str_eq(form, STR("dot"))) {
        targets_dot(asked);
    } else if (err == OK && str_eq(form, STR("svg"))) {
        err = targets_svg(asked);
    } else if (err == OK) {
        targets_label(asked);
    }
    cli_print(buf_str(&asked->text));
    return err;
}

/* What a package that cannot be read says is in the diags: the answer is not whole then. */
static enum cli_status asked_end(struct asked *asked, enum err err)
{
    query_graph_release(&asked->graph);
    buf_release(&asked->text);
    if (asked->engine != NULL) {
        build_close(asked->engine);
    }
    return err == OK && asked->cli->diags.newest != NULL ? CLI_FAILED : cli_status_of(err);
}

static enum cli_status query_command(struct cli *cli)
{
    struct asked asked = {.cli = cli};
    const struct option_value *values = cli->args.values;
    AUTO_BUF text = {0};
    for (size_t i = 0; i < cli->args.operand_count; i++) {
        buf_add(&text, i > 0 ? STR(" ") : STR(""));
        buf_add(&text, str_of(cli->args.operands[i]));
    }
    enum err err =
        ask(&asked, buf_str(&text), values[QUERY_OUTPUT].text, values[QUERY_ACTIONS].given);
    return asked_end(&asked, err);
}

const struct command command_query = {
    .spec = {.name = "query",
        .operands = "EXPRESSION",
        .summary = "ask which targets there are, and what needs what",
        .about = "An expression is a label or pattern, or\n"
                 "  deps(X) deps(X, N)          X and what it needs, in at most N steps\n"
                 "  rdeps(U, X) rdeps(U, X, N)  what needs X, in U and below\n"
                 "  somepath(X, Y)              a shortest way from X to Y\n"
                 "  allpaths(X, Y)              all that lies on a way from X to Y\n"
                 "  kind(GLOB, X)               those of X whose kind is like \"c.*\"\n"
                 "  attr(NAME, GLOB, X)         those of X with such a name, package, kind,\n"
                 "                              doc, srcs, outputs, visibility or test\n"
                 "  X + Y, X ^ Y, X - Y         union, intersection, difference\n"
                 "Operators stand between blanks. Nothing is built.",
        .options = options,
        .option_count = sizeof options / sizeof options[0],
        .operand_kind = OPERAND_LABEL,
        .operand_min = 1,
        .operand_max = OPERANDS_MANY},
    .run = query_command,
};

enum {
    GRAPH_ACTIONS,
    GRAPH_SVG,
};
static const struct option_spec graph_options[] = {
    [GRAPH_ACTIONS] = {.name = "actions",
        .kind = OPTION_FLAG,
        .help = "the actions of the targets instead of the targets"},
    [GRAPH_SVG] = {.name = "svg",
        .kind = OPTION_FLAG,
        .help = "draw the picture itself: an SVG file"},
};

static enum cli_status graph_command(struct cli *cli)
{
    struct asked asked = {.cli = cli};
    const struct option_value *values = cli->args.values;
    AUTO_BUF text = {0};
    for (size_t i = 0; i < cli->args.operand_count; i++) {
        buf_printf(&text, "%sdeps(\"%s\")", i > 0 ? " + " : "", cli->args.operands[i]);
    }
    enum err err = ask(&asked, buf_str(&text), values[GRAPH_SVG].given ? STR("svg") : STR("dot"),
        values[GRAPH_ACTIONS].given);
    return asked_end(&asked, err);
}

const struct command command_graph = {
    .spec = {.name = "graph",
        .operands = "LABEL...",
        .summary = "draw what targets need",
        .about = "Prints the targets and all that they need as a graph in the language of\n"
                 "Graphviz, or draws them: straylight graph --svg //app >app.svg",
        .options = graph_options,
        .option_count = sizeof graph_options / sizeof graph_options[0],
        .operand_kind = OPERAND_LABEL,
        .operand_min = 1,
        .operand_max = OPERANDS_MANY},
    .run = graph_command,
};
