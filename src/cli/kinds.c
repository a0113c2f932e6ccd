/* Kinds and their fields as text. Invariant: all words are those of the tables; nothing here knows a kind. */
#include "cli/kinds.h"
#include "cli/options.h"

#include <ctype.h>
#include <string.h>

enum { MOST_TEXT = 600 };

void pm_print_kinds(FILE *to, const char *heading, const pm_kind *const *list) {
    (void)fputc('\n', to);
    pm_print_wrapped(to, 0, 0, heading);
    for (; *list; list++) {
        const pm_kind *kind = *list;
        fprintf(to, "\n  %s: ", kind->name);
        pm_print_wrapped(to, (int)strlen(kind->name) + 4, 4, kind->help);
        for (size_t k = 0; k < kind->n_fields; k++) {
            char term[60], text[MOST_TEXT], preset[60];
            snprintf(term, sizeof term, "    %s", kind->fields[k].name);
            snprintf(text, sizeof text, "%s [%s]", kind->fields[k].help,
                     pm_field_default(&kind->fields[k], preset, sizeof preset));
            pm_print_term(to, term, text);
        }
    }
}

void pm_print_categories(FILE *to, const char *const *names) {
    for (; *names; names++) {
        const pm_category *category = pm_category_find(*names);
        char heading[160];
        if (!category)
            continue;
        snprintf(heading, sizeof heading, "%c%s, defaults in brackets:", toupper((unsigned char)category->help[0]),
                 category->help + 1);
        pm_print_kinds(to, heading, category->kinds);
    }
}

void pm_describe_text(FILE *to, const pm_kind *kind) {
    fprintf(to, "%s: ", kind->name);
    pm_print_wrapped(to, (int)strlen(kind->name) + 2, 2, kind->help);
    if (kind->source[0]) {
        fprintf(to, "  Source: ");
        pm_print_wrapped(to, 10, 4, kind->source);
    }
    for (size_t k = 0; k < kind->n_fields; k++) {
        const pm_field *field = &kind->fields[k];
        char term[60], text[MOST_TEXT], preset[60], range[300];
        snprintf(term, sizeof term, "  %s", field->name);
        snprintf(text, sizeof text, "%s [%s; %s]", field->help, pm_field_default(field, preset, sizeof preset),
                 pm_field_range(field, range, sizeof range));
        pm_print_term(to, term, text);
    }
}
