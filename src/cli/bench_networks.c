/* B1 to B8 are networks as they are in use, the others do one thing each in which the time of an event could leave that
 * of B1 behind. Most are Brunel's network: 4/5 excitatory neurons, each neuron hears a tenth of either population; g =
 * 5, eta = 2; the PSP of an excitatory spike peaks at 0.1 mV. */
#include "cli/bench_networks.h"

#include "math/lif.h"
#include "model/neuron.h"

#include <math.h>
#include <stdio.h>

static const double PSP = 0.1, G = 5.0, ETA = 2.0, CAPACITY = 250.0; /* mV, ratio, ratio, pF */

/* What neurons and drives have in common. */
typedef struct common {
    pm_neuron neuron;
    double weight; /* pA of an excitatory synapse, or mV */
    double charge; /* of its spike, fC */
    double rate;   /* of a neuron's drive, spikes/s */
} common;

static common common_of(const pm_bench_network *b) {
    common c = {.neuron = {.C_m = CAPACITY,
                           .g_L = CAPACITY / b->tau_m,
                           .V_th = 20.0,
                           .t_ref = 2.0,
                           .tau_1 = b->tau_1,
                           .tau_2 = b->tau_2}};
    const pm_lif lif = pm_lif_of_neuron(&c.neuron);
    c.weight = b->tau_1 > 0.0 ? PSP / pm_lif_psp(&lif, pm_lif_psp_peak(&lif)) : PSP;
    c.charge = c.weight * (b->tau_1 > 0.0 ? b->tau_1 - b->tau_2 : CAPACITY);
    c.rate = b->drive > 0.0 ? b->drive : ETA * c.neuron.g_L * c.neuron.V_th / c.charge * 1000.0;
    if (b->drive < 0.0)
        c.neuron.I_e = c.charge * c.rate * 1e-3;
    return c;
}

static pm_status add_neurons(pm_network *network, const char *name, uint32_t size, const common *c, uint32_t *number,
                             pm_error *error) {
    pm_status status = pm_network_add_lif(network, name, size, &c->neuron, number, error);
    return status ? status : pm_network_record_spikes(network, *number, false, error);
}

/* A Poisson process of its own for every neuron of a population, onto its first receptor. */
static pm_status add_drive(pm_network *network, uint32_t to, const common *c, pm_error *error) {
    static const char *const usual[] = {"drive-e", "drive-i"};
    char name[40];
    snprintf(name, sizeof name, "drive-%u", to);
    pm_projection p = {.to = to, .rule = PM_ONE_TO_ONE, .weight.a = c->weight, .delay.a = 1.5};
    if (c->neuron.I_e > 0.0)
        return PM_OK;
    pm_status status = pm_network_add_poisson_source(network, to < 2 ? usual[to] : name, network->populations[to].size,
                                                     c->rate, &p.from, error);
    return status ? status : pm_network_connect(network, &p, error);
}

/* The synapses among populations that are excitatory and inhibitory by turns. `inhibition`: of the second receptor, if
 * there is one; pA. */
static pm_status add_synapses(pm_network *network, const pm_bench_network *b, const common *c, double inhibition,
                              pm_error *error) {
    const uint32_t n = (uint32_t)network->n_populations;
    pm_status status = PM_OK;
    for (uint32_t to = 0; !status && to < n; to++)
        for (uint32_t from = 0; !status && from < n; from++) {
            const pm_projection p = {.from = from,
                                     .to = to,
                                     .rule = b->parts > 0 ? PM_PAIRWISE_BERNOULLI : PM_FIXED_INDEGREE,
                                     .indegree = network->populations[from].size / 10,
                                     .probability = 0.1,
                                     .receptor = from % 2 && inhibition != 0.0,
                                     .weight.a = from % 2 == 0       ? c->weight
                                                 : inhibition != 0.0 ? inhibition
                                                                     : -G * c->weight,
                                     .delay = b->delay};
            status = pm_network_connect(network, &p, error);
        }
    for (uint32_t p = 0; !status && p < n; p++)
        status = add_drive(network, p, c, error);
    return status;
}

/* `spread`: by how much g_L differs from kind to kind, nS in all. */
static pm_status add_populations(pm_network *network, uint32_t n, uint32_t parts, double spread, const common *c,
                                 pm_error *error) {
    const uint32_t few = n / (5 * parts / 2) > 0 ? n / (5 * parts / 2) : 1;
    pm_status status = PM_OK;
    for (uint32_t k = 0, number = 0; !status && k < parts; k++) {
        static const char *const usual[] = {"excitatory", "inhibitory"};
        char name[40];
        snprintf(name, sizeof name, "%s-%u", usual[k % 2], k);
        common own = *c;
        own.neuron.g_L += spread * ((double)k / parts - 0.5);
        status = add_neurons(network, parts > 2 ? name : usual[k], k % 2 ? few : 4 * few, &own, &number, error);
    }
    return status;
}

static pm_status brunel(const pm_bench_network *b, uint32_t n, pm_network *network, pm_error *error) {
    const common c = common_of(b);
    pm_status status = add_populations(network, n, b->parts > 0 ? b->parts : 2, 0.0, &c, error);
    return status ? status : add_synapses(network, b, &c, 0.0, error);
}

/* Inhibition has a receptor of its own, of 8 ms, with the charge that it has in B1. */
static pm_status two_receptors(const pm_bench_network *b, uint32_t n, pm_network *network, pm_error *error) {
    const common c = common_of(b);
    const double slow = 8.0; /* ms */
    const pm_receptor receptors[] = {
        {.name = "fast", .kernel = pm_kernel_find("exponential"), .parameters = {b->tau_1}},
        {.name = "slow", .kernel = pm_kernel_find("exponential"), .parameters = {slow}},
    };
    pm_status status = add_populations(network, n, 2, 0.0, &c, error);
    for (uint32_t p = 0; !status && p < 2; p++)
        status = pm_network_set_receptors(network, p, receptors, 2, error);
    return status ? status : add_synapses(network, b, &c, -G * c.weight * b->tau_1 / slow, error);
}

/* That of data/networks/cuba.yaml; a neuron has as many synapses at every size. */
static pm_status cuba(const pm_bench_network *b, uint32_t n, pm_network *network, pm_error *error) {
    const common c = {
        .neuron = {
            .C_m = 200.0, .g_L = 10.0, .E_L = -49.0, .V_th = -50.0, .V_reset = -60.0, .t_ref = 5.0, .tau_1 = 5.0}};
    const pm_receptor receptors[] = {
        {.name = "excitatory", .kernel = pm_kernel_find("exponential"), .parameters = {5.0}},
        {.name = "inhibitory", .kernel = pm_kernel_find("exponential"), .parameters = {10.0}},
    };
    const pm_distribution start = {.kind = PM_UNIFORM, .a = -60.0, .b = -50.0};
    pm_status status = add_populations(network, n, 2, 0.0, &c, error);
    for (uint32_t p = 0; !status && p < 2; p++) {
        status = pm_network_set_receptors(network, p, receptors, 2, error);
        if (!status)
            status = pm_network_vary(network, p, "V_m", &start, error);
    }
    for (uint32_t k = 0; !status && k < 4; k++) {
        const pm_projection p = {.from = k / 2,
                                 .to = k % 2,
                                 .rule = PM_PAIRWISE_BERNOULLI,
                                 .probability = fmin(80.0 / n, 1.0),
                                 .receptor = k / 2,
                                 .weight.a = k / 2 ? -90.0 : 16.2,
                                 .delay = b->delay};
        status = pm_network_connect(network, &p, error);
    }
    return status;
}

static pm_status adapting(const pm_bench_network *b, uint32_t n, pm_network *network, pm_error *error) {
    const common c = common_of(b);
    const pm_jump jump = {.jump = 1.0, .tau = 100.0}; /* mV, ms */
    pm_status status = add_populations(network, n, 2, 0.0, &c, error);
    for (uint32_t p = 0; !status && p < 2; p++)
        status = pm_network_set_threshold(network, p, &jump, 1, error);
    return status ? status : add_synapses(network, b, &c, 0.0, error);
}

/* Two neurons more, which hear the network and each other, the latter after 0.001 ms. */
static pm_status with_loop(const pm_bench_network *b, uint32_t n, pm_network *network, pm_error *error) {
    const common c = common_of(b);
    uint32_t loop[2] = {0};
    pm_status status = brunel(b, n, network, error);
    for (uint32_t k = 0; !status && k < 2; k++) {
        status = add_neurons(network, k ? "loop-b" : "loop-a", 1, &c, &loop[k], error);
        const pm_projection hears = {
            .to = loop[k], .rule = PM_FIXED_INDEGREE, .indegree = n / 10, .weight.a = c.weight, .delay.a = 1.5};
        if (!status)
            status = pm_network_connect(network, &hears, error);
    }
    for (uint32_t k = 0; !status && k < 2; k++) {
        const pm_projection link = {.from = loop[k], .to = loop[1 - k], .weight.a = c.weight, .delay.a = 0.001};
        status = pm_network_connect(network, &link, error);
    }
    return status;
}

/* A kind of neurons to a population, with g_L from 20 to 30 nS. */
static pm_status many_kinds(const pm_bench_network *b, uint32_t n, pm_network *network, pm_error *error) {
    const common c = common_of(b);
    pm_status status = add_populations(network, n, b->parts, 10.0, &c, error);
    return status ? status : add_synapses(network, b, &c, 0.0, error);
}

/* Neurons that hear nothing but a drive each. */
static pm_status driven(const pm_bench_network *b, uint32_t n, pm_network *network, pm_error *error) {
    const common c = common_of(b);
    uint32_t number = 0;
    pm_status status = add_neurons(network, "cells", n, &c, &number, error);
    return status ? status : add_drive(network, number, &c, error);
}

/* One neuron that hears n Poisson processes. */
static pm_status star(const pm_bench_network *b, uint32_t n, pm_network *network, pm_error *error) {
    const common c = common_of(b);
    pm_projection p = {.rule = PM_ALL_TO_ALL, .weight.a = c.weight / 100.0, .delay.a = 1.5};
    pm_status status = add_neurons(network, "cell", 1, &c, &p.to, error);
    if (!status)
        status = pm_network_add_poisson_source(network, "inputs", n, c.rate, &p.from, error);
    return status ? status : pm_network_connect(network, &p, error);
}

/* Four spikes to every neuron, far apart. */
static pm_status silence(const pm_bench_network *b, uint32_t n, pm_network *network, pm_error *error) {
    const common c = common_of(b);
    const pm_event events[] = {{.time = 1.0}, {.time = 1e3}, {.time = 1e5}, {.time = b->duration - 1e3}};
    pm_projection p = {.rule = PM_ALL_TO_ALL, .weight.a = c.weight, .delay.a = 1.5};
    pm_status status = add_neurons(network, "cells", n, &c, &p.to, error);
    if (!status)
        status = pm_network_add_spike_source(network, "input", 1, events, 4, &p.from, error);
    return status ? status : pm_network_connect(network, &p, error);
}

/* Each neuron hears ten. */
static pm_status sparse(const pm_bench_network *b, uint32_t n, pm_network *network, pm_error *error) {
    common c = common_of(b);
    c.neuron.I_e = 1.1 * c.neuron.g_L * c.neuron.V_th;
    const pm_distribution start = {.kind = PM_UNIFORM, .a = 0.0, .b = 20.0};
    pm_projection p = {.rule = PM_FIXED_INDEGREE, .indegree = 10, .weight.a = c.weight, .delay = b->delay};
    pm_status status = add_neurons(network, "cells", n, &c, &p.to, error);
    if (!status)
        status = pm_network_vary(network, p.to, "V_m", &start, error);
    return status ? status : pm_network_connect(network, &p, error);
}

#define AFTER(ms) {.a = (ms)}
#define WITHIN(low, high) {.kind = PM_UNIFORM, .a = (low), .b = (high)}
#define STEPS {.kind = PM_UNIFORM_STEPS, .a = 1.0, .b = 3.0, .step = 0.1}

/* name, what, neurons, ms, sized, build, tau_1, tau_2, tau_m, drive, delay, parts */
const pm_bench_network pm_bench_networks[] = {
    {"B1", "balanced random network", 5000, 0, true, brunel, 2, 0, 10, 0, AFTER(1.5), 0},
    {"B1c", "with constant currents for drives", 5000, 0, true, brunel, 2, 0, 10, -1, AFTER(1.5), 0},
    {"B2", "double exponentials, 21 delays", 5000, 0, true, brunel, 5, 1.25, 10, 0, STEPS, 0},
    {"B6", "two receptors, 2 and 8 ms", 5000, 200, false, two_receptors, 2, 0, 10, 0, AFTER(1.5), 0},
    {"B7", "CUBA", 4000, 1000, false, cuba, 5, 0, 20, -1, AFTER(0.1), 0},
    {"B8", "adapting thresholds", 5000, 200, false, adapting, 2, 0, 10, 0, AFTER(1.5), 0},
    {"B9", "one loop of 0.001 ms", 5000, 200, false, with_loop, 2, 0, 10, 0, AFTER(1.5), 0},
    {"B10", "delays from 0 to 3 ms", 1000, 10, false, brunel, 2, 0, 10, 0, WITHIN(0, 3), 0},
    {"B11", "tau_syn 0.1 ms", 5000, 50, false, brunel, 0.1, 0, 10, 0, AFTER(1.5), 0},
    {"B12", "200 different g_L", 5000, 100, false, many_kinds, 2, 0, 10, 0, AFTER(1.5), 200},
    {"B13", "500 populations, 250,000 projections", 5000, 20, false, brunel, 2, 0, 10, 0, AFTER(1.5), 500},
    {"B14", "one neuron, 1e5 inputs of 5/s", 100000, 1000, false, star, 2, 0, 10, 5, AFTER(1.5), 0},
    {"B15", "quiet, tau_m 0.1 ms", 1000, 500, false, driven, 2, 0, 0.1, 1000, AFTER(1.5), 0},
    {"B16", "quiet, tau_m 0.01 ms", 1000, 50, false, driven, 2, 0, 0.01, 1000, AFTER(1.5), 0},
    {"B17", "four spikes in 1e7 ms", 10, 1e7, false, silence, 2, 0, 10, 0, AFTER(1.5), 0},
    {"B18", "drives of 50/s", 5000, 2000, false, driven, 2, 0, 10, 50, AFTER(1.5), 0},
    {"B19", "drives of 500/s", 5000, 500, false, driven, 2, 0, 10, 500, AFTER(1.5), 0},
    {"B20", "drives of 2000/s", 5000, 500, false, driven, 2, 0, 10, 2000, AFTER(1.5), 0},
    {"B21", "drives of 8000/s", 5000, 500, false, driven, 2, 0, 10, 8000, AFTER(1.5), 0},
    {"B22", "impulse synapses, drives", 5000, 50, false, brunel, 0, 0, 10, 0, AFTER(1.5), 0},
    {"B23", "delays from 1 to 3 ms, continuous", 5000, 100, false, brunel, 2, 0, 10, 0, WITHIN(1, 3), 0},
    {"B24", "delays from 1 to 100 ms, continuous", 5000, 100, false, brunel, 2, 0, 10, 0, WITHIN(1, 100), 0},
    {"B25", "delay 0.01 ms", 5000, 50, false, brunel, 2, 0, 10, 0, AFTER(0.01), 0},
    {"B26", "delays from 0.001 to 3 ms", 5000, 20, false, brunel, 2, 0, 10, 0, WITHIN(0.001, 3), 0},
    {"B27", "tau_2 0.01 ms", 5000, 100, false, brunel, 2, 0.01, 10, 0, AFTER(1.5), 0},
    {"B28", "1e6 neurons of 10 synapses", 1000000, 50, false, sparse, 2, 0, 10, -1, AFTER(1.5), 0},
    {0},
};
