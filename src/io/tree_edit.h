/* Changing single values of a YAML document, and writing it. */
#ifndef PM_IO_TREE_EDIT_H
#define PM_IO_TREE_EDIT_H

#include "io/output.h"
#include "io/tree.h"

/* Gives the value at `path` another text. A path is made of keys, of names of list items ({name: hidden, ...}) and of
 * their numbers from 0, joined by dots: "layers.hidden.weight.0.normal.1". Keys of maps that are missing are added.
 * Errors: PM_INVALID where the path leads nowhere, PM_NO_MEMORY. */
pm_status pm_tree_set(pm_tree *tree, const char *path, const char *text, pm_error *error);

/* Writes the document; comments are not part of it. The tree can only be freed afterwards. */
pm_status pm_tree_write(pm_tree *tree, pm_output *output, pm_error *error);

#endif
