/* Normal numbers by the ziggurat (G. Marsaglia and W. W. Tsang, Journal of Statistical Software 5(8), 2000) of 128
 * strips of equal area below e^(-x^2/2), the lowest of which holds the tail, drawn from below e^(-r (x - r/2)), r being
 * where it begins. The draws are those of gsl_ran_gaussian_ziggurat, but for the last bit of some in the tail. */
#include "math/draw.h"

#include "math/elementary.h"

#include <stdbool.h>
#include <stdint.h>

enum { STRIPS = 128 };

static const double TAIL = 3.44428647676;

/* In units of 2^-24 of its width (the number drawn counts them): up to where a strip lies below the curve entirely, and
 * its width. */
static const struct {
    uint32_t below;
    double width;
} strip[STRIPS] = {
    {0, 1.62318314817e-8},        {12590644, 2.16291505214e-8}, {14272653, 2.54246305087e-8},
    {14988939, 2.84579525938e-8}, {15384584, 3.10340022482e-8}, {15635009, 3.33011726243e-8},
    {15807561, 3.53439060345e-8}, {15933577, 3.72152672658e-8}, {16029594, 3.8950989572e-8},
    {16105155, 4.05763964764e-8}, {16166147, 4.21101548915e-8}, {16216399, 4.35664624904e-8},
    {16258508, 4.49563968336e-8}, {16294295, 4.62887864029e-8}, {16325078, 4.75707945735e-8},
    {16351831, 4.88083237257e-8}, {16375291, 5.00063025384e-8}, {16396026, 5.11688950428e-8},
    {16414479, 5.22996558616e-8}, {16431002, 5.34016475624e-8}, {16445880, 5.44775307871e-8},
    {16459343, 5.55296344581e-8}, {16471578, 5.65600111659e-8}, {16482744, 5.75704813695e-8},
    {16492970, 5.85626690412e-8}, {16502368, 5.95380306862e-8}, {16511031, 6.04978791776e-8},
    {16519039, 6.14434034901e-8}, {16526459, 6.23756851626e-8}, {16533352, 6.32957121259e-8},
    {16539769, 6.42043903937e-8}, {16545755, 6.51025540077e-8}, {16551348, 6.59909735447e-8},
    {16556584, 6.68703634341e-8}, {16561493, 6.77413882848e-8}, {16566101, 6.8604668381e-8},
    {16570433, 6.94607844804e-8}, {16574511, 7.03102820203e-8}, {16578353, 7.11536748229e-8},
    {16581977, 7.1991448372e-8},  {16585398, 7.2824062723e-8},  {16588629, 7.36519550992e-8},
    {16591685, 7.44755422158e-8}, {16594575, 7.52952223703e-8}, {16597311, 7.61113773308e-8},
    {16599901, 7.69243740467e-8}, {16602354, 7.77345662086e-8}, {16604679, 7.85422956743e-8},
    {16606881, 7.93478937793e-8}, {16608968, 8.01516825471e-8}, {16610945, 8.09539758128e-8},
    {16612818, 8.17550802699e-8}, {16614592, 8.25552964535e-8}, {16616272, 8.33549196661e-8},
    {16617861, 8.41542408569e-8}, {16619363, 8.49535474601e-8}, {16620782, 8.57531242006e-8},
    {16622121, 8.65532538723e-8}, {16623383, 8.73542180955e-8}, {16624570, 8.8156298059e-8},
    {16625685, 8.89597752521e-8}, {16626730, 8.97649321908e-8}, {16627708, 9.05720531451e-8},
    {16628619, 9.138142487e-8},   {16629465, 9.21933373471e-8}, {16630248, 9.30080845407e-8},
    {16630969, 9.38259651738e-8}, {16631628, 9.46472835298e-8}, {16632228, 9.54723502847e-8},
    {16632768, 9.63014833769e-8}, {16633248, 9.71350089201e-8}, {16633671, 9.79732621669e-8},
    {16634034, 9.88165885297e-8}, {16634340, 9.96653446693e-8}, {16634586, 1.00519899658e-7},
    {16634774, 1.0138063623e-7},  {16634903, 1.02247952126e-7}, {16634972, 1.03122261554e-7},
    {16634980, 1.04003996769e-7}, {16634926, 1.04893609795e-7}, {16634810, 1.05791574313e-7},
    {16634628, 1.06698387725e-7}, {16634381, 1.07614573423e-7}, {16634066, 1.08540683296e-7},
    {16633680, 1.09477300508e-7}, {16633222, 1.1042504257e-7},  {16632688, 1.11384564771e-7},
    {16632075, 1.12356564007e-7}, {16631380, 1.13341783071e-7}, {16630598, 1.14341015475e-7},
    {16629726, 1.15355110887e-7}, {16628757, 1.16384981291e-7}, {16627686, 1.17431607977e-7},
    {16626507, 1.18496049514e-7}, {16625212, 1.19579450872e-7}, {16623794, 1.20683053909e-7},
    {16622243, 1.21808209468e-7}, {16620548, 1.2295639141e-7},  {16618698, 1.24129212952e-7},
    {16616679, 1.25328445797e-7}, {16614476, 1.26556042658e-7}, {16612071, 1.27814163916e-7},
    {16609444, 1.29105209375e-7}, {16606571, 1.30431856341e-7}, {16603425, 1.31797105598e-7},
    {16599973, 1.3320433736e-7},  {16596178, 1.34657379914e-7}, {16591995, 1.36160594606e-7},
    {16587369, 1.37718982103e-7}, {16582237, 1.39338316679e-7}, {16576520, 1.41025317971e-7},
    {16570120, 1.42787873535e-7}, {16562917, 1.44635331499e-7}, {16554758, 1.4657889173e-7},
    {16545450, 1.48632138436e-7}, {16534739, 1.50811780719e-7}, {16522287, 1.53138707402e-7},
    {16507638, 1.55639532047e-7}, {16490152, 1.58348931426e-7}, {16468907, 1.61313325908e-7},
    {16442518, 1.64596952856e-7}, {16408804, 1.68292495203e-7}, {16364095, 1.72541128694e-7},
    {16301683, 1.77574279496e-7}, {16207738, 1.83813550477e-7}, {16047994, 1.92166040885e-7},
    {15704248, 2.05295471952e-7}, {15472926, 2.22600839893e-7},
};

static double flat(double u, double low, double high) { return low * (1.0 - u) + high * u; }
static double exponential(double u, double mean) { return -mean * pm_log(1.0 - u); }

double pm_draw_flat(gsl_rng *rng, double low, double high) { return flat(gsl_rng_uniform(rng), low, high); }
double pm_words_flat(pm_words *words, double low, double high) { return flat(pm_words_uniform(words), low, high); }

double pm_draw_exponential(gsl_rng *rng, double mean) { return exponential(gsl_rng_uniform(rng), mean); }
double pm_words_exponential(pm_words *words, double mean) { return exponential(pm_words_uniform(words), mean); }

static double height(double x) { return pm_exp(-0.5 * x * x); }

/* Where strip i begins to jut out over the curve. */
static double edge(unsigned i) { return i == 0 ? 0.0 : strip[i - 1].width * 0x1p24; }

/* Where further numbers come from: one of the two. */
typedef struct source {
    gsl_rng *rng;
    pm_words *words;
} source;

static double uniform(const source *s) { return s->words ? pm_words_uniform(s->words) : gsl_rng_uniform(s->rng); }

/* For a place x in strip i beyond `below`: whether it is taken; in the tail x is drawn anew. */
static bool accept(const source *from, unsigned i, double *x) {
    double y;
    if (i < STRIPS - 1) {
        double top = height(edge(i)), bottom = height(edge(i + 1));
        y = bottom + (top - bottom) * uniform(from);
    } else {
        *x = TAIL - pm_log(1.0 - uniform(from)) / TAIL;
        y = pm_exp(-TAIL * (*x - 0.5 * TAIL)) * uniform(from);
    }
    return y < height(*x);
}

static inline double normal(const source *from, double deviation) {
    for (;;) {
        uint32_t word = from->words ? pm_words_next(from->words) : (uint32_t)gsl_rng_get(from->rng), place = word >> 8;
        unsigned i = word & (STRIPS - 1);
        double x = place * strip[i].width;
        if (place < strip[i].below || accept(from, i, &x))
            return (word & STRIPS ? deviation : -deviation) * x;
    }
}

double pm_draw_normal(gsl_rng *rng, double deviation) { return normal(&(source){.rng = rng}, deviation); }
double pm_words_normal(pm_words *words, double deviation) { return normal(&(source){.words = words}, deviation); }

void pm_words_normals(pm_words *words, double mean, double deviation, double low, double high, size_t n,
                      double *values) {
    const source from = {.words = words};
    for (size_t k = 0; k < n;) {
        values[k] = mean + normal(&from, deviation);
        k += values[k] >= low && values[k] <= high;
    }
}
