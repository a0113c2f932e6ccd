/* Blocks hold the terms of the present member of the chain; a step by D + l multiplies each by the difference of rates,
 * with no division, so that close rates lose no digits. A pair of which one rate is l becomes a single decay, a decay
 * of rate l goes. Exponentials come first, sines last. Invariant: all blocks stand for the same member at both ends, up
 * to positive factors of each end. */
#include "math/chain.h"

#include <stdbool.h>

enum { MOST_MEMBERS = 3 + PM_CHAIN_PAIRS + PM_CHAIN_DECAYS + 2 * PM_CHAIN_SINES };
enum { POSITIVE = 1, NEGATIVE = 2 };

typedef struct member {
    unsigned char at_a, at_b; /* possible signs; 0: zero for certain, and left out */
} member;

static unsigned char signs(double value, double magnitude) {
    if (magnitude == 0.0)
        return 0;
    double noise = PM_CHAIN_NOISE * magnitude;
    if (!(noise > 0x1p-1000))
        return POSITIVE | NEGATIVE;
    return (unsigned char)((value > -noise ? POSITIVE : 0) | (value < noise ? NEGATIVE : 0));
}

static member member_of(pm_ends f) { return (member){signs(f.value[0], f.size[0]), signs(f.value[1], f.size[1])}; }

static void step(pm_chain *chain, double l) {
    size_t kept = 0;
    for (size_t k = 0; k < chain->n_decays; k++) {
        double d = l - chain->decays[k].rate;
        if (d == 0.0)
            continue;
        chain->decays[kept++] = (pm_chain_decay){pm_ends_times(chain->decays[k].p, d), chain->decays[k].rate};
    }
    chain->n_decays = kept;
    kept = 0;
    for (size_t k = 0; k < chain->n_pairs; k++) {
        pm_chain_pair pair = chain->pairs[k];
        double d_1 = l - pair.l_1, d_2 = l - pair.l_2;
        pm_ends p = pm_ends_plus(pm_ends_times(pair.p, d_1), pair.r);
        if (d_1 == 0.0) {
            chain->decays[chain->n_decays++] = (pm_chain_decay){pair.r, pair.l_2};
        } else if (d_2 == 0.0) {
            chain->decays[chain->n_decays++] = (pm_chain_decay){p, pair.l_1};
        } else {
            pair.p = p;
            pair.r = pm_ends_times(pair.r, d_2);
            chain->pairs[kept++] = pair;
        }
    }
    chain->n_pairs = kept;
    for (size_t k = 0; k < chain->n_sines; k++) {
        pm_chain_sine *sine = &chain->sines[k];
        pm_ends s = pm_ends_plus(pm_ends_times(sine->s, l), pm_ends_times(sine->c, sine->w));
        sine->c = pm_ends_plus(pm_ends_times(sine->c, l), pm_ends_times(sine->s, -sine->w));
        sine->s = s;
    }
}

static pm_ends total(const pm_chain *chain) {
    pm_ends sum = {{0.0, 0.0}, {0.0, 0.0}};
    for (size_t k = 0; k < chain->n_pairs; k++)
        sum = pm_ends_plus(sum, chain->pairs[k].p);
    for (size_t k = 0; k < chain->n_decays; k++)
        sum = pm_ends_plus(sum, chain->decays[k].p);
    for (size_t k = 0; k < chain->n_sines; k++)
        sum = pm_ends_plus(sum, chain->sines[k].s);
    return sum;
}

static inline pm_ends rescaled(pm_ends x, pm_two scale) { return (pm_ends){x.value * scale, x.size * scale}; }

/* Keeps magnitudes above 2^-100, end by end: only signs count. */
static void rescale(pm_chain *chain, const pm_ends *sum) {
    pm_two scale = {sum->size[0] < 0x1p-100 ? 0x1p+200 : 1.0, sum->size[1] < 0x1p-100 ? 0x1p+200 : 1.0};
    if (scale[0] == 1.0 && scale[1] == 1.0)
        return;
    for (size_t k = 0; k < chain->n_pairs; k++) {
        chain->pairs[k].p = rescaled(chain->pairs[k].p, scale);
        chain->pairs[k].r = rescaled(chain->pairs[k].r, scale);
    }
    for (size_t k = 0; k < chain->n_decays; k++)
        chain->decays[k].p = rescaled(chain->decays[k].p, scale);
    for (size_t k = 0; k < chain->n_sines; k++) {
        chain->sines[k].s = rescaled(chain->sines[k].s, scale);
        chain->sines[k].c = rescaled(chain->sines[k].c, scale);
    }
}

/* The step between two members of a sine: f' + w tan(w (t - c)) f, c in the middle of the piece. */
static pm_ends half_step(const pm_chain *chain, const pm_chain_sine *by) {
    double slope = by->w * by->tan;
    pm_ends sum = {{0.0, 0.0}, {0.0, 0.0}};
    for (size_t k = 0; k < chain->n_sines; k++) {
        const pm_chain_sine *sine = &chain->sines[k];
        sum = pm_ends_plus(sum, pm_ends_times(sine->c, sine->w));
        sum.value += sine->s.value * (pm_two){-slope, slope};
        sum.size += sine->s.size * slope;
    }
    return sum;
}

/* Takes the last sine out by D^2 + w^2. */
static void take_sine(pm_chain *chain) {
    double w = chain->sines[--chain->n_sines].w;
    size_t kept = 0;
    for (size_t k = 0; k < chain->n_sines; k++) {
        double d = (w - chain->sines[k].w) * (w + chain->sines[k].w);
        if (d == 0.0)
            continue;
        const pm_chain_sine *sine = &chain->sines[k];
        chain->sines[kept++] =
            (pm_chain_sine){pm_ends_times(sine->s, d), pm_ends_times(sine->c, d), sine->w, sine->tan};
    }
    chain->n_sines = kept;
}

/* The number of changes of sign along the members from k on, where open signs are chosen for the most or the fewest. */
typedef struct changes {
    int positive, negative; /* if the first is that; UNSEEN: it cannot be */
} changes;

enum { UNSEEN = 1 << 20 };

static changes prepend(changes tail, unsigned char possible, bool most) {
    if (possible == 0)
        return tail;
    int sign = most ? -1 : 1; /* the smallest of the negatives is the most */
    bool first = tail.positive == UNSEEN && tail.negative == UNSEEN;
    int p = first ? 0 : tail.positive < tail.negative + sign ? tail.positive : tail.negative + sign;
    int n = first ? 0 : tail.negative < tail.positive + sign ? tail.negative : tail.positive + sign;
    return (changes){possible & POSITIVE ? p : UNSEEN, possible & NEGATIVE ? n : UNSEEN};
}

static int least(changes c) {
    int n = c.positive < c.negative ? c.positive : c.negative;
    return n > UNSEEN / 2 ? 0 : n;
}

pm_chain_zeros pm_chain_count(pm_chain *chain) {
    member members[MOST_MEMBERS] = {[0] = member_of(chain->f_0), [1] = member_of(chain->f_1)};
    size_t n = 2;
    while (chain->n_pairs + chain->n_decays + chain->n_sines > 0) {
        pm_ends sum = total(chain);
        members[n++] = member_of(sum);
        rescale(chain, &sum);
        if (chain->n_pairs > 0) {
            step(chain, chain->pairs[chain->n_pairs - 1].l_1);
        } else if (chain->n_decays > 0) {
            step(chain, chain->decays[chain->n_decays - 1].rate);
        } else {
            members[n++] = member_of(half_step(chain, &chain->sines[chain->n_sines - 1]));
            take_sine(chain);
        }
    }
    pm_chain_zeros zeros = {{0, 0, 0}};
    changes a = {UNSEEN, UNSEEN}, b = a;
    for (size_t k = n; k-- > 0;) {
        a = prepend(a, members[k].at_a, true);
        b = prepend(b, members[k].at_b, false);
        int lost = -least(a) - least(b);
        if (k < 3)
            zeros.of[k] = lost > 0 ? lost : 0;
    }
    return zeros;
}
