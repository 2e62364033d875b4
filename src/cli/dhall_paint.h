/* src/cli/dhall_paint.h: Dhall text in the colours of a terminal, those that dhall's own program
 * has: keywords and operators bold green, literals magenta, builtins underlined. */
#ifndef CLI_DHALL_PAINT_H
#define CLI_DHALL_PAINT_H
#include "base/buf.h"

/* Appends text with escapes (ECMA-48 SGR) between its bytes, none of which is changed. Any text
 * will do; what is no Dhall has no meaningful colours. */
void dhall_paint(struct str text, struct buf *ret_painted);
#endif
