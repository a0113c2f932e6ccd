/* Tables from outside: rows of a file (file.h), of which nothing but numbers is shown. */
#define _GNU_SOURCE
#include "io/spikes.h"

#include <punctum/table.h>
#include <stdlib.h>
#include <sys/stat.h>

struct pm_table {
    pm_rows rows;
    double bytes; /* of the file */
};

pm_status pm_table_open(const char *path, pm_table **table, pm_error *error) {
    struct stat found = {0};
    pm_table *t = calloc(1, sizeof *t);
    *table = NULL;
    pm_status status = t ? pm_rows_open(&t->rows, path, error) : pm_fail_memory(error, path);
    if (status) {
        free(t);
        return status;
    }
    (void)fstat(fileno(t->rows.file), &found);
    t->bytes = (double)found.st_size;
    *table = t;
    return PM_OK;
}

void pm_table_close(pm_table *table) {
    if (table)
        pm_rows_close(&table->rows);
    free(table);
}

pm_status pm_table_next(pm_table *table, const double **values, size_t *n, pm_error *error) {
    pm_status status = pm_rows_next(&table->rows, error);
    *values = table->rows.values;
    *n = status ? 0 : table->rows.n;
    return status;
}

pm_status pm_table_spike(const pm_table *table, pm_spike *spike, pm_error *error) {
    return pm_spike_of_row(&table->rows, spike, error);
}

pm_status pm_table_refuse(const pm_table *table, const char *what, pm_error *error) {
    return pm_rows_fail(&table->rows, error, "%s", what);
}

double pm_table_share(const pm_table *table) { return (double)ftell(table->rows.file) / (table->bytes + 1.0); }
