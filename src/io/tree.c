/* A libyaml document, read whole. A node is the number of a libyaml node together with the path of keys that led to it;
 * both are values, so nothing but the tree has to be freed. */
#include "io/tree.h"

#include "base/kind.h"
#include "io/file.h"
#include "io/hints.h"
#include "io/tree_inside.h"
#include "io/yaml_check.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static yaml_node_t *yaml_of(const pm_node *node) {
    /* libyaml's accessors take documents that are not const, but do not change them. */
    return yaml_document_get_node((yaml_document_t *)&node->tree->document, node->id);
}

static size_t line_of(const pm_node *node) { return yaml_of(node)->start_mark.line + 1; }

static pm_status load(pm_tree *tree, const unsigned char *text, size_t size, pm_error *error) {
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return pm_fail_memory(error, "a YAML parser");
    yaml_parser_set_input_string(&parser, text, size);
    pm_status status = PM_OK;
    if (!yaml_parser_load(&parser, &tree->document)) {
        status = pm_yaml_fail(&parser, tree->path, error);
    } else if (!yaml_document_get_root_node(&tree->document)) {
        status = pm_fail(error, PM_INVALID, "%s: the file is empty", tree->path);
        yaml_document_delete(&tree->document);
    }
    yaml_parser_delete(&parser);
    return status;
}

pm_status pm_tree_text(const char *path, unsigned char **text, size_t *size, pm_error *error) {
    return pm_file_read_most(path, PM_YAML_MOST_BYTES, text, size, error);
}

pm_status pm_tree_load(const char *path, pm_tree **tree, pm_error *error) {
    *tree = NULL;
    unsigned char *text = NULL;
    size_t size = 0;
    pm_status status = pm_tree_text(path, &text, &size, error);
    if (!status)
        status = pm_tree_parse(path, text, size, tree, error);
    free(text);
    return status;
}

pm_status pm_tree_parse(const char *path, const unsigned char *text, size_t size, pm_tree **tree, pm_error *error) {
    *tree = NULL;
    pm_status status = pm_yaml_check(path, text, size, error);
    pm_tree *t = status ? NULL : calloc(1, sizeof *t);
    if (t)
        t->path = strdup(path);
    if (!status)
        status = t && t->path ? load(t, text, size, error) : pm_fail_memory(error, path);
    if (status) {
        if (t)
            free(t->path);
        free(t);
        return status;
    }
    *tree = t;
    return PM_OK;
}

void pm_tree_free(pm_tree *tree) {
    if (!tree)
        return;
    yaml_document_delete(&tree->document);
    free(tree->path);
    free(tree);
}

pm_node pm_tree_root(const pm_tree *tree) { return (pm_node){.tree = tree, .id = 1}; }

const char *pm_tree_name(const pm_tree *tree) { return tree->path; }

char *pm_tree_path(const pm_tree *tree, const char *relative) {
    const char *slash = strrchr(tree->path, '/');
    size_t folder = slash && relative[0] != '/' ? (size_t)(slash - tree->path) + 1 : 0;
    size_t length = strlen(relative);
    char *path = malloc(folder + length + 1);
    if (!path)
        return NULL;
    memcpy(path, tree->path, folder);
    memcpy(path + folder, relative, length + 1);
    return path;
}

bool pm_node_is_map(const pm_node *node) { return pm_node_exists(node) && yaml_of(node)->type == YAML_MAPPING_NODE; }

bool pm_node_is_list(const pm_node *node) { return pm_node_exists(node) && yaml_of(node)->type == YAML_SEQUENCE_NODE; }

bool pm_node_is_text(const pm_node *node) { return pm_node_exists(node) && yaml_of(node)->type == YAML_SCALAR_NODE; }

static void place(const pm_node *node, char *text, size_t size) {
    const char *colon = node->where[0] ? ": " : "";
    snprintf(text, size, "%s:%zu: %s%s", node->tree->path, line_of(node), node->where, colon);
}

pm_status pm_node_fail(const pm_node *node, pm_error *error, const char *format, ...) {
    char where[PM_MESSAGE_SIZE / 2], what[PM_MESSAGE_SIZE / 2];
    place(node, where, sizeof where);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return pm_fail(error, PM_INVALID, "%s%s", where, what);
}

pm_status pm_node_blame(const pm_node *node, pm_status status, pm_error *error) {
    if (status != PM_INVALID || !error)
        return status;
    char message[PM_MESSAGE_SIZE];
    snprintf(message, sizeof message, "%s", error->message);
    return pm_node_fail(node, error, "%s", message);
}

/* What the node is, for messages. */
static const char *kind_of(const pm_node *node) {
    switch (yaml_of(node)->type) {
    case YAML_MAPPING_NODE:
        return "a map {key: value}";
    case YAML_SEQUENCE_NODE:
        return "a list";
    default:
        return "a single value";
    }
}

static const char *scalar(const pm_node *node) {
    return pm_node_is_text(node) ? (const char *)yaml_of(node)->data.scalar.value : NULL;
}

static pm_status unknown_key(const pm_node *key, const char *const *keys, pm_error *error) {
    const char *word = scalar(key), *hint = pm_key_hint(word, keys), *close = pm_closest(word, keys);
    if (hint)
        return pm_node_fail(key, error, "unknown key '%.60s'; %s", word, hint);
    if (close)
        return pm_node_fail(key, error, "unknown key '%.60s'; did you mean '%s'?", word, close);
    char list[300] = "";
    for (size_t k = 0, used = 0; keys[k] && used < sizeof list; k++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", k ? ", " : "", keys[k]);
    return pm_node_fail(key, error, "unknown key '%.60s'; the keys here are %s", word, keys[0] ? list : "none");
}

pm_status pm_map_check(const pm_node *map, const char *const *keys, pm_error *error) {
    if (!pm_node_is_map(map))
        return pm_node_fail(map, error, "this is %s; it must be a map {%s: ...}", kind_of(map), keys[0]);
    yaml_node_t *yaml = yaml_of(map);
    for (yaml_node_pair_t *pair = yaml->data.mapping.pairs.start; pair < yaml->data.mapping.pairs.top; pair++) {
        pm_node key = {.tree = map->tree, .id = pair->key};
        snprintf(key.where, sizeof key.where, "%s", map->where);
        const char *word = scalar(&key);
        if (!word)
            return pm_node_fail(&key, error, "a key must be a word, not %s", kind_of(&key));
        size_t k = 0;
        while (keys[k] && strcmp(keys[k], word) != 0)
            k++;
        if (!keys[k])
            return unknown_key(&key, keys, error);
        for (yaml_node_pair_t *other = yaml->data.mapping.pairs.start; other < pair; other++) {
            pm_node twin = {.tree = map->tree, .id = other->key};
            if (strcmp(scalar(&twin), word) == 0)
                return pm_node_fail(&key, error, "the key '%s' stands here twice, first in line %zu", word,
                                    line_of(&twin));
        }
    }
    return PM_OK;
}

pm_node pm_map_find(const pm_node *map, const char *key) {
    pm_node value = {.tree = map->tree};
    if (!pm_node_is_map(map))
        return value;
    yaml_node_t *yaml = yaml_of(map);
    for (yaml_node_pair_t *pair = yaml->data.mapping.pairs.start; pair < yaml->data.mapping.pairs.top; pair++) {
        pm_node found = {.tree = map->tree, .id = pair->key};
        const char *word = scalar(&found);
        if (!word || strcmp(word, key) != 0)
            continue;
        value.id = pair->value;
        snprintf(value.where, sizeof value.where, "%.90s%s%.28s", map->where, map->where[0] ? "." : "", key);
    }
    return value;
}

pm_status pm_map_get(const pm_node *map, const char *key, pm_node *value, pm_error *error) {
    *value = pm_map_find(map, key);
    return pm_node_exists(value) ? PM_OK : pm_node_fail(map, error, "the key '%s' is missing", key);
}

size_t pm_map_length(const pm_node *map) {
    if (!pm_node_is_map(map))
        return 0;
    yaml_node_t *yaml = yaml_of(map);
    return (size_t)(yaml->data.mapping.pairs.top - yaml->data.mapping.pairs.start);
}

pm_node pm_map_key(const pm_node *map, size_t k) {
    pm_node key = *map;
    key.id = yaml_of(map)->data.mapping.pairs.start[k].key;
    return key;
}

pm_node pm_map_value(const pm_node *map, size_t k) {
    pm_node key = pm_map_key(map, k);
    const char *word = scalar(&key);
    pm_node value = {.tree = map->tree, .id = yaml_of(map)->data.mapping.pairs.start[k].value};
    snprintf(value.where, sizeof value.where, "%.60s%s%.58s", map->where, map->where[0] ? "." : "", word ? word : "?");
    return value;
}

size_t pm_list_length(const pm_node *list) {
    if (!pm_node_is_list(list))
        return 0;
    yaml_node_t *yaml = yaml_of(list);
    return (size_t)(yaml->data.sequence.items.top - yaml->data.sequence.items.start);
}

pm_node pm_list_item(const pm_node *list, size_t k) {
    pm_node item = {.tree = list->tree, .id = yaml_of(list)->data.sequence.items.start[k]};
    snprintf(item.where, sizeof item.where, "%.98s[%zu]", list->where, k);
    return item;
}

pm_status pm_list_check(const pm_node *list, size_t least, size_t most, const char *what, pm_error *error) {
    if (!pm_node_is_list(list))
        return pm_node_fail(list, error, "this is %s; it must be a list %s", kind_of(list), what);
    size_t n = pm_list_length(list);
    if (n < least || n > most)
        return pm_node_fail(list, error, "the list has %zu items; it must be %s", n, what);
    return PM_OK;
}

static bool plain(const pm_node *node) {
    return pm_node_is_text(node) && yaml_of(node)->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static pm_status not_a(const pm_node *node, const char *what, pm_error *error) {
    if (!pm_node_is_text(node))
        return pm_node_fail(node, error, "this is %s; it must be %s", kind_of(node), what);
    return pm_node_fail(node, error, "'%.60s' is not %s", scalar(node), what);
}

pm_status pm_node_number(const pm_node *node, const char *what, double *value, pm_error *error) {
    const char *text = plain(node) ? scalar(node) : NULL;
    if (!text || !pm_parse_number(text, value))
        return not_a(node, what, error);
    return PM_OK;
}

pm_status pm_node_count(const pm_node *node, const char *what, uint64_t least, uint64_t most, uint64_t *value,
                        pm_error *error) {
    const char *text = plain(node) ? scalar(node) : NULL;
    char *end = NULL;
    errno = 0;
    bool digits = text && text[0] && strspn(text, "0123456789") == strlen(text);
    if (digits)
        *value = strtoull(text, &end, 10);
    double number = 0.0;
    bool fits = digits && errno == 0 && *value >= least && *value <= most;
    if (!digits && text && pm_parse_number(text, &number) && number >= 0.0 && number <= 0x1p53 &&
        floor(number) == number) {
        *value = (uint64_t)number; /* 1e3 */
        fits = *value >= least && *value <= most;
    }
    if (fits)
        return PM_OK;
    if (!pm_node_is_text(node))
        return not_a(node, what, error);
    return pm_node_fail(node, error, "'%.60s' is not %s: it must be a whole number from %llu to %llu", scalar(node),
                        what, (unsigned long long)least, (unsigned long long)most);
}

pm_status pm_node_text(const pm_node *node, const char *what, const char **text, pm_error *error) {
    *text = scalar(node);
    if (!*text || !(*text)[0])
        return not_a(node, what, error);
    return PM_OK;
}

pm_status pm_node_flag(const pm_node *node, const char *what, bool *value, pm_error *error) {
    const char *text = plain(node) ? scalar(node) : NULL;
    *value = text && (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0);
    if (!*value && !(text && (strcmp(text, "false") == 0 || strcmp(text, "no") == 0))) {
        (void)not_a(node, what, error);
        return pm_node_fail(node, error, "'%.60s' is neither true nor false (%s)", text ? text : kind_of(node), what);
    }
    return PM_OK;
}
