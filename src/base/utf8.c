/* src/base/utf8.c */
#include "base/utf8.h"

size_t utf8_len(struct str text)
{
    if (text.len == 0) {
        return 0;
    }
    static const struct {
        uint8_t mask, lead;
        uint32_t least; /* the smallest code point of this length: a longer form is not UTF-8 */
    } forms[] = {{0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
    uint8_t first = (uint8_t)text.ptr[0];
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if ((first & forms[i].mask) != forms[i].lead) {
            continue;
        }
        uint32_t point = first & (uint8_t)~forms[i].mask;
        for (size_t j = 1; j <= i; j++) {
            if (j >= text.len || ((uint8_t)text.ptr[j] & 0xC0U) != 0x80U) {
                return 0;
            }
            point = point << 6 | ((uint8_t)text.ptr[j] & 0x3FU);
        }
        bool surrogate = point >= 0xD800 && point <= 0xDFFF;
        return point < forms[i].least || point > 0x10FFFF || surrogate ? 0 : i + 1;
    }
    return 0;
}

bool utf8_is(struct str text)
{
    while (text.len > 0) {
        /* Eight ASCII bytes at a time: most text is. */
        uint64_t word;
        if (text.len >= sizeof word) {
            memcpy(&word, text.ptr, sizeof word);
            if ((word & 0x8080808080808080U) == 0) {
                text = str_sub(text, sizeof word, text.len);
                continue;
            }
        }
        size_t len = (uint8_t)text.ptr[0] < 0x80 ? 1 : utf8_len(text);
        if (len == 0) {
            return false;
        }
        text = str_sub(text, len, text.len);
    }
    return true;
}
