/* What punctum can do by name (neurons, sources, learning rules, optimisers, losses, ...), and the parameters of each.
 * A kind is a constant table: from it come the keys of files, their defaults and checks, help, manual and results. The
 * tables can be listed here; punctum describe prints them. */
#ifndef PUNCTUM_KIND_H
#define PUNCTUM_KIND_H

#include <punctum/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum pm_field_type {
    PM_NUMBER, /* a double */
    PM_WHOLE,  /* a double that must be a whole number */
    PM_COUNT   /* a size_t; SIZE_MAX stands for infinity: as many as there are */
} pm_field_type;

/* Ends of a range that do not belong to it. */
typedef enum pm_ends { PM_CLOSED, PM_LOW_OPEN, PM_HIGH_OPEN, PM_BOTH_OPEN } pm_ends;

typedef struct pm_bounds {
    double low, high; /* in the field's unit; infinite where there is no bound */
    pm_ends open;
} pm_bounds;

/* One parameter. */
typedef struct pm_field {
    const char *name; /* the key in files; "elastic.strength" is the key strength in the map elastic */
    const char *unit; /* "" for a pure number */
    const char *help;
    size_t offset;            /* of the value in the structure of the kind, bytes */
    double preset;            /* the default; NAN with no words for it: the value must be given */
    const char *otherwise;    /* the default in words, where the number does not tell; else NULL */
    pm_bounds bounds;         /* of numbers */
    const char *const *words; /* ends with NULL: the value is the place of one of these words, from 0; NULL: a number */
    pm_field_type type;
    const char *result; /* the key in results, where it is another one than in files; else NULL */
} pm_field;

typedef struct pm_kind {
    const char *name;
    const char *help;
    const char *source; /* where the equations come from; "" where they are punctum's own */
    const pm_field *fields;
    size_t n_fields;
    size_t size; /* of the structure that the fields describe, bytes; 0 if there are none */
    /* What fields must be together; NULL: each may have any value of its range. Errors: PM_INVALID. */
    pm_status (*check)(const void *structure, pm_error *error);
} pm_kind;

typedef struct pm_category {
    const char *name;            /* "rule": the key that chooses among the kinds, where there is one */
    const char *help;            /* "learning rules of spike times" */
    const pm_kind *const *kinds; /* ends with NULL */
} pm_category;

/* Category number k, from 0; NULL: there are no more. */
PM_API const pm_category *pm_category_at(size_t k);
/* The category of that name; NULL if there is none. */
PM_API const pm_category *pm_category_find(const char *name);

/* The kind of that name in a list that ends with NULL, or NULL; the same of fields. Cost: one comparison an entry. */
PM_API const pm_kind *pm_kind_find(const pm_kind *const *list, const char *name);
PM_API const pm_field *pm_kind_field(const pm_kind *kind, const char *name);
/* Field number k of n_fields. */
PM_API const pm_field *pm_kind_field_at(const pm_kind *kind, size_t k);

/* The value of a field in a structure of its kind, and a new one; choices as the place of their word. */
PM_API double pm_field_value(const pm_field *field, const void *structure);
PM_API void pm_field_set(const pm_field *field, void *structure, double value);
/* All fields at their defaults; what is no field stays as it is. */
PM_API void pm_kind_preset(const pm_kind *kind, void *structure);

/* The default in words, with its unit: "7 ms", "gram", "the duration"; "must be given". Cut where it does not
 * fit; returns text. */
PM_API const char *pm_field_default(const pm_field *field, char *text, size_t size);
/* What values a field may have, in words that follow "it must be": "from 0 to below 1", "positive", "one of a, b". Cut
 * where it does not fit; returns text. */
PM_API const char *pm_field_range(const pm_field *field, char *text, size_t size);
/* PM_INVALID with a message that names the field, its value and its range, and with the field as the error's key,
 * unless the value is one that may be given. */
PM_API pm_status pm_field_check(const pm_field *field, double value, pm_error *error);
/* The same for all fields of a structure, in order, which may also be at their defaults, and then for what they must be
 * together. */
PM_API pm_status pm_kind_check(const pm_kind *kind, const void *structure, pm_error *error);
/* Sets one field by its name. Errors: PM_INVALID for an unknown name or a value out of range. */
PM_API pm_status pm_kind_set(const pm_kind *kind, void *structure, const char *name, double value, pm_error *error);

/* The kind of that name. Errors: PM_INVALID with the name that is near, or else with all names; `what` says what they
 * are the names of: "learning rule". */
PM_API pm_status pm_kind_choose(const pm_kind *const *list, const char *what, const char *name, const pm_kind **kind,
                                pm_error *error);
/* The name in `names` (ends with NULL) that differs from `word` in at most two letters, or NULL. */
PM_API const char *pm_closest(const char *word, const char *const *names);
/* A whole text as a finite decimal number; false if it is none. */
PM_API bool pm_parse_number(const char *text, double *value);
/* A finite number for messages, in the fewest digits: "0.001", "100", "1e15". Returns `text`. */
enum { PM_NUMBER_SIZE = 32 };
PM_API char *pm_number_text(double value, char text[PM_NUMBER_SIZE]);

/* The fields of a kind as part of a page: a table in Markdown, a list for man(1). */
PM_API void pm_kind_markdown(FILE *to, const pm_kind *kind);
PM_API void pm_kind_manual(FILE *to, const pm_kind *kind);

#ifdef __cplusplus
}
#endif
#endif
