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

static uint32_t needed_count(struct str bytes, const Elf64_Phdr *dynamic)
{
    uint32_t count = 0;
    Elf64_Dyn entry;
    for (uint64_t at = 0; at < dynamic->p_filesz; at += sizeof entry) {
        if (at > bytes.len || dynamic->p_offset > bytes.len - at ||
            !bytes_copy(bytes, dynamic->p_offset + at, &entry, sizeof entry) ||
            entry.d_tag == DT_NULL) {
            break;
        }
        count += entry.d_tag == DT_NEEDED ? 1 : 0;
    }
    return count;
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
            elf.needed_count = needed_count(bytes, &header);
        }
    }
    return elf;
}
