import FlowGuides
import Models

let guide = FlowGuide(EightSchools.nonCentered, flow: .iaf(layers: 2, hidden: [32, 32]))
let svi = try SVI(EightSchools.nonCentered, guide, optimizer: Adam(0.01), particles: 8, seed: 0)
print(try svi.step())
let fit = try svi.run(steps: 2000)
print(fit.losses.suffix(100).reduce(0, +) / 100)
print(try fit.summary())
print(try fit.elbo())
