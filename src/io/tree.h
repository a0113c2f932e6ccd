/* YAML documents as trees whose nodes know where they stand, so that every error can say file, line and key. */
#ifndef PM_IO_TREE_H
#define PM_IO_TREE_H

#include <punctum/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pm_tree pm_tree;

enum { PM_WHERE_SIZE = 120 };

typedef struct pm_node {
    const pm_tree *tree;
    int id;                    /* within the document; 0: there is no such node */
    char where[PM_WHERE_SIZE]; /* "populations[1].size" */
} pm_node;

/* Loads a file with one YAML document that pm_yaml_check lets pass. Errors: PM_INVALID with file and line. */
pm_status pm_tree_load(const char *path, pm_tree **tree, pm_error *error);
/* The same in two steps, for those who need a fresh tree now and then: the text, to be freed by the caller, and a tree
 * of it. */
pm_status pm_tree_text(const char *path, unsigned char **text, size_t *size, pm_error *error);
pm_status pm_tree_parse(const char *path, const unsigned char *text, size_t size, pm_tree **tree, pm_error *error);
void pm_tree_free(pm_tree *tree);
pm_node pm_tree_root(const pm_tree *tree);
/* The name of the file. */
const char *pm_tree_name(const pm_tree *tree);
/* The path of a file that the document names: relative to the document's folder. NULL when there is no memory. */
char *pm_tree_path(const pm_tree *tree, const char *relative);

static inline bool pm_node_exists(const pm_node *node) { return node->id != 0; }
bool pm_node_is_map(const pm_node *node);
bool pm_node_is_list(const pm_node *node);
bool pm_node_is_text(const pm_node *node);

/* Fails with "file:line: key: message". */
pm_status pm_node_fail(const pm_node *node, pm_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "file:line: key: " before the message that `error` holds, if `status` is PM_INVALID; returns `status`. */
pm_status pm_node_blame(const pm_node *node, pm_status status, pm_error *error);

/* Fails unless `map` is a map whose keys are among `keys` (ends with NULL), none of them twice. */
pm_status pm_map_check(const pm_node *map, const char *const *keys, pm_error *error);
/* The value of a key; id 0 where there is none. */
pm_node pm_map_find(const pm_node *map, const char *key);
/* The same, but it must be there. */
pm_status pm_map_get(const pm_node *map, const char *key, pm_node *value, pm_error *error);

/* Number of keys; 0 unless it is a map. Key and value number k. */
size_t pm_map_length(const pm_node *map);
pm_node pm_map_key(const pm_node *map, size_t k);
pm_node pm_map_value(const pm_node *map, size_t k);

/* Number of items; 0 unless it is a list. */
size_t pm_list_length(const pm_node *list);
pm_node pm_list_item(const pm_node *list, size_t k);
/* Fails unless it is a list of between least and most items. `what` describes it: "[mean, std]". */
pm_status pm_list_check(const pm_node *list, size_t least, size_t most, const char *what, pm_error *error);

/* Scalars. Numbers are finite; `what` describes what is wanted: "the duration in ms". The text lives as long as the
 * tree. */
pm_status pm_node_number(const pm_node *node, const char *what, double *value, pm_error *error);
pm_status pm_node_count(const pm_node *node, const char *what, uint64_t least, uint64_t most, uint64_t *value,
                        pm_error *error);
pm_status pm_node_text(const pm_node *node, const char *what, const char **text, pm_error *error);
pm_status pm_node_flag(const pm_node *node, const char *what, bool *value, pm_error *error);

#endif
