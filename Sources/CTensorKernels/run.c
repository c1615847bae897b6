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

// Elements of arrays that no nearer cache than the last holds: below, asking early gains nothing.
enum { CACHE_LINE = 64, FAR_AWAY = 32768 };

// Asks for the elements that a kernel will read in the next block; rows are long enough to be fetched
// in time. Kernel after kernel reads one array each, and of it too little at once for the hardware to
// run ahead: without this Adam's loop over 500,000 parameters waits for two fifths of its time.
CTK_INLINE void prefetch(const ctk_instr *body, int64_t next, int64_t n) {
  const char *operands[] = {body->a, body->b, body->c};
  for (int i = 0; i < 3; i++) {
    const int64_t step = body->step[i + 1];
    if (step > (int64_t)sizeof(double) || body->perThread[i + 1] != 0) continue;
    const char *from = moved(operands[i], step, next, 0);
    for (int64_t byte = 0; byte < n * step; byte += CACHE_LINE) __builtin_prefetch(from + byte);
  }
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
    const int64_t next = loop->n >= FAR_AWAY ? ctk_min(loop->block, loop->n - start - n) : 0;
    for (const ctk_instr *i = body; i < end; i++) {
      if (next > 0) prefetch(i, start + n, next);
      run_adjusted(i, start, n, chunk, thread, first);
    }
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
