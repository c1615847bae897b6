// Substitution through a masked network: solves J' g = r for many rows at once, J being the triangular
// Jacobian of y_i = f(x_i; outputs i of a network of the coordinates before i).
//
// Some rows lie side by side in lanes. A unit is done as soon as all units that it leads to are, with
// one sum over these; so each weight is used once, as in a derivative backwards through the network.
#include "runtime.h"

#include <string.h>

typedef struct {
  const ctk_network_desc *s;
  const ctk_network_layer *layers;
  const int64_t *order;    // the coordinates, in the order of their stages
  const int64_t *offsets;  // of each layer's units, how many there are before each stage
  const char *const *operands;
  char *d;
} network;

static network network_of(const ctk_instr *instr) {
  const ctk_network_desc *s = instr->x;
  const ctk_network_layer *layers = (const ctk_network_layer *)(s + 1);
  const int64_t *order = (const int64_t *)(layers + s->layers);
  return (network){s, layers, order, order + s->dimension, (const char *const *)instr->a, instr->d};
}

// How many units of a layer come before a stage; the coordinates are layer 0.
CTK_INLINE int64_t before(const network *w, int64_t layer, int64_t stage) {
  return w->offsets[layer * (w->s->stages + 1) + stage];
}

// The first of the units that units of a stage can lead to, or of the outputs.
CTK_INLINE int64_t target(const network *w, int64_t layer, int64_t stage) {
  return layer + 1 == w->s->layers ? before(w, 0, stage + 1) * w->s->outputs
                                   : before(w, layer + 1, stage);
}

static int64_t scratch_units(const network *w) {
  int64_t units = w->s->dimension * (3 + 2 * w->s->outputs);
  for (int64_t l = 0; l < w->s->layers; l++) {
    units += w->layers[l].outputs + (w->layers[l].activates ? w->layers[l].inputs : 0);
  }
  return units;
}

// Sums that run side by side, so that none waits for the one before.
enum { CHAINS = 8 };

#define DEFINE_NETWORK(T, LANES)                                                                   \
  typedef T vector_##T __attribute__((ext_vector_type(LANES)));                                    \
  /* sums = the sum of w[k] u[k] over the terms; a row of u is `vectors` vectors. */               \
  CTK_INLINE void combine_##T(                                                                     \
      T *sum, const T *w, const T *u, int64_t terms, const int vectors) {                          \
    const int chains = CHAINS / vectors;                                                           \
    vector_##T sums[CHAINS], row;                                                                  \
    _Pragma("unroll") for (int q = 0; q < CHAINS; q++) sums[q] = 0;                                \
    int64_t k = 0;                                                                                 \
    for (; k + chains <= terms; k += chains) {                                                     \
      _Pragma("unroll") for (int q = 0; q < CHAINS; q++) {                                         \
        memcpy(&row, u + (k * vectors + q) * LANES, sizeof row);                                   \
        sums[q] += w[k + q / vectors] * row;                                                       \
      }                                                                                            \
    }                                                                                              \
    for (; k < terms; k++) {                                                                       \
      _Pragma("unroll") for (int q = 0; q < vectors; q++) {                                        \
        memcpy(&row, u + (k * vectors + q) * LANES, sizeof row);                                   \
        sums[q] += w[k] * row;                                                                     \
      }                                                                                            \
    }                                                                                              \
    _Pragma("unroll") for (int q = vectors; q < CHAINS; q++) sums[q % vectors] += sums[q];         \
    memcpy(sum, sums, sizeof row * (size_t)vectors);                                               \
  }                                                                                                \
  /* Elements of `count` rows, unit by unit; unused lanes hold zeros. */                           \
  CTK_INLINE const T *turned_##T(                                                                  \
      T **next, const void *rows, int64_t first, int64_t count, int64_t units, int64_t width) {    \
    T *turned = *next;                                                                             \
    const T *x = (const T *)rows + first * units;                                                  \
    *next += units * width;                                                                        \
    if (count == width) {                                                                          \
      ctk_transpose_##T(turned, x, units, width, units);                                           \
      return turned;                                                                               \
    }                                                                                              \
    memset(turned, 0, (size_t)(units * width) * sizeof(T));                                        \
    for (int64_t c = 0; c < count; c++)                                                            \
      for (int64_t i = 0; i < units; i++) turned[i * width + c] = x[c * units + i];                \
    return turned;                                                                                 \
  }                                                                                                \
  CTK_INLINE void solve_##T(const network *w, int64_t first, int64_t count, const int vectors) {   \
    const ctk_network_desc *s = w->s;                                                              \
    const int64_t width = vectors * LANES, n = s->dimension, p = s->outputs, last = s->layers - 1; \
    T *next = ctk_scratch(CTK_SCRATCH_BODY, (size_t)(scratch_units(w) * width) * sizeof(T));       \
    const char *const *operand = w->operands;                                                      \
    const T *right = turned_##T(&next, *operand++, first, count, n, width);                        \
    const T *own = turned_##T(&next, *operand++, first, count, n, width);                          \
    const T *values = turned_##T(&next, *operand++, first, count, n * p, width);                   \
    const T *logSlopes = turned_##T(&next, *operand++, first, count, n * p, width);                \
    const T *weights[last + 1], *slopes[last + 1];                                                 \
    T *leaving[last + 1];                                                                          \
    for (int64_t l = 0; l <= last; l++) {                                                          \
      const ctk_network_layer *layer = w->layers + l;                                              \
      weights[l] = layer->connects ? (const T *)*operand++ : NULL;                                 \
      slopes[l] = layer->activates                                                                 \
          ? turned_##T(&next, *operand++, first, count, layer->inputs, width) : NULL;              \
      leaving[l] = next;                                                                           \
      next += layer->outputs * width;                                                              \
    }                                                                                              \
    T *solution = next, sum[LANES * CHAINS];                                                       \
    for (int64_t stage = s->stages - 1; stage > 0; stage--) {                                      \
      for (int64_t l = last; l > 0; l--) {                                                         \
        const int64_t start = target(w, l, stage), outputs = w->layers[l].outputs;                 \
        for (int64_t i = before(w, l, stage); i < before(w, l, stage + 1); i++) {                  \
          const int64_t terms = weights[l] ? outputs - start : 0;                                  \
          const T *row = terms ? weights[l] + i * outputs + start : NULL;                          \
          combine_##T(sum, row, leaving[l] + start * width, terms, vectors);                       \
          T *unit = leaving[l - 1] + i * width;                                                    \
          for (int64_t c = 0; c < width; c++)                                                      \
            unit[c] = slopes[l] ? sum[c] * slopes[l][i * width + c] : sum[c];                      \
          if (l < last && w->layers[l + 1].isResidual)                                             \
            for (int64_t c = 0; c < width; c++) unit[c] += leaving[l + 1][i * width + c];          \
        }                                                                                          \
      }                                                                                            \
      const int64_t start = target(w, 0, stage), outputs = w->layers[0].outputs;                   \
      for (int64_t i = before(w, 0, stage); i < before(w, 0, stage + 1); i++) {                    \
        const int64_t at = w->order[i] * width, terms = weights[0] ? outputs - start : 0;          \
        const T *row = terms ? weights[0] + w->order[i] * outputs + start : NULL;                  \
        combine_##T(sum, row, leaving[0] + start * width, terms, vectors);                         \
        T *g = solution + at;                                                                      \
        for (int64_t c = 0; c < width; c++) g[c] = (right[at + c] - sum[c]) / own[at + c];         \
        for (int64_t j = 0; j < p; j++) {                                                          \
          T *output = leaving[last] + (i * p + j) * width;                                         \
          for (int64_t c = 0; c < width; c++)                                                      \
            output[c] = values[j * n * width + at + c] * g[c] + logSlopes[j * n * width + at + c]; \
        }                                                                                          \
      }                                                                                            \
    }                                                                                              \
    T *d = (T *)w->d + first * n;                                                                  \
    if (count == width) {                                                                          \
      ctk_transpose_##T(d, solution, width, n, width);                                             \
    } else {                                                                                       \
      for (int64_t c = 0; c < count; c++)                                                          \
        for (int64_t i = 0; i < n; i++) d[c * n + i] = solution[i * width + c];                    \
    }                                                                                              \
  }                                                                                                \
  CTK_CLONES static void few_##T(void *context, int64_t task, int thread) {                        \
    (void)task, (void)thread;                                                                      \
    solve_##T(context, 0, ((const network *)context)->s->rows, 1);                                 \
  }                                                                                                \
  CTK_CLONES static void many_##T(void *context, int64_t task, int thread) {                       \
    (void)thread;                                                                                  \
    const int64_t rows = ((const network *)context)->s->rows;                                      \
    solve_##T(context, task * 32, ctk_min(32, rows - task * 32), 32 / LANES);                      \
  }                                                                                                \
  static void network_##T(const ctk_instr *instr) {                                                \
    network w = network_of(instr);                                                                 \
    if (w.s->rows <= LANES) few_##T(&w, 0, 0);                                                     \
    else ctk_parallel(ctk_ceil_div(w.s->rows, 32), many_##T, &w);                                  \
  }

DEFINE_NETWORK(f64, 8)
DEFINE_NETWORK(f32, 16)

ctk_fn ctk_network_solve(int dtype) {
  return dtype == CTK_F64 ? network_f64 : dtype == CTK_F32 ? network_f32 : NULL;
}
