/* What the best candidate has learnt is a copy of the trainer's own arrays: weights and what else is learnt, the
 * optimiser's memory, running means. Invariant: all candidates have made as many steps when they are judged, so that
 * counters of steps need not be kept. */
#include "classify/candidates.h"

#include <stdlib.h>
#include <string.h>

pm_status pm_candidates_new(pm_candidates *s, pm_class_trainer *trainer, size_t n, pm_error *error) {
    *s = (pm_candidates){.record = {-1.0}, .n = n};
    for (size_t k = 0; k < n; k++) {
        size_t length = 0;
        pm_class_trainer_array(trainer, k, &length);
        s->kept[k] = calloc(length + 1, sizeof **s->kept);
        if (!s->kept[k])
            return pm_fail_memory(error, "the best of several networks");
    }
    return PM_OK;
}

void pm_candidates_free(pm_candidates *s) {
    for (size_t k = 0; k < s->n; k++)
        free(s->kept[k]);
    *s = (pm_candidates){0};
}

bool pm_candidates_beats(double record[2], const pm_score *score) {
    const double correct = (double)score->correct;
    if (correct < record[0] || (correct == record[0] && score->loss >= record[1]))
        return false;
    record[0] = correct;
    record[1] = score->loss;
    return true;
}

void pm_candidates_keep(pm_candidates *s, pm_class_trainer *trainer, const pm_score *score) {
    const bool better = pm_candidates_beats(s->record, score);
    for (size_t k = 0; better && k < s->n; k++) {
        size_t length = 0;
        const double *from = pm_class_trainer_array(trainer, k, &length);
        memcpy(s->kept[k], from, length * sizeof *from);
    }
}

void pm_candidates_restore(const pm_candidates *s, pm_class_trainer *trainer) {
    for (size_t k = 0; k < s->n; k++) {
        size_t length = 0;
        double *to = pm_class_trainer_array(trainer, k, &length);
        memcpy(to, s->kept[k], length * sizeof *to);
    }
}
