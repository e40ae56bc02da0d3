import Interventions
import JSON
import Tensors
import Testing
import _TestSupport

@testable import Training

/// AdamW, clipping and schedules against torch and transformers (scripts/goldens/adamw.py).
@Suite(.engineAlone) struct Optimizer {
  @Test(arguments: ["plain", "clipped"])
  func `ten updates with weight decay equal torch`(run: String) throws {
    try withoutLeaks {
      let golden = try Golden("adamw")
      let facts = try golden.facts.reader("optimizer")
      let betas = try facts.array("betas").compactMap(\.double)
      let names = ["a", "b"]
      let parameters = try names.map { NamedTensor($0, try golden.tensor("start.\($0)")) }
      for parameter in parameters { try parameter.tensor.setRequiresGradient(true) }
      let optimizer = try AdamW(
        parameters,
        rule: FusedAdamW(
          beta1: betas[0], beta2: betas[1], epsilon: facts.double("eps"), weightDecay: facts.double("weight_decay")))
      var trajectory: [[Tensor]] = [[], []]
      var norms: [Float] = []
      for step in 0..<10 {
        for parameter in parameters {
          // d (p . g) / dp = g: gives the parameter exactly the gradient of the golden.
          let gradient = try golden.tensor("gradients.\(parameter.name)").narrowed(0, step..<step + 1).squeezed(0)
          try (parameter.tensor * gradient).sum().backward()
        }
        let clip = run == "clipped" ? try golden.facts.double("clip") : nil
        norms.append(Float(try optimizer.update(learningRate: facts.double("lr"), clip: clip)))
        for i in names.indices { trajectory[i].append(try parameters[i].tensor.detached().cloned().unsqueezed(0)) }
      }
      for (i, name) in names.enumerated() {
        try golden.expect(Tensor.concatenated(trajectory[i], along: 0), equals: "\(run).\(name)")
      }
      if run == "clipped" { try golden.expect(Tensor(norms), equals: "clipped.norms") }
      for moment in optimizer.state {
        let parts = moment.name.split(separator: ".")
        let suffix = parts[0] == "first" ? "exp_avg" : "exp_avg_sq"
        try golden.expect(moment.tensor, equals: "\(run).\(parts[1]).\(suffix)")
      }
    }
  }

  @Test(arguments: Schedule.allCases, [0, 4])
  func `the schedule equals transformers`(schedule: Schedule, warmup: Int) throws {
    let golden = try Golden("adamw")
    let rate = try golden.facts.double("rate")
    let rates = (0..<20).map { Float(rate * schedule.factor(step: $0, warmup: warmup, total: 20)) }
    try golden.expect(Tensor(rates), equals: "schedules.\(schedule.rawValue).\(warmup)")
  }
}
