/* Training layered networks to fire at given instants.
 *
 * An experiment describes layers, patterns (or how they are drawn for each trial), a learning rule and when to stop. A
 * trainer carries one trial of it: step by step, or to the end. Trials are independent: trial k of an experiment is the
 * same whatever else runs, to the bit. */
#ifndef PUNCTUM_TRAINING_H
#define PUNCTUM_TRAINING_H

#include <punctum/exchange.h>
#include <punctum/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Part of the weights between two layers: each weight belongs to one part, drawn with the parts' shares. */
typedef struct pm_weight_part {
    double share;         /* relative, > 0 */
    pm_distribution draw; /* pA */
    uint32_t receptor;    /* 0: over any receptor; k + 1: only over receptor k of the experiment, among whose parts the
                             shares are then */
} pm_weight_part;

typedef struct pm_training_layer {
    char *name;
    uint32_t size;
    /* of the weights from the layer before; not used for the input */
    pm_weight_part *parts;
    size_t n_parts;
    bool plastic;
    double rate;            /* learning rate; its unit depends on the rule */
    double lowest, highest; /* pA, bounds of the weights; -INFINITY and INFINITY for none */
    bool keep_sign;         /* no weight changes the sign that it was drawn with */
    uint32_t *sources;      /* with receptors: how many neurons of the layer before reach this one over each of them, in
                               their order, the first neurons over the first; NULL: all over the only one */
    size_t bytes;           /* of this structure, as `size` in pm_options */
} pm_training_layer;

/* One input pattern and what the output should do. Both sorted by (time, neuron). */
typedef struct pm_pattern {
    pm_event *input, *target;
    size_t n_input, n_target;
} pm_pattern;

typedef enum pm_problem_kind {
    PM_PROBLEM_PATTERNS, /* the same given patterns in every trial */
    PM_PROBLEM_XOR,      /* two bits and a bias, each a set of inputs that fire one after the other */
    PM_PROBLEM_POISSON   /* one pattern: Poisson inputs, and a Poisson target for each output neuron */
} pm_problem_kind;

typedef struct pm_problem {
    pm_problem_kind kind;
    pm_pattern *patterns; /* PM_PROBLEM_PATTERNS */
    size_t n_patterns;
    double input_rate;         /* PM_PROBLEM_POISSON: spikes/s */
    double target_rate;        /* spikes/s */
    double target_from;        /* ms: targets begin here */
    double target_gap;         /* ms: smallest interval between target spikes */
    double interval;           /* PM_PROBLEM_XOR: ms between the spikes of a set */
    double bit_at;             /* ms: when the set of a bit that is 1 begins; the bias set begins at 0 */
    double target_0, target_1; /* ms: desired output spike for XOR = 0 and 1 */
} pm_problem;

/* When a trial has converged: both conditions that are given must hold for every pattern. */
typedef struct pm_goal {
    double correlation; /* smallest spike correlation C of every output neuron; 0: not asked for */
    double tau;         /* ms, of the correlation's filter */
    double within;      /* ms: as many spikes as desired, each within this of its own; 0: not asked for */
} pm_goal;

typedef struct pm_experiment {
    double duration; /* ms, of a pattern */
    uint64_t seed;
    uint32_t trials;
    uint32_t iterations; /* at most, in a trial */
    pm_neuron neuron;
    pm_training_layer *layers;
    size_t n_layers; /* the input included */
    pm_problem problem;
    pm_goal goal;
    bool online;          /* weights change after each pattern, not after all of them */
    double decay;         /* iterations after which learning slows down: the rates are multiplied by */
    double power;         /* (1 + n/decay)^-power; power 0: never */
    double polish_within; /* ms: once the goal is reached, Newton steps along the exact gradient bring every output */
    uint32_t polish_iterations; /* spike this close to its instant, in so many iterations at most; 0: no such thing */
    double momentum;            /* share of the last change in the next one, 0 to 1 */
    const struct pm_learning_rule *rule;
    double rule_parameters[32];
    uint32_t restart; /* after so many iterations without convergence a trial begins again with other initial weights;
                         0: never */
    pm_receptor *receptors; /* of all neurons, set by pm_experiment_set_receptors; NULL: that of tau_1, tau_2 */
    size_t n_receptors;
    double *weights; /* pA, with which every trial begins, in the order of pm_experiment_set_weights; NULL: drawn */
} pm_experiment;

/* An experiment without layers, with the rule "normad", 1 trial, at most 1000 iterations, and no patterns; NULL when
 * there is no memory. */
PM_API pm_experiment *pm_experiment_new(void);
PM_API void pm_experiment_free(pm_experiment *experiment); /* NULL is allowed */

/* Loads an experiment file. Formats: docs/training.md. Errors: PM_INVALID with file, line, key and what would be
 * right. */
PM_API pm_status pm_experiment_load(const char *path, pm_experiment **experiment, pm_error *error);

/* What receptors the neurons have, with currents (no impulses), in place of the one of tau_1 and tau_2; copied. To be
 * called before the layers are added. Errors: PM_INVALID for receptors that are unusable, and after layers. */
PM_API pm_status pm_experiment_set_receptors(pm_experiment *experiment, const pm_receptor *receptors, size_t n,
                                             pm_error *error);
/* Adds a layer after those already there; the first one is the input. `layer` (name, parts) is copied. Errors:
 * PM_INVALID for a size of 0, a plastic layer whose rate is not positive, parts, bounds or sources that are unusable.
 */
PM_API pm_status pm_experiment_add_layer(pm_experiment *experiment, const pm_training_layer *layer, pm_error *error);
/* Adds a given pattern; its spikes are copied. Errors: PM_INVALID for neurons that do not exist (layers come first) and
 * times that are negative or not finite. */
PM_API pm_status pm_experiment_add_pattern(pm_experiment *experiment, const pm_event *input, size_t n_input,
                                           const pm_event *target, size_t n_target, pm_error *error);
/* Chooses the learning rule by name, with its default parameters, or sets one of its parameters; choices by their
 * number. Errors: PM_INVALID for an unknown name or a value out of range. */
PM_API pm_status pm_experiment_set_rule(pm_experiment *experiment, const char *name, pm_error *error);
PM_API pm_status pm_experiment_set_parameter(pm_experiment *experiment, const char *name, double value,
                                             pm_error *error);

/* The number of patterns of every trial. */
PM_API size_t pm_experiment_patterns(const pm_experiment *experiment);
/* The number of weights of all layers. */
PM_API size_t pm_experiment_weights(const pm_experiment *experiment);
/* Every trial begins with these n weights (copied; after the last layer was added): layer by layer from the second one
 * on, for each of its neurons one weight from every neuron of the layer before, pA. Errors: PM_INVALID for another
 * number of weights, and for weights that are not finite or outside the bounds of their layer. */
PM_API pm_status pm_experiment_set_weights(pm_experiment *experiment, const double *weights, size_t n, pm_error *error);
/* The same with weights that pm_trainer_save wrote. */
PM_API pm_status pm_experiment_load_weights(pm_experiment *experiment, const char *path, pm_error *error);

typedef struct pm_trainer pm_trainer;

/* How a trial stands. */
typedef struct pm_progress_report {
    uint32_t iteration; /* changes of the weights so far */
    uint32_t polished;  /* of these, Newton steps */
    bool converged;
    double correlation; /* mean over patterns and output neurons, with the weights of the last forward pass */
    double best;        /* the largest correlation so far */
    double off; /* ms: largest distance of an output spike from its desired one; INFINITY if their numbers differ */
    uint64_t spikes; /* of all layers but the input in the last forward pass, over all patterns */
} pm_progress_report;

/* Draws problem and initial weights of a trial. The experiment must outlive the trainer. Errors: PM_NO_MEMORY,
 * PM_INVALID. */
PM_API pm_status pm_trainer_new(const pm_experiment *experiment, uint32_t trial, pm_trainer **trainer, pm_error *error);
PM_API void pm_trainer_free(pm_trainer *trainer); /* NULL is allowed */

/* One iteration: every pattern forwards; unless that shows convergence, one change of the weights. After convergence it
 * does nothing. Errors: PM_FAILED when a layer runs away or weights are no numbers any more. */
PM_API pm_status pm_trainer_step(pm_trainer *trainer, pm_error *error);
PM_API pm_progress_report pm_trainer_report(const pm_trainer *trainer);
/* Runs trial `number` until it converges, fails, has done all iterations, or *stop becomes other than 0 (PM_STOPPED;
 * NULL: never). `watch`, if given, is called with `user` after each iteration. A trial that fails in training is no
 * error: trial->message says why. Free the history with pm_trial_free. */
typedef struct pm_trial {
    uint32_t number, iterations;
    uint32_t polished; /* of the iterations, Newton steps */
    bool converged;
    double correlation; /* of the last forward pass */
    double best;        /* largest correlation */
    double off;         /* ms, see pm_progress_report */
    double seconds;     /* wall time */
    uint64_t spikes;    /* of all layers but the input, over all forward passes */
    double *history;    /* correlation of each iteration */
    size_t n_history;
    char message[200]; /* why it failed; empty otherwise */
} pm_trial;
PM_API pm_status pm_trial_run(const pm_experiment *experiment, uint32_t number, const volatile int *stop,
                              void (*watch)(void *user), void *user, pm_trial *trial, pm_error *error);
PM_API void pm_trial_free(pm_trial *trial);

/* How far a training is: of all trials, or of the share of one rank. `iterations`: of this call so far. */
typedef struct pm_times_progress {
    uint32_t trials, done, converged;
    double iterations;
} pm_times_progress;

/* How to train all trials of an experiment; `folder` must be given, zeros are: all cores, one rank, no details. */
typedef struct pm_times_training {
    const char *folder; /* for the results, made if need be */
    const char *file;   /* where the experiment was read, for messages; results may not replace it; NULL: nowhere */
    bool resume;        /* trials whose files are there are not done again */
    int jobs;           /* trials at the same time; 0: as many as OpenMP would use; results do not depend on it */
    uint32_t keep;      /* details are written of so many trials, the first ones */
    const pm_exchange *exchange; /* NULL: one rank; otherwise the ranks divide the trials among them */
    const volatile int *stop;    /* ends the training with PM_STOPPED once it is other than 0; NULL: never */
    /* Called after iterations and trials, by one thread at a time; NULL: nobody asks. */
    void (*progress)(void *user, const pm_times_progress *progress);
    void *user;
    /* Called on a rank that fails while others may be busy for long; NULL: they are waited for. */
    void (*give_up)(const pm_error *error);
    size_t size; /* of this structure, bytes, as in pm_options */
} pm_times_training;

/* What came of the trials: those that were done, in order, come first. */
typedef struct pm_times_outcome {
    pm_trial *trials;
    uint32_t n_trials, n_done, n_converged;
    double iterations; /* of all trials that were done */
} pm_times_outcome;

PM_API void pm_times_outcome_free(pm_times_outcome *outcome); /* an empty one stays behind */

/* Trains all trials. The folder receives what docs/training.md lists; on several ranks the first one writes, and has
 * all trials. Errors: those of pm_trial_run and of folders of results; PM_STOPPED when a stop was requested, after what
 * is done so far was written; there is nothing to free then. */
PM_API pm_status pm_experiment_train(const pm_experiment *experiment, const pm_times_training *how,
                                     pm_times_outcome *outcome, pm_error *error);

/* The patterns of the trial. */
PM_API const pm_pattern *pm_trainer_patterns(const pm_trainer *trainer, size_t *count);
/* Runs a pattern with the present weights and hands out the spikes of a layer (0: input) as arrays of n; they live
 * until the next run or step; none of a layer that there is not. Slopes in mV/ms. */
PM_API pm_status pm_trainer_run(pm_trainer *trainer, size_t pattern, pm_error *error);
PM_API size_t pm_trainer_spikes(const pm_trainer *trainer, size_t layer, const double **time, const uint32_t **neuron,
                                const double **slope);
/* Goes back to the weights of the best correlation so far. */
PM_API void pm_trainer_restore_best(pm_trainer *trainer);
/* The weight from neuron `source` of layer - 1 to neuron `target` of layer (1 or more), pA; at most 1e15 in magnitude.
 * NAN, and nothing is set, where there is no such weight. */
PM_API double pm_trainer_weight(const pm_trainer *trainer, size_t layer, uint32_t source, uint32_t target);
PM_API void pm_trainer_set_weight(pm_trainer *trainer, size_t layer, uint32_t source, uint32_t target, double weight);
/* All n weights at once, in the order of pm_experiment_set_weights, pA. Errors: PM_INVALID for another number. */
PM_API pm_status pm_trainer_weights(const pm_trainer *trainer, double *weights, size_t n, pm_error *error);
/* What it is a trial of. */
PM_API const pm_experiment *pm_trainer_experiment(const pm_trainer *trainer);
/* All weights at once, as for pm_experiment_set_weights. Training begins anew there: nothing is left of what the
 * learning rule gathered, and the report is that of a new trainer. */
PM_API pm_status pm_trainer_set_weights(pm_trainer *trainer, const double *weights, size_t n, pm_error *error);

/* The weights as a file, which appears whole or not at all: as text, or in half the space and with a checksum. Both
 * keep every bit and say to which network they belong: the sizes of the layers and the parameters of the neurons.
 * Format: docs/formats.md. Errors: PM_INVALID, PM_FAILED where the file cannot be written. */
typedef enum pm_weights_format { PM_WEIGHTS_TEXT, PM_WEIGHTS_BINARY } pm_weights_format;
PM_API pm_status pm_trainer_save(const pm_trainer *trainer, const char *path, pm_weights_format format,
                                 pm_error *error);
/* pm_trainer_set_weights with what such a file holds, text or not. Errors: PM_INVALID for weights of another network,
 * and for a file that is cut short, damaged or something else; the trainer is then as it was. */
PM_API pm_status pm_trainer_load(pm_trainer *trainer, const char *path, pm_error *error);

#ifdef __cplusplus
}
#endif
#endif
