/* A document is looked at event by event: libyaml's scanner needs time in proportion to the square of the depth, and its
 * loader, in proportion to the square of the number of anchors, so both are bounded before they grow. Invariant:
 * nothing is kept of the document but the sizes of what has an anchor. */
#include "io/yaml_check.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct anchor {
    char name[64];
    uint64_t nodes; /* before it while it is open, then its size */
    bool open;
} anchor;

typedef struct look {
    const char *path;
    uint64_t nodes;
    size_t depth, n_anchors;
    size_t of_level[PM_YAML_DEEPEST]; /* the anchor of each list or map around, or PM_YAML_MOST_ANCHORS */
    anchor anchors[PM_YAML_MOST_ANCHORS];
} look;

pm_status pm_yaml_fail(const yaml_parser_t *parser, const char *path, pm_error *error) {
    if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR) /* libyaml does not always say so */
        return pm_fail_memory(error, path);
    const char *problem = parser->problem ? parser->problem : "unreadable";
    if (parser->error == YAML_READER_ERROR)
        return pm_fail(error, PM_INVALID, "%s: not a text in UTF-8: %s", path, problem);
    return pm_fail(error, PM_INVALID, "%s:%zu: not YAML: %s", path, parser->problem_mark.line + 1, problem);
}

static pm_status refuse(const look *v, const yaml_event_t *event, pm_error *error, const char *format, ...) {
    char what[PM_MESSAGE_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return pm_fail(error, PM_INVALID, "%s:%zu: %s", v->path, event->start_mark.line + 1, what);
}

static anchor *find(look *v, const char *name) {
    for (size_t k = 0; k < v->n_anchors; k++)
        if (strcmp(v->anchors[k].name, name) == 0)
            return &v->anchors[k];
    return NULL;
}

static pm_status open_anchor(look *v, const yaml_event_t *event, const char *name, size_t *number, pm_error *error) {
    *number = PM_YAML_MOST_ANCHORS;
    if (!name)
        return PM_OK;
    if (v->n_anchors == PM_YAML_MOST_ANCHORS)
        return refuse(v, event, error, "more than %d anchors", PM_YAML_MOST_ANCHORS);
    if (strlen(name) >= sizeof v->anchors->name)
        return refuse(v, event, error, "the name of an anchor has more than %zu characters", sizeof v->anchors->name - 1);
    *number = v->n_anchors++;
    anchor *a = &v->anchors[*number];
    *a = (anchor){.nodes = v->nodes, .open = true};
    memcpy(a->name, name, strlen(name) + 1);
    return PM_OK;
}

static void close_anchor(look *v, size_t number) {
    if (number == PM_YAML_MOST_ANCHORS)
        return;
    v->anchors[number].nodes = v->nodes - v->anchors[number].nodes;
    v->anchors[number].open = false;
}

static pm_status begin(look *v, const yaml_event_t *event, const yaml_char_t *name, pm_error *error) {
    if (v->depth == PM_YAML_DEEPEST)
        return refuse(v, event, error, "more than %d lists and maps within one another", PM_YAML_DEEPEST);
    v->nodes++;
    return open_anchor(v, event, (const char *)name, &v->of_level[v->depth++], error);
}

static pm_status text(look *v, const yaml_event_t *event, pm_error *error) {
    size_t number = 0;
    if (memchr(event->data.scalar.value, 0, event->data.scalar.length))
        return refuse(v, event, error, "a zero byte within a text");
    pm_status status = open_anchor(v, event, (const char *)event->data.scalar.anchor, &number, error);
    v->nodes++;
    close_anchor(v, number);
    return status;
}

static pm_status alias(look *v, const yaml_event_t *event, pm_error *error) {
    const anchor *a = find(v, (const char *)event->data.alias.anchor);
    if (a && a->open)
        return refuse(v, event, error, "an alias within what it stands for");
    v->nodes += a ? a->nodes : 1;
    return PM_OK;
}

static pm_status take(look *v, const yaml_event_t *event, size_t *documents, pm_error *error) {
    pm_status status = PM_OK;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++*documents > 1)
            status = refuse(v, event, error, "a second document begins here; a file holds one");
        break;
    case YAML_SEQUENCE_START_EVENT:
        status = begin(v, event, event->data.sequence_start.anchor, error);
        break;
    case YAML_MAPPING_START_EVENT:
        status = begin(v, event, event->data.mapping_start.anchor, error);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_anchor(v, v->of_level[--v->depth]);
        break;
    case YAML_SCALAR_EVENT:
        status = text(v, event, error);
        break;
    case YAML_ALIAS_EVENT:
        status = alias(v, event, error);
        break;
    default:
        break;
    }
    if (!status && v->nodes > PM_YAML_MOST_NODES)
        status = refuse(v, event, error,
                        "more than %d values, aliases written out; long lists belong into files of their own",
                        PM_YAML_MOST_NODES);
    return status;
}

static pm_status look_through(yaml_parser_t *parser, look *v, pm_error *error) {
    pm_status status = PM_OK;
    size_t documents = 0;
    for (bool more = true; !status && more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return pm_yaml_fail(parser, v->path, error);
        more = event.type != YAML_STREAM_END_EVENT;
        status = take(v, &event, &documents, error);
        yaml_event_delete(&event);
    }
    return status;
}

static pm_status check_directives(const char *path, const unsigned char *text, size_t size, pm_error *error) {
    size_t n = 0, line = 1;
    for (size_t k = 0; k < size; k++) {
        bool begins = k == 0 || text[k - 1] == '\n' || text[k - 1] == '\r';
        line += k > 0 && text[k - 1] == '\n';
        n += begins && text[k] == '%';
        if (n > PM_YAML_MOST_DIRECTIVES)
            return pm_fail(error, PM_INVALID, "%s:%zu: more than %d lines begin with '%%'", path, line,
                           PM_YAML_MOST_DIRECTIVES);
    }
    return PM_OK;
}

pm_status pm_yaml_check(const char *path, const unsigned char *text, size_t size, pm_error *error) {
    look v = {.path = path};
    yaml_parser_t parser;
    pm_status status = check_directives(path, text, size, error);
    if (status)
        return status;
    if (!yaml_parser_initialize(&parser))
        return pm_fail_memory(error, "a YAML parser");
    yaml_parser_set_input_string(&parser, text, size);
    status = look_through(&parser, &v, error);
    yaml_parser_delete(&parser);
    return status;
}
