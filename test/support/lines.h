/* Files of a few lines "key: value", right but for one of them. */
#ifndef PM_TEST_LINES_H
#define PM_TEST_LINES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct line {
    const char *key, *value;
} line;

/* Writes lines into a file of a test's folder, with the value of `change` (NULL: none) in place of the good one. */
void lines_put(const char *folder, const char *name, const line *good, size_t n, const line *change);
/* Writes a text into such a file. */
void text_put(const char *folder, const char *name, const char *text);
/* Whether the parts of a pattern, between ".*", stand one after the other in a text. */
bool text_holds(const char *text, const char *pattern);

#endif
