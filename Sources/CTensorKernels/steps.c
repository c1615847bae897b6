// Loops whose every value is one element. A kernel that expects many spends most of its time on
// finding that there is one; here one interpreter does the arithmetic of the whole body, on cells
// that lie side by side.
#include <string.h>

#include "elementwise.h"
#include "runtime.h"

// As the kernels do, products and sums are rounded one after the other.
#pragma STDC FP_CONTRACT OFF

enum { CALL, COPY, NEG, SQUARE, ADD, SUB, MUL, DIV, MULADD };

static int is_elementwise(ctk_fn fn) {
  for (int dtype = 0; dtype < CTK_DTYPE_COUNT; dtype++) {
    for (int op = 0; op < CTK_UNARY_COUNT; op++)
      if (fn == ctk_unary(op, dtype)) return 1;
    for (int op = 0; op < CTK_TEST_COUNT; op++)
      if (fn == ctk_test(op, dtype)) return 1;
    for (int op = 0; op < CTK_BINARY_COUNT; op++)
      if (fn == ctk_binary(op, dtype, CTK_VV)) return 1;
    for (int op = 0; op < CTK_COMPARE_COUNT; op++)
      if (fn == ctk_compare(op, dtype, CTK_VV)) return 1;
    for (int to = 0; to < CTK_DTYPE_COUNT; to++)
      if (fn == ctk_cast(dtype, to)) return 1;
    if (fn == ctk_where(dtype, 0) || fn == ctk_copy(dtype) || fn == ctk_fill(dtype)) return 1;
    if (fn == ctk_muladd(dtype)) return 1;
  }
  return 0;
}

int ctk_step_code(ctk_fn fn) {
  if (fn == NULL) return -1;
  if (fn == ctk_copy(CTK_F64) || fn == ctk_fill(CTK_F64)) return COPY;
  if (fn == ctk_unary(CTK_NEG, CTK_F64)) return NEG;
  if (fn == ctk_unary(CTK_SQUARE, CTK_F64)) return SQUARE;
  if (fn == ctk_binary(CTK_ADD, CTK_F64, CTK_VV)) return ADD;
  if (fn == ctk_binary(CTK_SUB, CTK_F64, CTK_VV)) return SUB;
  if (fn == ctk_binary(CTK_MUL, CTK_F64, CTK_VV)) return MUL;
  if (fn == ctk_binary(CTK_DIV, CTK_F64, CTK_VV)) return DIV;
  if (fn == ctk_muladd(CTK_F64)) return MULADD;
  return is_elementwise(fn) ? CALL : -1;
}

static void call(const ctk_step *s, uint64_t *cells) {
  const ctk_instr instr = {.fn = s->fn,
                           .n = 1,
                           .d = (char *)(cells + s->d),
                           .a = (const char *)(cells + s->a),
                           .b = (const char *)(cells + s->b),
                           .c = (const char *)(cells + s->c),
                           .first = 1};
  s->fn(&instr);
}

// Straight to where arithmetic is done: what one step hands to the next through its cell waits.
CTK_INLINE double number(const uint64_t *cell) {
  double x;
  memcpy(&x, cell, sizeof x);
  return x;
}

CTK_INLINE void set(uint64_t *cell, double x) { memcpy(cell, &x, sizeof x); }

CTK_INLINE void take_step(const ctk_step *s, uint64_t *cells) {
  const double x = number(cells + s->a), y = number(cells + s->b);
  uint64_t *d = cells + s->d;
  switch (s->code) {
    case COPY: set(d, x); break;
    case NEG: set(d, -x); break;
    case SQUARE: set(d, x * x); break;
    case ADD: set(d, x + y); break;
    case SUB: set(d, x - y); break;
    case MUL: set(d, x * y); break;
    case DIV: set(d, x / y); break;
    case MULADD: set(d, x * y + number(cells + s->c)); break;
    default: call(s, cells);
  }
}

void ctk_run_steps(const ctk_step_loop *loop, uint64_t *cells, ctk_stream *reads,
                   ctk_stream *writes) {
  const ctk_step *end = loop->steps + loop->count;
  for (int64_t turn = 0; turn < loop->length; turn++) {
    for (ctk_stream *r = reads; r < reads + loop->reads; r++) {
      memcpy(&cells[r->cell], r->at, sizeof *cells);
      r->at = (char *)r->at + r->stride;
    }
    for (const ctk_step *s = loop->steps; s < end; s++) take_step(s, cells);
    for (ctk_stream *w = writes; w < writes + loop->writes; w++) {
      memcpy(w->at, &cells[w->cell], sizeof *cells);
      w->at = (char *)w->at + w->stride;
    }
    for (int64_t i = 0; i < loop->moves; i++) cells[loop->to[i]] = cells[loop->from[i]];
  }
}
