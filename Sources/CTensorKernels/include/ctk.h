// Numeric kernels behind the Tensors module: plain C functions over contiguous memory.
//
// A plan is an array of `ctk_instr`. Every kernel has the same signature, finds its operands in
// the instruction, and never allocates. All pointers are to elements of the kernel's dtype;
// alignment beyond the element's own is never assumed. Destination and operands may be the same
// buffer (elementwise kernels only), but never overlap otherwise.
#ifndef CTK_H
#define CTK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CTK_F64 = 0, CTK_F32 = 1, CTK_I64 = 2, CTK_BOOL = 3 };  // bool: one byte, 0 or 1

enum { CTK_MAX_RANK = 8, CTK_BLOCK = 512, CTK_CHUNK = 1024 };

typedef struct ctk_instr ctk_instr;
typedef void (*ctk_fn)(const ctk_instr *);

struct ctk_instr {
  ctk_fn fn;
  int64_t n;      // elements to process
  int64_t start;  // flat index of the first of them in the iteration space
  char *d;        // destination
  const char *a;  // operands; a kernel that has fewer ignores the rest
  const char *b;
  const char *c;
  const void *x;  // descriptor (strides, reduction, matrix shape, scalar function, …)
  // How a blocked loop moves the pointers d, a, b, c: bytes per element of the iteration space
  // (0: a scratch block or a uniform scalar), and bytes per thread (a scratch block).
  int32_t step[4];
  int32_t perThread[4];
  int32_t dPerChunk;  // bytes by which d moves per chunk (partial results of a reduction)
  int32_t first;      // 1 in the first block of a chunk: reductions start afresh
};

// ---- Running -----------------------------------------------------------------------------

// Runs `count` instructions in order.
void ctk_run(const ctk_instr *program, int64_t count);

// The body of a fused loop. The iteration space 0..<n is cut into chunks of `chunk` elements, the
// unit of threading and of partial reductions, and these into blocks of `block`; the cut depends on
// shapes alone, so the bits do not depend on the number of threads.
typedef struct {
  const ctk_instr *body;
  int64_t count;
  int64_t n;
  int64_t block;
  int64_t chunk;
  int64_t firstChunk;  // how many chunks the loops before it have
} ctk_loop_desc;
// Loops that do not depend on each other, and whether they are worth a second thread.
typedef struct { const ctk_loop_desc *loops; int64_t count, parallel; } ctk_loops_desc;
void ctk_loops(const ctk_instr *);

// Programs that may run at the same time, n of them at x; with more threads than programs one after
// the other, each shared by all threads.
typedef struct { const ctk_instr *program; int64_t count; } ctk_body;
void ctk_parts(const ctk_instr *);

// A loop whose every value is one element of at most eight bytes. Values live in numbered cells; a
// step computes cell d from cells a, b and c.
typedef struct { ctk_fn fn; int32_t code, d, a, b, c; } ctk_step;
// How a step does what an elementwise kernel does to one element; negative for other functions.
int ctk_step_code(ctk_fn fn);
// A cell that is read before each turn, or written after it, at `at`, which then moves by `stride`
// bytes.
typedef struct { void *at; int64_t stride, cell; } ctk_stream;
typedef struct {
  const ctk_step *steps;
  const int32_t *from, *to;  // after each turn cell to[i] gets what cell from[i] has
  int64_t count, moves, reads, writes, length;
} ctk_step_loop;
void ctk_run_steps(const ctk_step_loop *loop, uint64_t *cells, ctk_stream *reads, ctk_stream *writes);

// ---- Threads -----------------------------------------------------------------------------

// Calls body(context, i, thread) once for each i in 0..<count, from this thread and the pool's.
// `thread` is in 0..<ctk_thread_count() and no two calls with the same one run at once. Serial
// when the pool is busy with another caller or when called from within a body.
void ctk_parallel(int64_t count, void (*body)(void *context, int64_t i, int thread), void *context);
int ctk_thread_count(void);          // including the caller's
void ctk_set_thread_count(int n);    // 1...CTK_MAX_THREADS
enum { CTK_MAX_THREADS = 64 };

// ---- Instruction sets ----------------------------------------------------------------------

enum { CTK_ISA_BASELINE = 0, CTK_ISA_AVX2 = 1, CTK_ISA_AVX512 = 2 };
int ctk_isa_best(void);              // the best this machine has
int ctk_isa(void);                   // the one in force (default: the best)
void ctk_set_isa(int isa);           // for tests; affects kernels looked up afterwards

// ---- Elementwise kernels -------------------------------------------------------------------
// Lookup returns NULL where the combination does not exist.

// X-macro lists: the Swift side and the tests enumerate them by number.
#define CTK_UNARY_OPS(X) \
  X(NEG) X(ABS) X(SIGN) X(SQUARE) X(SQRT) X(RSQRT) X(RECIPROCAL) \
  X(EXP) X(EXP2) X(EXPM1) X(LOG) X(LOG2) X(LOG10) X(LOG1P) \
  X(SIN) X(COS) X(TAN) X(ASIN) X(ACOS) X(ATAN) X(SINH) X(COSH) X(TANH) X(ASINH) X(ACOSH) X(ATANH) \
  X(SIGMOID) X(SOFTPLUS) X(LOGSIGMOID) X(ERF) X(ERFC) X(LGAMMA) \
  X(GAMMAPEAK) X(LOGMINUSDIGAMMA) \
  X(FLOOR) X(CEIL) X(ROUND) X(TRUNC) X(RELU) X(ELU)
// SIGN: -1, 0, 1, NaN for NaN. ROUND: half to even. GAMMAPEAK: log(x^x e^-x / Gamma(x)) and
// LOGMINUSDIGAMMA: log x - psi(x), of positive numbers. Int64 has NEG ABS SIGN SQUARE RELU only.
enum {
#define X(name) CTK_##name,
  CTK_UNARY_OPS(X)
#undef X
  CTK_UNARY_COUNT
};
ctk_fn ctk_unary(int op, int dtype);            // d[i] = f(a[i])

enum { CTK_ISNAN, CTK_ISFINITE, CTK_NOT };      // NOT: bool only; the others float only
ctk_fn ctk_test(int op, int dtype);             // bool d[i] = f(a[i])

#define CTK_BINARY_OPS(X) \
  X(ADD) X(SUB) X(MUL) X(DIV) X(MOD) X(POW) X(MAX) X(MIN) X(ATAN2) X(HYPOT) X(LOGADDEXP) \
  X(MULSAFE) X(AND) X(OR) X(XOR) X(FOLDIN)
// MAX and MIN propagate NaN. MOD: NumPy's floored remainder. MULSAFE: 0 where a is 0, else a*b.
// LOGADDEXP: log(e^a + e^b), -inf for two -inf. Int64: ADD SUB MUL DIV (floored; 0 for a zero
// divisor) MOD (0 for a zero divisor) MAX MIN FOLDIN; bool: AND OR XOR. FOLDIN: a new 64-bit key
// from key a and datum b.
enum {
#define X(name) CTK_##name,
  CTK_BINARY_OPS(X)
#undef X
  CTK_BINARY_COUNT
};
enum { CTK_VV = 0, CTK_VS = 1, CTK_SV = 2 };    // which operand is one scalar for all elements
ctk_fn ctk_binary(int op, int dtype, int mode); // d[i] = f(a[i], b[i])

enum { CTK_EQ, CTK_NE, CTK_LT, CTK_LE };
ctk_fn ctk_compare(int op, int dtype, int mode);  // bool d[i]

// d[i] = a[i] ? b[i] : c[i]; a is bool. Mode bit 0: b is one scalar; bit 1: c is; bit 2: a is.
ctk_fn ctk_where(int dtype, int mode);
ctk_fn ctk_cast(int from, int to);  // float to int truncates; NaN to int: 0; to bool: != 0
ctk_fn ctk_fill(int dtype);         // d[i] = a[0]
ctk_fn ctk_copy(int dtype);         // d[i] = a[i]

// Fused forms with two uniform scalars (float only): d[i] = a[i]*b + c, scalars at b and c.
ctk_fn ctk_affine(int dtype);
// The same with one: d[i] = a[i]*b + c[i], the scalar at b.
ctk_fn ctk_scaleadd(int dtype);
// d[i] = a[i]*b[i] + c[i], each rounded on its own (no contraction).
ctk_fn ctk_muladd(int dtype);

// Scalar functions from elsewhere, element by element; x is a double (*)(double, …).
// float32 operands are widened and the result rounded once.
ctk_fn ctk_map(int arity, int dtype);           // arity 1...3

// ---- Random bits (counter-based: Philox 4x32-10) ---------------------------------------------
// a points to the int64 keys; x to a ctk_random_desc. Element e of the iteration space belongs to
// key e / rowLength and is number e % rowLength of that key's stream, whatever n and start are.
typedef struct { int64_t rowLength; } ctk_random_desc;
enum { CTK_BITS, CTK_UNIFORM, CTK_NORMAL };
// BITS: int64 dtype, 64 random bits. UNIFORM: open interval (0, 1). NORMAL: Box-Muller.
ctk_fn ctk_random(int kind, int dtype);

// Draws by rejection; each element tries until it accepts, with bits of its own: attempt t of number
// j of a key's stream has the counter (j low, j high, stream, t). a points to the keys, b and c to the
// elements' parameters, x to a ctk_random_desc; d may be the same buffer as b or c. float32 draws are
// computed in double and rounded once. NaN where a parameter is outside its domain.
enum {
  CTK_DRAW_GAMMA,      // shape; at least the least normal number
  CTK_DRAW_LOG_GAMMA,  // shape; the logarithm of the same draw, also where that underflows
  CTK_DRAW_POISSON,    // rate
  CTK_DRAW_BINOMIAL,   // count, probability
  CTK_DRAW_VON_MISES,  // concentration; an angle in [-pi, pi] around 0
};
ctk_fn ctk_draw(int kind, int dtype);

// Distinct numbers: each row of d gets `count` of 0 ..< size, every ordered choice equally likely, from
// the `count` random words in its row of a. All int64.
typedef struct { int64_t rows, count, size; } ctk_choice_desc;
ctk_fn ctk_choice(void);

// How draws move with their parameters at a fixed probability. Float only; NaN outside the domain.
// d log x/da of a gamma variable x of shape a: d[i] = f(a[i], log x at b[i]).
ctk_fn ctk_gamma_slope(int dtype);
double ctk_gamma_slope_at(double a, double log_x);
// A whole-array kernel for n beta variables of parameters a[i] and b[i], whose log odds are c[i]:
// d[i] and d[n + i] are the derivatives of the log odds by a and by b.
ctk_fn ctk_beta_slopes(int dtype);
void ctk_beta_slopes_at(double a, double b, double logit, double slopes[2]);

// The block function itself, for tests against the published vectors.
void ctk_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
int64_t ctk_fold_in(int64_t key, int64_t datum);

// ---- Strided movement ------------------------------------------------------------------------
typedef struct {
  int32_t rank;
  int64_t dims[CTK_MAX_RANK];     // iteration space, row-major
  int64_t strides[CTK_MAX_RANK];  // of the strided side, in elements; 0 broadcasts, negative flips
} ctk_strides;
ctk_fn ctk_load(int dtype);   // d contiguous (n from start); a strided base
ctk_fn ctk_store(int dtype);  // d strided base; a contiguous (n from start)

// ---- Reductions (inside loops; see `first`, `dPerChunk`) --------------------------------------
enum { CTK_SUM, CTK_PROD, CTK_RMAX, CTK_RMIN };  // f64, f32, i64; RMAX/RMIN on bool are any/all
// Everything to one scalar: d[0] over the chunk.
ctk_fn ctk_reduce_all(int op, int dtype);
typedef struct { int64_t outer, reduced, inner; } ctk_reduce_desc;
// Iteration space outer × reduced × inner, d is outer × inner (base, not advanced). inner == 1: rows;
// an element of d is assigned by the first element of its row, so chunks must hold whole rows.
ctk_fn ctk_reduce_rows(int op, int dtype);
// Any inner: d is a whole outer × inner array per chunk, reset when `first`.
ctk_fn ctk_reduce_columns(int op, int dtype);
// d[i] = op over p in 0..<parts of a[p*n + i], in order: joins partial results. x: int64_t parts.
ctk_fn ctk_join(int op, int dtype);

// ---- Products of a matrix with a vector (inside loops over the matrix's rows) ----------------------
typedef struct { int64_t columns, ld; } ctk_rows_desc;  // ld: elements between rows
// d[i] = sum over j of a[i, j] b[j]; a is at row `start`.
ctk_fn ctk_row_dots(int dtype);
// d[j] (+)= sum over i of a[i, j] b[i]; a at row `start`; d starts afresh when `first`.
ctk_fn ctk_row_combine(int dtype);
// The same where terms with a zero of the left (a) or right (b) operand are zero, whatever the other
// factor.
enum { CTK_LEFT_ZEROS = 1, CTK_RIGHT_ZEROS = 2 };
typedef struct { ctk_rows_desc rows; int32_t zeros; } ctk_masked_rows_desc;
ctk_fn ctk_row_dots_masked(int dtype);
ctk_fn ctk_row_combine_masked(int dtype);

// ---- Whole-array kernels (one instruction each) -------------------------------------------------
// x describes; n, start unused unless said.

// C = A B (row-major), batched. ta: A is stored k × m; tb: B is stored n × k.
typedef struct {
  int64_t batch, m, n, k;
  int64_t lda, ldb, ldc;   // elements between stored rows
  int64_t sa, sb, sc;      // elements between matrices of the batch (0 repeats one)
  int32_t ta, tb;
} ctk_gemm_desc;
ctk_fn ctk_gemm(int dtype);
typedef struct { ctk_gemm_desc product; int32_t zeros; } ctk_masked_gemm_desc;
ctk_fn ctk_gemm_masked(int dtype);  // terms with a zero of A or B, as `zeros` says, are zero

// A product of two single matrices with one that is zero but for blocks; not both transposed. A panel is
// two runs of at most 16 columns of C, of which each sum has the terms in some ranges alone; where A is
// transposed, only the rows in the ranges are computed, and the others are zero.
typedef struct { int32_t starts[2], widths[2]; int32_t ranges, count; } ctk_panel;
// What is done with a third operand: a row is added to all rows of C, whose negative elements may then
// become zero; or C's elements are zero where those of another matrix are not positive.
enum { CTK_PLAIN, CTK_ADDS, CTK_RECTIFIES, CTK_GATES };
// The panels follow, then the ranges they number: pairs of a first term or row and an end.
typedef struct {
  ctk_masked_gemm_desc product;
  int32_t third;
  int32_t panels;
} ctk_block_gemm_desc;
ctk_fn ctk_gemm_blocks(int dtype);

// d = g, rows × dimension, with J' g = r for the Jacobian J of y_i = f(x_i; outputs i of a network of the
// coordinates of earlier stages than i's). a: addresses of r and dy_i/dx_i, rows × dimension; of dy_i/dt
// for the parameters t of f, and of what is added to the cotangent dy_i/dt g_i of each of them, rows ×
// outputs × dimension; then layer by layer of its weights, inputs × outputs, where it connects, and of the
// slopes of the activation at its inputs, rows × inputs, where it activates. The last layer's outputs are
// in order of the coordinates' stages, those of one coordinate side by side.
typedef struct { int64_t inputs, outputs, connects, activates, isResidual; } ctk_network_layer;
// All int64: `layers` ctk_network_layers follow, then the coordinates in order of their stages; then for
// the coordinates, and for each layer of hidden units, how many come before each stage 0 ... stages.
typedef struct { int64_t rows, dimension, outputs, layers, stages; } ctk_network_desc;
ctk_fn ctk_network_solve(int dtype);

// Batched square-matrix kernels, n × n row-major contiguous. Failure of one matrix (not positive
// definite, singular) fills its result with NaN.
typedef struct { int64_t batch, n, m; int32_t upper, transpose, unitDiagonal, leftSide; int64_t sa, sb; } ctk_linalg_desc;
ctk_fn ctk_cholesky(int dtype);     // d = lower L of a (reads the lower triangle; upper of d is 0)
ctk_fn ctk_tri_solve(int dtype);    // d = op(a)^-1 b; b, d: n × m; sa, sb: batch strides of a, b
ctk_fn ctk_solve(int dtype);        // d = a^-1 b by LU; b, d: n × m
ctk_fn ctk_inverse(int dtype);      // d = a^-1
ctk_fn ctk_slogdet(int dtype);      // d: batch × 2: sign, log |det|
ctk_fn ctk_qr(int dtype);           // a: n × m, n >= m; d: Q (n × m) then R (m × m), per matrix; R diagonal >= 0
ctk_fn ctk_lu(int dtype);           // d: packed LU n × n of row-permuted a, then the n row numbers, per matrix
ctk_fn ctk_det(int dtype);          // d: one determinant per matrix
ctk_fn ctk_cofactors(int dtype);    // d = det(a) a^-T, n × n, also where a is singular
ctk_fn ctk_svd(int dtype);          // a: n × m, k = min(n, m); d: U (n × k), k values descending, V' (k × m), per matrix; the largest component of each column of U is positive
ctk_fn ctk_eigh(int dtype);         // d: n eigenvalues ascending then n × n eigenvectors (columns), per matrix

// z = L^-1 (x - m) for each row x of a, rows × n with n <= CTK_QUADRATIC_MOST; b: m, then L, n × n.
// Rows with an infinite element of x - m but no NaN are far.
enum { CTK_QUADRATIC_MOST = 12, CTK_QUADRATIC_PART = 4096 };
typedef struct { int64_t rows, n; } ctk_quadratic_desc;
ctk_fn ctk_quadratic(int dtype);    // d = |z|^2 per row; inf where far
// d, for each CTK_QUADRATIC_PART rows: the sum of c z, then that of c z z', n × n, without far rows.
ctk_fn ctk_quadratic_moments(int dtype);

// Along the axis of an outer × reduced × inner array (ctk_reduce_desc at x):
ctk_fn ctk_cumulative(int op, int dtype);          // op of reductions; running result
ctk_fn ctk_arg(int op, int dtype);                 // RMAX or RMIN; int64 index of the first; NaN counts as extreme
ctk_fn ctk_sort(int dtype);                        // ascending, NaN last
ctk_fn ctk_argsort(int dtype);                     // int64 permutation, stable, NaN last
// d[i] (int64) = insertion point of b[i] in sorted a[0..<x->reduced]; left unless x->inner is 1. n queries.
ctk_fn ctk_search_sorted(int dtype);

// d[o, j, i] = a[o, index[j], i] for a: outer × reduced × inner, index: int64 b[0..<x->n]; negative
// indices count from the end; out of range gives NaN (floats), 0 (others).
typedef struct { int64_t outer, reduced, inner, n; } ctk_gather_desc;
ctk_fn ctk_gather(int dtype);
// d = 0 everywhere, then d[o, index[j], i] += a[o, j, i]; d: outer × reduced × inner. In order of j.
ctk_fn ctk_scatter_add(int dtype);
// d[o, j, i] = a[o, b[o, j, i], i]: index array of the shape of d (outer × n × inner).
ctk_fn ctk_take_along(int dtype);
// d = 0, then d[o, b[o, j, i], i] += a[o, j, i].
ctk_fn ctk_put_along(int dtype);

// log |Γ(x)|, without the global sign that C's lgamma writes. Not every system's headers show
// lgamma_r to Swift.
static inline double ctk_log_gamma(double x) {
  extern double lgamma_r(double, int *);
  int sign;
  return lgamma_r(x, &sign);
}

#ifdef __cplusplus
}
#endif
#endif
