#!/bin/sh
# Results have the same bits on every processor: objects call nothing of the C library's mathematics but what IEEE 754
# or exactness fixes, of GSL only what does no arithmetic to speak of, and no other library of mathematics. What is
# missing is in src/math/elementary.h and draw.h. Usage: test/symbols.sh FILE..., objects or archives. Prints what
# breaks the rule; status 1 then.
set -eu
library=$(${CC:-gcc} -print-file-name=libm.so.6)
nm -D --defined-only "$library" | awk '{ sub("@.*", "", $NF); print $NF }' > build/symbols.libm
[ -s build/symbols.libm ]
nm -A -u "$@" > build/symbols.used
awk '
BEGIN {
    fixed = "ceil copysign fabs floor fmax fmin fmod frexp ilogb ldexp llrint llround logb lrint lround modf " \
            "nearbyint nextafter rint round scalbn sqrt trunc"
    n = split(fixed, names, " ")
    for (k = 1; k <= n; k++)
        allowed[names[k]] = allowed[names[k] "f"] = 1
    n = split("gsl_sort gsl_stats_median_from_sorted_data gsl_set_error_handler_off gsl_strerror", names, " ")
    for (k = 1; k <= n; k++)
        allowed[names[k]] = 1
}
FILENAME ~ /libm$/ { mathematics[$1] = 1; next }
{
    name = $NF
    sub("@.*", "", name)
    if (allowed[name] || name ~ /^gsl_rng_/)
        next
    if (mathematics[name] || name ~ /^(gsl|cblas|openblas|LAPACKE|lapack)_/ || name ~ /^[sdcz][a-z0-9]+_$/) {
        print $1 " calls " name ", whose bits depend on the processor"
        bad = 1
    }
}
END { exit bad }' build/symbols.libm build/symbols.used
