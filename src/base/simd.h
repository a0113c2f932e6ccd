/* PM_SIMD marks loops over neurons that are compiled for several widths of vector registers; the best one is chosen
 * when the program starts. Contraction is off and every lane computes what the scalar loop does: the bits do not
 * differ. The sanitizers' build has none: that its results are the release's is a test. */
#ifndef PM_BASE_SIMD_H
#define PM_BASE_SIMD_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(PM_NO_SIMD_CLONES)
#define PM_SIMD __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define PM_SIMD
#endif

#endif
