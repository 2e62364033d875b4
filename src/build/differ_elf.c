/* src/build/differ_elf.c: two ELF files, section by section (System V ABI, "Sections"; 64-bit
 * little-endian). The files may lie about anything: each number is looked at before it is used. */
#include "build/differ_part.h"
#include <elf.h>

enum {
    SECTIONS_MAX = 65536,
    SYMBOL_TABLES_MAX = 4,
    NAME_SEEN_MAX = 256, /* bytes of a name that are looked at */
    SEEN_TIMES_MAX = 4,  /* the size of the file: sections that overlap are not compared for ever */
};
struct object {
    struct str bytes;
    Elf64_Ehdr head;
    struct str names;
    size_t count;
};

static bool bytes_copy(struct str bytes, uint64_t offset, void *ptr, size_t size_bytes)
{
    if (offset > bytes.len || size_bytes > bytes.len - offset) {
        return false;
    }
    memcpy(ptr, bytes.ptr + offset, size_bytes);
    return true;
}

static bool section_read(const struct object *object, size_t number, Elf64_Shdr *ret_section)
{
    uint64_t table = object->head.e_shoff;
    return table <= object->bytes.len &&
           bytes_copy(object->bytes, table + (uint64_t)number * sizeof *ret_section, ret_section,
               sizeof *ret_section);
}

/* What of it lies in the file; empty if it says that more does. */
static struct str content_of(const struct object *object, const Elf64_Shdr *section)
{
    if (section->sh_type == SHT_NOBITS || section->sh_offset > object->bytes.len ||
        section->sh_size > object->bytes.len - section->sh_offset) {
        return (struct str){0};
    }
    return str_sub(
        object->bytes, (size_t)section->sh_offset, (size_t)(section->sh_offset + section->sh_size));
}

static struct str name_at(struct str names, uint64_t offset)
{
    if (offset >= names.len) {
        return (struct str){0};
    }
    struct str name = str_sub(names, (size_t)offset, (size_t)offset + NAME_SEEN_MAX);
    return str_sub(name, 0, str_find(name, '\0'));
}

static bool object_read(struct str bytes, struct object *object)
{
    Elf64_Shdr section;
    *object = (struct object){.bytes = bytes};
    const Elf64_Ehdr *head = &object->head;
    if (!bytes_copy(bytes, 0, &object->head, sizeof object->head) ||
        memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 || head->e_ident[EI_CLASS] != ELFCLASS64 ||
        head->e_ident[EI_DATA] != ELFDATA2LSB || head->e_shentsize != sizeof section ||
        !section_read(object, 0, &section)) {
        return false;
    }
    /* More sections than fit 16 bits: the first says how many (ABI, "e_shnum"). */
    uint64_t count = head->e_shnum > 0 ? head->e_shnum : section.sh_size;
    object->count = count > SECTIONS_MAX ? SECTIONS_MAX : (size_t)count;
    uint64_t names = head->e_shstrndx == SHN_XINDEX ? section.sh_link : head->e_shstrndx;
    if (names < object->count && section_read(object, (size_t)names, &section)) {
        object->names = content_of(object, &section);
    }
    return true;
}

/* The smallest symbol of `table` that holds byte `offset` of section `number`. */
static bool symbol_find(const struct object *object, const Elf64_Shdr *table, size_t number,
    uint64_t address, struct str *ret_name, uint64_t *ret_inner)
{
    struct str symbols = content_of(object, table);
    Elf64_Shdr names_section;
    if (table->sh_link >= object->count || !section_read(object, table->sh_link, &names_section)) {
        return false;
    }
    struct str names = content_of(object, &names_section);
    uint64_t smallest = UINT64_MAX;
    uint32_t name = 0;
    Elf64_Sym symbol;
    for (size_t at = 0; bytes_copy(symbols, at, &symbol, sizeof symbol); at += sizeof symbol) {
        if (symbol.st_shndx == number && symbol.st_name > 0 && address >= symbol.st_value &&
            address - symbol.st_value < symbol.st_size && symbol.st_size < smallest) {
            smallest = symbol.st_size;
            name = symbol.st_name;
            *ret_inner = address - symbol.st_value;
        }
    }
    *ret_name = name_at(names, name);
    return ret_name->len > 0;
}

static void symbol_add(const struct object *object, size_t number, const Elf64_Shdr *section,
    size_t offset, struct buf *out)
{
    struct str name;
    uint64_t inner = 0;
    bool relocatable = object->head.e_type == ET_REL;
    uint64_t address = relocatable ? offset : section->sh_addr + offset;
    size_t seen = 0;
    for (size_t i = 0; i < object->count && seen < SYMBOL_TABLES_MAX; i++) {
        Elf64_Shdr table;
        if (!section_read(object, i, &table)) {
            return;
        }
        bool is_table = table.sh_type == SHT_SYMTAB || table.sh_type == SHT_DYNSYM;
        seen += is_table ? 1 : 0;
        if (is_table && symbol_find(object, &table, number, address, &name, &inner)) {
            buf_add(out, STR(", in "));
            differ_text_add(out, name, DIFFER_NAME_MAX);
            buf_printf(out, " + 0x%llx", (unsigned long long)inner);
            return;
        }
    }
}

/* One that both have at the same place. False: nothing of it differs. */
static bool section_add(const struct object *first, const struct object *again, size_t number,
    const Elf64_Shdr sections[2], const struct differ_pair *pair, struct buf *out)
{
    struct str one = content_of(first, &sections[0]), two = content_of(again, &sections[1]);
    if (str_eq(one, two)) {
        return false;
    }
    differ_indent(out, pair->depth);
    buf_add(out, STR("section "));
    differ_text_add(out, name_at(first->names, sections[0].sh_name), DIFFER_NAME_MAX);
    size_t at = differ_offset(one, two);
    if (at < one.len) {
        symbol_add(first, number, &sections[0], at, out);
    }
    buf_add(out, STR(":\n"));
    differ_hex_add(&(struct differ_pair){one, two, pair->depth + 1}, out);
    return true;
}

static void order_add(const struct object *first, const struct object *again, size_t number,
    const Elf64_Shdr sections[2], const struct differ_pair *pair, struct buf *out)
{
    differ_indent(out, pair->depth);
    buf_printf(out, "section %zu is ", number);
    differ_text_add(out, name_at(first->names, sections[0].sh_name), DIFFER_NAME_MAX);
    buf_add(out, STR(", then "));
    differ_text_add(out, name_at(again->names, sections[1].sh_name), DIFFER_NAME_MAX);
    buf_add_byte(out, '\n');
}

bool differ_elf_add(const struct differ_pair *pair, struct buf *out)
{
    struct object first, again;
    if (!object_read(pair->first, &first) || !object_read(pair->again, &again)) {
        return false;
    }
    size_t shown = 0;
    uint64_t left = (uint64_t)pair->first.len * SEEN_TIMES_MAX;
    for (size_t i = 0; i < first.count && i < again.count && shown < DIFFER_PARTS_MAX; i++) {
        Elf64_Shdr sections[2];
        if (!section_read(&first, i, &sections[0]) || !section_read(&again, i, &sections[1])) {
            break;
        }
        uint64_t size = content_of(&first, &sections[0]).len;
        if (size > left) {
            break;
        }
        left -= size;
        if (!str_eq(name_at(first.names, sections[0].sh_name),
                name_at(again.names, sections[1].sh_name))) {
            order_add(&first, &again, i, sections, pair, out);
            return true;
        }
        shown += section_add(&first, &again, i, sections, pair, out) ? 1 : 0;
    }
    if (first.count != again.count) {
        differ_indent(out, pair->depth);
        buf_printf(out, "there are %zu sections, then %zu\n", first.count, again.count);
        return true;
    }
    return shown > 0;
}
