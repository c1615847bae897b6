// Elementwise kernels for every machine: SSE2 on x86-64, NEON on arm64.
#define CTK_TABLE ctk_elementwise_baseline
#if defined(__x86_64__)
#define CTK_LANES_SSE2 1
#elif defined(__aarch64__)
#define CTK_LANES_NEON 1
#endif
#include "elementwise_template.h"
