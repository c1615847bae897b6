// Vectors of several numbers, computed with like numbers: f32_8 has eight.
#ifndef CTK_VECTOR_TYPES_H
#define CTK_VECTOR_TYPES_H

#include <string.h>

#include "runtime.h"

#define VECTOR(type, lanes) type __attribute__((ext_vector_type(lanes)))
typedef double f64_1;
typedef VECTOR(double, 2) f64_2;
typedef VECTOR(double, 4) f64_4;
typedef VECTOR(double, 8) f64_8;
typedef float f32_1;
typedef VECTOR(float, 2) f32_2;
typedef VECTOR(float, 4) f32_4;
typedef VECTOR(float, 8) f32_8;
typedef VECTOR(float, 16) f32_16;

#define LOADED(vector, name, from) \
  vector name;                     \
  memcpy(&name, from, sizeof name)

// For loops of few rounds, known to the compiler.
#define UNROLLED _Pragma("clang loop unroll(full)")

#endif
