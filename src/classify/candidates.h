/* Several initial networks of one training, of which validation chooses one: each is trained for some epochs, then the
 * best one goes on where it was. */
#ifndef PM_CLASSIFY_CANDIDATES_H
#define PM_CLASSIFY_CANDIDATES_H

#include "classify/classification.h"

typedef struct pm_candidates {
    double record[2]; /* of the best one so far: correct ones of the validation set, -1: none yet; loss */
    size_t n;         /* arrays of a trainer that are its state */
    double *kept[3 * PM_CLASSIFIER_MOST_ARRAYS]; /* as the best one left them */
} pm_candidates;

/* Room for the first n arrays of a trainer. Errors: PM_NO_MEMORY; there is something to free in any case. */
pm_status pm_candidates_new(pm_candidates *s, pm_class_trainer *trainer, size_t n, pm_error *error);
void pm_candidates_free(pm_candidates *s);
/* Whether a score is better than a record: more right decisions, or as many and a smaller loss. If so, it is the record
 * from now on. */
bool pm_candidates_beats(double record[2], const pm_score *score);
/* What a trainer has learnt is kept, if it is better than what others had; and taken back. */
void pm_candidates_keep(pm_candidates *s, pm_class_trainer *trainer, const pm_score *score);
void pm_candidates_restore(const pm_candidates *s, pm_class_trainer *trainer);

/* Epochs that are spent on candidates, 0 where there is one; and the epoch of a network after so many of all. */
static inline size_t pm_candidates_epochs(const pm_classification *c) {
    return c->candidates > 1 ? c->candidates * c->trial_epochs : 0;
}
static inline size_t pm_candidates_own_epoch(const pm_classification *c, size_t epoch) {
    const size_t all = pm_candidates_epochs(c);
    return epoch < all ? epoch % c->trial_epochs : all > 0 ? epoch - all + c->trial_epochs : epoch;
}

#endif
