/* What a tree is made of, for the two files that work on it. */
#ifndef PM_IO_TREE_INSIDE_H
#define PM_IO_TREE_INSIDE_H

#include "io/tree.h"

#include <yaml.h>

struct pm_tree {
    char *path;
    yaml_document_t document;
};

#endif
