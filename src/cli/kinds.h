/* Kinds and their fields as text: for --help, for punctum describe, for pages. */
#ifndef PM_CLI_KINDS_H
#define PM_CLI_KINDS_H

#include <punctum/kind.h>
#include <stdio.h>

/* A list in --help: a heading that ends with ":", then each kind with its fields, defaults in brackets. */
void pm_print_kinds(FILE *to, const char *heading, const pm_kind *const *list);
/* The categories that these words name, each under its own heading; ends with NULL. */
void pm_print_categories(FILE *to, const char *const *names);

/* All that there is to say of a kind, in lines that fit the terminal. */
void pm_describe_text(FILE *to, const pm_kind *kind);

#endif
