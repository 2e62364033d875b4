/* src/build/elf.c */
#include "build/elf.h"
#include <elf.h>

/* A copy of the size_bytes at offset, if they are there: the file may lie about anything. */
static bool bytes_copy(struct str bytes, uint64_t offset, void *ptr, size_t size_bytes)
{
    if (offset > bytes.len || size_bytes > bytes.len - offset) {
        return false;
    }
    memcpy(ptr, bytes.ptr + offset, size_bytes);
    return true;
}

/* Where the byte that is loaded at `address` lies in the file; bytes.len if nowhere. */
static uint64_t offset_of(struct str bytes, const Elf64_Ehdr *head, uint64_t address)
{
    Elf64_Phdr header;
    for (uint16_t i = 0; i < head->e_phnum && i < ELF_HEADERS_MAX; i++) {
        if (!bytes_copy(
                bytes, head->e_phoff + (uint64_t)i * sizeof header, &header, sizeof header)) {
            break;
        }
        if (header.p_type == PT_LOAD && address >= header.p_vaddr &&
            address - header.p_vaddr < header.p_filesz && header.p_offset <= bytes.len) {
            return header.p_offset + (address - header.p_vaddr);
        }
    }
    return bytes.len;
}

/* The text at `offset` up to its NUL; empty if the file ends before. */
static struct str text_at(struct str bytes, uint64_t offset)
{
    struct str text =
        offset < bytes.len ? str_sub(bytes, (size_t)offset, bytes.len) : (struct str){0};
    size_t end = str_find(text, '\0');
    return end < text.len ? str_sub(text, 0, end) : (struct str){0};
}

static void dynamic_read(
    struct str bytes, const Elf64_Ehdr *head, const Elf64_Phdr *dynamic, struct elf *elf)
{
    uint64_t strings = bytes.len;
    uint64_t soname = UINT64_MAX;
    Elf64_Dyn entry;
    for (uint64_t at = 0; at < dynamic->p_filesz && at < bytes.len; at += sizeof entry) {
        if (dynamic->p_offset > bytes.len - at ||
            !bytes_copy(bytes, dynamic->p_offset + at, &entry, sizeof entry) ||
            entry.d_tag == DT_NULL) {
            break;
        }
        elf->needed_count += entry.d_tag == DT_NEEDED ? 1 : 0;
        soname = entry.d_tag == DT_SONAME ? entry.d_un.d_val : soname;
        strings = entry.d_tag == DT_STRTAB ? offset_of(bytes, head, entry.d_un.d_ptr) : strings;
    }
    if (soname < bytes.len && strings < bytes.len - soname) {
        elf->soname = text_at(bytes, strings + soname);
    }
}

static struct str interp_of(struct str bytes, const Elf64_Phdr *header)
{
    if (header->p_offset > bytes.len || header->p_filesz > bytes.len - header->p_offset) {
        return (struct str){0};
    }
    struct str text = {.ptr = bytes.ptr + header->p_offset, .len = (size_t)header->p_filesz};
    return str_sub(text, 0, str_find(text, '\0'));
}

struct elf elf_read(struct str bytes)
{
    struct elf elf = {.kind = ELF_NONE};
    Elf64_Ehdr head;
    if (bytes.len < SELFMAG || memcmp(bytes.ptr, ELFMAG, SELFMAG) != 0) {
        return elf;
    }
    elf.kind = ELF_OTHER;
    if (!bytes_copy(bytes, 0, &head, sizeof head) || head.e_ident[EI_CLASS] != ELFCLASS64 ||
        head.e_ident[EI_DATA] != ELFDATA2LSB || (head.e_type != ET_EXEC && head.e_type != ET_DYN) ||
        head.e_phentsize != sizeof(Elf64_Phdr)) {
        return elf;
    }
    elf.machine = head.e_machine;
    elf.kind = ELF_STATIC;
    for (uint16_t i = 0; i < head.e_phnum && i < ELF_HEADERS_MAX; i++) {
        Elf64_Phdr header;
        uint64_t at = (uint64_t)i * sizeof header;
        if (head.e_phoff > bytes.len ||
            !bytes_copy(bytes, head.e_phoff + at, &header, sizeof header)) {
            elf.kind = ELF_OTHER;
            return elf;
        }
        if (header.p_type == PT_INTERP) {
            elf.interp = interp_of(bytes, &header);
        } else if (header.p_type == PT_DYNAMIC) {
            elf.kind = ELF_DYNAMIC;
            dynamic_read(bytes, &head, &header, &elf);
        }
    }
    return elf;
}
