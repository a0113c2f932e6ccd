/* Kinds as parts of pages: a table in Markdown, a list for man(1). */
#ifndef PM_IO_KINDS_H
#define PM_IO_KINDS_H

#include <punctum/kind.h>
#include <stdio.h>

void pm_kind_markdown(FILE *to, const pm_kind *kind);
void pm_kind_manual(FILE *to, const pm_kind *kind);

#endif
