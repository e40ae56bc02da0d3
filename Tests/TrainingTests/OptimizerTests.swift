import Interventions
import JSON
import Tensors
import Testing
import _TestSupport

@testable import Training

/// AdamW, clipping and schedules against torch and transformers (scripts/goldens/adamw.py).
@Suite(.engineAlone) struct Optimizer {
  /// Ten updates with the golden's gradients: the weights after each, the norms before clipping, and the moments at the end.
  private func updates(
    _ golden: Golden, clip: Double?, weightDecay: Double
  ) throws -> (trajectories: [String: Tensor], norms: [Float], moments: [NamedTensor]) {
    let facts = try golden.facts.reader("optimizer")
    let betas = try facts.array("betas").compactMap(\.double)
    let parameters = try ["a", "b"].map { NamedTensor($0, try golden.tensor("start.\($0)")) }
    for parameter in parameters { try parameter.tensor.setRequiresGradient(true) }
    let optimizer = try AdamW(
      parameters,
      rule: FusedAdamW(beta1: betas[0], beta2: betas[1], epsilon: facts.double("eps"), weightDecay: weightDecay))
    var weights: [String: [Tensor]] = [:]
    var norms: [Float] = []
    for step in 0..<10 {
      for parameter in parameters {
        // d (p . g) / dp = g: gives the parameter exactly the gradient of the golden.
        let gradient = try golden.tensor("gradients.\(parameter.name)").narrowed(0, step..<step + 1).squeezed(0)
        try (parameter.tensor * gradient).sum().backward()
      }
      norms.append(Float(try #require(try optimizer.clip(to: clip)).item()))
      try optimizer.update(learningRate: facts.double("lr"))
      for parameter in parameters {
        weights[parameter.name, default: []].append(try parameter.tensor.detached().cloned().unsqueezed(0))
      }
    }
    return (try weights.mapValues { try Tensor.concatenated($0, along: 0) }, norms, optimizer.state)
  }

  @Test(arguments: ["plain", "clipped"])
  func `ten updates with weight decay equal torch`(run: String) throws {
    try withoutLeaks {
      let golden = try Golden("adamw")
      let clip = run == "clipped" ? try golden.facts.double("clip") : nil
      let decay = try golden.facts.reader("optimizer").double("weight_decay")
      let (trajectories, norms, moments) = try updates(golden, clip: clip, weightDecay: decay)
      for (name, weights) in trajectories { try golden.expect(weights, equals: "\(run).\(name)") }
      if run == "clipped" { try golden.expect(Tensor(norms), equals: "clipped.norms") }
      for moment in moments {
        let parts = moment.name.split(separator: ".")
        let suffix = parts[0] == "first" ? "exp_avg" : "exp_avg_sq"
        try golden.expect(moment.tensor, equals: "\(run).\(parts[1]).\(suffix)")
      }
    }
  }

  @Test func `without weight decay, or without clipping, the weights do not pass`() throws {
    let golden = try Golden("adamw")
    let decay = try golden.facts.reader("optimizer").double("weight_decay")
    let undecayed = try updates(golden, clip: nil, weightDecay: 0).trajectories
    let unclipped = try updates(golden, clip: nil, weightDecay: decay).trajectories
    for name in ["a", "b"] {
      try golden.expectDiffers(try #require(undecayed[name]), from: "plain.\(name)")
      try golden.expectDiffers(try #require(unclipped[name]), from: "clipped.\(name)")
    }
  }

  @Test(arguments: Schedule.allCases, [0, 4])
  func `the schedule equals transformers`(schedule: Schedule, warmup: Int) throws {
    let golden = try Golden("adamw")
    let rate = try golden.facts.double("rate")
    let rates = (0..<20).map { Float(rate * schedule.factor(step: $0, warmup: warmup, total: 20)) }
    try golden.expect(Tensor(rates), equals: "schedules.\(schedule.rawValue).\(warmup)")
  }

  @Test func `a schedule one step late does not pass`() throws {
    let golden = try Golden("adamw")
    let rate = try golden.facts.double("rate")
    let late = (0..<20).map { Float(rate * Schedule.linear.factor(step: $0 - 1, warmup: 0, total: 20)) }
    try golden.expectDiffers(Tensor(late), from: "schedules.linear.0")
  }
}
