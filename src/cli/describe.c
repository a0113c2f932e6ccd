/* punctum describe: what there is by name (neurons, learning rules, losses, ...) with the parameters of each, from the
 * tables that files are read with. */
#include "cli/command.h"
#include "cli/kinds.h"
#include "cli/options.h"

#include <punctum/kind.h>

#include <stdbool.h>
#include <string.h>

enum { MOST_NAMES = 100 };

typedef struct options {
    const char *names[MOST_NAMES + 1];
    int format;
} options;

static const char *const formats[] = {"text", "markdown", "manual", NULL};
static void (*const describe[])(FILE *, const pm_kind *) = {pm_describe_text, pm_kind_markdown, pm_kind_manual};

static const pm_operand operands[] = {{"NAME", offsetof(options, names), MOST_NAMES, NULL}, {0}};

static const pm_option list[] = {
    {PM_OPTION_CHOICE, "format", 'f', "FORMAT", "text, the default; markdown: a table for a page; manual: for man(1)",
     .target = offsetof(options, format), .choices = formats},
    {0},
};

static const pm_call call = {
    "describe",
    "Say what can be chosen by name, with parameters, units, defaults and ranges.",
    operands,
    list,
    "A NAME is a kind (normad, adam, lif), or a category of kinds (rule, optimiser, neuron) for all of them; without "
    "one, all names are listed.",
    (const char *const[]){"punctum describe", "punctum describe normad", "punctum describe rule optimiser", NULL},
    NULL};

static void list_all(void) {
    for (size_t c = 0; pm_category_at(c); c++) {
        const pm_category *category = pm_category_at(c);
        printf("%s%s: %s\n", c > 0 ? "\n" : "", category->name, category->help);
        for (size_t k = 0; category->kinds[k]; k++) {
            char term[60];
            snprintf(term, sizeof term, "  %s", category->kinds[k]->name);
            pm_print_term(stdout, term, category->kinds[k]->help);
        }
    }
}

/* Whatever has the name; false: nothing has. */
static bool describe_name(const char *name, const options *o, size_t *printed) {
    bool found = false;
    for (size_t c = 0; pm_category_at(c); c++) {
        const pm_category *category = pm_category_at(c);
        bool all = strcmp(category->name, name) == 0;
        for (size_t k = 0; category->kinds[k]; k++) {
            if (!all && strcmp(category->kinds[k]->name, name) != 0)
                continue;
            if (o->format == 0 && (*printed)++ > 0)
                printf("\n");
            describe[o->format](stdout, category->kinds[k]);
            found = true;
        }
    }
    return found;
}

/* All names there are, for the nearest one. */
static void refuse(const char *name) {
    enum { MOST = 200 };
    const char *all[MOST + 1] = {NULL};
    size_t n = 0;
    for (size_t c = 0; pm_category_at(c); c++) {
        const pm_category *category = pm_category_at(c);
        if (n < MOST)
            all[n++] = category->name;
        for (size_t k = 0; category->kinds[k] && n < MOST; k++)
            all[n++] = category->kinds[k]->name;
    }
    const char *close = pm_closest(name, all);
    pm_call_refuse(&call, "there is nothing named '%.60s'%s%s%s; 'punctum describe' lists all names", name,
                   close ? "; did you mean '" : "", close ? close : "", close ? "'" : "");
}

static int run(int argc, char **argv) {
    options o = {.format = 0};
    size_t printed = 0;
    pm_call_read(&call, argc, argv, &o);
    if (!o.names[0])
        list_all();
    for (size_t k = 0; o.names[k]; k++)
        if (!describe_name(o.names[k], &o, &printed))
            refuse(o.names[k]);
    return 0;
}

const pm_command pm_command_describe = {"describe", "say what can be chosen by name, with all parameters", run};
