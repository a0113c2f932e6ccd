gcc -O2 -fopenmp -I/work/main/include -I/work/main/src /tmp/t/e.c /work/main/build/libpunctum.a -lgsl -lgslcblas -lyaml -ljansson -lm -o /tmp/t/e
