/* bench/dhall_load.c: a big BUILD.dhall, loaded and read. bench_dhall_load [--json] [LIBRARIES]
 *
 * One package of 500 libraries of 20 sources each, with the rules of C that the program carries.
 * `load` is parsing, imports, type inference; `read` evaluates every value by the embedder's
 * functions, as the engine does; `hash` is the semantic hash, which a build never asks for. For
 * comparison: dhall-haskell takes 11.5 s and 840 MB to hash the like. CPU time of this process; MiB
 * are its most resident memory so far. */
#include "build/packages.h"
#include "dhall/dhall.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum {
    LIBRARIES = 500,
    SOURCES_EACH = 20,
};

static enum err world_read(void *context, const struct dhall_import *import, struct str name,
    struct arena *arena, struct str *ret_bytes, struct diags *diags)
{
    (void)context, (void)import, (void)name, (void)arena, (void)ret_bytes, (void)diags;
    return ERR_ABSENT;
}

static bool world_embedded(void *context, struct str url, struct str *ret_bytes)
{
    (void)context;
    return package_find(url, ret_bytes);
}

static void toolchain_write(struct buf *text)
{
    buf_add(text,
        STR("let T = https://straylight.cx/targets/v1.dhall\n"
            "let Tc = https://straylight.cx/toolchains/v1.dhall\n"
            "let DICE = https://straylight.cx/dice/v1.dhall\n"
            "let host = T.x86_64-linux { cpu = T.X86_64.generic }\n"
            "let C = (https://straylight.cx/rules/c/v1.dhall).with-toolchain\n"
            "  { compiler = Tc.Compiler.Gcc { version = \"12.2.0\", tree = { at = \"/\", digest =\n"
            "      \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0\" } }\n"
            "  , host, target = host\n"
            "  , flags = [ Tc.Flag.OptLevel Tc.OptLevel.O2, Tc.Flag.Debug Tc.Debug.Lines ]\n"
            "  , linker = None Tc.Linker, sysroot = None Tc.Artifact }\n"));
}

static void package_write(unsigned count, struct buf *text)
{
    toolchain_write(text);
    for (unsigned i = 0; i < count; i++) {
        buf_printf(text, "let lib%u = C.library C.Library::{ , name = \"lib%u\", srcs = [", i, i);
        for (unsigned j = 0; j < SOURCES_EACH; j++) {
            buf_printf(text, "%s \"lib%u/source_%u.c\"", j == 0 ? "" : ",", i, j);
        }
        buf_printf(text, " ]\n  , hdrs = [ \"lib%u/a.h\", \"lib%u/b.h\" ], include = [ \"lib%u\" ]",
            i, i, i);
        if (i > 0) {
            buf_printf(text, ", deps = [ lib%u ]", i - 1);
        }
        buf_printf(text, " }\n");
    }
    for (unsigned i = 0; i < count; i++) {
        buf_printf(text, "%slib%u", i == 0 ? "in { " : ", ", i);
    }
    buf_printf(text, " }\n");
}

/* Counts the values below value, each time it is met; stops the program at an error. */
static size_t value_read(struct dhall *dhall, const struct dhall_value *value);

static size_t parts_read(struct dhall *dhall, const struct dhall_value *value)
{
    const struct dhall_value *const *elements = NULL;
    const struct dhall_value *part = NULL;
    struct str text;
    size_t count = 0, found = 0;
    enum err err = OK;
    switch (dhall_value_kind_of(dhall, value)) {
    case DHALL_VALUE_LIST:
        err = dhall_value_list(dhall, value, &elements, &count);
        break;
    case DHALL_VALUE_UNION:
        err = dhall_value_union(dhall, value, &text, &part);
        break;
    case DHALL_VALUE_OPTIONAL:
        err = dhall_value_optional(dhall, value, &part);
        break;
    case DHALL_VALUE_TEXT:
        err = dhall_value_text(dhall, value, &text);
        break;
    case DHALL_VALUE_RECORD:
        for (size_t i = 0; err == OK; i++) {
            err = dhall_value_record_at(dhall, value, i, &text, &part);
            found += err == OK ? value_read(dhall, part) : 0;
        }
        return found;
    default:
        return 0;
    }
    if (err != OK) {
        (void)fputs("bench: a value cannot be read\n", stderr);
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        found += value_read(dhall, elements[i]);
    }
    return found + (part == NULL ? 0 : value_read(dhall, part));
}

static size_t value_read(struct dhall *dhall, const struct dhall_value *value)
{
    return 1 + parts_read(dhall, value);
}

static double cpu_ms(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static double resident_mib(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

struct figures {
    double load_ms, read_ms, read_mib, hash_ms, hash_mib;
    size_t values, text_bytes;
};

static enum err measure(unsigned count, struct figures *ret_figures, struct diags *diags)
{
    struct figures *figures = ret_figures;
    AUTO_BUF text = {0};
    package_write(count, &text);
    struct dhall_reader reader = {.read = world_read, .embedded = world_embedded};
    struct dhall *dhall = dhall_new(&reader, NULL, diags->sources);
    struct dhall_loaded loaded;
    uint8_t hash[32];
    double begin = cpu_ms();
    enum err err =
        dhall_load_text(dhall, STR("BUILD.dhall"), STR("/w"), buf_str(&text), &loaded, diags);
    if (err == OK) {
        double at = cpu_ms();
        figures->load_ms = at - begin;
        figures->values = value_read(dhall, loaded.value);
        figures->read_ms = cpu_ms() - at;
        figures->read_mib = resident_mib();
        at = cpu_ms();
        err = dhall_value_hash(dhall, loaded.value, hash, diags);
        figures->hash_ms = cpu_ms() - at;
        figures->hash_mib = resident_mib();
        figures->text_bytes = text.len;
    }
    dhall_free(dhall);
    return err;
}

int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    const char *number = argc > (json ? 2 : 1) ? argv[json ? 2 : 1] : NULL;
    unsigned count = number == NULL ? LIBRARIES : (unsigned)strtoul(number, NULL, 10);
    struct arena arena = {0};
    struct sources *sources = sources_new();
    struct diags diags;
    struct figures figures = {0};
    diags_init(&diags, &arena, sources);
    enum err err = measure(count, &figures, &diags);
    if (err != OK) {
        AUTO_BUF text = {0};
        diags_format(&diags, false, &text);
        (void)fwrite(text.ptr, 1, text.len, stderr);
    } else if (json) {
        (void)printf(
            "{\"libraries\": %u, \"load_ms\": %.1f, \"read_ms\": %.1f, \"read_mib\": %.1f, "
            "\"hash_ms\": %.1f, \"hash_mib\": %.1f}\n",
            count, figures.load_ms, figures.read_ms, figures.read_mib, figures.hash_ms,
            figures.hash_mib);
    } else {
        (void)printf("%u libraries of %d sources, %zu kB of text, %zu values\n", count,
            SOURCES_EACH, figures.text_bytes / 1000, figures.values);
        (void)printf("%-24s %10s %10s %20s\n", "", "ms", "MiB", "asked: ms, MiB");
        (void)printf("%-24s %10.1f %10s\n", "load", figures.load_ms, "");
        (void)printf("%-24s %10.1f %10.1f %20s\n", "load and read",
            figures.load_ms + figures.read_ms, figures.read_mib, "200, 60");
        (void)printf("%-24s %10.1f %10.1f %20s\n", "semantic hash", figures.hash_ms,
            figures.hash_mib, "1000, 150");
    }
    sources_free(sources);
    arena_release(&arena);
    return err == OK ? 0 : 1;
}
