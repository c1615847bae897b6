// Elementwise kernels for x86-64 with AVX-512 (F, DQ, VL, BW).
#if defined(__x86_64__)
#include <immintrin.h>
#define CTK_TABLE ctk_elementwise_avx512
#define CTK_LANES_AVX512 1
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,bmi,bmi2,lzcnt,popcnt"))), \
    apply_to = function)
#include "elementwise_template.h"
#pragma clang attribute pop
#endif
