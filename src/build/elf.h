/* src/build/elf.h: what of an ELF file says how it is run (System V ABI, "Object Files").
 *
 * Sans I/O and bounded: bytes are anybody's. 64-bit little-endian files only; all else is
 * ELF_OTHER, which nobody here has to run. */
#ifndef BUILD_ELF_H
#define BUILD_ELF_H
#include "base/view.h"

enum elf_kind {
    ELF_NONE,    /* not an ELF file */
    ELF_OTHER,   /* an object, a core, another class or byte order, or damaged */
    ELF_STATIC,  /* a program that needs no loader */
    ELF_DYNAMIC, /* a program or shared object with a dynamic section */
};
struct elf {
    enum elf_kind kind;
    uint16_t machine;      /* EM_X86_64, ... */
    struct str interp;     /* the loader's path, a view of bytes; empty if none is named */
    struct str soname;     /* DT_SONAME, what programs ask the loader for; a view of bytes */
    uint32_t needed_count; /* entries DT_NEEDED */
};
enum {
    ELF_HEADERS_MAX = 256, /* program headers that are looked at */
};
struct elf elf_read(struct str bytes);
#endif
