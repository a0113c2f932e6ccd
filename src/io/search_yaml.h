/* Search files (punctum/search.h), from inside. */
#ifndef PM_IO_SEARCH_YAML_H
#define PM_IO_SEARCH_YAML_H

#include "io/output.h"

#include <punctum/search.h>
#include <punctum/training.h>

typedef enum pm_vary_kind { PM_VARY_CHOICE, PM_VARY_UNIFORM, PM_VARY_LOG_UNIFORM } pm_vary_kind;

/* A value that is varied. */
typedef struct pm_vary {
    char *path; /* in the experiment file, see pm_tree_set */
    pm_vary_kind kind;
    double low, high;
    char **choices;
    size_t n_choices;
} pm_vary;

struct pm_search {
    char *file;          /* of the search */
    char *experiment;    /* path of its file */
    unsigned char *text; /* of the file, as it was when the search was loaded */
    size_t size;         /* bytes */
    uint64_t seed;       /* of the problems and of the sampling */
    uint32_t samples;    /* points that are tried */
    bool all;            /* they are all combinations of choices, not drawn */
    uint32_t trials, iterations;
    uint32_t rounds; /* in each further one the better half goes on, with twice the trials */
    pm_vary *vary;
    size_t n_vary;
};

/* The experiment at a point, with the search's seed, trials and iterations. Errors: PM_INVALID, PM_NO_MEMORY. */
pm_status pm_search_experiment(const pm_search *search, uint32_t point, pm_experiment **experiment, pm_error *error);
/* Its file, with the seed and the numbers of trials and iterations that it had. */
pm_status pm_search_write(const pm_search *search, uint32_t point, pm_output *output, pm_error *error);

#endif
