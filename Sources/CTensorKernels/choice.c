// Distinct numbers in random order: the first steps of a Fisher-Yates shuffle of 0 ..< size.
#include "runtime.h"

#include <string.h>

enum { TASK_ELEMENTS = 4096 };

// A number below `range` without bias (Lemire 2019): the upper half of word × range, where words
// that would favour some numbers are replaced.
static inline int64_t below(int64_t word, uint64_t range) {
  unsigned __int128 product = (unsigned __int128)(uint64_t)word * range;
  if ((uint64_t)product < range) {
    const uint64_t surplus = -range % range;
    for (int64_t attempt = 0; (uint64_t)product < surplus; attempt++) {
      word = ctk_fold_in(word, attempt);
      product = (unsigned __int128)(uint64_t)word * range;
    }
  }
  return (int64_t)(product >> 64);
}

// What has been moved to the places from `count` on, where most are untouched: a hash table with
// linear probing, at most half full.
typedef struct {
  int64_t place, number;
} moved;

typedef struct {
  moved *slots;
  uint64_t mask;
  int shift;
} table;

static inline moved *find(const table *t, int64_t place) {
  uint64_t slot = (uint64_t)place * 0x9E3779B97F4A7C15u >> t->shift;
  while (t->slots[slot].place >= 0 && t->slots[slot].place != place) slot = (slot + 1) & t->mask;
  return &t->slots[slot];
}

static table empty_table(int64_t entries) {
  int bits = 3;
  while ((int64_t)1 << bits < 2 * entries) bits++;
  const uint64_t slots = (uint64_t)1 << bits;
  table t = {ctk_scratch(CTK_SCRATCH_BODY, slots * sizeof(moved)), slots - 1, 64 - bits};
  memset(t.slots, 0xFF, slots * sizeof(moved));  // places of -1
  return t;
}

static void choose(const int64_t *words, int64_t *d, int64_t count, int64_t size) {
  const int64_t outside = size - count;
  table beyond = {0};
  if (outside > 0) beyond = empty_table(ctk_min(count, outside));
  for (int64_t i = 0; i < count; i++) d[i] = i;
  for (int64_t i = 0; i < count; i++) {
    const int64_t place = i + below(words[i], (uint64_t)(size - i)), here = d[i];
    if (place < count) {
      d[i] = d[place];
      d[place] = here;
    } else {
      moved *there = find(&beyond, place);
      d[i] = there->place < 0 ? place : there->number;
      *there = (moved){place, here};
    }
  }
}

typedef struct {
  const ctk_instr *instr;
  int64_t rows;  // per task
} choosing;

static void choose_rows(void *context, int64_t task, int thread) {
  (void)thread;
  const choosing *w = context;
  const ctk_choice_desc *s = w->instr->x;
  const int64_t first = task * w->rows, end = ctk_min(first + w->rows, s->rows);
  for (int64_t row = first; row < end; row++) {
    const int64_t at = row * s->count;
    choose((const int64_t *)w->instr->a + at, (int64_t *)w->instr->d + at, s->count, s->size);
  }
}

static void choice(const ctk_instr *instr) {
  const ctk_choice_desc *s = instr->x;
  if (s->rows <= 0 || s->count <= 0) return;
  choosing w = {instr, ctk_max(TASK_ELEMENTS / s->count, 1)};
  ctk_parallel(ctk_ceil_div(s->rows, w.rows), choose_rows, &w);
}

ctk_fn ctk_choice(void) { return choice; }
