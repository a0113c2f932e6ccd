/* Injected currents and records: what is asked of single neurons. Each copies the list of neurons that it is given.
 *
 * A noise current has no state: the value of a neuron in an interval is a function of seed, names, neuron and the
 * number of the interval. */
#include "net/current.h"
#include "base/sized.h"

#include "base/list.h"
#include "base/random.h"
#include "math/elementary.h"
#include "model/source.h"
#include "net/population.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

pm_status pm_steps_check(const pm_step *steps, size_t n, const char *unit, pm_error *error) {
    for (size_t k = 0; k < n; k++) {
        if (!isfinite(steps[k].time) || steps[k].time < 0.0)
            return pm_fail(error, PM_INVALID, "step %zu is at %g ms; times must be finite and not negative", k,
                           steps[k].time);
        if (!isfinite(steps[k].value) || fabs(steps[k].value) > PM_LARGEST_WEIGHT)
            return pm_fail(error, PM_INVALID, "step %zu has the value %g %s; it must be a finite number of at most %g",
                           k, steps[k].value, unit, PM_LARGEST_WEIGHT);
        if (k > 0 && !(steps[k].time > steps[k - 1].time))
            return pm_fail(error, PM_INVALID, "step %zu is at %g ms, not after the one before, at %g ms", k,
                           steps[k].time, steps[k - 1].time);
    }
    return PM_OK;
}

void pm_current_clear(pm_current *current) {
    free(current->neurons);
    free(current->steps);
}

static pm_status check_neurons(const pm_network *network, uint32_t population, const uint32_t *neurons, size_t n,
                               pm_error *error) {
    if (population >= network->n_populations || network->populations[population].kind != PM_LIF)
        return pm_fail(error, PM_INVALID, "population %u has no LIF neurons", population);
    const pm_population *p = &network->populations[population];
    for (size_t k = 0; k < n; k++)
        if (neurons[k] >= p->size)
            return pm_fail(error, PM_INVALID, "population '%s' has %u neurons; there is no neuron %u", p->name, p->size,
                           neurons[k]);
    return PM_OK;
}

static bool usable(double value) { return isfinite(value) && fabs(value) <= PM_LARGEST_WEIGHT; }

static pm_status check_quantity(const char *name, double value, double least, const char *unit, pm_error *error) {
    return usable(value) && value >= least ? PM_OK
                                           : pm_fail(error, PM_INVALID, "%s is %g %s; it must be from %g to %g %s",
                                                     name, value, unit, least, PM_LARGEST_WEIGHT, unit);
}

static pm_status check_current(const pm_current *c, pm_error *error) {
    if (c->kind == PM_CURRENT_STEPS)
        return pm_steps_check(c->steps, c->n_steps, "pA", error);
    if (!usable(c->from) || !usable(c->to) || c->from < 0.0 || (c->to != 0.0 && c->to < c->from))
        return pm_fail(error, PM_INVALID, "a current from %g to %g ms; it must begin at 0 or later and end after that",
                       c->from, c->to);
    if (c->kind == PM_CURRENT_SINE) {
        if (!(c->frequency > 0.0 && c->frequency <= PM_HIGHEST_RATE))
            return pm_fail(error, PM_INVALID, "frequency is %g Hz; it must be above 0 and at most 1e9", c->frequency);
        pm_status status = check_quantity("amplitude", c->amplitude, -PM_LARGEST_WEIGHT, "pA", error);
        return status == PM_OK ? check_quantity("phase", c->phase, -PM_LARGEST_WEIGHT, "degrees", error) : status;
    }
    if (!(c->interval >= 1e-9 && usable(c->interval)))
        return pm_fail(error, PM_INVALID, "interval is %g ms; it must be at least 1e-9 ms", c->interval);
    pm_status status = check_quantity("mean", c->mean, -PM_LARGEST_WEIGHT, "pA", error);
    return status == PM_OK ? check_quantity("std", c->std, 0.0, "pA", error) : status;
}

/* A copy of an array; an empty one is NULL. */
static void *copy_of(const void *items, size_t n, size_t item_size, bool *memory) {
    void *copy = n > 0 ? malloc(n * item_size) : NULL;
    if (copy)
        memcpy(copy, items, n * item_size);
    *memory = *memory && (copy || n == 0);
    return copy;
}

pm_status pm_network_add_current(pm_network *network, const pm_current *current, pm_error *error) {
    pm_current copy;
    pm_status status = PM_SIZED_COPY(copy, current, "a current", error);
    if (status == PM_OK)
        status = check_neurons(network, copy.population, copy.neurons, copy.n_neurons, error);
    if (status == PM_OK)
        status = check_current(&copy, error);
    if (status != PM_OK)
        return status;
    bool memory = true;
    copy.neurons = copy_of(current->neurons, current->n_neurons, sizeof *copy.neurons, &memory);
    copy.steps = copy_of(current->steps, current->n_steps, sizeof *copy.steps, &memory);
    size_t capacity = network->n_currents;
    if (!pm_list_reserve((void **)&network->currents, &capacity, network->n_currents + 1, sizeof copy) || !memory) {
        pm_current_clear(&copy);
        return pm_fail_memory(error, "the currents");
    }
    network->currents[network->n_currents++] = copy;
    return PM_OK;
}

uint64_t pm_current_key(const pm_network *network, size_t current) {
    const uint32_t population = network->currents[current].population;
    size_t twin = 0;
    for (size_t k = 0; k < current; k++)
        twin += network->currents[k].population == population && network->currents[k].kind == PM_CURRENT_NOISE;
    char number[32];
    snprintf(number, sizeof number, "%zu", twin);
    const char *words[] = {"noise", network->populations[population].name, number};
    return pm_stream_key(network->seed, words, 3);
}

bool pm_current_concerns(const pm_current *current, uint32_t neuron) {
    bool found = current->n_neurons == 0;
    for (size_t k = 0; !found && k < current->n_neurons; k++)
        found = current->neurons[k] == neuron;
    return found;
}

bool pm_current_is_on(const pm_current *current, double since) {
    return since >= current->from && (current->to == 0.0 || since < current->to);
}

/* The number of the interval in which `time` lies; rounding never puts the beginning of an interval before it. */
static double piece_of(const pm_current *c, double time) {
    double piece = floor((time - c->from) / c->interval);
    while (c->from + (piece + 1.0) * c->interval <= time)
        piece += 1.0;
    while (piece > 0.0 && c->from + piece * c->interval > time)
        piece -= 1.0;
    return piece;
}

/* G. E. P. Box and M. E. Muller, Annals of Mathematical Statistics 29, 1958. */
static double noise(const pm_current *current, uint64_t key, uint32_t neuron, uint64_t piece) {
    uint32_t word[4];
    pm_philox_block(key, neuron, piece, word);
    const double radius = ((double)(((uint64_t)word[0] << 20) ^ (word[1] >> 12)) + 0.5) * 0x1p-52;
    const double turn = ((double)(((uint64_t)word[2] << 20) ^ (word[3] >> 12)) + 0.5) * 0x1p-52;
    return current->mean + current->std * sqrt(-2.0 * pm_log(radius)) * pm_cos(2.0 * M_PI * turn);
}

double pm_current_sine(const pm_current *current, double time, double *quarter) {
    const double turns = current->frequency * 1e-3 * time + current->phase / 360.0;
    const double angle = 2.0 * M_PI * (turns - floor(turns));
    if (quarter)
        *quarter = current->amplitude * pm_cos(angle);
    return current->amplitude * pm_sin(angle);
}

/* The number of steps up to `time`. */
static size_t steps_until(const pm_current *c, double time) {
    size_t low = 0, high = c->n_steps;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->steps[middle].time <= time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double pm_current_constant(const pm_current *current, uint64_t key, uint32_t neuron, double since) {
    const size_t n = steps_until(current, since);
    if (current->kind == PM_CURRENT_STEPS)
        return n > 0 ? current->steps[n - 1].value : 0.0;
    if (current->kind == PM_CURRENT_SINE || !pm_current_is_on(current, since))
        return 0.0;
    return noise(current, key, neuron, (uint64_t)piece_of(current, since));
}

double pm_current_next(const pm_current *current, double time) {
    const size_t n = steps_until(current, time);
    if (current->kind == PM_CURRENT_STEPS)
        return n < current->n_steps ? current->steps[n].time : INFINITY;
    if (time < current->from)
        return current->from;
    double next = current->to > time ? current->to : INFINITY;
    if (current->kind == PM_CURRENT_NOISE && pm_current_is_on(current, time))
        next = fmin(next, current->from + (piece_of(current, time) + 1.0) * current->interval);
    return next;
}

/* --- records --- */

static bool contains(const uint32_t *neurons, size_t n, uint32_t neuron) {
    size_t k = 0;
    while (k < n && neurons[k] != neuron)
        k++;
    return k < n;
}

static bool is_recorded(const pm_network *network, const pm_potential_record *wanted, uint32_t neuron) {
    for (size_t r = 0; r < network->n_potentials; r++) {
        const pm_potential_record *record = &network->potentials[r];
        if (record->population == wanted->population && record->quantity == wanted->quantity &&
            (record->quantity != PM_CURRENT || record->receptor == wanted->receptor) &&
            contains(record->neurons, record->n_neurons, neuron))
            return true;
    }
    return false;
}

static const char *const quantities[] = {"potential", "current", "threshold"};

pm_status pm_network_record(pm_network *network, const pm_potential_record *given, pm_error *error) {
    pm_potential_record copy;
    const pm_potential_record *record = &copy;
    pm_status status = PM_SIZED_COPY(copy, given, "a record", error);
    if (status != PM_OK)
        return status;
    const char *what = quantities[record->quantity];
    if (record->population >= network->n_populations || network->populations[record->population].kind != PM_LIF)
        return pm_fail(error, PM_INVALID, "%ss can be recorded from LIF populations only", what);
    status = check_neurons(network, record->population, record->neurons, record->n_neurons, error);
    if (status != PM_OK)
        return status;
    const pm_population *p = &network->populations[record->population];
    if (record->quantity == PM_CURRENT && record->receptor != PM_EVERY_RECEPTOR &&
        record->receptor >= pm_population_receptors(p))
        return pm_fail(error, PM_INVALID, "'%s' has no receptor number %u", p->name, record->receptor);
    for (size_t k = 0; k < record->n_neurons; k++)
        if (is_recorded(network, record, record->neurons[k]) || contains(record->neurons, k, record->neurons[k]))
            return pm_fail(error, PM_INVALID, "the %s of %s[%u] is recorded twice", what, p->name, record->neurons[k]);
    if (!isfinite(record->interval) || !(record->interval > 0.0))
        return pm_fail(error, PM_INVALID, "the recording interval is %g ms; it must be positive", record->interval);
    bool memory = true;
    copy.neurons = copy_of(record->neurons, record->n_neurons, sizeof *copy.neurons, &memory);
    size_t capacity = network->n_potentials;
    if (!pm_list_reserve((void **)&network->potentials, &capacity, network->n_potentials + 1, sizeof copy) || !memory) {
        free(copy.neurons);
        return pm_fail_memory(error, "the records");
    }
    network->potentials[network->n_potentials++] = copy;
    return PM_OK;
}

pm_status pm_network_record_potential(pm_network *network, uint32_t population, const uint32_t *neurons,
                                      size_t n_neurons, double interval, pm_error *error) {
    pm_potential_record record = {.population = population,
                                  .neurons = (uint32_t *)neurons,
                                  .n_neurons = n_neurons,
                                  .interval = interval,
                                  .quantity = PM_POTENTIAL};
    return pm_network_record(network, &record, error);
}
