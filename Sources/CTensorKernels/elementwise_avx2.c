// Elementwise kernels for x86-64 with AVX2 and FMA.
#if defined(__x86_64__)
#include <immintrin.h>
#define CTK_TABLE ctk_elementwise_avx2
#define CTK_LANES_AVX2 1
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,lzcnt,popcnt"))), \
                             apply_to = function)
#include "elementwise_template.h"
#pragma clang attribute pop
#endif
