import FlowGuides
import Models

/// One of the measured fits: peers/workloads.py describes the same ones.
struct Workload {
  let particles: Int
  let makeSVI: (DType) throws -> SVI
}

/// The workload of a name, nil if there is none.
func workload(_ name: String) -> Workload? {
  switch name {
  case "eight-schools-diagonal": eightSchools(DiagonalNormalGuide(start: .at()), 1)
  case "eight-schools-iaf-10": eightSchools(iaf(2, [10, 10]), 1)
  case "eight-schools-iaf-64x16": eightSchools(iaf(2, [64, 64]), 16)
  case "logistic-1k-iaf": logistic(1_000, 20, iaf(3, [21, 21]), 1)
  case "logistic-10k-diagonal": logistic(10_000, 50, DiagonalNormalGuide(start: .at()), 1)
  case "logistic-10k-iaf": logistic(10_000, 50, iaf(2, [51, 51]), 1)
  case "logistic-10k-fullrank": logistic(10_000, 50, MultivariateNormalGuide(start: .at()), 1)
  case "logistic-10k-iaf-8": logistic(10_000, 50, iaf(2, [51, 51]), 8)
  case "hmm": hiddenMarkov()
  case "vae": vae()
  case "normal-50-iaf": normal(.total)
  case "normal-50-iaf-landing": normal(.stickingTheLanding)
  default: nil
  }
}

/// With scales as the peers have them.
private func iaf(_ layers: Int, _ hidden: [Int]) -> FlowGuide {
  FlowGuide(
    flow: .iaf(layers: layers, hidden: hidden, form: .logScale, activation: .elu),
    start: .at(scale: 1))
}

private func eightSchools(_ guide: some Guide, _ particles: Int) -> Workload {
  Workload(particles: particles) { dtype in
    try SVI(
      EightSchools.nonCentered, guide, optimizer: Adam(0.001),
      loss: TraceELBO(particles: particles), dtype: dtype)
  }
}

private func logistic(_ rows: Int, _ columns: Int, _ guide: some Guide, _ particles: Int)
  -> Workload
{
  Workload(particles: particles) { dtype in
    let key = RandomKey(0)
    let features = key.foldIn("features").normal([rows, columns])
    let logits = matmul(features, key.foldIn("weights").normal([columns]))
    let labels = key.foldIn("labels").uniform([rows]) .< sigmoid(logits)
    let regression = LogisticRegression(
      features: features.cast(to: dtype).detached(), labels: labels.cast(to: dtype).detached())
    return try SVI(
      regression.model, guide, optimizer: Adam(0.001), loss: TraceELBO(particles: particles),
      dtype: dtype)
  }
}

private func hiddenMarkov() -> Workload {
  Workload(particles: 1) { dtype in
    let data = RandomKey(0).normal([1_000]).cast(to: dtype).detached()
    let chain = HiddenMarkov(data: data, stateCount: 8)
    return try SVI(
      chain.model, DiagonalNormalGuide(start: .at()), optimizer: Adam(0.001),
      loss: TraceEnumELBO(), dtype: dtype)
  }
}

/// What an estimator of the gradient costs: the model is next to nothing.
private func normal(_ estimator: TraceELBO.Estimator) -> Workload {
  Workload(particles: 64) { dtype in
    try SVI(
      { sample("z", Normal(1, 2).expanded(to: [50]).toEvent(1)) }, iaf(2, [64, 64]),
      optimizer: Adam(0.001), loss: TraceELBO(particles: 64, estimator: estimator), dtype: dtype)
  }
}

private func vae() -> Workload {
  Workload(particles: 1) { dtype in
    let pixels = RandomKey(0).uniform([256, 784]) .< 0.3
    let vae = VAE(data: pixels.cast(to: dtype).detached())
    return try SVI(vae.model, guide: vae.guide, optimizer: Adam(0.001), dtype: dtype)
  }
}
