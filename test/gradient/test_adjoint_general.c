#include "gradient/adjoint.h"
#include "gradient/adjoint_general.h"
#include "model/kernel.h"
#include "support/difference.h"

#include <punctum/punctum.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

/* Inputs drive population a, which drives itself and b; b answers a over the second receptor. */
enum { INPUTS = 6, FIRST = 4, SECOND = 3, NEURONS = INPUTS + FIRST + SECOND, INPUT_SPIKES = 40 };
static const uint32_t FIRST_NEURON[] = {0, INPUTS, INPUTS + FIRST};

typedef struct trait {
    const char *name;
    pm_receptor receptors[3];
    size_t n_receptors;
    pm_jump threshold[2];
    size_t n_threshold;
    pm_jump after_spike[2];
    size_t n_after_spike;
    pm_reset reset;
    double t_ref, V_th, I_e; /* ms, mV, pA */
    double weight;           /* pA, mV */
    bool varied, injected, no_delay, released;
} trait;

#define DOUBLE(name, tau_1, tau_2)                                                                                     \
    { name, &pm_kernel_double_exponential, {tau_1, tau_2}, false }
#define PEAK(name, tau_1, tau_2)                                                                                       \
    { name, &pm_kernel_double_exponential, {tau_1, tau_2}, true }
#define SINGLE(name, tau)                                                                                              \
    { name, &pm_kernel_exponential, {tau}, false }
#define ALPHA(name, tau)                                                                                               \
    { name, &pm_kernel_alpha, {tau}, false }
#define IMPULSE(name)                                                                                                  \
    { name, &pm_kernel_impulse, {0.0}, false }

static const trait TRAITS[] = {
    {.name = "receptors, thresholds, after-spike currents",
     .receptors = {DOUBLE("a", 5.0, 1.25), SINGLE("b", 8.0)},
     .n_receptors = 2,
     .threshold = {{6.0, 20.0}, {2.0, 90.0}},
     .n_threshold = 2,
     .after_spike = {{-150.0, 30.0}},
     .n_after_spike = 1,
     .t_ref = 2.0,
     .weight = 1500.0},
    {.name = "alpha and peak, fraction",
     .receptors = {ALPHA("a", 3.0), PEAK("b", 9.0, 2.0)},
     .n_receptors = 2,
     .after_spike = {{-200.0, 12.0}, {60.0, 70.0}},
     .n_after_spike = 2,
     .reset = {.kind = PM_RESET_FRACTION, .fraction = 0.4, .add = -3.0},
     .t_ref = 1.5,
     .weight = 700.0},
    {.name = "subtraction without refractoriness",
     .receptors = {SINGLE("a", 4.0), DOUBLE("b", 6.0, 2.0), ALPHA("c", 7.0)},
     .n_receptors = 3,
     .threshold = {{4.0, 15.0}},
     .n_threshold = 1,
     .after_spike = {{-100.0, 25.0}},
     .n_after_spike = 1,
     .reset = {.kind = PM_RESET_SUBTRACT, .subtract = 22.0},
     .weight = 900.0},
    {.name = "injected currents, neurons that differ",
     .receptors = {DOUBLE("a", 5.0, 1.25), SINGLE("b", 8.0)},
     .n_receptors = 2,
     .threshold = {{5.0, 30.0}},
     .n_threshold = 1,
     .t_ref = 2.0,
     .weight = 1200.0,
     .varied = true,
     .injected = true},
    {.name = "tau_1 and tau_2 of each neuron",
     .threshold = {{5.0, 30.0}},
     .n_threshold = 1,
     .t_ref = 1.0,
     .weight = 1800.0,
     .varied = true},
    {.name = "equal and nearly equal rates",
     .receptors = {ALPHA("a", 10.0), DOUBLE("b", 10.0 * (1.0 + 1e-7), 10.0), SINGLE("c", 10.0)},
     .n_receptors = 3,
     .after_spike = {{-150.0, 10.0}},
     .n_after_spike = 1,
     .t_ref = 2.0,
     .weight = 350.0},
    {.name = "impulses",
     .receptors = {IMPULSE("a"), SINGLE("b", 5.0)},
     .n_receptors = 2,
     .threshold = {{3.0, 20.0}},
     .n_threshold = 1,
     .t_ref = 2.0,
     .V_th = -57.0,
     .I_e = 420.0,
     .weight = 5.0},
    {.name = "impulses, subtraction",
     .receptors = {IMPULSE("a"), SINGLE("b", 5.0)},
     .n_receptors = 2,
     .after_spike = {{-60.0, 20.0}},
     .n_after_spike = 1,
     .reset = {.kind = PM_RESET_SUBTRACT, .subtract = 16.0},
     .V_th = -58.0,
     .I_e = 390.0,
     .weight = 5.0},
    {.name = "without delays",
     .receptors = {DOUBLE("a", 5.0, 1.25), SINGLE("b", 8.0)},
     .n_receptors = 2,
     .threshold = {{6.0, 20.0}},
     .n_threshold = 1,
     .t_ref = 2.0,
     .weight = 1500.0,
     .no_delay = true},
    {.name = "impulses without delays",
     .receptors = {IMPULSE("a"), SINGLE("b", 5.0)},
     .n_receptors = 2,
     .t_ref = 2.0,
     .V_th = -57.0,
     .I_e = 400.0,
     .weight = 6.0,
     .no_delay = true},
    {.name = "spikes at the end of refractoriness",
     .receptors = {DOUBLE("a", 5.0, 1.25), SINGLE("b", 8.0)},
     .n_receptors = 2,
     .threshold = {{-9.0, 60.0}, {12.0, 3.0}},
     .n_threshold = 2,
     .reset = {.kind = PM_RESET_SUBTRACT, .subtract = 5.0},
     .t_ref = 3.0,
     .weight = 1500.0,
     .released = true},
};
enum { N_TRAITS = sizeof TRAITS / sizeof *TRAITS };

/* --- a network, and a direction in which its parameters go -------------------------------------------------------- */

enum { MOST_MOVED = 400 };

typedef struct problem {
    pm_network *net;
    pm_spike *spikes;
    pm_raster raster;
    size_t count[MAX_NEURONS];
    bool begun;
    double *moved[MOST_MOVED], start[MOST_MOVED], direction[MOST_MOVED];
    size_t n_moved;
    double shift;
} problem;

static double direction_of(size_t number, size_t salt) { return sin(1.0 + 3.7 * (double)number + 11.1 * (double)salt); }

static void move(problem *p, double *parameter, double direction) {
    ck_assert_uint_lt(p->n_moved, MOST_MOVED);
    p->moved[p->n_moved] = parameter;
    p->start[p->n_moved] = *parameter;
    p->direction[p->n_moved++] = direction;
}

static pm_status record(const pm_spike *spike, void *user, pm_error *error) {
    return pm_raster_append(user, spike->time, FIRST_NEURON[spike->population] + spike->neuron, spike->slope, error);
}

static double simulate(void *user) {
    problem *p = user;
    pm_error error = {0};
    pm_simulation *s = NULL;
    p->raster.n = 0;
    for (size_t k = 0; k < p->n_moved; k++)
        *p->moved[k] = p->start[k] + p->shift * p->direction[k];
    ck_assert_msg(pm_simulation_new(p->net, &(pm_options){.threads = 1}, &s, &error) == PM_OK, "%s", error.message);
    pm_simulation_on_spike(s, record, &p->raster);
    ck_assert_msg(pm_simulation_run(s, p->net->duration, &error) == PM_OK, "%s", error.message);
    pm_simulation_free(s);
    size_t count[MAX_NEURONS];
    double loss = loss_of_raster(&p->raster, INPUTS, count);
    if (!p->begun)
        memcpy(p->count, count, sizeof count);
    p->begun = true;
    return memcmp(p->count, count, sizeof count) == 0 ? loss : NAN;
}

static void good(pm_status status, const pm_error *error) { ck_assert_msg(status == PM_OK, "%s", error->message); }

/* The number of a synapse, whatever the order in which they come. */
static size_t number_of(uint32_t source, uint32_t target, uint32_t receptor) {
    return (source * NEURONS + target) * 3 + receptor;
}

static void connect(problem *p, gsl_rng *rng, uint32_t from, uint32_t to, uint32_t receptor, double mean,
                    const trait *t) {
    pm_synapse list[64];
    pm_projection projection = {
        .from = from, .to = to, .receptor = receptor, .rule = PM_SYNAPSE_LIST, .synapses = list};
    for (uint32_t i = 0; i < p->net->populations[from].size; i++)
        for (uint32_t j = 0; j < p->net->populations[to].size; j++)
            if (gsl_rng_uniform(rng) < 0.7)
                list[projection.n_synapses++] = (pm_synapse){i, j, mean * (1.0 + gsl_ran_gaussian(rng, 0.4)),
                                                             t->no_delay ? 0.0 : 0.2 + 2.5 * gsl_rng_uniform(rng)};
    pm_error error = {0};
    good(pm_network_connect(p->net, &projection, &error), &error);
}

static void vary(problem *p, gsl_rng *rng, uint32_t population) {
    static const struct {
        const char *name;
        double mean, width;
    } fields[] = {{"C_m", 290.0, 30.0},    {"g_L", 30.0, 5.0},  {"E_L", -70.0, 2.0},   {"V_th", -50.0, 2.0},
                  {"V_reset", -68.0, 2.0}, {"t_ref", 1.6, 0.4}, {"I_e", 150.0, 100.0}, {"tau_1", 5.5, 1.0},
                  {"tau_2", 1.5, 0.5},     {"V_m", -66.0, 4.0}};
    pm_error error = {0};
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) {
        double values[FIRST];
        for (size_t n = 0; n < FIRST; n++)
            values[n] = fields[k].mean + fields[k].width * (gsl_rng_uniform(rng) - 0.5);
        pm_distribution d = {.kind = PM_VALUES, .values = values};
        good(pm_network_vary(p->net, population, fields[k].name, &d, &error), &error);
    }
}

static void inject(problem *p) {
    pm_error error = {0};
    pm_step steps[] = {{10.0, 120.0}, {31.5, -80.0}, {50.0, 0.0}};
    uint32_t some[] = {0, 2};
    const pm_current currents[] = {
        {.kind = PM_CURRENT_STEPS, .population = 1, .steps = steps, .n_steps = 3, .neurons = some, .n_neurons = 2},
        {.kind = PM_CURRENT_SINE, .population = 1, .amplitude = 150.0, .frequency = 60.0, .phase = 40.0, .from = 3.0},
        {.kind = PM_CURRENT_SINE, .population = 2, .amplitude = 90.0, .frequency = 8.0, .from = 20.0, .to = 55.0},
        {.kind = PM_CURRENT_NOISE, .population = 2, .mean = 20.0, .std = 60.0, .interval = 2.5}};
    for (size_t k = 0; k < sizeof currents / sizeof *currents; k++)
        good(pm_network_add_current(p->net, &currents[k], &error), &error);
}

static problem draw_problem(unsigned long seed, const trait *t) {
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    gsl_rng_set(rng, seed);
    pm_error error = {0};
    problem p = {.net = pm_network_new()};
    p.net->duration = 70.0;
    pm_event events[INPUT_SPIKES];
    for (int k = 0; k < INPUT_SPIKES; k++)
        events[k] = (pm_event){1.0 + 60.0 * gsl_rng_uniform(rng), (uint32_t)gsl_rng_uniform_int(rng, INPUTS)};
    pm_neuron neuron = pm_neuron_default();
    neuron.t_ref = t->t_ref;
    neuron.V_th = t->V_th != 0.0 ? t->V_th : -50.0;
    neuron.I_e = t->I_e;
    good(pm_network_add_spike_source(p.net, "in", INPUTS, events, INPUT_SPIKES, NULL, &error), &error);
    good(pm_network_add_lif(p.net, "a", FIRST, &neuron, NULL, &error), &error);
    neuron.C_m = 260.0;
    good(pm_network_add_lif(p.net, "b", SECOND, &neuron, NULL, &error), &error);
    good(pm_network_record_spikes(p.net, 0, true, &error), &error);
    for (uint32_t q = 1; q <= 2; q++) {
        good(pm_network_set_receptors(p.net, q, t->receptors, t->n_receptors, &error), &error);
        good(pm_network_set_threshold(p.net, q, t->threshold, t->n_threshold, &error), &error);
        good(pm_network_set_after_spike(p.net, q, t->after_spike, t->n_after_spike, &error), &error);
        good(pm_network_set_reset(p.net, q, &t->reset, &error), &error);
        if (t->varied)
            vary(&p, rng, q);
    }
    if (t->injected)
        inject(&p);
    const uint32_t most = pm_population_receptors(&p.net->populations[1]) - 1;
    const double second = t->receptors[0].kernel == &pm_kernel_impulse ? 60.0 * t->weight : t->weight;
    connect(&p, rng, 0, 1, 0, t->weight, t);
    connect(&p, rng, 0, 1, most, 0.3 * second, t);
    connect(&p, rng, 1, 2, 0, 1.2 * t->weight, t);
    if (!t->no_delay) {
        connect(&p, rng, 2, 1, most > 0 ? 1 : 0, -0.3 * second, t);
        connect(&p, rng, 1, 1, most, 0.1 * second, t);
    }
    gsl_rng_free(rng);
    return p;
}

/* --- gradients ---------------------------------------------------------------------------------------------------- */

typedef struct gradient {
    pm_wiring *wiring;
    double *weight, *delay, neuron[NEURONS][PM_VARIED], receptors[3][3][4];
    pm_jump threshold[3][2], after_spike[3][2];
    pm_reset reset[3];
    double input[INPUT_SPIKES];
    size_t causes[4];
} gradient;

static gradient sweep(problem *p) {
    gradient g = {0};
    pm_error error = {0};
    pm_tape tape;
    pm_adjoint_general adjoint = {0};
    pm_shared_slopes shared[3] = {{0}};
    for (size_t q = 1; q <= 2; q++)
        shared[q] = (pm_shared_slopes){g.receptors[q], g.threshold[q], g.after_spike[q], &g.reset[q]};
    good(pm_wiring_new(p->net, &g.wiring, &error), &error);
    g.weight = calloc(g.wiring->n_synapses, sizeof *g.weight);
    g.delay = calloc(g.wiring->n_synapses, sizeof *g.delay);
    const pm_general_gradient wanted = {g.weight, g.delay, g.neuron, shared};
    double *dl_dt = loss_slopes(&p->raster, INPUTS);
    good(pm_tape_new(&tape, p->net, g.wiring, true, &error), &error);
    good(pm_tape_record(&tape, &p->raster, &error), &error);
    good(pm_adjoint_general_run(&adjoint, &tape, dl_dt, &wanted, &error), &error);
    size_t n = 0;
    for (size_t s = 0; s < p->raster.n; s++) {
        if (p->raster.neuron[s] < INPUTS)
            g.input[n++] = adjoint.time[s];
        g.causes[tape.spikes[s].cause]++;
    }
    ck_assert_uint_eq(n, INPUT_SPIKES);
    pm_adjoint_general_free(&adjoint);
    pm_tape_free(&tape);
    free(dl_dt);
    return g;
}

static void free_gradient(gradient *g) {
    pm_wiring_free(g->wiring);
    free(g->weight);
    free(g->delay);
}

/* Compares the derivative along the direction that has been set up, and forgets that. */
static void judge(tally *t, problem *p, const char *what, size_t number, double step, double expected, double scale) {
    if (p->n_moved > 0)
        compare(t, simulate, p, &p->shift, step, expected, scale, what, number);
    p->shift = 0.0;
    (void)simulate(p); /* parameters as they were */
    p->n_moved = 0;
}

static void judge_synapses(tally *t, problem *p, const gradient *g, bool delays, size_t salt) {
    const pm_wiring *w = g->wiring;
    double sum = 0.0, size = 0.0;
    for (uint32_t source = 0; source < w->n_neurons; source++)
        for (uint64_t f = w->first_group[source]; f < w->first_group[source + 1]; f++)
            for (uint64_t k = pm_group_begin(w, f); k < pm_group_begin(w, f + 1); k++) {
                const size_t number = number_of(source, w->targets[k], pm_group_receptor(w, f));
                const double part = direction_of(number, salt) * (delays ? g->delay[k] : g->weight[k] * w->weights[k]);
                sum += part;
                size += fabs(part);
            }
    for (size_t q = 0; q < p->net->n_projections; q++) {
        pm_projection *projection = &p->net->projections[q];
        for (size_t k = 0; k < projection->n_synapses; k++) {
            pm_synapse *s = &projection->synapses[k];
            const uint32_t target = w->first_cell[projection->to] + s->target;
            const size_t number = number_of(FIRST_NEURON[projection->from] + s->source, target, projection->receptor);
            move(p, delays ? &s->delay : &s->weight, direction_of(number, salt) * (delays ? 1.0 : s->weight));
        }
    }
    judge(t, p, delays ? "delays" : "weights", salt, 1e-3, sum, size);
}

static void judge_inputs(tally *t, problem *p, const gradient *g) {
    double sum = 0.0;
    for (size_t k = 0; k < INPUT_SPIKES; k++) {
        move(p, &p->net->populations[0].events[k].time, direction_of(k, 5));
        sum += direction_of(k, 5) * g->input[k];
    }
    judge(t, p, "inputs", 0, 1e-3, sum, 0.0);
}

/* A parameter of pm_neuron, or V_m. */
static void judge_neurons(tally *t, problem *p, const gradient *g, size_t field) {
    double sum = 0.0, scale = 0.0;
    for (uint32_t q = 1; q <= 2; q++) {
        pm_population *population = &p->net->populations[q];
        double *shared = (double *)&population->neuron + field;
        for (uint32_t n = 0; n < population->size; n++) {
            const double direction = direction_of(population->varied ? n : 0, q + field);
            double slope = g->neuron[FIRST_NEURON[q] + n][field];
            if (!population->varied && field == 2) /* V_m is E_L */
                slope += g->neuron[FIRST_NEURON[q] + n][PM_VARIED - 1];
            sum += direction * slope;
            scale = fmax(scale, fabs(slope));
            if (population->varied)
                move(p, &population->varied[field].values[n], direction);
        }
        if (!population->varied && field < PM_NEURON_FIELDS && (population->n_receptors == 0 || field < 7))
            move(p, shared, direction_of(0, q + field));
    }
    judge(t, p, "neurons", field, 1e-3, sum, scale);
}

static void judge_shared(tally *t, problem *p, const gradient *g, uint32_t q) {
    pm_population *population = &p->net->populations[q];
    for (size_t k = 0; k < population->n_receptors; k++)
        for (size_t j = 0; j < population->receptors[k].kernel->kind.n_fields; j++) {
            if (population->receptors[k].parameters[j] == 10.0 * (1.0 + 1e-7))
                continue; /* leaves no room for steps above the other one */
            move(p, &population->receptors[k].parameters[j], 1.0);
            judge(t, p, "receptor", 10 * k + j, 1e-3, g->receptors[q][k][j], 0.0);
        }
    for (size_t k = 0; k < population->n_threshold; k++) {
        move(p, &population->threshold[k].jump, 1.0);
        judge(t, p, "threshold's jump", k, 1e-3, g->threshold[q][k].jump, 0.0);
        move(p, &population->threshold[k].tau, 1.0);
        judge(t, p, "threshold's tau", k, 1e-3, g->threshold[q][k].tau, 0.0);
    }
    for (size_t k = 0; k < population->n_after_spike; k++) {
        move(p, &population->after_spike[k].jump, 10.0);
        judge(t, p, "after-spike current's jump", k, 1e-3, 10.0 * g->after_spike[q][k].jump, 0.0);
        move(p, &population->after_spike[k].tau, 1.0);
        judge(t, p, "after-spike current's tau", k, 1e-3, g->after_spike[q][k].tau, 0.0);
    }
    if (population->reset.kind == PM_RESET_SUBTRACT)
        move(p, &population->reset.subtract, 1.0);
    judge(t, p, "subtract", 0, 1e-3, g->reset[q].subtract, 0.0);
    if (population->reset.kind == PM_RESET_FRACTION)
        move(p, &population->reset.add, 1.0);
    judge(t, p, "add", 0, 1e-3, g->reset[q].add, 0.0);
    if (population->reset.kind == PM_RESET_FRACTION)
        move(p, &population->reset.fraction, 0.1);
    judge(t, p, "fraction", 0, 1e-3, 0.1 * g->reset[q].fraction, 0.0);
}

/* Derivatives with respect to all parameters equal central differences of the exact simulation, with resets, delays and
 * recurrence: along random directions in weights, delays, input times and the parameters of the neurons. */
START_TEST(differences) {
    const trait *kind = &TRAITS[_i];
    tally t = {0};
    size_t spikes = 0, causes[4] = {0};
    for (unsigned long seed = 1; seed <= 1; seed++) {
        problem p = draw_problem(10 * seed + (unsigned long)_i, kind);
        ck_assert(!isnan(simulate(&p)));
        gradient g = sweep(&p);
        spikes += p.raster.n - INPUT_SPIKES;
        for (size_t k = 0; k < 4; k++)
            causes[k] += g.causes[k];
        judge_synapses(&t, &p, &g, false, 1);
        judge_synapses(&t, &p, &g, false, 2);
        if (!kind->no_delay)
            judge_synapses(&t, &p, &g, true, 3);
        judge_inputs(&t, &p, &g);
        for (size_t field = 0; field < PM_VARIED; field++)
            judge_neurons(&t, &p, &g, field);
        judge_shared(&t, &p, &g, 1);
        judge_shared(&t, &p, &g, 2);
        free_gradient(&g);
        pm_raster_free(&p.raster);
        pm_network_free(p.net);
    }
    ck_assert_uint_gt(spikes, 20);
    ck_assert_uint_gt(t.kept, 5 * t.skipped);
}
END_TEST

/* --- limits ------------------------------------------------------------------------------------------------------- */

/* One input and one neuron with two receptors, whose second spike comes 5 ms after the first. */
static pm_status sweep_two(double input, double first, double second, uint32_t neuron, double floor, double *weight,
                           pm_error *error) {
    double times[] = {input, first, second}, slopes[3] = {0.0}, dl_dt[] = {0.0, 1.0, 1.0};
    uint32_t neurons[] = {0, neuron, 1};
    const pm_raster spikes = {times, slopes, neurons, 3, 3};
    pm_network *net = pm_network_new();
    pm_neuron cell = pm_neuron_default();
    pm_synapse synapse = {0, 0, 5000.0, 1.0};
    const pm_projection projection = {
        .from = 0, .to = 1, .rule = PM_SYNAPSE_LIST, .synapses = &synapse, .n_synapses = 1};
    pm_wiring *wiring = NULL;
    pm_tape tape = {0};
    pm_adjoint_general adjoint = {.slope_floor = floor};
    pm_event event = {0.0, 0};
    cell.t_ref = 4.0;
    good(pm_network_add_spike_source(net, "in", 1, &event, 1, NULL, error), error);
    good(pm_network_add_lif(net, "a", 1, &cell, NULL, error), error);
    good(pm_network_set_receptors(net, 1, TRAITS[0].receptors, 2, error), error);
    good(pm_network_connect(net, &projection, error), error);
    good(pm_wiring_new(net, &wiring, error), error);
    good(pm_tape_new(&tape, net, wiring, false, error), error);
    pm_status status = pm_tape_record(&tape, &spikes, error);
    if (!status)
        status = pm_adjoint_general_run(&adjoint, &tape, dl_dt, &(pm_general_gradient){.weight = weight}, error);
    pm_adjoint_general_free(&adjoint);
    pm_tape_free(&tape);
    pm_wiring_free(wiring);
    pm_network_free(net);
    return status;
}

/* Spikes that make no sense are refused with a message; one that does not rise to its threshold has no gradient unless
 * there is a floor of the slope. */
START_TEST(bad_spikes) {
    double weight = 0.0;
    pm_error error = {0};
    ck_assert_int_eq(sweep_two(1.0, 4.0, 9.0, 1, 0.0, &weight, &error), PM_OK);
    ck_assert_int_eq(sweep_two(1.0, 4.0, 7.0, 1, 0.0, &weight, &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "refractoriness"));
    ck_assert_int_eq(sweep_two(5.0, 4.0, 9.0, 1, 0.0, &weight, &error), PM_INVALID);
    ck_assert_int_eq(sweep_two(-1.0, 4.0, 9.0, 1, 0.0, &weight, &error), PM_INVALID);
    ck_assert_int_eq(sweep_two(1.0, NAN, 9.0, 1, 0.0, &weight, &error), PM_INVALID);
    ck_assert_int_eq(sweep_two(1.0, 4.0, 9.0, 2, 0.0, &weight, &error), PM_INVALID);
    ck_assert_int_eq(sweep_two(1.0, 4.0, 90.0, 1, 0.0, &weight, &error), PM_FAILED); /* V falls by then */
    ck_assert_ptr_nonnull(strstr(error.message, "neuron 1 at 90 ms"));
    ck_assert_int_eq(sweep_two(1.0, 4.0, 90.0, 1, 0.5, &weight, &error), PM_OK);
}
END_TEST

/* What knows one receptor only refuses everything else, and says what. */
START_TEST(plain_networks_only) {
    const char *const beyond[] = {"several receptors", "several receptors", "several receptors",
                                  "several receptors", "moving threshold",  "several receptors"};
    for (size_t k = 0; k < sizeof beyond / sizeof *beyond; k++) {
        problem p = draw_problem(1, &TRAITS[k]);
        pm_synapses synapses;
        pm_wiring *wiring = NULL;
        pm_error error = {0};
        good(pm_wiring_new(p.net, &wiring, &error), &error);
        ck_assert_int_eq(pm_synapses_of_wiring(&synapses, p.net, wiring, &error), PM_INVALID);
        ck_assert_ptr_nonnull(strstr(error.message, beyond[k]));
        pm_wiring_free(wiring);
        pm_network_free(p.net);
    }
    problem p = draw_problem(1, &TRAITS[4]); /* step by step to a plain one */
    pm_error error = {0};
    good(pm_network_set_threshold(p.net, 1, NULL, 0, &error), &error);
    ck_assert_int_eq(pm_population_need_plain(p.net, 1, "a test", &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "'a' has parameters that differ from neuron to neuron; a test takes"));
    pm_network_free(p.net);
    pm_network *net = pm_network_new();
    pm_neuron neuron = pm_neuron_default();
    const pm_current sine = {.kind = PM_CURRENT_SINE, .amplitude = 1.0, .frequency = 5.0};
    good(pm_network_add_lif(net, "a", 1, &neuron, NULL, &error), &error);
    good(pm_population_need_plain(net, 0, "a test", &error), &error);
    good(pm_network_add_current(net, &sine, &error), &error);
    ck_assert_int_eq(pm_population_need_plain(net, 0, "a test", &error), PM_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "injected currents"));
    pm_network_free(net);
}
END_TEST

Suite *pm_suite_adjoint_general(void);
Suite *pm_suite_adjoint_general(void) {
    Suite *suite = suite_create("adjoint_general");
    TCase *networks = tcase_create("networks");
    tcase_add_loop_test(networks, differences, 0, N_TRAITS);
    suite_add_tcase(suite, networks);
    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, bad_spikes);
    tcase_add_test(limits, plain_networks_only);
    suite_add_tcase(suite, limits);
    return suite;
}
