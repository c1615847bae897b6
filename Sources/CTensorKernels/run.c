// Runs plans: instruction after instruction, and fused loops block by block.
#include "runtime.h"

void ctk_run(const ctk_instr *program, int64_t count) {
  for (const ctk_instr *i = program, *end = program + count; i < end; i++) i->fn(i);
}

typedef struct {
  const ctk_loop_desc *loop;
  int64_t chunks, group;  // chunks per task
} loop_context;

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

static void run_chunk(const ctk_loop_desc *loop, int64_t chunk, int thread) {
  const ctk_instr *body = loop->body, *end = body + loop->count;
  const int64_t begin = chunk * loop->chunk;
  const int64_t limit = ctk_min(begin + loop->chunk, loop->n);
  for (int64_t start = begin; start < limit; start += loop->block) {
    const int64_t n = ctk_min(loop->block, limit - start);
    const int first = start == begin;
    for (const ctk_instr *i = body; i < end; i++) run_adjusted(i, start, n, chunk, thread, first);
  }
}

static void run_group(void *context, int64_t task, int thread) {
  const loop_context *c = context;
  const int64_t end = ctk_min((task + 1) * c->group, c->chunks);
  for (int64_t chunk = task * c->group; chunk < end; chunk++) run_chunk(c->loop, chunk, thread);
}

// A thread takes chunks that follow each other, so that the processor sees what it will read next;
// few enough for all threads to end at about the same time.
enum { MOST_GROUPED = 16, TASKS_PER_THREAD = 4 };

void ctk_loop(const ctk_instr *instr) {
  const ctk_loop_desc *loop = instr->x;
  if (loop->n <= 0) return;
  loop_context context = {loop, ctk_ceil_div(loop->n, loop->chunk), 1};
  if (!loop->parallel || context.chunks == 1) {
    context.group = context.chunks;
    run_group(&context, 0, 0);
    return;
  }
  const int64_t tasks = TASKS_PER_THREAD * ctk_thread_count();
  context.group = ctk_max(ctk_min(context.chunks / tasks, MOST_GROUPED), 1);
  ctk_parallel(ctk_ceil_div(context.chunks, context.group), run_group, &context);
}
