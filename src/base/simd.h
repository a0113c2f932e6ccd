/* Vector code that has the same bits on every processor: contraction is off, and every lane computes what the scalar
 * loop does. Two ways to write it:
 *
 * PM_SIMD marks plain loops over neurons, which the compiler makes vectors of, for several widths of vector registers;
 * the best one is chosen when the program starts.
 *
 * Where vectors are written out, as types, the compiler takes those that are wider than a register apart, and badly. So
 * such code stands in a file of its own that base/widths.inc includes once for each width, and PM_WIDEST(f) is the
 * function f for the widest registers of this processor.
 *
 * The sanitizers' build has neither clones nor wider registers: that its results are the release's is a test. */
#ifndef PM_BASE_SIMD_H
#define PM_BASE_SIMD_H

#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(PM_NO_SIMD_CLONES)
#define PM_SIMD __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#define PM_WIDER_REGISTERS
#else
#define PM_SIMD
#endif

#define PM_VECTORS_OF(lanes)                                                                                           \
    typedef double pm_vector_##lanes __attribute__((vector_size(8 * (lanes))));                                        \
    typedef int64_t pm_mask_##lanes __attribute__((vector_size(8 * (lanes))));                                         \
    typedef uint64_t pm_words_##lanes __attribute__((vector_size(8 * (lanes))));                                       \
    typedef double pm_stored_##lanes __attribute__((vector_size(8 * (lanes)), aligned(8), may_alias))
PM_VECTORS_OF(2);
PM_VECTORS_OF(4);
PM_VECTORS_OF(8);

/* Doubles in a vector register of this processor: 2, 4 or 8. */
static inline int pm_register_lanes(void) {
#ifdef PM_WIDER_REGISTERS
    return __builtin_cpu_supports("x86-64-v4") ? 8 : __builtin_cpu_supports("avx2") ? 4 : 2;
#else
    return 2;
#endif
}

#ifdef PM_WIDER_REGISTERS
#define PM_WIDEST(f) (pm_register_lanes() == 8 ? f##_8 : pm_register_lanes() == 4 ? f##_4 : f##_2)
#else
#define PM_WIDEST(f) f##_2
#endif

#endif
