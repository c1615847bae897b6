// Threads that wait for work, and memory that belongs to a thread.
//
// One region runs at a time. Its calls are shared out beforehand, each thread's in a row: what a
// thread wrote in one region it finds in its own cache when it does the same part of the next.
// Between cores without a common cache a line takes 200 ns, so a thread sees a region, and is seen,
// in a slot of its own, and only when its share is done takes calls off the ends of others'. The
// caller leaves once all shares are empty and no worker is inside; nobody stays behind in a region.
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

// Of a worker: a region waits for it, or it is inside.
enum { IDLE, OFFERED, INSIDE };

// The region as one thread sees it. Fields are written while the thread is idle and published by
// its state.
typedef struct {
  LINE _Atomic int state;
  int threads;  // that may take part
  region_body body;
  void *context;
  _Atomic uint64_t share;  // calls not yet claimed: first in the upper half, end in the lower
} slot;

static slot slots[CTK_MAX_THREADS];

static struct {
  LINE atomic_bool busy;
  _Atomic int threads;  // wanted, including the caller's; 0: not chosen yet
  _Atomic int ready;  // all workers below this number are alive; changed under `lock`
  _Atomic int sleepers;
} pool;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static bool alive[CTK_MAX_THREADS];  // under `lock`
static _Thread_local bool isInside;  // a region's call: what it calls is not divided further

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// ---- Claiming ------------------------------------------------------------------------------

// The first call of a share, or the last, which is what others take; -1 when none is left.
static int64_t claim(slot *s, bool isOwn) {
  uint64_t share = atomic_load_explicit(&s->share, memory_order_relaxed);
  for (;;) {
    const uint32_t first = (uint32_t)(share >> 32), end = (uint32_t)share;
    if (first >= end) return -1;
    const uint64_t rest = isOwn ? share + ((uint64_t)1 << 32) : share - 1;
    if (atomic_compare_exchange_weak_explicit(
            &s->share, &share, rest, memory_order_relaxed, memory_order_relaxed)) {
      return isOwn ? first : end - 1;
    }
  }
}

// Runs calls of the current region until none is left to claim.
static void take_part(int thread) {
  const slot *own = &slots[thread];
  isInside = true;
  for (int i = 0; i < own->threads; i++) {
    slot *other = &slots[(thread + i) % own->threads];
    for (int64_t call; (call = claim(other, i == 0)) >= 0;) own->body(own->context, call, thread);
  }
  isInside = false;
}

// ---- Workers -------------------------------------------------------------------------------

static inline bool dismissed(int thread) {
  return thread >= atomic_load_explicit(&pool.threads, memory_order_relaxed);
}

// Waits for a region; spins first, so that regions in close succession start at once. False when
// the worker is to leave.
static bool await_region(int thread) {
  _Atomic int *state = &slots[thread].state;
  const int spins = dismissed(thread) ? 0 : SPINS;
  for (int spin = 0; spin < spins; spin++) {
    if (atomic_load_explicit(state, memory_order_relaxed) == OFFERED) return true;
    relax();
  }
  pthread_mutex_lock(&lock);
  atomic_fetch_add(&pool.sleepers, 1);
  bool stays = !dismissed(thread);
  // Sequentially consistent on both sides: either the publisher sees a sleeper or the sleeper
  // the region.
  while (stays && atomic_load(state) != OFFERED) {
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
  _Atomic int *state = &slots[thread].state;
  while (await_region(thread)) {
    int offered = OFFERED;
    // Withdrawn when the others have done its share.
    if (!atomic_compare_exchange_strong_explicit(
            state, &offered, INSIDE, memory_order_acquire, memory_order_relaxed)) {
      continue;
    }
    take_part(thread);
    atomic_store_explicit(state, IDLE, memory_order_release);
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
  for (int i = 0; i < CTK_MAX_THREADS; i++) {
    alive[i] = false;
    atomic_store(&slots[i].state, IDLE);
  }
  atomic_store(&pool.ready, 0);
  atomic_store(&pool.sleepers, 0);
  atomic_store(&pool.busy, false);
  isInside = false;
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
  for (int i = 0; i < threads; i++) {
    const uint64_t first = (uint64_t)(count * i / threads);
    const uint64_t end = (uint64_t)(count * (i + 1) / threads);
    slots[i].threads = threads;
    slots[i].body = body;
    slots[i].context = context;
    atomic_store_explicit(&slots[i].share, first << 32 | end, memory_order_relaxed);
  }
  for (int i = 1; i < threads; i++) {
    atomic_store_explicit(&slots[i].state, OFFERED, memory_order_release);
  }
  atomic_thread_fence(memory_order_seq_cst);  // see await_region
  if (atomic_load_explicit(&pool.sleepers, memory_order_relaxed) == 0) return;
  pthread_mutex_lock(&lock);
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&lock);
}

// Waits until a worker has left, if it ever came: there is nothing left to do.
static void see_off(int thread) {
  _Atomic int *state = &slots[thread].state;
  int offered = OFFERED;
  if (atomic_compare_exchange_strong_explicit(
          state, &offered, IDLE, memory_order_relaxed, memory_order_relaxed)) {
    return;
  }
  for (int spin = 0; atomic_load_explicit(state, memory_order_acquire) != IDLE; spin++) {
    if (spin < WAIT_SPINS) {
      relax();
    } else {
      sched_yield();
    }
  }
}

void ctk_parallel(int64_t count, region_body body, void *context) {
  const int threads = (int)ctk_min(ctk_thread_count(), count);
  // Who is inside does not ask whether the pool is busy: others wait for that line.
  if (threads <= 1 || count > UINT32_MAX || isInside ||
      atomic_exchange_explicit(&pool.busy, true, memory_order_acquire)) {
    run_inline(count, body, context);
    return;
  }
  if (atomic_load_explicit(&pool.ready, memory_order_relaxed) < threads) start_workers(threads);
  publish(count, body, context, threads);
  take_part(0);
  for (int i = 1; i < threads; i++) see_off(i);
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
