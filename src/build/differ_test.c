/* src/build/differ_test.c: what is said of two versions of a file. */
#include "base/test.h"
#include "build/differ.h"
#include <elf.h>

static void texts(void)
{
    const struct {
        struct str first, again, want;
    } cases[] = {
        {STR("a\nb\nc\n"), STR("a\nb\nc\n"), STR("")},
        {STR("a\nb\nc\n"), STR("a\nx\nc\n"), STR("  line 2:\n  -b\n  +x\n")},
        {STR("a\n"), STR("a\nb\n"), STR("  line 2:\n  +b\n")},
        {STR("a\nb\nlast"), STR("c\nb\nlast"), STR("  line 1:\n  -a\n  +c\n")},
        {STR("1\n2\n3\n4\n5\n6\n"), STR("z"),
            STR("  line 1:\n  -1\n  -2\n  -3\n  -4\n  -...\n  +z\n")},
        {STR("a"), STR("a\n"),
            STR("  byte 0x1 is the first that differs; there are 1, then 2\n"
                "  -00000000  61                                               a\n"
                "  +00000000  61 0a                                            a.\n")},
        {STR("\0\1x"), STR("\0\2y"),
            STR("  byte 0x1 is the first that differs, of 2 that do\n"
                "  -00000000  00 01 78                                         ..x\n"
                "  +00000000  00 02 79                                         ..y\n")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO_BUF text = {0};
        differ_add(cases[i].first, cases[i].again, &text);
        CHECK_STR(buf_str(&text), cases[i].want);
    }
}

static void member_add(struct buf *archive, const char *name, const char *time, struct str content)
{
    buf_printf(
        archive, "%-16s%-12s%-6s%-6s%-8s%-10zu`\n", name, time, "0", "0", "644", content.len);
    buf_add(archive, content);
    if (content.len % 2 == 1) {
        buf_add_byte(archive, '\n');
    }
}

/* Long names, the index before the members, and content that differs. */
static void archive_make(struct buf *archive, const char *time, struct str content)
{
    buf_add(archive, STR("!<arch>\n"));
    member_add(archive, "/", time, content);
    member_add(archive, "//", "", STR("quite_a_long_name.o/\n"));
    member_add(archive, "a.o/", "0", STR("same"));
    member_add(archive, "/0", time, content);
    member_add(archive, "#1/4", "0", STR("b.ox"));
}

static void archives(void)
{
    AUTO_BUF first = {0}, again = {0}, text = {0};
    archive_make(&first, "1", STR("one\n"));
    archive_make(&again, "2", STR("two\n"));
    differ_add(buf_str(&first), buf_str(&again), &text);
    CHECK_STR(buf_str(&text), STR("  member quite_a_long_name.o:\n"
                                  "    its time is 1, then 2\n"
                                  "    line 1:\n"
                                  "    -one\n"
                                  "    +two\n"));
    text.len = 0;
    again.len = 0;
    buf_add(&again, STR("!<arch>\n"));
    member_add(&again, "a.o/", "0", STR("same"));
    first.len = 0;
    buf_add(&first, STR("!<arch>\n"));
    member_add(&first, "b.o/", "0", STR("same"));
    differ_add(buf_str(&first), buf_str(&again), &text);
    CHECK_STR(buf_str(&text), STR("  member 1 is b.o, then a.o\n"));
}

/* An object: .data with the symbol `stamp` in it. */
struct image {
    Elf64_Ehdr head;
    Elf64_Shdr sections[4];
    Elf64_Sym symbols[2];
    char names[40];
    char data[16];
};

static struct image image_make(char byte)
{
    struct image image = {
        .head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB},
            .e_type = ET_REL,
            .e_shoff = offsetof(struct image, sections),
            .e_shentsize = sizeof(Elf64_Shdr),
            .e_shnum = 4,
            .e_shstrndx = 3},
        .sections = {{0},
            {.sh_name = 1,
                .sh_type = SHT_PROGBITS,
                .sh_offset = offsetof(struct image, data),
                .sh_size = 16},
            {.sh_name = 7,
                .sh_type = SHT_SYMTAB,
                .sh_offset = offsetof(struct image, symbols),
                .sh_size = 2 * sizeof(Elf64_Sym),
                .sh_link = 3},
            {.sh_name = 15,
                .sh_type = SHT_STRTAB,
                .sh_offset = offsetof(struct image, names),
                .sh_size = 40}},
        .symbols = {{0}, {.st_name = 25, .st_shndx = 1, .st_value = 4, .st_size = 8}},
        .names = "\0.data\0.symtab\0.shstrtab\0stamp"};
    image.data[6] = byte;
    return image;
}

static void objects(void)
{
    struct image one = image_make('a'), two = image_make('b');
    struct str first = {(const char *)&one, sizeof one}, again = {(const char *)&two, sizeof two};
    AUTO_BUF text = {0};
    differ_add(first, again, &text);
    CHECK(str_starts(buf_str(&text), STR("  section .data, in stamp + 0x2:\n"
                                         "    byte 0x6 is the first that differs, of 1 that do\n"
                                         "    -00000000  00 00 00 00 00 00 61 00")));
    two.sections[1].sh_name = 7;
    text.len = 0;
    differ_add(first, again, &text);
    CHECK_STR(buf_str(&text), STR("  section 1 is .data, then .symtab\n"));
}

/* Every prefix and every byte changed: something is said, and nothing is read outside. */
static void damaged(void)
{
    struct image one = image_make('a');
    struct str first = {(const char *)&one, sizeof one};
    bool all = true;
    for (size_t i = 0; i < sizeof one; i++) {
        AUTO_BUF text = {0};
        struct image two = one;
        ((unsigned char *)&two)[i] ^= 0xff;
        differ_add(first, (struct str){(const char *)&two, sizeof two}, &text);
        all = all && text.len > 0;
        differ_add(str_sub(first, 0, i), first, &text);
    }
    CHECK(all);
}

int main(void)
{
    TEST(texts);
    TEST(archives);
    TEST(objects);
    TEST(damaged);
    return test_done();
}
