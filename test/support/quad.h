/* The course of u in extended precision, as the reference of the tests: quad_... in 113 bits (relative errors below
 * 1e-30), wide_... in long double. See course.inc for the functions. */
#ifndef TEST_SUPPORT_QUAD_H
#define TEST_SUPPORT_QUAD_H

#include "math/lif.h"

#include <math.h>
#include <punctum/neuron.h>
#include <quadmath.h>
#include <stdint.h>

typedef __float128 quad;
static const quad quad_epsilon = 0x1p-111;
static inline quad quad_exp(quad x) { return expq(x); }
static inline quad quad_expm1(quad x) { return expm1q(x); }

static const long double wide_epsilon = 0x1p-62L;
static inline long double wide_exp(long double x) { return expl(x); }
static inline long double wide_expm1(long double x) { return expm1l(x); }

#define REAL quad
#define NAME(word) quad_##word
#include "support/course.inc"
#undef REAL
#undef NAME
#define REAL long double
#define NAME(word) wide_##word
#include "support/course.inc"
#undef REAL
#undef NAME

#endif
