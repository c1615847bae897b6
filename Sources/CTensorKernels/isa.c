// Which instruction sets the machine has, and which of them kernels are looked up for.
#include <stdatomic.h>

#include "ctk.h"

static int detect(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                   __builtin_cpu_supports("bmi2");
  if (!avx2) return CTK_ISA_BASELINE;
  const int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
  return avx512 ? CTK_ISA_AVX512 : CTK_ISA_AVX2;
#else
  return CTK_ISA_BASELINE;  // NEON on arm64, scalar code elsewhere
#endif
}

static atomic_int best = -1;  // -1: not yet looked
static atomic_int chosen = -1;

int ctk_isa_best(void) {
  int isa = atomic_load_explicit(&best, memory_order_relaxed);
  if (isa < 0) {
    isa = detect();
    atomic_store_explicit(&best, isa, memory_order_relaxed);
  }
  return isa;
}

int ctk_isa(void) {
  const int isa = atomic_load_explicit(&chosen, memory_order_relaxed);
  return isa < 0 ? ctk_isa_best() : isa;
}

void ctk_set_isa(int isa) {
  const int limit = ctk_isa_best();
  const int wanted = isa < CTK_ISA_BASELINE ? CTK_ISA_BASELINE : isa;
  atomic_store_explicit(&chosen, wanted < limit ? wanted : limit, memory_order_relaxed);
}
