/* What a YAML document may be, found out before it is loaded, in time that grows with its length only. */
#ifndef PM_IO_YAML_CHECK_H
#define PM_IO_YAML_CHECK_H

#include <punctum/error.h>
#include <stddef.h>
#include <yaml.h>

enum {
    PM_YAML_MOST_BYTES = 1 << 26,   /* of a file */
    PM_YAML_DEEPEST = 32,           /* lists and maps within one another */
    PM_YAML_MOST_NODES = 10000000,  /* with every alias written out */
    PM_YAML_MOST_ANCHORS = 100,     /* libyaml compares each name with all others */
    PM_YAML_MOST_DIRECTIVES = 10    /* likewise */
};

/* One document within these limits, no text of which holds a zero byte. Errors: PM_INVALID with file and line. */
pm_status pm_yaml_check(const char *path, const unsigned char *text, size_t size, pm_error *error);

/* Why a parser has stopped. */
pm_status pm_yaml_fail(const yaml_parser_t *parser, const char *path, pm_error *error);

#endif
