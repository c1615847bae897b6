// Second body of linalg.c for one element type: orthogonal factors.

// ---- QR and eigenvalues -------------------------------------------------------------------------

// The transpose of a is L Q' to LAPACK, so a = Q L': both come out in place.
static void NAME(qr_one)(const matrices *w, int64_t i, int64_t tile) {
  (void)tile;
  const int64_t n = w->shape.n, m = w->shape.m;
  T *q = (T *)w->instr->d + i * (n * m + m * m), *r = q + n * m;
  const T *a = (const T *)w->instr->a + i * n * m;
  if (!NAME(all_finite)(a, n * m)) {
    NAME(fill_nan)(q, n * m + m * m);
    return;
  }
  const int rows = (int)m, columns = (int)n, lwork = rows * LAPACK_BLOCK;
  int info = 0;
  T *tau = ctk_scratch(CTK_SCRATCH_BODY, (size_t)(m + lwork) * sizeof(T)), *work = tau + m;
  memcpy(q, a, (size_t)(n * m) * sizeof(T));
  LAPACK(gelqf)(&rows, &columns, q, &rows, tau, work, &lwork, &info);
  for (int64_t k = 0; k < m; k++)
    for (int64_t j = 0; j < m; j++) r[k * m + j] = j >= k ? q[k * m + j] : 0;
  LAPACK(orglq)(&rows, &columns, &rows, q, &rows, tau, work, &lwork, &info);
  for (int64_t k = 0; k < m; k++) {
    if (!(r[k * m + k] < 0)) continue;
    for (int64_t j = k; j < m; j++) r[k * m + j] = -r[k * m + j];
    for (int64_t j = 0; j < n; j++) q[j * m + k] = -q[j * m + k];
  }
}

static void NAME(qr)(const ctk_instr *instr) {
  matrices w = batch_of(instr, NAME(qr_one));
  const int64_t n = w.shape.n, m = w.shape.m;
  if (n > 0 && m > 0) run_matrices(&w, 4 * n * m * m, 1);
}

// Eigenvectors arrive as rows: they become columns whose largest component is positive.
static void NAME(arrange_vectors)(T *v, int64_t n) {
  for (int64_t k = 0; k < n; k++) {
    T *row = v + k * n;
    T largest = 0;
    for (int64_t j = 0; j < n; j++)
      if (fabs((double)row[j]) > fabs((double)largest)) largest = row[j];
    if (!(largest < 0)) continue;
    for (int64_t j = 0; j < n; j++) row[j] = -row[j];
  }
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = i + 1; j < n; j++) {
      const T x = v[i * n + j];
      v[i * n + j] = v[j * n + i];
      v[j * n + i] = x;
    }
  }
}

static void NAME(eigh_one)(const matrices *w, int64_t i, int64_t tile) {
  (void)tile;
  const int64_t n = w->shape.n;
  T *values = (T *)w->instr->d + i * (n + n * n), *vectors = values + n;
  const T *a = (const T *)w->instr->a + i * n * n;
  if (!NAME(all_finite)(a, n * n)) {
    NAME(fill_nan)(values, n + n * n);
    return;
  }
  const int size = (int)n, liwork = 3 + 5 * size;
  const int lwork = 1 + size * (6 + 2 * size) + size * LAPACK_BLOCK;
  char *rest = ctk_scratch(CTK_SCRATCH_BODY, piece_bytes((size_t)lwork * sizeof(T)) +
                                                 piece_bytes((size_t)liwork * sizeof(int)));
  T *work = piece(&rest, (size_t)lwork * sizeof(T));
  int *iwork = piece(&rest, (size_t)liwork * sizeof(int));
  int info = 0;
  memcpy(vectors, a, (size_t)(n * n) * sizeof(T));
  LAPACK(syevd)("V", "U", &size, vectors, &size, values, work, &lwork, iwork, &liwork, &info, 1,
                1);
  if (info != 0) {
    NAME(fill_nan)(values, n + n * n);
    return;
  }
  NAME(arrange_vectors)(vectors, n);
}

static void NAME(eigh)(const ctk_instr *instr) {
  matrices w = batch_of(instr, NAME(eigh_one));
  const int64_t n = w.shape.n;
  if (n > 0) run_matrices(&w, 9 * n * n * n, 1);
}

// ---- Singular values ----------------------------------------------------------------------------

// Bytes of the workspaces of `singular_values`.
static size_t NAME(svd_work)(int64_t n, int64_t m) {
  const int64_t k = ctk_min(n, m), most = ctk_max(n, m);
  return (size_t)(4 * k * k + 7 * k + (most + 3 * k) * LAPACK_BLOCK) * sizeof(T);
}

// a (n × m, destroyed) = U diag(s) V'. The transpose of a is V diag(s) U' to LAPACK: its left
// vectors, column by column, are the rows of V'. Returns 0 where LAPACK gives up.
static int NAME(singular_values)(T *a, int64_t n, int64_t m, T *u, T *s, T *vt, void *memory) {
  const int rows = (int)m, columns = (int)n, k = (int)ctk_min(n, m);
  const size_t bytes = NAME(svd_work)(n, m);
  const int lwork = (int)(bytes / sizeof(T));
  char *rest = memory;
  T *work = piece(&rest, bytes);
  int *iwork = piece(&rest, (size_t)(8 * k) * sizeof(int));
  int info = 0;
  LAPACK(gesdd)("S", &rows, &columns, a, &rows, s, vt, &rows, u, &k, work, &lwork, iwork, &info, 1);
  return info == 0;
}

static size_t NAME(svd_memory)(int64_t n, int64_t m) {
  return piece_bytes(NAME(svd_work)(n, m)) +
         piece_bytes((size_t)(8 * ctk_min(n, m)) * sizeof(int));
}

// The largest component of each left vector becomes positive.
static void NAME(arrange_pairs)(T *u, T *vt, int64_t n, int64_t m, int64_t k) {
  for (int64_t j = 0; j < k; j++) {
    T largest = 0;
    for (int64_t i = 0; i < n; i++)
      if (fabs((double)u[i * k + j]) > fabs((double)largest)) largest = u[i * k + j];
    if (!(largest < 0)) continue;
    for (int64_t i = 0; i < n; i++) u[i * k + j] = -u[i * k + j];
    for (int64_t i = 0; i < m; i++) vt[j * m + i] = -vt[j * m + i];
  }
}

static void NAME(svd_one)(const matrices *w, int64_t i, int64_t tile) {
  (void)tile;
  const int64_t n = w->shape.n, m = w->shape.m, k = ctk_min(n, m), size = n * k + k + k * m;
  T *u = (T *)w->instr->d + i * size, *s = u + n * k, *vt = s + k;
  const T *a = (const T *)w->instr->a + i * n * m;
  const size_t bytes = piece_bytes((size_t)(n * m) * sizeof(T));
  char *rest = ctk_scratch(CTK_SCRATCH_BODY, bytes + NAME(svd_memory)(n, m));
  T *copy = piece(&rest, (size_t)(n * m) * sizeof(T));
  memcpy(copy, a, (size_t)(n * m) * sizeof(T));
  if (NAME(all_finite)(a, n * m) && NAME(singular_values)(copy, n, m, u, s, vt, rest)) {
    NAME(arrange_pairs)(u, vt, n, m, k);
  } else {
    NAME(fill_nan)(u, size);
  }
}

static void NAME(svd)(const ctk_instr *instr) {
  matrices w = batch_of(instr, NAME(svd_one));
  const int64_t n = w.shape.n, m = w.shape.m;
  if (n > 0 && m > 0) run_matrices(&w, 20 * n * m * ctk_min(n, m), 1);
}

// The sign of the determinant of an orthogonal matrix, which is destroyed.
static int NAME(orientation)(T *q, int64_t n, void *pivots) {
  int sign = NAME(factor)(q, n, pivots);
  for (int64_t k = 0; k < n; k++)
    if (q[k * n + k] < 0) sign = -sign;
  return sign;
}

// det(U) det(V) U diag(products of all singular values but one) V': good for singular matrices.
static void NAME(cofactors_one)(const matrices *w, int64_t i, int64_t tile) {
  (void)tile;
  const int64_t n = w->shape.n;
  T *d = (T *)w->instr->d + i * n * n;
  const T *a = (const T *)w->instr->a + i * n * n;
  const size_t square = (size_t)(n * n) * sizeof(T);
  const size_t svd = NAME(svd_memory)(n, n);
  char *rest = ctk_scratch(
      CTK_SCRATCH_BODY, 3 * piece_bytes(square) + piece_bytes((size_t)n * sizeof(T)) +
                            piece_bytes((size_t)n * sizeof(double)) + svd);
  T *copy = piece(&rest, square), *u = piece(&rest, square), *vt = piece(&rest, square);
  T *s = piece(&rest, (size_t)n * sizeof(T));
  double *others = piece(&rest, (size_t)n * sizeof(double));
  memcpy(copy, a, square);
  if (!NAME(all_finite)(a, n * n) || !NAME(singular_values)(copy, n, n, u, s, vt, rest)) {
    NAME(fill_nan)(d, n * n);
    return;
  }
  // The workspace of the decomposition is free again: it holds the pivots, n of at most 8 bytes.
  memcpy(copy, u, square);
  double before = NAME(orientation)(copy, n, rest);
  memcpy(copy, vt, square);
  before *= NAME(orientation)(copy, n, rest);
  for (int64_t k = 0; k < n; k++) {
    others[k] = before;
    before *= (double)s[k];
  }
  double after = 1;
  for (int64_t k = n - 1; k >= 0; k--) {
    others[k] *= after;
    after *= (double)s[k];
  }
  memset(d, 0, square);
  for (int64_t r = 0; r < n; r++) {
    for (int64_t k = 0; k < n; k++) {
      const T f = (T)(u[r * n + k] * others[k]);
      for (int64_t c = 0; c < n; c++) d[r * n + c] += f * vt[k * n + c];
    }
  }
}

static void NAME(cofactors)(const ctk_instr *instr) {
  matrices w = batch_of(instr, NAME(cofactors_one));
  const int64_t n = w.shape.n;
  if (n > 0) run_matrices(&w, 25 * n * n * n, 1);
}

#undef T
#undef NAME
#undef LAPACK
#undef TRSM
