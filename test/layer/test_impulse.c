#include "gradient/arrivals.h"
#include "base/random.h"
#include "layer/impulse.h"
#include "support/starve.h"

#include <check.h>
#include <math.h>
#include <punctum/punctum.h>
#include <stdlib.h>
#include <string.h>

enum { N_IN = 30, N_OUT = 37 }; /* two blocks of 16 and what is left */
static const double duration = 64.0;    /* ms */
static const double grid = 1.0 / 256.0; /* ms: arrivals of the comparison lie on it */

typedef struct example {
    double weight[N_IN * N_OUT], threshold[N_OUT];
    pm_impulse layer;
    pm_raster in, out;
    pm_impulse_state state;
} example;

/* `together`: on average so many inputs fire at the same instant. */
static void make(example *e, uint64_t seed, double t_ref, double inhibition, double together) {
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    memset(e, 0, sizeof *e);
    gsl_rng_set(rng, seed);
    for (size_t k = 0; k < N_IN * N_OUT; k++)
        e->weight[k] = 3.0 * gsl_rng_uniform(rng) - 1.0;
    for (size_t i = 0; i < N_OUT; i++)
        e->threshold[i] = 2.0 + 2.0 * gsl_rng_uniform(rng);
    e->layer = (pm_impulse){N_IN, N_OUT, 20.0, t_ref, inhibition, e->weight, e->threshold};
    for (double t = 0.0; t < duration; t += grid * (double)gsl_rng_uniform_int(rng, 200))
        for (uint32_t k = 0; k < N_IN; k++)
            if (gsl_rng_uniform(rng) < together / N_IN)
                ck_assert_int_eq(pm_raster_append(&e->in, t, k, 0.0, NULL), PM_OK);
    ck_assert_int_eq(pm_raster_sort(&e->in, NULL), PM_OK);
    ck_assert_int_eq(pm_impulse_state_new(&e->state, N_OUT, NULL), PM_OK);
    gsl_rng_free(rng);
}

static void drop(example *e) {
    pm_raster_free(&e->in);
    pm_raster_free(&e->out);
    pm_impulse_state_free(&e->state);
}

/* The definition, step by step on the grid of the arrivals; neuron after neuron. */
static void by_grid(const example *e, pm_raster *out, double u[N_OUT]) {
    double last[N_OUT];
    size_t next = 0;
    for (size_t i = 0; i < N_OUT; i++)
        u[i] = 0.0, last[i] = -INFINITY;
    for (size_t step = 0; step < (size_t)(duration / grid); step++) {
        double t = (double)step * grid, jump[N_OUT] = {0};
        size_t first = next, before = out->n;
        for (; next < e->in.n && e->in.time[next] == t; next++)
            for (size_t i = 0; i < N_OUT; i++)
                jump[i] += e->weight[e->in.neuron[next] * N_OUT + i];
        for (size_t i = 0; i < N_OUT; i++) {
            double since = t - last[i];
            u[i] += since < e->layer.t_ref ? jump[i] * pow(since / e->layer.t_ref, 2.0) : jump[i];
            if (next > first && u[i] >= e->threshold[i]) {
                ck_assert_int_eq(pm_raster_append(out, t, (uint32_t)i, 0.0, NULL), PM_OK);
                u[i] -= e->threshold[i];
                last[i] = t;
            }
        }
        for (size_t k = before; k < out->n; k++)
            for (size_t i = 0; i < N_OUT; i++)
                u[i] += i == out->neuron[k] ? 0.0 : e->layer.inhibition * e->threshold[i];
        for (size_t i = 0; i < N_OUT; i++)
            u[i] *= exp(-grid / e->layer.tau);
    }
    ck_assert_uint_eq(next, e->in.n);
}

/* Event by event gives the spikes and potentials of a simulation on a fine grid that holds every arrival. */
START_TEST(fine_grid) {
    static example e;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        pm_raster out = {0};
        double u[N_OUT];
        make(&e, seed, seed % 2 ? 1.0 + (double)seed : 0.0, seed % 4 < 2 ? -0.2 : 0.0, seed % 3 ? 1.2 : 5.0);
        by_grid(&e, &out, u);
        ck_assert_int_eq(pm_impulse_run(&e.layer, &e.state, &e.in, duration, &e.out, NULL), PM_OK);
        ck_assert_uint_eq(e.out.n, out.n);
        ck_assert_uint_gt(out.n, N_OUT);
        for (size_t k = 0; k < out.n; k++)
            ck_assert(e.out.time[k] == out.time[k] && e.out.neuron[k] == out.neuron[k]);
        for (size_t i = 0; i < N_OUT; i++)
            ck_assert_double_eq_tol(e.state.u[i], u[i], 1e-11); /* 16384 steps, each rounding values of about 1 */
        pm_raster_free(&out);
        drop(&e);
    }
}
END_TEST

/* Without refractoriness potentials are sums of traces: input, less the threshold for each own spike, less inhibition
 * for each spike of the others. */
START_TEST(sum_of_traces) {
    static example e;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        double x[N_IN], a[N_OUT], all = 0.0;
        make(&e, seed, 0.0, -0.15, 2.0);
        ck_assert_int_eq(pm_impulse_run(&e.layer, &e.state, &e.in, duration, &e.out, NULL), PM_OK);
        pm_impulse_traces(&e.in, 20.0, duration, N_IN, x);
        pm_impulse_traces(&e.out, 20.0, duration, N_OUT, a);
        for (size_t i = 0; i < N_OUT; i++)
            all += a[i];
        ck_assert_double_gt(all, 1.0);
        for (size_t i = 0; i < N_OUT; i++) {
            double u = e.threshold[i] * (-0.15 * (all - a[i]) - a[i]);
            for (size_t k = 0; k < N_IN; k++)
                u += e.weight[k * N_OUT + i] * x[k];
            ck_assert_double_eq_tol(e.state.u[i], u, 1e-12); /* some 100 terms of about 1 */
        }
        drop(&e);
    }
}
END_TEST

/* By hand: two neurons, one of which fires, inhibits the other, and takes little of an input shortly afterwards. */
START_TEST(by_hand) {
    const double weight[] = {3.0, 1.5}, threshold[] = {2.0, 2.0};
    double time[] = {1.0, 1.5, 1.5, 9.0};
    double slope[4] = {0};
    uint32_t neuron[] = {0, 0, 0, 0};
    pm_impulse layer = {1, 2, 10.0, 2.0, -0.5, weight, threshold};
    pm_raster in = {.time = time, .slope = slope, .neuron = neuron, .n = 4}, out = {0};
    pm_impulse_state state;
    ck_assert_int_eq(pm_impulse_state_new(&state, 2, NULL), PM_OK);
    ck_assert_int_eq(pm_impulse_run(&layer, &state, &in, 9.0 + 1e-9, &out, NULL), PM_OK);
    /* 1.0: u = 3, 1.5; 0 fires: u = 1, 0.5. 1.5: decay d = e^-0.05; u_0 = d + 6/16, u_1 = d/2 + 3 fires */
    double d = exp(-0.05), u_0 = d + 6.0 / 16.0 - 1.0, u_1 = 0.5 * d + 3.0 - 2.0;
    /* 9.0: both have recovered and fire */
    ck_assert(u_0 * exp(-0.75) + 3.0 > 2.0 && u_1 * exp(-0.75) + 1.5 > 2.0);
    ck_assert_uint_eq(out.n, 4);
    ck_assert(out.neuron[0] == 0 && out.time[0] == 1.0);
    ck_assert(out.neuron[1] == 1 && out.time[1] == 1.5);
    ck_assert(out.neuron[2] == 0 && out.time[2] == 9.0);
    ck_assert(out.neuron[3] == 1 && out.time[3] == 9.0);
    double end = u_0 * exp(-0.75) + 3.0 - 2.0 - 1.0;
    ck_assert_double_eq_tol(state.u[0], end, 1e-9); /* the run ends 1e-9 ms later */
    pm_raster_free(&out);
    pm_impulse_state_free(&state);
}
END_TEST

/* Silence in, silence out; memory may run out. */
START_TEST(nothing) {
    static example e;
    pm_raster none = {0};
    pm_error error = {0};
    make(&e, 1, 1.0, -0.1, 2.0);
    ck_assert_int_eq(pm_impulse_run(&e.layer, &e.state, &none, duration, &e.out, NULL), PM_OK);
    ck_assert_uint_eq(e.out.n, 0);
    for (size_t i = 0; i < N_OUT; i++)
        ck_assert(e.state.u[i] == 0.0);
    starve(1);
    ck_assert_int_eq(pm_impulse_run(&e.layer, &e.state, &e.in, duration, &e.out, &error), PM_NO_MEMORY);
    for (size_t n = 1; n <= 5; n++) {
        pm_impulse_state state;
        starve(n);
        ck_assert_int_eq(pm_impulse_state_new(&state, N_OUT, &error), PM_NO_MEMORY);
    }
    starve(0);
    drop(&e);
}
END_TEST

/* --- impulse synapses of networks ----------------------------------------------------------------------------------
 */

typedef struct spikes {
    pm_spike items[4000];
    pm_sample samples[4000];
    size_t n, n_samples;
} spikes;

static pm_status keep_spike(const pm_spike *spike, void *user, pm_error *error) {
    spikes *s = user;
    (void)error;
    ck_assert_uint_lt(s->n, sizeof s->items / sizeof *s->items);
    s->items[s->n++] = *spike;
    return PM_OK;
}

static pm_status keep_sample(const pm_sample *sample, void *user, pm_error *error) {
    spikes *s = user;
    (void)error;
    ck_assert_uint_lt(s->n_samples, sizeof s->samples / sizeof *s->samples);
    s->samples[s->n_samples++] = *sample;
    return PM_OK;
}

static void simulate(const pm_network *net, int threads, int slices, spikes *s) {
    pm_error error = {0};
    pm_simulation *run = NULL;
    s->n = s->n_samples = 0;
    ck_assert_msg(pm_simulation_new(net, &(pm_options){.threads = threads}, &run, &error) == PM_OK, "%s",
                  error.message);
    pm_simulation_on_spike(run, keep_spike, s);
    pm_simulation_on_sample(run, keep_sample, s);
    for (int k = 1; k <= slices; k++)
        ck_assert_msg(pm_simulation_run(run, net->duration * k / slices, &error) == PM_OK, "%s", error.message);
    pm_simulation_free(run);
}

/* tau_m 10 ms, threshold 10 mV above rest. */
static pm_neuron impulse_neuron(void) {
    return (pm_neuron){.C_m = 300.0, .g_L = 30.0, .E_L = -70.0, .V_th = -60.0, .V_reset = -72.0};
}

static uint32_t add_cells(pm_network *net, const char *name, uint32_t size, const pm_neuron *neuron) {
    uint32_t p;
    ck_assert_int_eq(pm_network_add_lif(net, name, size, neuron, &p, NULL), PM_OK);
    return p;
}

static void join(pm_network *net, uint32_t from, uint32_t to, double weight, double delay) {
    pm_projection p = {.from = from, .to = to, .rule = PM_ALL_TO_ALL};
    p.weight = (pm_distribution){.kind = PM_CONSTANT, .a = weight};
    p.delay = (pm_distribution){.kind = PM_CONSTANT, .a = delay};
    ck_assert_int_eq(pm_network_connect(net, &p, NULL), PM_OK);
}

/* V jumps by the weight at the arrival, decays with tau_m, fires at the arrival that lifts it over the threshold, and
 * does not move while it is refractory; an arrival at the end of refractoriness counts. Without a delay the next layer
 * hears of it at the same instant. */
START_TEST(jumps) {
    static spikes s;
    static const double at[] = {1.0, 2.0, 3.0, 4.5, 5.5, 5.5, 30.0}; /* ms; 0.5 ms later at the cells */
    pm_network *net = pm_network_new();
    pm_event events[7];
    for (size_t k = 0; k < 7; k++)
        events[k] = (pm_event){at[k], 0};
    pm_neuron neuron = impulse_neuron();
    neuron.t_ref = 2.5;
    uint32_t in;
    net->duration = 40.0;
    ck_assert_int_eq(pm_network_add_spike_source(net, "in", 1, events, 7, &in, NULL), PM_OK);
    uint32_t a = add_cells(net, "a", 1, &neuron), b = add_cells(net, "b", 1, &neuron);
    join(net, in, a, 6.0, 0.5);
    join(net, a, b, 13.0, 0.0);
    ck_assert_int_eq(pm_network_record_potential(net, a, (uint32_t[]){0}, 1, 0.25, NULL), PM_OK);
    simulate(net, 1, 1, &s);
    /* 1.5: 6 mV; 2.5: 6 (1 + e^-0.1) > 10, fires, held at -2 mV to 5; 3.5: lost; 5.0: -2 + 6 = 4 mV;
     * 6.0: 4 e^-0.1 + 12 > 10, fires; 30.5: -2 e^-2.2 + 6 mV */
    static const double when[] = {2.5, 2.5, 6.0, 6.0};
    ck_assert_uint_eq(s.n, 4);
    for (size_t k = 0; k < 4; k++) {
        ck_assert_double_eq(s.items[k].time, when[k]);
        ck_assert_double_eq(s.items[k].slope, 0.0);
        ck_assert_uint_eq(s.items[k].population, k % 2 ? b : a);
    }
    size_t seen = 0;
    for (size_t k = 0; k < s.n_samples; k++) {
        double t = s.samples[k].time, u = s.samples[k].potential + 70.0, want = NAN;
        if (s.samples[k].kind != PM_SAMPLE)
            continue;
        want = t < 1.5    ? 0.0
               : t < 2.5  ? 6.0 * exp(-(t - 1.5) / 10.0)
               : t < 5.0  ? -2.0
               : t < 6.0  ? 4.0 * exp(-(t - 5.0) / 10.0)
               : t < 8.5  ? -2.0
               : t < 30.5 ? -2.0 * exp(-(t - 8.5) / 10.0)
                          : (6.0 - 2.0 * exp(-2.2)) * exp(-(t - 30.5) / 10.0);
        ck_assert_double_eq_tol(u, want, 1e-13);
        seen++;
    }
    ck_assert_uint_eq(seen, 160);
    pm_network_free(net);
}
END_TEST

/* A constant current carries V over the threshold between two arrivals: u = u_inf + (u_0 - u_inf) e^{-t/tau_m}. */
START_TEST(crossing_between_jumps) {
    static spikes s;
    pm_network *net = pm_network_new();
    pm_neuron neuron = impulse_neuron();
    neuron.I_e = 360.0; /* 12 mV */
    uint32_t in;
    net->duration = 40.0;
    ck_assert_int_eq(pm_network_add_spike_source(net, "in", 1, &(pm_event){3.0, 0}, 1, &in, NULL), PM_OK);
    uint32_t a = add_cells(net, "a", 1, &neuron);
    join(net, in, a, -4.0, 0.0);
    simulate(net, 1, 1, &s);
    double u = 12.0 * (1.0 - exp(-0.3)) - 4.0, first = 3.0 + 10.0 * log((12.0 - u) / 2.0);
    ck_assert_uint_eq(s.n, 1); /* the next one: 10 log(14/2) = 19.5 ms later */
    ck_assert_double_eq_tol(s.items[0].time, first, 1e-13);
    ck_assert_double_eq_tol(s.items[0].slope, 0.2, 1e-14);
    pm_network_free(net);
}
END_TEST

enum { CELLS = 40, EVENTS = 300, MOST = 200000 };

/* One arrival. */
typedef struct arrival {
    double time, weight;
    uint32_t cell;
} arrival;

static int by_time(const void *left, const void *right) {
    const arrival *a = left, *b = right;
    return a->time != b->time ? (a->time > b->time) - (a->time < b->time) : (a->cell > b->cell) - (a->cell < b->cell);
}

/* All arrivals in one sorted list, worked off one instant at one cell after the other. */
static size_t by_list(const pm_network *net, const pm_synapse *synapses, size_t n_synapses, const pm_event *events,
                      pm_spike *out) {
    static arrival list[MOST];
    double u[CELLS] = {0}, since[CELLS] = {0}, ready[CELLS];
    const pm_neuron *p = &net->populations[1].neuron;
    size_t n = 0, n_out = 0;
    for (size_t c = 0; c < CELLS; c++)
        ready[c] = -INFINITY;
    for (size_t k = 0; k < EVENTS; k++)
        for (uint32_t c = events[k].neuron; c < CELLS; c += 4)
            list[n++] = (arrival){events[k].time + 0.25, 2.5 + 0.125 * c, c};
    for (size_t k = 0; k < n; k++) {
        qsort(list + k, n - k, sizeof *list, by_time);
        arrival here = list[k];
        for (; k + 1 < n && list[k + 1].time == here.time && list[k + 1].cell == here.cell; k++)
            here.weight += list[k + 1].weight;
        size_t c = here.cell;
        if (here.time >= net->duration || ready[c] > here.time)
            continue;
        u[c] = u[c] * exp((since[c] - here.time) / (p->C_m / p->g_L)) + here.weight;
        since[c] = here.time;
        ck_assert_double_gt(fabs(u[c] - (p->V_th - p->E_L)), 1e-9); /* no tie that rounding could decide */
        if (u[c] < p->V_th - p->E_L)
            continue;
        out[n_out++] = (pm_spike){.time = here.time, .population = 1, .neuron = here.cell};
        u[c] = p->V_reset - p->E_L;
        since[c] = ready[c] = here.time + p->t_ref;
        for (size_t s = 0; s < n_synapses; s++)
            if (synapses[s].source == c)
                list[n++] = (arrival){here.time + synapses[s].delay, synapses[s].weight, synapses[s].target};
        ck_assert_uint_lt(n, MOST - CELLS * CELLS);
    }
    return n_out;
}

static int by_time_and_neuron(const void *left, const void *right) {
    const pm_spike *a = left, *b = right;
    return a->time != b->time ? (a->time > b->time) - (a->time < b->time)
                              : (a->neuron > b->neuron) - (a->neuron < b->neuron);
}

/* A recurrent network with excitation, inhibition and refractoriness fires as a list of all arrivals says, to the bit,
 * for every number of threads and slices. */
START_TEST(recurrent_jumps) {
    static spikes s, other;
    static pm_spike want[4000];
    gsl_rng *rng = gsl_rng_alloc(pm_rng_philox);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        gsl_rng_set(rng, seed);
        pm_network *net = pm_network_new();
        pm_event events[EVENTS];
        pm_synapse into[CELLS], among[CELLS * 10];
        pm_neuron neuron = impulse_neuron();
        neuron.t_ref = seed % 2 ? 1.5 : 0.0;
        net->duration = 80.0;
        for (size_t k = 0; k < EVENTS; k++)
            events[k] = (pm_event){80.0 * gsl_rng_uniform(rng), (uint32_t)gsl_rng_uniform_int(rng, 4)};
        for (uint32_t c = 0; c < CELLS; c++)
            into[c] = (pm_synapse){c % 4, c, 2.5 + 0.125 * c, 0.25};
        for (size_t k = 0; k < CELLS * 10; k++)
            among[k] =
                (pm_synapse){(uint32_t)gsl_rng_uniform_int(rng, CELLS), (uint32_t)gsl_rng_uniform_int(rng, CELLS),
                             2.0 * gsl_rng_uniform(rng) - 1.0, 0.4 + 2.0 * gsl_rng_uniform(rng)};
        ck_assert_int_eq(pm_network_add_spike_source(net, "in", 4, events, EVENTS, NULL, NULL), PM_OK);
        add_cells(net, "cells", CELLS, &neuron);
        pm_projection p = {.to = 1, .rule = PM_SYNAPSE_LIST, .synapses = into, .n_synapses = CELLS};
        ck_assert_int_eq(pm_network_connect(net, &p, NULL), PM_OK);
        p = (pm_projection){.from = 1, .to = 1, .rule = PM_SYNAPSE_LIST, .synapses = among, .n_synapses = CELLS * 10};
        ck_assert_int_eq(pm_network_connect(net, &p, NULL), PM_OK);
        size_t n = by_list(net, among, CELLS * 10, events, want);
        qsort(want, n, sizeof *want, by_time_and_neuron);
        simulate(net, 1, 1, &s);
        ck_assert_uint_gt(n, 500);
        ck_assert_uint_eq(s.n, n);
        for (size_t k = 0; k < n; k++) {
            ck_assert_double_eq(s.items[k].time, want[k].time);
            ck_assert_uint_eq(s.items[k].neuron, want[k].neuron);
        }
        simulate(net, 3, 7, &other);
        ck_assert_uint_eq(other.n, s.n);
        ck_assert(memcmp(s.items, other.items, s.n * sizeof *s.items) == 0);
        pm_network_free(net);
    }
    gsl_rng_free(rng);
}
END_TEST

/* Poisson neurons with one target each act like their spikes given beforehand. */
START_TEST(private_jumps) {
    static spikes s, other;
    static pm_event events[4000];
    pm_neuron neuron = impulse_neuron();
    size_t n = 0, cells = 0;
    for (int given = 0; given < 2; given++) {
        pm_network *net = pm_network_new();
        net->duration = 50.0;
        if (given)
            ck_assert_int_eq(pm_network_add_spike_source(net, "in", 5, events, n, NULL, NULL), PM_OK);
        else
            ck_assert_int_eq(pm_network_add_poisson_source(net, "in", 5, 3000.0, NULL, NULL), PM_OK);
        add_cells(net, "cells", 5, &neuron);
        pm_projection p = {.from = 0, .to = 1, .rule = PM_ONE_TO_ONE};
        p.weight = (pm_distribution){.kind = PM_CONSTANT, .a = 0.8};
        ck_assert_int_eq(pm_network_connect(net, &p, NULL), PM_OK);
        ck_assert_int_eq(pm_network_record_spikes(net, 0, !given, NULL), PM_OK);
        simulate(net, 1, 1, given ? &other : &s);
        for (size_t k = 0; k < s.n && !given; k++)
            if (s.items[k].population == 0)
                events[n++] = (pm_event){s.items[k].time, s.items[k].neuron};
            else
                s.items[cells++] = s.items[k];
        pm_network_free(net);
    }
    ck_assert_uint_gt(n, 500);
    ck_assert_uint_gt(cells, 20);
    ck_assert_uint_eq(other.n, cells);
    for (size_t k = 0; k < cells; k++) {
        ck_assert_double_eq(s.items[k].time, other.items[k].time);
        ck_assert_uint_eq(s.items[k].neuron, other.items[k].neuron);
    }
}
END_TEST

/* tau_1 = 0 means impulses, with tau_2 = 0 only; training and the exact gradients of layers say that they do not know
 * them. */
START_TEST(where_jumps_are_refused) {
    pm_error error = {0};
    pm_neuron neuron = impulse_neuron();
    ck_assert_int_eq(pm_neuron_check(&neuron, &error), PM_OK);
    neuron.tau_2 = 1.25;
    ck_assert_int_eq(pm_neuron_check(&neuron, &error), PM_INVALID);
    ck_assert_str_eq(error.message, "tau_2 is 1.25 ms; it must be 0 where tau_1 is 0 (impulse synapses)");
    neuron = impulse_neuron();
    neuron.tau_1 = 1e-12;
    ck_assert_int_eq(pm_neuron_check(&neuron, &error), PM_INVALID);
    ck_assert_str_eq(error.message, "tau_1 is 1e-12 ms; it must be 0 or at least 1e-09 ms");
    neuron.tau_1 = 0.0;
    pm_network *net = pm_network_new();
    add_cells(net, "cells", 1, &neuron);
    pm_wiring *wiring = NULL;
    pm_synapses synapses;
    ck_assert_int_eq(pm_wiring_new(net, &wiring, &error), PM_OK);
    ck_assert_int_eq(pm_synapses_of_wiring(&synapses, net, wiring, &error), PM_INVALID);
    ck_assert_int_eq(strncmp(error.message, "tau_1 is 0 ms; the gradient of plain networks", 45), 0);
    pm_wiring_free(wiring);
    pm_network_free(net);
}
END_TEST

Suite *pm_suite_impulse(void);
Suite *pm_suite_impulse(void) {
    Suite *suite = suite_create("impulse");
    TCase *tests = tcase_create("impulse");
    tcase_add_test(tests, fine_grid);
    tcase_add_test(tests, sum_of_traces);
    tcase_add_test(tests, by_hand);
    tcase_add_test(tests, nothing);
    tcase_add_test(tests, jumps);
    tcase_add_test(tests, crossing_between_jumps);
    tcase_add_test(tests, recurrent_jumps);
    tcase_add_test(tests, private_jumps);
    tcase_add_test(tests, where_jumps_are_refused);
    suite_add_tcase(suite, tests);
    return suite;
}
