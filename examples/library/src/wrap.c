#include "wrap.h"
#include "words.h"

void wrap(const char *text, size_t width, void (*put)(void *context, const char *line, size_t len),
    void *context)
{
    size_t len = 0;
    const char *word = word_first(text, &len);
    while (len > 0) {
        const char *line = word;
        const char *end = word + len;
        word = word_first(end, &len);
        while (len > 0 && (size_t)(word + len - line) <= width && word - end == 1 && *end == ' ') {
            end = word + len;
            word = word_first(end, &len);
        }
        put(context, line, (size_t)(end - line));
    }
}
