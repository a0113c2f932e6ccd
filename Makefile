# punctum. `make help` lists the targets.
#
# Rooms of src/ other than cli/ make up the library, cli/ the program. Every variant (release, asan, coverage) has its own
# folder under build/.

VERSION := 0.1.0
PREFIX ?= /usr/local
VARIANT ?= release
CC ?= gcc

BUILD := build/$(VARIANT)
PACKAGES := gsl yaml-0.1 jansson

WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
# Contraction to fused multiply-add would make results depend on the machine.
EXACT := -ffp-contract=off -fno-fast-math
OPTIMISE := -O3
ifeq ($(VARIANT),asan)
OPTIMISE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
endif
ifeq ($(VARIANT),coverage)
OPTIMISE := -O0 -g --coverage
endif
# Evaluated when first needed: the packages may have to be installed before.
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES)))$(PACKAGE_CFLAGS)
PACKAGE_LIBS = $(eval PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES)))$(PACKAGE_LIBS)
override CFLAGS += -std=gnu17 $(OPTIMISE) $(EXACT) -fopenmp -fPIC -fvisibility=default $(WARNINGS)
override CPPFLAGS += -Iinclude -Isrc -Itest
LDLIBS = $(PACKAGE_LIBS) -lm

LIBRARY_SOURCES := $(sort $(wildcard src/math/*.c src/net/*.c src/sim/*.c src/learn/*.c src/metric/*.c src/io/*.c))
PROGRAM_SOURCES := $(sort $(wildcard src/cli/*.c))
TEST_SOURCES := $(sort $(wildcard test/*.c test/*/*.c))
SUITES := $(sort $(patsubst test_%.c,%,$(notdir $(wildcard test/*/test_*.c))))
object = $(patsubst %.c,$(BUILD)/%.o,$(1))

.PHONY: all check test e2e asan lint fuzz coverage demo bench install uninstall clean help setup setup-check FORCE
.DEFAULT_GOAL := all

all: setup
	@$(MAKE) --no-print-directory build/punctum $(BUILD)/libpunctum.so

help:
	@echo 'make            build the program (build/punctum) and the library'
	@echo 'make demo       simulate the demo network and draw it'
	@echo 'make check      all tests: unit, end to end, sanitizers, fuzzing, static analysis'
	@echo 'make test e2e asan lint fuzz     each of these alone (fuzz: SECONDS=5 per target)'
	@echo 'make coverage   line coverage of src/math, src/net and src/sim (at least 95 %)'
	@echo 'make bench      speed of the benchmark networks'
	@echo 'make install    to PREFIX=/usr/local (DESTDIR is honoured); make uninstall'
	@echo 'make clean      remove build/'

setup:
	@scripts/setup.sh build
setup-check:
	@scripts/setup.sh check

# --- library and program -----------------------------------------------------------------------------------------------

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(PACKAGE_CFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/libpunctum.a: $(call object,$(LIBRARY_SOURCES))
	rm -f $@
	ar rcs $@ $^

$(BUILD)/libpunctum.so: $(call object,$(LIBRARY_SOURCES))
	$(CC) $(CFLAGS) -shared -Wl,-soname,libpunctum.so.0 $^ $(LDFLAGS) $(LDLIBS) -o $@

$(BUILD)/punctum: $(call object,$(PROGRAM_SOURCES)) $(BUILD)/libpunctum.a
	$(CC) $(CFLAGS) $^ $(LDFLAGS) $(LDLIBS) -o $@

build/punctum: build/release/punctum
	cp $< $@

# --- tests -------------------------------------------------------------------------------------------------------------

# The runner's list of suites comes from the names of the files: test/<room>/test_<name>.c defines pm_suite_<name>().
$(BUILD)/suites.h: FORCE
	@mkdir -p $(@D)
	@for s in $(SUITES); do echo "SUITE($$s)"; done > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(BUILD)/test/main.o: CPPFLAGS += -I$(BUILD)
$(BUILD)/test/main.o: $(BUILD)/suites.h

$(BUILD)/unit-tests: $(call object,$(TEST_SOURCES)) $(BUILD)/libpunctum.a
	$(CC) $(CFLAGS) $^ $(LDFLAGS) $(LDLIBS) $$(pkg-config --libs check) -lquadmath -o $@

test: setup-check
	@$(MAKE) --no-print-directory $(BUILD)/unit-tests $(BUILD)/punctum
	CK_DEFAULT_TIMEOUT=1200 PM_PROGRAM=$(BUILD)/punctum $(BUILD)/unit-tests

e2e: setup-check
	@$(MAKE) --no-print-directory $(BUILD)/punctum
	test/e2e.sh $(BUILD)/punctum

asan: setup-check
	$(MAKE) --no-print-directory VARIANT=asan PM_INTERVALS=500 test e2e

check: setup-check
	$(MAKE) --no-print-directory all
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory asan
	$(MAKE) --no-print-directory e2e
	$(MAKE) --no-print-directory test

# --- static analysis ---------------------------------------------------------------------------------------------------

lint: setup-check
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --suppressions-list=.cppcheck -Iinclude -Isrc src
	clang-tidy --quiet --warnings-as-errors='*' $(LIBRARY_SOURCES) $(PROGRAM_SOURCES) -- $(CPPFLAGS) $(PACKAGE_CFLAGS) -std=gnu17 2>/dev/null

# --- everything else ---------------------------------------------------------------------------------------------------

demo: setup
	@$(MAKE) --no-print-directory build/punctum
	build/punctum run data/demo/network.yaml -o build/demo
	build/punctum plot build/demo

coverage: setup-check
	$(MAKE) --no-print-directory VARIANT=coverage PM_INTERVALS=500 test e2e
	lcov --quiet --capture --directory build/coverage/src --output-file build/coverage/all.info
	lcov --quiet --extract build/coverage/all.info '*/src/math/*' '*/src/net/*' '*/src/sim/*' -o build/coverage/core.info
	@lcov --summary build/coverage/core.info 2>&1 | tee build/coverage/summary.txt
	@awk '/lines/ { sub("%", "", $$2); exit !($$2 >= 95) }' build/coverage/summary.txt

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include/punctum \
	    $(DESTDIR)$(PREFIX)/share/punctum/scripts $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 build/punctum $(DESTDIR)$(PREFIX)/bin/punctum
	install -m 644 build/release/libpunctum.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 build/release/libpunctum.so $(DESTDIR)$(PREFIX)/lib/libpunctum.so.0
	ln -sf libpunctum.so.0 $(DESTDIR)$(PREFIX)/lib/libpunctum.so
	install -m 644 include/punctum/*.h $(DESTDIR)$(PREFIX)/include/punctum/
	install -m 644 scripts/*.gp $(DESTDIR)$(PREFIX)/share/punctum/scripts/
	install -m 644 docs/punctum.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' punctum.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/punctum.pc

uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/include/punctum $(DESTDIR)$(PREFIX)/share/punctum
	rm -f $(DESTDIR)$(PREFIX)/bin/punctum $(DESTDIR)$(PREFIX)/lib/libpunctum.a $(DESTDIR)$(PREFIX)/lib/libpunctum.so* \
	    $(DESTDIR)$(PREFIX)/lib/pkgconfig/punctum.pc $(DESTDIR)$(PREFIX)/share/man/man1/punctum.1

clean:
	rm -rf build

-include $(wildcard $(patsubst %.c,$(BUILD)/%.d,$(LIBRARY_SOURCES) $(PROGRAM_SOURCES) $(TEST_SOURCES)))
