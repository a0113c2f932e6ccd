/* A hint is given for a word among keys of one kind of map, which its `beside` is a key of: the nearest spelling would
 * mislead there (tau_m is no misspelt tau_1). */
#include "io/hints.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *word, *beside, *hint;
} hints[] = {
    {"tau_m", "C_m", "the membrane's time constant is C_m / g_L; give these"},
    {"tau", "C_m", "the membrane's time constant is C_m / g_L, those of the synaptic current are tau_1 and tau_2"},
    {"V_m", "C_m", "V begins at E_L; another start is initial: {V_m: ...} in the population"},
    {"V_0", "C_m", "V begins at E_L, the resting potential"},
    {"V_init", "C_m", "V begins at E_L, the resting potential"},
    {"V_rest", "C_m", "the resting potential is E_L"},
    {"E_r", "C_m", "the resting potential is E_L"},
    {"R", "C_m", "the membrane's resistance is 1 / g_L; 100 MOhm are 10 nS"},
    {"R_m", "C_m", "the membrane's resistance is 1 / g_L; 100 MOhm are 10 nS"},
    {"I", "C_m", "the constant input current is I_e"},
    {"I_ext", "C_m", "the constant input current is I_e"},
    {"tau_ref", "C_m", "the refractory time is t_ref"},
    {"tau_refrac", "C_m", "the refractory time is t_ref"},
    {"tau_s", "C_m", "the time constant of the synaptic current is tau_1, with tau_2: 0 for a single exponential"},
    {"tau_syn", "C_m", "the time constant of the synaptic current is tau_1, with tau_2: 0 for a single exponential"},
    {"tau_syn_ex", "C_m", "the time constant of the synaptic current is tau_1, with tau_2: 0 for a single exponential"},
    {"tau_syn_in", "C_m", "the time constant of the synaptic current is tau_1, with tau_2: 0 for a single exponential"},
    {"tau_rise", "C_m", "the time constants of the synaptic current are tau_2 (rise) and tau_1 (decay)"},
    {"tau_decay", "C_m", "the time constants of the synaptic current are tau_2 (rise) and tau_1 (decay)"},
    {"all_to_all", "fixed_indegree", "this rule is a word without a value: 'connect: all_to_all'"},
    {"one_to_one", "fixed_indegree", "this rule is a word without a value: 'connect: one_to_one'"},
    {"indegree", "fixed_indegree", "the rule itself stands here: 'connect: {fixed_indegree: 10}'"},
    {"p", "fixed_indegree", "the rule itself stands here: 'connect: {pairwise_bernoulli: 0.1}'"},
    {"source", "connect", "the populations of a projection are 'from' and 'to'"},
    {"target", "connect", "the populations of a projection are 'from' and 'to'"},
};

static int has(const char *const *keys, const char *word) {
    while (*keys && strcmp(*keys, word) != 0)
        keys++;
    return *keys != NULL;
}

const char *pm_key_hint(const char *word, const char *const *keys) {
    for (size_t k = 0; k < sizeof hints / sizeof *hints; k++)
        if (strcmp(hints[k].word, word) == 0 && has(keys, hints[k].beside))
            return hints[k].hint;
    return NULL;
}
