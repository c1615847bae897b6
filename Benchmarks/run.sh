#!/usr/bin/env bash
# Our runs and the peers', workload by workload, and one table of them all. See --help.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
peers=$here/peers
results=$here/results.jsonl

ours=$here/.build/release/bench
ours_cold="$ours cold"
threads=2
dtypes="float32 float64"
workloads="eight-schools-diagonal eight-schools-iaf-10 eight-schools-iaf-64x16
  logistic-1k-iaf logistic-10k-diagonal logistic-10k-iaf logistic-10k-fullrank
  logistic-10k-iaf-8 hmm vae"
flows="maf-8 nsf-8 maf-43 nsf-43"
# Pyro takes milliseconds a step on all of them; these five show it.
pyro_workloads=" eight-schools-diagonal eight-schools-iaf-10 logistic-10k-diagonal logistic-10k-iaf vae "
# Of posteriordb: NUTS on a hierarchy, two regressions and two time series.
posteriors="eight_schools-eight_schools_noncentered kidiq-kidscore_momhsiq
  mesquite-logmesquite_logvash garch-garch11 arK-arK"
cold_posterior=eight_schools-eight_schools_noncentered
# Now and then a whole process of Pyro takes ten times as long a step, from its first to its last.
# The report takes the fastest of several.
pyro_rounds=3
# On a shared machine two cores may lie far apart for a while, and what two threads do together then
# takes up to twice as long. Everyone's flows are measured several times in turn, and of each the
# fastest counts.
flow_rounds=3

usage() {
  cat <<EOF
Usage: run.sh [--only PATTERN] [--quick]

Measures this library, NumPyro and Pyro on the same workloads, one after the other, in float32 and
float64, and prints them side by side. The measurements themselves stay in results.jsonl.

  --only PATTERN  only workloads whose name matches the extended regular expression; "cold",
                  "distributions", "nuts" and "flow-maf-8" are some
  --quick         a second for each measurement instead of four, one cold fit instead of three
  --help          this text

The peers live in Benchmarks/.venv, made on first use from peers/requirements.txt.
PEERS_PYTHON names another interpreter to use as it is.
EOF
}

only=.
cold_rounds=3
quick=()
while [ $# -gt 0 ]; do
  case $1 in
    --only) only=${2:?--only needs a pattern}; shift ;;
    --quick) quick=(--seconds 1); cold_rounds=1 ;;
    --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

wanted() { grep -qE -e "$only" <<<"$1"; }

prepare_peers() {
  python=${PEERS_PYTHON:-$here/.venv/bin/python3}
  [ -n "${PEERS_PYTHON:-}" ] || [ -e "$here/.venv/complete" ] && return
  # Debian packs what makes an environment apart from Python itself.
  if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    echo "The peers need Python 3 with venv: install python3-venv (apt-get) or python (Homebrew)," \
      "or name an interpreter that has them in PEERS_PYTHON." >&2
    exit 1
  fi
  python3 -m venv --clear "$here/.venv"
  "$python" -m pip install --quiet -r "$peers/requirements.txt"
  touch "$here/.venv/complete"
}

build_ours() {
  if [ -e "$here/Package.swift" ]; then
    # Homebrew's folders; nothing elsewhere.
    swift build --quiet -c release --package-path "$here" $("$here/../.ci/install-libraries" --flags) >&2
  else
    echo "no bench package: the peers alone" >&2
  fi
}

# As many threads for everyone, also on a machine with more cores; XLA asks for NPROC.
limit_threads() {
  # OpenBLAS, ours and NumPy's, is to choose its kernels by the processor.
  unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
  export NPROC=$threads OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads \
    MKL_NUM_THREADS=$threads
}

failures=0
# A runner that fails leaves a gap in the table, and an exit status; the others still run.
record() {
  echo "$(date +%T) ${*##*/}" >&2
  "$@" >>"$results" || { echo "failed: $*" >&2; failures=$((failures + 1)); }
}

measure_workload() {
  local workload=$1 dtype=$2 round
  set -- "$workload" --dtype "$dtype" ${quick[@]+"${quick[@]}"}
  if [ -x "$ours" ]; then record "$ours" "$@"; fi
  record "$python" "$peers/numpyro_runner.py" "$@"
  case $pyro_workloads in
    *" $workload "*)
      for round in $(seq "$pyro_rounds"); do record "$python" "$peers/pyro_runner.py" "$@"; done ;;
  esac
}

measure_cold() {
  local dtype=$1 round
  for round in $(seq "$cold_rounds"); do
    if [ -x "$ours" ]; then
      record "$python" "$peers/timed.py" ours cold "$dtype" $ours_cold --dtype "$dtype"
    fi
    record "$python" "$peers/timed.py" numpyro cold "$dtype" \
      "$python" "$peers/numpyro_cold.py" --dtype "$dtype"
  done
}

# Log densities with gradients, and draws, against PyTorch and jitted JAX.
measure_distributions() {
  local dtype=$1 who
  if [ -x "$ours" ]; then
    record "$ours" distributions --dtype "$dtype" ${quick[@]+"${quick[@]}"}
  fi
  for who in torch jax; do
    record "$python" "$peers/distributions.py" "$who" --dtype "$dtype" --seconds 0.5
  done
}

# A step of NUTS, and a whole process of it. The sampler computes in float64.
measure_nuts() {
  local posterior round
  for posterior in $posteriors; do
    if [ -x "$ours" ]; then record "$ours" nuts "$posterior" ${quick[@]+"${quick[@]}"}; fi
    record "$python" "$peers/numpyro_nuts.py" "$posterior" ${quick[@]+"${quick[@]}"}
  done
  for round in $(seq "$cold_rounds"); do
    if [ -x "$ours" ]; then
      record "$python" "$peers/timed.py" ours nuts float64 "$ours" nuts-cold "$cold_posterior"
    fi
    record "$python" "$peers/timed.py" numpyro nuts float64 \
      "$python" "$peers/numpyro_nuts.py" "$cold_posterior" --cold
  done
}

# Training steps, density passes and draws of normalizing flows.
measure_flow() {
  local flow=$1 dtype=$2 round who
  for round in $(seq "$flow_rounds"); do
    if [ -x "$ours" ]; then
      record "$ours" "$flow" --dtype "$dtype" ${quick[@]+"${quick[@]}"}
    fi
    for who in flowjax zuko nflows; do
      record "$python" "$peers/flows.py" "$who" "$flow" --dtype "$dtype" ${quick[@]+"${quick[@]}"}
    done
  done
}

prepare_peers
build_ours
limit_threads
: >"$results"
echo "load average before the first run: $(uptime | sed 's/.*average[s]*: //')" >&2
for dtype in $dtypes; do
  for workload in $workloads; do
    if wanted "$workload"; then measure_workload "$workload" "$dtype"; fi
  done
  if wanted cold; then measure_cold "$dtype"; fi
  for flow in $flows; do
    if wanted "flow-$flow"; then measure_flow "$flow" "$dtype"; fi
  done
  if wanted distributions; then measure_distributions "$dtype"; fi
done
if wanted nuts; then measure_nuts; fi
"$python" "$here/report.py" "$results"
[ "$failures" = 0 ]
