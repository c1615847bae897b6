// Threads that wait for work, and memory that belongs to a thread.
//
// One region runs at a time. Its fields are published by `ticket`: the number of the region in the
// upper half, the calls not yet claimed in the lower. Whoever takes one off by compare-and-swap has
// seen the fields of just that region, because they change only after all its calls are done.
#include "runtime.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef void (*region_body)(void *context, int64_t i, int thread);

enum { SPINS = 2000 };  // pauses of 10-40 ns each before a worker sleeps
enum { WAIT_SPINS = 4000 };  // the same before a waiting caller offers its processor

#define LINE _Alignas(128)

static struct {
  LINE _Atomic uint64_t ticket;
  LINE _Atomic int64_t pending;  // calls not yet finished
  LINE _Atomic(region_body) body;
  _Atomic(void *) context;
  _Atomic int64_t count;
  _Atomic int limit;  // threads that may take part
  LINE atomic_bool busy;
  _Atomic int threads;  // wanted, including the caller's; 0: not chosen yet
  _Atomic int ready;  // all workers below this number are alive; changed under `lock`
  _Atomic int sleepers;
} pool;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static bool alive[CTK_MAX_THREADS];  // under `lock`

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// ---- Claiming ------------------------------------------------------------------------------

// Runs calls of the current region until none is left.
static void take_part(int thread) {
  uint64_t ticket = atomic_load_explicit(&pool.ticket, memory_order_acquire);
  while ((uint32_t)ticket != 0) {
    const region_body body = atomic_load_explicit(&pool.body, memory_order_relaxed);
    void *context = atomic_load_explicit(&pool.context, memory_order_relaxed);
    const int64_t count = atomic_load_explicit(&pool.count, memory_order_relaxed);
    const int limit = atomic_load_explicit(&pool.limit, memory_order_relaxed);
    if (thread >= limit) break;
    if (!atomic_compare_exchange_weak_explicit(
            &pool.ticket, &ticket, ticket - 1, memory_order_acq_rel, memory_order_acquire)) {
      continue;
    }
    body(context, count - (int64_t)(uint32_t)ticket, thread);
    // Reported one by one: once all of a region are reported, the caller leaves with its context.
    atomic_fetch_sub_explicit(&pool.pending, 1, memory_order_release);
    ticket = atomic_load_explicit(&pool.ticket, memory_order_acquire);
  }
}

// ---- Workers -------------------------------------------------------------------------------

static inline bool dismissed(int thread) {
  return thread >= atomic_load_explicit(&pool.threads, memory_order_relaxed);
}

// Waits for a region other than `seen`; spins first, so that regions in close succession start
// at once. False when the worker is to leave.
static bool await_region(uint32_t seen, int thread) {
  const int spins = dismissed(thread) ? 0 : SPINS;
  for (int spin = 0; spin < spins; spin++) {
    const uint64_t ticket = atomic_load_explicit(&pool.ticket, memory_order_relaxed);
    if ((uint32_t)(ticket >> 32) != seen) return true;
    relax();
  }
  pthread_mutex_lock(&lock);
  atomic_fetch_add(&pool.sleepers, 1);
  bool stays = !dismissed(thread);
  // Sequentially consistent on both sides: either the publisher sees a sleeper or the sleeper
  // the new ticket.
  while (stays && (uint32_t)(atomic_load(&pool.ticket) >> 32) == seen) {
    pthread_cond_wait(&wake, &lock);
    stays = !dismissed(thread);
  }
  if (!stays) {
    alive[thread] = false;
    if (thread < atomic_load(&pool.ready)) atomic_store(&pool.ready, thread);
  }
  atomic_fetch_sub(&pool.sleepers, 1);
  pthread_mutex_unlock(&lock);
  return stays;
}

static void *worker(void *argument) {
  const int thread = (int)(intptr_t)argument;
  uint32_t seen = 0;
  while (await_region(seen, thread)) {
    seen = (uint32_t)(atomic_load_explicit(&pool.ticket, memory_order_acquire) >> 32);
    take_part(thread);
  }
  return NULL;
}

static void start_workers(int threads) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_mutex_lock(&lock);
  int i = 1;
  for (; i < threads; i++) {
    if (alive[i]) continue;
    pthread_t id;
    // Without the worker the others do its share.
    if (pthread_create(&id, &attributes, worker, (void *)(intptr_t)i) != 0) break;
    alive[i] = true;
  }
  atomic_store(&pool.ready, i);
  pthread_mutex_unlock(&lock);
  pthread_attr_destroy(&attributes);
}

// A forked child has no workers; what they or another caller held is free there.
static void after_fork(void) {
  pthread_mutex_init(&lock, NULL);
  pthread_cond_init(&wake, NULL);
  for (int i = 0; i < CTK_MAX_THREADS; i++) alive[i] = false;
  atomic_store(&pool.ready, 0);
  atomic_store(&pool.sleepers, 0);
  atomic_fetch_and(&pool.ticket, ~(uint64_t)UINT32_MAX);
  atomic_store(&pool.busy, false);
}

// ---- Interface -----------------------------------------------------------------------------

static int clamped(long n) { return n < 1 ? 1 : n > CTK_MAX_THREADS ? CTK_MAX_THREADS : (int)n; }

static void choose_threads(void) {
  pthread_atfork(NULL, NULL, after_fork);
  int none = 0;
  atomic_compare_exchange_strong(&pool.threads, &none, clamped(sysconf(_SC_NPROCESSORS_ONLN)));
}

int ctk_thread_count(void) {
  const int threads = atomic_load_explicit(&pool.threads, memory_order_relaxed);
  if (__builtin_expect(threads != 0, 1)) return threads;
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, choose_threads);
  return atomic_load_explicit(&pool.threads, memory_order_relaxed);
}

void ctk_set_thread_count(int n) {
  ctk_thread_count();
  pthread_mutex_lock(&lock);
  atomic_store(&pool.threads, clamped(n));
  pthread_cond_broadcast(&wake);  // those beyond the count leave
  pthread_mutex_unlock(&lock);
}

static void run_inline(int64_t count, region_body body, void *context) {
  for (int64_t i = 0; i < count; i++) body(context, i, 0);
}

static void publish(int64_t count, region_body body, void *context, int threads) {
  atomic_store_explicit(&pool.body, body, memory_order_relaxed);
  atomic_store_explicit(&pool.context, context, memory_order_relaxed);
  atomic_store_explicit(&pool.count, count, memory_order_relaxed);
  atomic_store_explicit(&pool.limit, threads, memory_order_relaxed);
  atomic_store_explicit(&pool.pending, count, memory_order_relaxed);
  uint32_t region = (uint32_t)(atomic_load_explicit(&pool.ticket, memory_order_relaxed) >> 32);
  if (++region == 0) region = 1;  // 0 is what a new worker has seen
  atomic_store(&pool.ticket, (uint64_t)region << 32 | (uint64_t)count);
  if (atomic_load(&pool.sleepers) == 0) return;
  pthread_mutex_lock(&lock);
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&lock);
}

void ctk_parallel(int64_t count, region_body body, void *context) {
  const int threads = ctk_thread_count();
  if (count <= 1 || threads == 1 || count > UINT32_MAX ||
      atomic_exchange_explicit(&pool.busy, true, memory_order_acquire)) {
    run_inline(count, body, context);
    return;
  }
  if (atomic_load_explicit(&pool.ready, memory_order_relaxed) < threads) start_workers(threads);
  publish(count, body, context, threads);
  take_part(0);
  for (int spin = 0; atomic_load_explicit(&pool.pending, memory_order_acquire) != 0; spin++) {
    if (spin < WAIT_SPINS) {
      relax();
    } else {
      sched_yield();
    }
  }
  atomic_store_explicit(&pool.busy, false, memory_order_release);
}

// ---- Memory of a thread --------------------------------------------------------------------

typedef struct {
  void *memory[CTK_SCRATCH_SLOTS];
  size_t size[CTK_SCRATCH_SLOTS];
} scratch;

static pthread_key_t scratchKey;
static _Thread_local scratch *ownScratch;

static void free_scratch(void *p) {
  scratch *s = p;
  for (int i = 0; i < CTK_SCRATCH_SLOTS; i++) free(s->memory[i]);
  free(s);
  ownScratch = NULL;
}

static void make_scratch_key(void) { pthread_key_create(&scratchKey, free_scratch); }

static _Noreturn void out_of_memory(size_t bytes) {
  fprintf(stderr, "ctk: cannot allocate %zu bytes of workspace\n", bytes);
  abort();
}

static scratch *make_scratch(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_scratch_key);
  ownScratch = calloc(1, sizeof *ownScratch);
  if (!ownScratch) out_of_memory(sizeof *ownScratch);
  pthread_setspecific(scratchKey, ownScratch);
  return ownScratch;
}

void *ctk_scratch(int slot, size_t bytes) {
  scratch *s = ownScratch ? ownScratch : make_scratch();
  if (bytes == 0) bytes = 1;
  if (s->size[slot] < bytes) {
    size_t size = s->size[slot] + s->size[slot] / 2;
    size = ((size > bytes ? size : bytes) + 4095) & ~(size_t)4095;
    free(s->memory[slot]);
    s->memory[slot] = NULL;
    s->size[slot] = 0;
    if (posix_memalign(&s->memory[slot], 64, size) != 0) out_of_memory(size);
    s->size[slot] = size;
  }
  return s->memory[slot];
}

// ---- BLAS ----------------------------------------------------------------------------------

void openblas_set_num_threads(int);

static void limit_blas(void) { openblas_set_num_threads(1); }

void ctk_blas_init(void) {
  static _Thread_local bool done;
  if (__builtin_expect(done, 1)) return;
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, limit_blas);
  done = true;
}
