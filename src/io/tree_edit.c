/* A path is followed node by node. Invariant: libyaml owns every text of the document, so new ones come from its own
 * functions; nodes are added at the end and keep their numbers. */
#include "io/tree_edit.h"

#include "io/tree_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The item of a list with that name or number; id 0 if there is none. */
static pm_node find_item(const pm_node *list, const char *word) {
    char *end = NULL;
    const size_t n = pm_list_length(list);
    unsigned long number = strtoul(word, &end, 10);
    if (end != word && *end == '\0')
        return number < n ? pm_list_item(list, number) : (pm_node){.tree = list->tree};
    for (size_t k = 0; k < n; k++) {
        pm_node item = pm_list_item(list, k), name = pm_map_find(&item, "name");
        const char *text = NULL;
        if (pm_node_is_text(&name) && pm_node_text(&name, "a name", &text, NULL) == PM_OK && strcmp(text, word) == 0)
            return item;
    }
    return (pm_node){.tree = list->tree};
}

static int add_text(pm_tree *tree, const char *text) {
    return yaml_document_add_scalar(&tree->document, NULL, (const yaml_char_t *)text, (int)strlen(text),
                                    YAML_PLAIN_SCALAR_STYLE);
}

/* A new key of a map; its value is a map of its own, or the text for the last word of a path. */
static pm_status add_key(pm_tree *tree, const pm_node *map, const char *word, const char *text, pm_node *added,
                         pm_error *error) {
    int key = add_text(tree, word);
    int value = text ? add_text(tree, text) : yaml_document_add_mapping(&tree->document, NULL, YAML_FLOW_MAPPING_STYLE);
    if (!key || !value || !yaml_document_append_mapping_pair(&tree->document, map->id, key, value))
        return pm_fail_memory(error, tree->path);
    *added = pm_map_find(map, word);
    return PM_OK;
}

static pm_status replace(pm_tree *tree, const pm_node *node, const char *text, pm_error *error) {
    if (!pm_node_is_text(node))
        return pm_node_fail(node, error, "this is no single value, and cannot be varied as a whole");
    int fresh = add_text(tree, text);
    if (!fresh)
        return pm_fail_memory(error, tree->path);
    yaml_node_t *from = yaml_document_get_node(&tree->document, fresh),
                *to = yaml_document_get_node(&tree->document, node->id);
    yaml_node_t old = *to; /* the document frees both */
    to->data = from->data;
    from->data = old.data;
    return PM_OK;
}

pm_status pm_tree_set(pm_tree *tree, const char *path, const char *text, pm_error *error) {
    pm_node node = pm_tree_root(tree);
    char *words = strdup(path), *rest = words;
    pm_status status = words ? PM_OK : pm_fail_memory(error, path);
    for (char *word = NULL; !status && (word = strsep(&rest, "."));) {
        pm_node next = pm_node_is_list(&node) ? find_item(&node, word) : pm_map_find(&node, word);
        if (!pm_node_exists(&next) && pm_node_is_map(&node) && word[0])
            status = add_key(tree, &node, word, rest ? NULL : text, &next, error);
        else if (!pm_node_exists(&next))
            status = pm_node_fail(&node, error, "there is no '%.60s' in it", word);
        node = next;
    }
    free(words);
    return status ? status : replace(tree, &node, text, error);
}

static int write_bytes(void *output, unsigned char *bytes, size_t size) {
    return pm_output_bytes(output, bytes, size, NULL) == PM_OK;
}

pm_status pm_tree_write(pm_tree *tree, pm_output *output, pm_error *error) {
    yaml_emitter_t emitter;
    if (!yaml_emitter_initialize(&emitter))
        return pm_fail_memory(error, "a YAML emitter");
    yaml_emitter_set_output(&emitter, write_bytes, output);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, 120);
    bool done = yaml_emitter_dump(&emitter, &tree->document) && yaml_emitter_close(&emitter); /* deletes the document */
    memset(&tree->document, 0, sizeof tree->document);
    yaml_emitter_delete(&emitter);
    return done ? PM_OK : pm_fail(error, PM_FAILED, "%s: the document cannot be written", tree->path);
}
