#include "support/lines.h"
#include "support/folder.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static FILE *open_file(const char *folder, const char *name) {
    FILE *file = fopen(test_folder_place(folder, name), "w");
    ck_assert_ptr_nonnull(file);
    return file;
}

void lines_put(const char *folder, const char *name, const line *good, size_t n, const line *change) {
    FILE *file = open_file(folder, name);
    for (size_t k = 0; k < n; k++)
        ck_assert_int_gt(fprintf(file, "%s: %s\n", good[k].key,
                                 change && strcmp(change->key, good[k].key) == 0 ? change->value : good[k].value),
                         0);
    ck_assert_int_eq(fclose(file), 0);
}

void text_put(const char *folder, const char *name, const char *text) {
    FILE *file = open_file(folder, name);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

bool text_holds(const char *text, const char *pattern) {
    for (;;) {
        const char *gap = strstr(pattern, ".*");
        char part[300];
        snprintf(part, sizeof part, "%.*s", (int)(gap ? (size_t)(gap - pattern) : strlen(pattern)), pattern);
        text = strstr(text, part);
        if (!text || !gap)
            return text;
        text += strlen(part);
        pattern = gap + 2;
    }
}
