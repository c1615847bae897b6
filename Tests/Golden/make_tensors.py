"""Writes tensors.json, the values that GoldenTests.swift and PrintingTests.swift check against.

Run it in this folder: python3 make_tensors.py. Functions that NumPy has in extended precision are
computed there and rounded once.
"""

import json
import sys

import mpmath
import numpy as np
import scipy
from scipy import linalg, special

import make_stirling

np.seterr(all="ignore")
rng = np.random.default_rng(5)
cases = []


def number(x):
    if isinstance(x, (bool, np.bool_)):
        return int(x)
    if isinstance(x, (int, np.integer)):
        return int(x)
    x = float(x)
    return x if np.isfinite(x) else str(x)


def array(x):
    x = np.asarray(x)
    if x.dtype == np.longdouble:
        x = x.astype(np.float64)
    kind = {"f": "float64", "i": "int64", "b": "bool"}[x.dtype.kind]
    if x.size > 200 and np.array_equal(x.ravel(), np.arange(x.size)):
        return {"d": kind, "s": list(x.shape)}  # without elements: 0, 1, 2, …
    return {"d": kind, "s": list(x.shape), "v": [number(v) for v in x.ravel()]}


def case(name, inputs, outputs, tolerance=0.0):
    """Tolerance: relative, 0 for the same bits, negative for units in the last place."""
    outputs = outputs if isinstance(outputs, list) else [outputs]
    cases.append(
        {
            "name": name,
            "tolerance": tolerance,
            "in": [array(x) for x in inputs],
            "out": [array(y) for y in outputs],
        }
    )


# ---- Functions of one number: signed zeros, denormals, huge numbers, infinities, NaN
tiny = 5e-324
edges = np.array(
    [-np.inf, -1e308, -745.2, -36.5, -2.5, -1.0, -0.5, -1e-8, -1e-310, -tiny, -0.0]
    + [0.0, tiny, 1e-310, 1e-300, 1e-8, 0.1, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 36.5, 171.7, 709.7]
    + [1e10, 1e300, 1.7e308, np.inf, np.nan]
)
wide = edges.astype(np.longdouble)
exact = {
    "neg": np.negative, "abs": np.abs, "sign": np.sign, "square": np.square, "sqrt": np.sqrt,
    "reciprocal": np.reciprocal, "floor": np.floor, "ceil": np.ceil, "round": np.rint,
    "trunc": np.trunc, "relu": lambda x: np.where(x <= 0, 0.0, x),
}
for name, f in exact.items():
    case(name, [edges], f(edges))
close = {
    "rsqrt": lambda x: 1 / np.sqrt(x), "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1,
    "log": np.log, "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "sin": np.sin,
    "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "logSigmoid": lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
}
for name, f in close.items():
    case(name, [edges], f(wide), -4)
def lgamma(x):
    # SciPy's is infinite at denormals, where it is −log |x|, and −∞ at −∞.
    y = np.where(np.abs(x) < 1e-300, -np.log(np.abs(x)), special.gammaln(x))
    return np.where(np.isneginf(x), np.inf, y)


for name, f in {"erf": special.erf, "erfc": special.erfc, "lgamma": lgamma}.items():
    case(name, [edges], f(edges), -16)


def of_positive(f, at_zero, at_infinity):
    def extended(x):
        return at_zero if x == 0 else at_infinity if x == np.inf else f(x) if x > 0 else np.nan

    return np.array([extended(x) for x in edges])


# Terms of a few units leave a half.
case("gammaPeak", [edges], of_positive(make_stirling.gamma_peak, -np.inf, np.inf), -48)
slopes = of_positive(make_stirling.log_minus_digamma, np.inf, 0.0)
case("logMinusDigamma", [edges], slopes, -16)

# ---- Functions of two numbers, every pair of a column and a row
pairs = np.array([-np.inf, -1e200, -2.5, -1.0, -0.0, 0.0, 1e-310, 0.7, 3.0, 1e200, np.inf, np.nan])
column, row = pairs[:, None], pairs[None, :]
long_column, long_row = column.astype(np.longdouble), row.astype(np.longdouble)
for name, f in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "mod": np.mod,
    "maximum": np.maximum, "minimum": np.minimum,
}.items():
    case(name, [column, row], f(column, row))
for name, f in {
    "pow": np.power, "atan2": np.arctan2, "hypot": np.hypot, "logAddExp": np.logaddexp,
}.items():
    case(name, [column, row], f(long_column, long_row), -4)
case("compare", [column, row], [
    column == row, column != row, column < row, column <= row, column > row, column >= row,
])
case("questions", [pairs], [np.isnan(pairs), np.isfinite(pairs)])
whole = np.array([-7, -1, 0, 3, 9])
case("integers", [whole[:, None], whole[None, :]], [
    whole[:, None] + whole, whole[:, None] * whole, np.maximum(whole[:, None], whole),
    whole[:, None] % np.where(whole == 0, 4, whole),
])

# ---- Special functions
positive = np.array([1e-3, 0.3, 1.0, 1.46, 2.5, 7.0, 33.0, 1e4])
real = np.array([-9.5, -2.2, -0.3, 0.0, 1e-6, 0.4, 1.7, 5.5, 26.0])
unit = np.array([1e-12, 0.01, 0.3, 0.5, 0.77, 0.999])
for name, f, x in [
    ("digamma", special.digamma, np.append(positive, [-0.3, -2.5])),
    ("trigamma", lambda x: special.polygamma(1, x), positive),
    ("polygamma3", lambda x: special.polygamma(3, x), positive),
    ("zeta", lambda x: special.zeta(2.5, x), positive),
    ("erfcx", special.erfcx, real), ("logNormalCDF", special.log_ndtr, real),
    ("erfInverse", special.erfinv, 2 * unit - 1), ("erfcInverse", special.erfcinv, 2 * unit),
    ("normalQuantile", special.ndtri, unit), ("besselJ0", special.j0, positive[:7]),
    ("besselJ1", special.j1, positive[:7]), ("besselY0", special.y0, positive[:7]),
    ("besselY1", special.y1, positive[:7]), ("besselI0e", special.i0e, real),
    ("besselI1e", special.i1e, real), ("besselK0e", special.k0e, positive),
    ("besselK1e", special.k1e, positive),
    ("besselI2", lambda x: special.iv(2, x), positive[:7]),
    ("lambertW", lambda x: special.lambertw(x).real, np.array([-0.36, -0.1, 0.0, 0.5, 3.0, 1e5])),
]:
    case(name, [x], f(x), 1e-12)
case("lbeta", [positive[:, None], positive], special.betaln(positive[:, None], positive), 1e-10)
case("gammainc", [positive[:, None], positive], special.gammainc(positive[:, None], positive), 1e-10)
case("gammaincc", [positive[:, None], positive], special.gammaincc(positive[:, None], positive), 1e-10)
case("betainc", [positive[1:6, None], unit], special.betainc(positive[1:6, None], 1.7, unit), 1e-11)

# Exponential integrals in 60 digits, at edges, around the zero of Ei and where the method changes.
mpmath.mp.dps = 60


def exponential_integral(f, x):
    if np.isnan(x):
        return x
    return float(f(mpmath.mpf(x)).real)


signed = np.array([tiny, 1e-310, 1e-300, 1e-8, 0.05, 0.19999, 0.2, 0.37, 0.3725, 0.3725074107813666,
    0.37250741078136669, 0.37251, 0.38, 0.5, 0.83, 0.999999, 1.0, 1.0000001, 1.3, 2.0, 3.7, 7.1, 12.0,
    19.9, 33.3, 39.99999, 40.0, 55.5, 120.7, 371.2, 699.5, 700.5, 709.5, 716.3, 730.0, 739.0, 1e4])
signed = np.concatenate([-signed[::-1], [-0.0, 0.0], signed, [np.nan]])
case("expi", [signed], [[exponential_integral(mpmath.ei, x) for x in signed]], -4)
case("exp1", [signed], [[exponential_integral(mpmath.e1, x) for x in signed]], -4)

# ---- Along axes
x = np.round(rng.normal(size=(3, 4, 2)), 3)
holes = x.copy()
holes[0, 1, 0], holes[2, 3, 1], holes[1, 0, 0] = np.nan, np.inf, -np.inf
empty = np.zeros((2, 0, 3))
for name, a in [("", x), (" with holes", holes)]:
    case("sums" + name, [a], [a.sum(), a.sum(0), a.sum(1), a.sum((0, 2)), a.mean(-1)], 1e-14)
    case("products" + name, [a], [a.prod(), a.prod((0, 1)), a.prod(2)], 1e-14)
    case("extremes" + name, [a], [a.max(), a.max(1), a.min((0, 1)), a.min(-1)])
    case("positions" + name, [a], [a.argmax(1), a.argmin(0), a.argmax(-1), a.argsort(1, kind="stable")])
    case("sorted" + name, [a], [np.sort(a, 0), np.sort(a, 1)])
    case("running" + name, [a], [
        a.cumsum(1), a.cumprod(0), np.maximum.accumulate(a, 1), np.minimum.accumulate(a, 0),
    ], 1e-14)
    case("softmax" + name, [a], [
        special.softmax(a, 1), special.softmax(a, -1), special.log_softmax(a, 1),
    ], 1e-14)
    case("logSumExp" + name, [a], [special.logsumexp(a), special.logsumexp(a, 1)], 1e-14)
    # NumPy's quantiles between infinite elements are NaN.
    b = np.where(np.isinf(a), 9, a)
    case("quantiles" + name, [b], [
        np.quantile(b, [0, 0.1, 0.5, 0.8, 1], axis=1), np.median(b, 0),
    ], 1e-14)
case("of nothing", [empty], [empty.sum(1), empty.prod(1), empty.sum(), empty.sum(0), empty.cumsum(1)])
ties = np.array([[2, 1, 2, 1], [0, 0, -0.0, 0]])
case("ties", [ties], [ties.argmax(1), ties.argmin(1), ties.argsort(1, kind="stable")])
masks = np.array([[True, False, True], [True, True, True]])
case("masks", [masks], [masks.any(1), masks.all(1), masks.all(), masks.sum(0)])
edges_of_bins = np.array([-1.0, 0.0, 0.0, 2.0, 5.0])
queries = np.array([[-2.0, 0.0, 1.0], [5.0, 6.0, np.nan]])
case("searchSorted", [edges_of_bins, queries[:, :2]], [
    np.searchsorted(edges_of_bins, queries[:, :2]),
    np.searchsorted(edges_of_bins, queries[:, :2], side="right"),
])

# ---- Views, joining and indexing
case("views", [x], [
    x.transpose(2, 0, 1), x[:, ::-1], x[:, 1:4:2], x[-1], x[1:3], x.reshape(4, 6),
    np.swapaxes(x, 1, 2), x.transpose(1, 0, 2).reshape(2, 12), np.broadcast_to(x[:1, :, :1], (2, 4, 3)),
    x[::-1, ::-1, ::-1].reshape(-1),
])
m = np.round(rng.normal(size=(3, 4)), 3)
case("triangles", [m], [
    np.tril(m), np.triu(m, 1), np.tril(m, -1), np.diagonal(m), np.diagonal(m, 2), np.diagonal(m, -1),
    np.trace(m), np.diag(m[0]), np.outer(m[0], m[1]),
])
case("joined", [m, m + 1], [
    np.concatenate([m, m + 1]), np.concatenate([m, m + 1, m], 1), np.stack([m, m + 1], 1),
    np.pad(m, ((0, 0), (1, 2))), np.pad(m, ((2, 0), (0, 0))),
])
index = np.array([[2, 0], [-1, 1]])
along = np.array([[3, 0, 1], [2, 2, 2], [1, 0, 3]])
added = np.zeros((4, 4))
np.add.at(added, [1, 3, 1], m)
case("indexed", [m, index, along], [
    m[index], m[:, index], np.take_along_axis(m, along, 1), added, np.eye(4)[along],
])

# ---- Linear algebra
shapes = [((2, 3), (3, 4)), ((3,), (3, 2)), ((2, 3), (3,)), ((3,), (3,)), ((2, 2, 3), (3, 2)),
          ((2, 1, 2, 3), (3, 3, 1)), ((2, 0), (0, 3)), ((0, 2), (2, 3)), ((1, 1), (1, 5))]
for i, (s, t) in enumerate(shapes):
    a, b = np.round(rng.normal(size=s), 2), np.round(rng.normal(size=t), 2)
    case(f"matmul {i}", [a, b], a @ b, 1e-13)
g = np.round(rng.normal(size=(2, 3, 3)), 2)
spd = g @ g.transpose(0, 2, 1) + np.eye(3)
q, r = np.linalg.qr(g)
signs = np.sign(np.diagonal(r, axis1=1, axis2=2))
rhs = np.round(rng.normal(size=(3, 2)), 2)
case("factorizations", [g, spd, rhs], [
    np.linalg.cholesky(spd), np.linalg.inv(g), *np.linalg.slogdet(g), q * signs[:, None, :],
    r * signs[:, :, None], np.linalg.eigvalsh(spd), np.linalg.solve(g, rhs),
    linalg.solve_triangular(g[0], rhs, lower=True), linalg.solve_triangular(g[0], rhs),
    linalg.solve_triangular(g[0], rhs, trans=1), linalg.solve_triangular(g[0], rhs, unit_diagonal=True),
], 1e-11)

def factors(a):
    permutation, lower, upper = linalg.lu(a, p_indices=True)
    return np.argsort(permutation), lower, upper


def singular(a):
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    signs = np.sign(np.take_along_axis(u, np.abs(u).argmax(0)[None], 0))[0]
    return u * signs, s, vt * signs[:, None]


tall = np.round(rng.normal(size=(2, 4, 3)), 2)
wide_matrix = np.round(rng.normal(size=(3, 5)), 2)
large = np.round(rng.normal(size=(14, 14)), 2)
defective = np.array([[1.0, 2, 3], [2, 4, 6], [1, 0, 1]])
lu_of_stack = [np.stack(parts) for parts in zip(*[factors(a) for a in g])]
tall_svd = [np.stack(parts) for parts in zip(*[singular(a) for a in tall])]
minors = np.array([[[(-1.0) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1))
    for j in range(3)] for i in range(3)] for a in [g[0], defective]])
case("more factorizations", [g, tall, wide_matrix, large, defective], [
    *lu_of_stack, *factors(large), *tall_svd, *singular(wide_matrix), np.linalg.det(g),
    np.linalg.det(large), np.log(np.maximum(np.linalg.det(g @ g.transpose(0, 2, 1)), 0)),
    minors, np.array([0.0, -np.inf, -np.inf, np.nan]),
], 1e-11)

# ---- Printing
texts = [
    np.array(3.0), np.array(0.1), np.array(1e-5), np.array(1e20), np.array(-0.0), np.array(np.nan),
    np.array([1.0, 2.5]), np.array([1.0, 2.0, 3.0]), np.array([-1.5, 0.25, 10.0]),
    np.array([1e-5, 1.0]), np.array([1e10, 1.0]), np.array([123456789.0, 0.1]), np.array([1e-10]),
    np.array([0.1 + 0.2, 1 / 3, 2 / 3]), np.array([np.nan, np.inf, -np.inf, 1.5]),
    np.array([np.nan, np.nan]), np.array([np.inf, -1.0]), np.array([1e16, 1e15]), np.array([tiny, 1e308]),
    np.array([-0.0, 0.0]), np.array([1e3, 1e-4]), np.array([99999999.0]), np.array([100000000.0]),
    np.array([[1.0, 2.0], [3.0, 4.5]]), np.arange(6.0).reshape(1, 2, 3), np.arange(8.0).reshape(2, 2, 2, 1),
    np.arange(30) / 7, np.arange(1001.0), np.arange(2000.0).reshape(2, 1000),
    np.arange(3000.0).reshape(100, 10, 3), np.zeros((0,)), np.zeros((2, 0)), np.linspace(-1, 1, 17),
    np.array([3, -10, 200]), np.array(7), np.array([[1], [-22]]), np.arange(1200), np.array([], dtype=int),
    np.array([True, False]), np.array(True), np.array([[True, True], [False, True]]), np.zeros((2, 0), bool),
    np.array([1.123456789, 1e5]), np.array([0.00012345]), np.array([1.0, 1.00000001]), np.array([5e-5, 2e5]),
    np.array([1e100, 1e-100]), np.array([1e-100, -1e100]), np.array([12345.678901234]),
]
printing = [{"value": array(t), "text": str(t)} for t in texts]

with open("tensors.json", "w") as file:
    versions = {
        "python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__,
    }
    file.write('{"versions": ' + json.dumps(versions) + ',\n"cases": [\n')
    file.write(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
    file.write('\n],\n"printing": [\n')
    file.write(",\n".join(json.dumps(p, separators=(",", ":")) for p in printing))
    file.write("\n]}\n")
