# make run        fit the eight schools; ARGS="--steps 5000 --seed 1" passes options
# make test       build everything, warnings as errors, and run all tests
# make bench      our runs and the peers' side by side; ARGS="--quick" passes options
# make format     rewrite all Swift files in the one format
# make lint       report what the formatter would change, and what it cannot
# make sanitize   all tests under the address sanitizer, then under the thread sanitizer
# make clean      remove everything that was built
#
# Whatever is built needs GSL, OpenBLAS and SLEEF: where they are missing, they are installed first.

SWIFT ?= swift
ARGS ?=
# Homebrew's folders; nothing elsewhere. Asked for when a command runs, after the installation.
FLAGS = $(shell .ci/install-libraries --flags)
SWIFT_FILES = Package.swift Sources Tests models tutorials Benchmarks/Package.swift \
  Benchmarks/Sources
TEST_FLAGS = -Xswiftc -enable-testing -Xswiftc -warnings-as-errors -Xcc -Wall -Xcc -Werror
# Tests are built with other flags: in a folder of their own they leave the build of `run` alone.
TEST = $(SWIFT) test -c release --disable-xctest $(TEST_FLAGS) $(FLAGS)

.PHONY: run test bench format lint sanitize sanitize-address sanitize-thread clean libraries

run: libraries
	@$(SWIFT) build -c release --product eight-schools $(FLAGS) >&2
	@"$$($(SWIFT) build -c release --show-bin-path)/eight-schools" $(ARGS)

test: libraries
	$(TEST) --scratch-path .build/test $(ARGS)

bench: libraries
	Benchmarks/run.sh $(ARGS)

format:
	$(SWIFT) format --in-place --parallel --recursive $(SWIFT_FILES)

lint:
	$(SWIFT) format lint --parallel --recursive $(ARGS) $(SWIFT_FILES)

sanitize: sanitize-address sanitize-thread

# Freed memory is not kept back for long: some tests watch how much the process holds.
sanitize-address: libraries
	ASAN_OPTIONS=quarantine_size_mb=1 LSAN_OPTIONS=suppressions=$(CURDIR)/.ci/known-leaks \
	  $(TEST) --sanitize=address --scratch-path .build/address $(ARGS)

sanitize-thread: libraries
	$(TEST) --sanitize=thread --scratch-path .build/thread $(ARGS)

clean:
	rm -rf .build Benchmarks/.build

libraries:
	@.ci/install-libraries
