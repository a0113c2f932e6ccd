#!/bin/sh
# Calls whose failures get lost, or end the process, have one place each, where they are looked after. Part of make lint.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
# only WHERE PATTERN INSTEAD: the pattern stands in files that match WHERE alone.
only() {
    found=$(grep -nE "$2" src/*/*.[ch] | grep -vE "^src/($1):")
    [ -z "$found" ] && return
    bad=1
    echo "$found"
    echo "test/allocations.sh: use $3 in place of this"
}
only 'io/json\.[ch]' '\bjson_(object_set|array_append|object_update)_new\(' 'pm_json_set, pm_json_append, pm_json_update (io/json.h)'
only 'io/json\.[ch]' '\bjson_dump' 'pm_json_text (io/json.h)'
only 'base/list\.c|io/idx\.c|sim/[a-z_]*\.c|math/[a-z_]*\.c' '\brealloc\(' 'a list (base/list.h)'
only '' '\bgsl_rng_alloc\(' 'pm_stream_new (base/random.h)'
only '' '\bgsl_(matrix|vector)_c?alloc\(' 'views of own arrays: gsl_matrix_view_array'
exit $bad
