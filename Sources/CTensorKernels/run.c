// Runs plans: instruction after instruction, and fused loops block by block.
#include "runtime.h"

void ctk_run(const ctk_instr *program, int64_t count) {
  for (const ctk_instr *i = program, *end = program + count; i < end; i++) i->fn(i);
}

CTK_INLINE char *moved(const void *p, int64_t step, int64_t start, int64_t own) {
  // Through an integer: absent operands are null, and null plus an offset is undefined.
  return (char *)((uintptr_t)p + (uintptr_t)(step * start + own));
}

// Kernels never look at step, perThread and dPerChunk, so an adjusted instruction leaves them out.
CTK_INLINE void run_adjusted(
    const ctk_instr *body, int64_t start, int64_t n, int64_t chunk, int thread, int first) {
  ctk_instr i;
  i.n = n;
  i.start = start;
  i.d = moved(body->d, body->step[0], start,
              (int64_t)body->perThread[0] * thread + body->dPerChunk * chunk);
  i.a = moved(body->a, body->step[1], start, (int64_t)body->perThread[1] * thread);
  i.b = moved(body->b, body->step[2], start, (int64_t)body->perThread[2] * thread);
  i.c = moved(body->c, body->step[3], start, (int64_t)body->perThread[3] * thread);
  i.x = body->x;
  i.first = first;
  body->fn(&i);
}

static void run_chunk(void *context, int64_t chunk, int thread) {
  const ctk_loops_desc *all = context;
  const ctk_loop_desc *loop = all->loops;
  while (loop + 1 < all->loops + all->count && loop[1].firstChunk <= chunk) loop++;
  const ctk_instr *body = loop->body, *end = body + loop->count;
  chunk -= loop->firstChunk;
  const int64_t begin = chunk * loop->chunk;
  const int64_t limit = ctk_min(begin + loop->chunk, loop->n);
  for (int64_t start = begin; start < limit; start += loop->block) {
    const int64_t n = ctk_min(loop->block, limit - start);
    const int first = start == begin;
    for (const ctk_instr *i = body; i < end; i++) run_adjusted(i, start, n, chunk, thread, first);
  }
}

void ctk_loops(const ctk_instr *instr) {
  const ctk_loops_desc *all = instr->x;
  const ctk_loop_desc *last = all->loops + all->count - 1;
  const int64_t chunks = last->firstChunk + ctk_ceil_div(last->n, last->chunk);
  void *context = (void *)(uintptr_t)all;
  if (all->parallel) {
    ctk_parallel(chunks, run_chunk, context);
  } else {
    for (int64_t chunk = 0; chunk < chunks; chunk++) run_chunk(context, chunk, 0);
  }
}

static void run_body(void *context, int64_t part, int thread) {
  (void)thread;
  const ctk_body *body = (const ctk_body *)context + part;
  ctk_run(body->program, body->count);
}

// More threads than parts share the instructions of one part after the other.
void ctk_parts(const ctk_instr *instr) {
  void *bodies = (void *)(uintptr_t)instr->x;
  if (ctk_thread_count() <= instr->n) {
    ctk_parallel(instr->n, run_body, bodies);
  } else {
    for (int64_t part = 0; part < instr->n; part++) run_body(bodies, part, 0);
  }
}
