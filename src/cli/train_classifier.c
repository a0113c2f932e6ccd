/* punctum train for experiments in classification: what is seen of it on the terminal. */
#include "cli/train_classifier.h"
#include "cli/command.h"

#include <math.h>
#include <stdio.h>

typedef struct view {
    double epochs; /* of the experiment */
    pm_progress progress;
} view;

static double percent(const pm_score *s) { return s->n ? 100.0 * (double)s->correct / (double)s->n : NAN; }

static void show(void *user, size_t epoch, double done, const pm_score *sums) {
    view *v = user;
    char words[160];
    snprintf(words, sizeof words, "epoch %zu of %.0f, loss %.4f, %.2f %% correct", epoch + 1, v->epochs,
             sums->loss / (sums->n ? (double)sums->n : 1.0), percent(sums));
    pm_progress_show(&v->progress, done, words);
}

/* Classes of the test set that no example was taken for. */
static void report_absent(const pm_class_outcome *o) {
    const size_t n = o->n_classes;
    for (size_t k = 0; k < n; k++) {
        uint64_t examples = 0, decisions = 0;
        for (size_t j = 0; j < n; j++) {
            examples += o->confusion[k * n + j];
            decisions += o->confusion[j * n + k];
        }
        if (examples > 0 && decisions == 0)
            (void)fprintf(stderr,
                          "punctum: no test example was taken for class %zu, of which there are %llu: its output may "
                          "have fallen silent, which a smaller rate may prevent\n",
                          k, (unsigned long long)examples);
    }
}

pm_status pm_train_classifier(const pm_classification *c, const pm_class_training *how, bool quiet, pm_error *error) {
    const double begun = pm_seconds();
    view v = {.epochs = pm_classification_number(c, "epochs"), .progress = pm_progress_begin(quiet)};
    pm_class_outcome o;
    pm_class_training watched = *how;
    watched.progress = show;
    watched.user = &v;
    pm_status status = pm_classification_train(c, &watched, &o, error);
    pm_progress_end(&v.progress);
    if (!status && !quiet) {
        report_absent(&o);
        printf("%zu epochs in %.3g s; %.2f %% of %zu test examples correct, %.1f spikes per example; results in %s\n",
               o.n_epochs, pm_seconds() - begun, percent(&o.test), o.test.n, o.test.spikes, how->folder);
    }
    pm_class_outcome_free(&o);
    return status;
}
