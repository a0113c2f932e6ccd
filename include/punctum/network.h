/* The description of a network: populations, projections between them, what to record. It holds rules and
 * parameters, no synapses: those are drawn when a simulation is made of it (simulation.h).
 *
 * The structures are open for reading. Build a network with the functions below, which check and copy what they
 * are given, or load one from a file (io.h). Populations are numbered from 0 in the order in which they were added. */
#ifndef PUNCTUM_NETWORK_H
#define PUNCTUM_NETWORK_H

#include <punctum/error.h>
#include <punctum/neuron.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum pm_population_kind {
    PM_LIF,           /* leaky integrate-and-fire neurons */
    PM_SPIKE_SOURCE,  /* neurons that fire at given instants */
    PM_POISSON_SOURCE /* neurons that fire as independent Poisson processes */
} pm_population_kind;

/* One given spike of a source population. */
typedef struct pm_event {
    double time;     /* ms, >= 0 */
    uint32_t neuron; /* < size of the population */
} pm_event;

typedef enum pm_distribution_kind {
    PM_CONSTANT,      /* value a */
    PM_NORMAL,        /* mean a, standard deviation b */
    PM_UNIFORM,       /* [a, b) */
    PM_UNIFORM_STEPS, /* a, a + step, ..., up to b, each as likely */
    PM_MATRIX,        /* of weights: values[target * n_sources + source] */
    PM_LOGNORMAL,     /* the logarithm is normal with mean a and standard deviation b */
    PM_EXPONENTIAL,   /* mean a */
    PM_VALUES         /* of a parameter: values[neuron] */
} pm_distribution_kind;

typedef struct pm_distribution {
    pm_distribution_kind kind;
    double a, b;
    double step;      /* of PM_UNIFORM_STEPS; of the others 0, or values are rounded to its nearest multiple */
    double *values;   /* PM_MATRIX: target_size x source_size, row-major; PM_VALUES: one for each neuron */
    bool bounded;     /* drawn again until the value is in [low, high]; not for constants and given values */
    double low, high; /* may be infinite */
} pm_distribution;

/* How the current of a receptor goes on after an arrival of weight w, or how a spike acts at once. */
typedef struct pm_receptor {
    const char *name;               /* letters, digits, '_', '-' and '.' */
    const struct pm_kernel *kernel; /* see pm_kernel_find */
    double parameters[4];           /* of the kernel, in its order */
    bool peak;                      /* the weight is the largest current, in pA */
} pm_receptor;

/* Something that every spike of a neuron changes by `jump`, and that decays exponentially. */
typedef struct pm_jump {
    double jump; /* mV (threshold) or pA (after-spike current) */
    double tau;  /* ms, > 0 */
} pm_jump;

/* Where the potential goes at a spike. */
typedef enum pm_reset_kind {
    PM_RESET_TO,       /* V_reset */
    PM_RESET_SUBTRACT, /* V - subtract */
    PM_RESET_FRACTION  /* V - E_L becomes fraction (V - E_L) + add */
} pm_reset_kind;

typedef struct pm_reset {
    pm_reset_kind kind;
    double subtract; /* mV, > 0 */
    double fraction; /* 0 to 1 */
    double add;      /* mV */
} pm_reset;

/* A value from an instant on, until the next one. */
typedef struct pm_step {
    double time;  /* ms */
    double value; /* pA, or spikes/s */
} pm_step;

/* How the rate of Poisson sources changes. */
typedef struct pm_rate_course {
    pm_step *steps; /* piecewise constant, spikes/s; 0 before the first; NULL: none */
    size_t n_steps;
    double amplitude; /* spikes/s: rate + amplitude sin(2 pi frequency t + phase), not below 0; 0: none */
    double frequency; /* Hz */
    double phase;     /* degrees */
} pm_rate_course;

typedef struct pm_population {
    char *name;
    uint32_t size;
    pm_population_kind kind;
    pm_neuron neuron; /* PM_LIF */
    double rate;      /* PM_POISSON_SOURCE: spikes/s of each neuron; the largest one where it changes */
    pm_rate_course course;
    pm_event *events; /* PM_SPIKE_SOURCE: sorted by (time, neuron) */
    size_t n_events;
    bool record_spikes;
    /* PM_LIF; zeros are the neuron with one receptor of tau_1 and tau_2, a fixed threshold and V(0) = E_L */
    pm_receptor *receptors;
    size_t n_receptors; /* 0: the one of tau_1 and tau_2 */
    pm_jump *threshold; /* mV */
    size_t n_threshold;
    pm_jump *after_spike; /* pA */
    size_t n_after_spike;
    pm_reset reset;
    pm_distribution *varied; /* how parameters differ from neuron to neuron: in the order of pm_neuron, then V_m at
                                t = 0 (PM_CONSTANT: they do not); NULL: none does */
} pm_population;

typedef enum pm_rule {
    PM_ALL_TO_ALL,         /* every source to every target */
    PM_ONE_TO_ONE,         /* neuron k to neuron k; sizes must be equal */
    PM_FIXED_INDEGREE,     /* each target draws `indegree` sources, uniformly */
    PM_PAIRWISE_BERNOULLI, /* each pair with probability `probability` */
    PM_SYNAPSE_LIST,       /* the synapses given */
    PM_FIXED_OUTDEGREE,    /* each source draws `outdegree` targets, uniformly */
    PM_FIXED_TOTAL_NUMBER  /* `total` pairs, each uniformly */
} pm_rule;

typedef struct pm_synapse {
    uint32_t source, target; /* numbers within their populations */
    double weight;           /* pA; impulses: mV; at most 1e15 in magnitude, as all weights */
    double delay;            /* ms, >= 0 */
} pm_synapse;

typedef struct pm_projection {
    uint32_t from, to; /* populations; `to` is of kind PM_LIF */
    pm_rule rule;
    uint32_t indegree;    /* PM_FIXED_INDEGREE */
    double probability;   /* PM_PAIRWISE_BERNOULLI */
    pm_synapse *synapses; /* PM_SYNAPSE_LIST: these carry weight and delay, the distributions are not used */
    size_t n_synapses;
    pm_distribution weight;                 /* pA; impulses: mV */
    pm_distribution delay;                  /* ms; PM_MATRIX is not allowed; no value may be below 0 */
    uint32_t receptor;                      /* of the target, in the order of its population */
    uint32_t outdegree;                     /* PM_FIXED_OUTDEGREE */
    uint64_t total;                         /* PM_FIXED_TOTAL_NUMBER */
    bool no_autapses;                       /* no synapse of a neuron onto itself */
    bool no_multapses;                      /* a source reaches a target once at most */
    size_t size;                            /* of this structure, bytes, as in pm_options */
    const struct pm_synapse_model *synapse; /* see pm_synapse_model_find; NULL: static */
    double synapse_parameters[8];           /* of the model, in its order */
} pm_projection;

/* A current that is injected into neurons. */
typedef enum pm_current_kind {
    PM_CURRENT_STEPS, /* piecewise constant, 0 before the first step */
    PM_CURRENT_SINE,  /* amplitude sin(2 pi frequency t + phase) in [from, to) */
    PM_CURRENT_NOISE  /* Gaussian, drawn for every neuron anew at every multiple of `interval` from `from` to `to` */
} pm_current_kind;

typedef struct pm_current {
    pm_current_kind kind;
    uint32_t population;
    uint32_t *neurons; /* NULL: all of them */
    size_t n_neurons;
    pm_step *steps; /* PM_CURRENT_STEPS: ascending in time, pA */
    size_t n_steps;
    double amplitude; /* PM_CURRENT_SINE: pA */
    double frequency; /* Hz, > 0 */
    double phase;     /* degrees */
    double mean, std; /* PM_CURRENT_NOISE: pA */
    double interval;  /* ms, > 0 */
    double from, to;  /* ms; to = 0: without end */
    size_t size;      /* of this structure, bytes, as in pm_options */
} pm_current;

/* What is sampled of neurons at multiples of an interval. */
typedef enum pm_quantity {
    PM_POTENTIAL, /* mV */
    PM_CURRENT,   /* pA: all currents but the leak, or that of one receptor */
    PM_THRESHOLD  /* mV */
} pm_quantity;

typedef struct pm_potential_record {
    uint32_t population;
    uint32_t *neurons;
    size_t n_neurons;
    double interval; /* ms, > 0; at least 2^-52 of the duration, or no simulation can be made */
    pm_quantity quantity;
    uint32_t receptor; /* PM_CURRENT: PM_EVERY_RECEPTOR or the number of one */
    size_t size;       /* of this structure, bytes, as in pm_options */
} pm_potential_record;

#define PM_EVERY_RECEPTOR UINT32_MAX

typedef struct pm_network {
    double duration; /* ms; a run covers [0, duration) */
    uint64_t seed;
    pm_population *populations;
    size_t n_populations;
    pm_projection *projections;
    size_t n_projections;
    pm_potential_record *potentials;
    size_t n_potentials;
    pm_current *currents;
    size_t n_currents;
    struct pm_table *names; /* the library's own: finds a population by its name */
} pm_network;

/* An empty network (duration 0, seed 1), or NULL when there is no memory. */
PM_API pm_network *pm_network_new(void);
PM_API void pm_network_free(pm_network *network); /* NULL is allowed */

/* Each adds a population and stores its number in *number (which may be NULL). Errors: PM_INVALID for an empty or
 * taken name, a size of 0, unusable parameters, a negative or not-a-number rate or time, an unknown neuron. Names
 * consist of letters, digits, '_', '-' and '.', and begin with a letter or '_' (they become parts of file names).
 * Spikes of LIF populations are recorded unless pm_network_record_spikes says otherwise. */
PM_API pm_status pm_network_add_lif(pm_network *network, const char *name, uint32_t size, const pm_neuron *neuron,
                                    uint32_t *number, pm_error *error);
PM_API pm_status pm_network_add_spike_source(pm_network *network, const char *name, uint32_t size,
                                             const pm_event *events, size_t n_events, uint32_t *number,
                                             pm_error *error);
PM_API pm_status pm_network_add_poisson_source(pm_network *network, const char *name, uint32_t size, double rate,
                                               uint32_t *number, pm_error *error);

/* Adds a projection; synapses and matrix values are copied. Errors: PM_INVALID for unknown populations or neurons, a
 * target that is not LIF, sizes that do not fit the rule, unusable distributions, negative or not finite delays,
 * parameters of synapses out of range. */
PM_API pm_status pm_network_connect(pm_network *network, const pm_projection *projection, pm_error *error);

/* The kernel of that name ("double_exponential", "exponential", "alpha", "impulse"), or NULL. */
PM_API const struct pm_kernel *pm_kernel_find(const char *name);

/* The model of synapses of that name ("static", "tsodyks"), or NULL. Its parameters are the fields of the kind of that
 * name in the category "synapse" (kind.h); pm_kind_preset fills in the defaults. */
PM_API const struct pm_synapse_model *pm_synapse_model_find(const char *name);

/* What a LIF population has beyond one receptor of tau_1 and tau_2, a fixed threshold and a reset to V_reset.
 * Everything given is copied and takes the place of what was there. To be called before projections to the population
 * are added. Errors: PM_INVALID for a population that is not LIF, equal or empty names, parameters out of range. */
PM_API pm_status pm_network_set_receptors(pm_network *network, uint32_t population, const pm_receptor *receptors,
                                          size_t n, pm_error *error);
PM_API pm_status pm_network_set_threshold(pm_network *network, uint32_t population, const pm_jump *jumps, size_t n,
                                          pm_error *error);
PM_API pm_status pm_network_set_after_spike(pm_network *network, uint32_t population, const pm_jump *jumps, size_t n,
                                            pm_error *error);
PM_API pm_status pm_network_set_reset(pm_network *network, uint32_t population, const pm_reset *reset, pm_error *error);
/* How a parameter of pm_neuron, or "V_m" (the potential at t = 0, mV), differs from neuron to neuron. PM_VALUES: one
 * value for each neuron of the population. */
PM_API pm_status pm_network_vary(pm_network *network, uint32_t population, const char *parameter,
                                 const pm_distribution *distribution, pm_error *error);
/* The number of the receptor of that name, or the number of receptors (at least 1). */
PM_API uint32_t pm_population_receptor(const pm_population *population, const char *name);
PM_API uint32_t pm_population_receptors(const pm_population *population);
/* Whether a parameter of that name differs from neuron to neuron. */
PM_API bool pm_population_varies(const pm_population *population, const char *parameter);
/* Whether there is anything of the above but V_m at t = 0 and the name of a receptor. */
PM_API bool pm_population_is_general(const pm_population *population);
/* Whether its neurons take the general course: because of that, or because currents are injected into them. */
PM_API bool pm_population_needs_general(const pm_network *network, uint32_t population);
/* The parameters of one neuron as they are drawn, and V_m at t = 0 (NULL if not wanted). Errors: PM_INVALID where they
 * are unusable; the message names the neuron. Deterministic: a function of seed, names and number. */
PM_API pm_status pm_network_neuron(const pm_network *network, uint32_t population, uint32_t number, pm_neuron *neuron,
                                   double *V_m, pm_error *error);

/* Poisson sources whose rate changes; population.rate is the largest rate. Errors: PM_INVALID for steps that do not
 * ascend in time, rates that are negative or not finite, amplitudes above the rate, frequencies that are not positive.
 */
PM_API pm_status pm_network_add_poisson_course(pm_network *network, const char *name, uint32_t size, double rate,
                                               const pm_rate_course *course, uint32_t *number, pm_error *error);

/* Adds a current, which is copied; several currents of a neuron add up. Errors: PM_INVALID for unknown populations or
 * neurons, steps that do not ascend, frequencies and intervals that are not positive, values that are not finite. */
PM_API pm_status pm_network_add_current(pm_network *network, const pm_current *current, pm_error *error);

/* Whether the spikes of a population are reported; LIF neurons' are unless told otherwise, sources' are not. Errors:
 * PM_INVALID for a population that there is not. */
PM_API pm_status pm_network_record_spikes(pm_network *network, uint32_t population, bool record, pm_error *error);
/* Samples of any quantity; `record` is copied. Errors: PM_INVALID for unknown neurons or receptors, what is recorded
 * twice, an interval that is not positive. */
PM_API pm_status pm_network_record(pm_network *network, const pm_potential_record *record, pm_error *error);
/* The same for potentials. */
PM_API pm_status pm_network_record_potential(pm_network *network, uint32_t population, const uint32_t *neurons,
                                             size_t n_neurons, double interval, pm_error *error);

/* The population of that name, or n_populations. */
PM_API size_t pm_network_find(const pm_network *network, const char *name);

#ifdef __cplusplus
}
#endif
#endif
