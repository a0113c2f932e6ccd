#include "learn/adjoint.h"

#include <punctum/punctum.h>

#include <check.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the loss: any smooth function of all spike times ------------------------------------------------------------------- */

enum { MAX_NEURONS = 32 };

/* The ordinal-th spike of a neuron has a weight of its own, so that neurons may change places in the order of spikes. */
static double coefficient(uint32_t neuron, size_t ordinal) {
    return sin(1.0 + 7.3 * neuron + 2.9 * (double)ordinal);
}
static double loss_of(uint32_t neuron, size_t ordinal, double time) {
    return coefficient(neuron, ordinal) * (time + sin(0.2 * time));
}
static double loss_slope(uint32_t neuron, size_t ordinal, double time) {
    return coefficient(neuron, ordinal) * (1.0 + 0.2 * cos(0.2 * time));
}

/* Sum over the spikes of neurons from `first` on; their numbers of spikes go to `count`. */
static double loss_of_raster(const pm_raster *spikes, uint32_t first, size_t *count) {
    double loss = 0.0;
    memset(count, 0, MAX_NEURONS * sizeof *count);
    for (size_t s = 0; s < spikes->n; s++) {
        uint32_t n = spikes->neuron[s];
        loss += n < first ? 0.0 : loss_of(n, count[n], spikes->time[s]);
        count[n]++;
    }
    return loss;
}

static double *loss_slopes(const pm_raster *spikes, uint32_t first) {
    size_t count[MAX_NEURONS] = {0};
    double *slopes = calloc(spikes->n + 1, sizeof *slopes);
    ck_assert_ptr_nonnull(slopes);
    for (size_t s = 0; s < spikes->n; s++) {
        uint32_t n = spikes->neuron[s];
        slopes[s] = n < first ? 0.0 : loss_slope(n, count[n], spikes->time[s]);
        count[n]++;
    }
    return slopes;
}

/* --- finite differences ------------------------------------------------------------------------------------------------- */

/* The loss with *parameter changed, NAN if other spikes are fired than without the change. */
typedef double loss_function(void *problem);

static double loss_with(loss_function *loss, void *problem, double *parameter, double value) {
    double kept = *parameter;
    *parameter = value;
    double result = loss(problem);
    *parameter = kept;
    return result;
}

/* Central differences of fourth order for a series of steps; the three successive ones that agree best decide, and their
 * spread estimates the error: truncation falls with the fourth power of the step, rounding grows with its inverse. */
static double difference(loss_function *loss, void *problem, double *parameter, double step, double *uncertain) {
    enum { STEPS = 8 };
    double x = *parameter, at[STEPS], best = NAN;
    *uncertain = INFINITY;
    for (int k = 0; k < STEPS; k++, step /= 3.0) {
        double near = loss_with(loss, problem, parameter, x + step) - loss_with(loss, problem, parameter, x - step);
        double far = loss_with(loss, problem, parameter, x + 2.0 * step) - loss_with(loss, problem, parameter, x - 2.0 * step);
        at[k] = (8.0 * near - far) / (12.0 * step);
        double spread = k < 2 ? NAN : fabs(at[k] - at[k - 1]) + fabs(at[k - 1] - at[k - 2]);
        if (spread < *uncertain) {
            *uncertain = spread;
            best = at[k - 1];
        }
    }
    return best;
}

/* Counts of comparisons made and of draws that finite differences cannot judge. */
typedef struct tally {
    size_t kept, skipped;
    double worst;
} tally;

static const double TOLERANCE = 1e-6; /* relative; finite differences are used where they are known to 1e-7 */

static void compare(tally *t, loss_function *loss, void *problem, double *parameter, double step, double gradient,
                    double scale, const char *what, size_t number) {
    double uncertain, expected = difference(loss, problem, parameter, step, &uncertain);
    double size = fmax(fabs(expected), 1e-3 * scale); /* a derivative far below the others drowns in their rounding */
    if (!(uncertain <= 0.1 * TOLERANCE * size)) {
        t->skipped++;
        return;
    }
    t->kept++;
    t->worst = fmax(t->worst, fabs(gradient - expected) / size);
    ck_assert_msg(fabs(gradient - expected) <= TOLERANCE * size, "%s %zu: %.12g, expected %.12g", what, number, gradient,
                  expected);
}

static double largest(const double *x, size_t n) {
    double most = 0.0;
    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs(x[k]));
    return most;
}

/* --- any network -------------------------------------------------------------------------------------------------------- */

enum { INPUTS = 6, FIRST = 5, SECOND = 4, NEURONS = INPUTS + FIRST + SECOND, INPUT_SPIKES = 40 };
enum { LOOPS = 1, SINGLE = 2, REFRACTORY = 4, EQUAL = 8, CURRENT = 16, NO_DELAY = 32, SHARED_DELAY = 64, NEARLY = 128 };

typedef struct problem {
    pm_network *net;
    size_t count[MAX_NEURONS]; /* spikes of each neuron, without changes */
    bool begun;
    pm_raster spikes;          /* of the last run, neurons numbered through */
} problem;

static pm_status record(const pm_spike *spike, void *user, pm_error *error) {
    static const uint32_t first[] = {0, INPUTS, INPUTS + FIRST};
    return pm_raster_append(user, spike->time, first[spike->population] + spike->neuron, spike->slope, error);
}

static double simulate(void *user) {
    problem *p = user;
    pm_error error = {0};
    pm_simulation *s = NULL;
    p->spikes.n = 0;
    ck_assert_msg(pm_simulation_new(p->net, &(pm_options){.threads = 1}, &s, &error) == PM_OK, "%s", error.message);
    pm_simulation_on_spike(s, record, &p->spikes);
    ck_assert_msg(pm_simulation_run(s, p->net->duration, &error) == PM_OK, "%s", error.message);
    pm_simulation_free(s);
    size_t count[MAX_NEURONS];
    double loss = loss_of_raster(&p->spikes, INPUTS, count);
    if (!p->begun)
        memcpy(p->count, count, sizeof count);
    p->begun = true;
    return memcmp(p->count, count, sizeof count) == 0 ? loss : NAN;
}

static void connect(pm_network *net, gsl_rng *rng, uint32_t from, uint32_t to, double mean, int flags) {
    enum { MOST = 64 };
    pm_synapse list[MOST];
    pm_projection p = {.from = from, .to = to, .rule = PM_SYNAPSE_LIST, .synapses = list};
    for (uint32_t i = 0; i < net->populations[from].size; i++)
        for (uint32_t j = 0; j < net->populations[to].size; j++)
            if (gsl_rng_uniform(rng) < 0.7)
                list[p.n_synapses++] = (pm_synapse){
                    i, j, mean * (1.0 + gsl_ran_gaussian(rng, 0.6)),
                    flags & NO_DELAY ? 0.0 : flags & SHARED_DELAY ? 0.5 * (double)(1 + i % 3) : 0.2 + 2.5 * gsl_rng_uniform(rng)};
    pm_error error = {0};
    ck_assert_msg(pm_network_connect(net, &p, &error) == PM_OK, "%s", error.message);
}

static problem draw_problem(unsigned long seed, int flags) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    gsl_rng_set(rng, seed);
    pm_error error = {0};
    pm_network *net = pm_network_new();
    net->duration = 70.0;
    pm_event events[INPUT_SPIKES];
    for (int k = 0; k < INPUT_SPIKES; k++)
        events[k] = (pm_event){1.0 + 60.0 * gsl_rng_uniform(rng), (uint32_t)gsl_rng_uniform_int(rng, INPUTS)};
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = flags & REFRACTORY ? 2.0 : 0.0;
    neuron.I_e = flags & CURRENT ? 400.0 : 0.0;
    neuron.tau_1 = flags & EQUAL ? 10.0 : flags & NEARLY ? 10.0 * (1.0 + 1e-7) : 5.0;
    neuron.tau_2 = flags & SINGLE ? 0.0 : 1.25;
    double w = (flags & SINGLE ? 1700.0 : 2600.0) * (flags & EQUAL ? 0.6 : 1.0);
    ck_assert_int_eq(pm_network_add_spike_source(net, "in", INPUTS, events, INPUT_SPIKES, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_add_lif(net, "a", FIRST, &neuron, NULL, &error), PM_OK);
    neuron.V_th = 12.0; /* another class */
    neuron.C_m = flags & EQUAL ? 300.0 : 260.0;
    neuron.V_reset = -74.0;
    ck_assert_int_eq(pm_network_add_lif(net, "b", SECOND, &neuron, NULL, &error), PM_OK);
    ck_assert_int_eq(pm_network_record_spikes(net, 0, true, &error), PM_OK);
    connect(net, rng, 0, 1, w, flags);
    connect(net, rng, 1, 2, w, flags);
    if (flags & LOOPS) {
        connect(net, rng, 2, 1, -0.5 * w, flags);
        connect(net, rng, 1, 1, 0.2 * w, flags);
    }
    gsl_rng_free(rng);
    return (problem){.net = net};
}

/* The synapses of all projections, one after the other. */
static pm_synapses synapses_of(const pm_network *net) {
    static const uint32_t first[] = {0, INPUTS, INPUTS + FIRST};
    enum { MOST = 256 };
    pm_synapse list[MOST];
    pm_lif classes[2] = {pm_lif_new(&net->populations[1].neuron), pm_lif_new(&net->populations[2].neuron)};
    uint32_t class[NEURONS];
    for (uint32_t n = 0; n < NEURONS; n++)
        class[n] = n < INPUTS ? PM_IS_SOURCE : n < INPUTS + FIRST ? 0 : 1;
    size_t count = 0;
    for (size_t p = 0; p < net->n_projections; p++)
        for (size_t k = 0; k < net->projections[p].n_synapses; k++) {
            list[count] = net->projections[p].synapses[k];
            list[count].source += first[net->projections[p].from];
            list[count++].target += first[net->projections[p].to];
        }
    pm_synapses synapses;
    pm_error error = {0};
    ck_assert_msg(pm_synapses_new(&synapses, classes, 2, class, NEURONS, list, count, &error) == PM_OK, "%s", error.message);
    return synapses;
}

static void compare_synapses(tally *t, problem *p, const double *weight, const double *delay, size_t n, bool delays) {
    double weight_scale = largest(weight, n), delay_scale = largest(delay, n);
    size_t number = 0;
    for (size_t q = 0; q < p->net->n_projections; q++)
        for (size_t k = 0; k < p->net->projections[q].n_synapses; k++, number++) {
            pm_synapse *synapse = &p->net->projections[q].synapses[k];
            if (number % 3 != 0) /* a third of them is enough */
                continue;
            compare(t, simulate, p, &synapse->weight, 1.0, weight[number], weight_scale, "weight", number);
            if (delays)
                compare(t, simulate, p, &synapse->delay, 1e-3, delay[number], delay_scale, "delay", number);
        }
}

static void compare_inputs(tally *t, problem *p, const double *time) {
    double *expected = malloc(p->spikes.n * sizeof *expected); /* the run's own arrays are overwritten below */
    size_t n = 0;
    for (size_t s = 0; s < p->spikes.n; s++)
        if (p->spikes.neuron[s] < INPUTS)
            expected[n++] = time[s];
    ck_assert_uint_eq(n, INPUT_SPIKES);
    for (size_t k = 0; k < n; k += 4)
        compare(t, simulate, p, &p->net->populations[0].events[k].time, 1e-3, expected[k], largest(expected, n), "input", k);
    free(expected);
}

static const int KINDS[] = {0, SINGLE, REFRACTORY, REFRACTORY | SINGLE | CURRENT, LOOPS, LOOPS | REFRACTORY | CURRENT,
                            LOOPS | REFRACTORY | SHARED_DELAY, LOOPS | SINGLE | REFRACTORY, EQUAL | REFRACTORY | LOOPS,
                            EQUAL | SINGLE, NEARLY | LOOPS, NO_DELAY, NO_DELAY | SINGLE | REFRACTORY,
                            NO_DELAY | CURRENT | EQUAL};
enum { N_KINDS = sizeof KINDS / sizeof *KINDS };

/* Derivatives with respect to weights, delays, thresholds and input times equal central differences of the exact simulation. */
START_TEST(any_network) {
    int flags = KINDS[_i];
    tally t = {0};
    size_t spikes = 0;
    pm_adjoint adjoint = {0};
    pm_error error = {0};
    for (unsigned long seed = 1; seed <= 6; seed++) {
        problem p = draw_problem(100 * seed + (unsigned long)_i, flags);
        ck_assert(!isnan(simulate(&p)));
        spikes += p.spikes.n - INPUT_SPIKES;
        pm_synapses synapses = synapses_of(p.net);
        double *dl_dt = loss_slopes(&p.spikes, INPUTS);
        double *weight = calloc(synapses.n_synapses, sizeof *weight), *delay = calloc(synapses.n_synapses, sizeof *delay);
        double threshold[NEURONS] = {0}, of_population[2] = {0};
        pm_adjoint_gradient gradient = {weight, delay, threshold};
        ck_assert_msg(pm_adjoint_run(&adjoint, &synapses, &p.spikes, dl_dt, &gradient, &error) == PM_OK, "%s", error.message);
        for (uint32_t n = INPUTS; n < NEURONS; n++)
            of_population[n >= INPUTS + FIRST] += threshold[n];
        compare_inputs(&t, &p, adjoint.time);
        compare_synapses(&t, &p, weight, delay, synapses.n_synapses, !(flags & NO_DELAY));
        for (size_t k = 0; k < 2; k++)
            compare(&t, simulate, &p, &p.net->populations[k + 1].neuron.V_th, 1e-3, of_population[k], 0.0, "threshold", k);
        free(dl_dt);
        free(weight);
        free(delay);
        pm_synapses_free(&synapses);
        pm_raster_free(&p.spikes);
        pm_network_free(p.net);
    }
    pm_adjoint_free(&adjoint);
    if (getenv("PM_SHOW"))
        printf("kind %d: %zu spikes, kept %zu skipped %zu worst %g\n", _i, spikes, t.kept, t.skipped, t.worst);
    ck_assert_uint_gt(spikes, 100);
    ck_assert_uint_gt(t.kept, 9 * t.skipped);
}
END_TEST

Suite *pm_suite_adjoint(void);
Suite *pm_suite_adjoint(void) {
    Suite *suite = suite_create("adjoint");
    TCase *networks = tcase_create("networks");
    tcase_add_loop_test(networks, any_network, 0, N_KINDS);
    suite_add_tcase(suite, networks);
    return suite;
}
