import Foundation
import Interventions
import JSON
import LanguageModels
import Tensors
import Testing
import _TestSupport

/// What training keeps: nothing of the width squared, no graph below the lowest edit.
@Suite(.engineAlone) struct TrainingMemory {
  /// Every method that is trained by gradients, on one model, with ranks far below the width.
  private static var methods: [MethodCase] {
    MethodCase.all.filter { $0.model == "llama_gqa_tied" }.map { method in
      var settings = method.settings
      let complete = try? method.method.settings(JSONReader(settings, source: "test"))
      for key in ["rank", "bottleneck"] where complete?[key]?.int != nil && settings["subspaces"] == nil {
        settings[key] = 2
      }
      return MethodCase(method: method.method, model: method.model, settings: settings, place: method.place)
    }
  }

  @Test(arguments: methods)
  func `no tensor that is kept has two dimensions as large as the width`(method: MethodCase) throws {
    let model = try method.loadModel()
    let adapter = try method.adapter(for: model)
    // Methods that train the model's own matrices keep them, and mean to.
    let trainsWeights = zip(adapter.parts, adapter.parts.map(\.intervention.parameters)).contains { part, parameters in
      let matrix = part.target.projection.map { [$0.matrix.outputs, $0.matrix.inputs] }
      return parameters.contains { $0.tensor.shape == matrix }
    }
    if trainsWeights { return }
    for tensor in try adapter.parameters + adapter.saved() + adapter.trainingState() {
      let large = tensor.tensor.shape.count { $0 >= model.shape.hidden }
      #expect(large < 2, "\(tensor.name) \(tensor.tensor.shape)")
    }
  }

  @Test(arguments: methods)
  func `nothing below the lowest edit has a graph, and what follows it has`(method: MethodCase) throws {
    try withoutLeaks {
      let model = try method.loadModel()
      let adapter = try method.adapter(for: model, layers: "1", "f2+l3")
      guard !adapter.parameters.isEmpty, let lowest = adapter.parts.map(\.target.site).min() else { return }
      let batch = TokenBatch([.init(tokens: someTokens(12), promptLength: 9)])
      var tap = try adapter.tap(for: batch, mode: .training(TrainingPass(random: RandomSource(seed: 1))))
      let sites = (0..<model.shape.layers).flatMap { layer in
        model.components.map { Site(layer: layer, component: $0) }
      }
      let recorders = sites.map { _ in Recorder() }
      for (site, recorder) in zip(sites, recorders) { tap.place(recorder, at: site, on: .all) }
      let hidden = try model.hidden(batch, cache: nil, tap: tap)
      for (site, recorder) in zip(sites, recorders) where site < lowest {
        for activation in recorder.activations { #expect(!activation.requiresGradient, "\(site)") }
      }
      let edited = try #require(zip(sites, recorders).first { $0.0 == lowest }?.1.activations.first)
      #expect(edited.requiresGradient && hidden.requiresGradient)
    }
  }

  #if os(Linux)
    /// A line of /proc/self/status in bytes.
    private func status(_ key: String) throws -> Int {
      let line = try readText("/proc/self/status").split(separator: "\n").first { $0.hasPrefix(key + ":") }
      let number = line?.split(whereSeparator: { !$0.isNumber }).first
      return try #require(number.flatMap { Int($0) }) * 1024
    }

    /// The setting of the ReFT paper's commonsense runs on LLaMA-7B: rank 8, all 32 layers, tied, f7+l7.
    ///
    /// Kept: 4.2 million floats as parameters and in the base of the coordinates, twice the parameters as moments, once as
    /// gradients, and the graph of one prompt's fourteen positions. Measured at the most: 75 to 91 MB. pyreft's square bases
    /// alone are 32 x 4096 x 4096 floats, 2,147 MB; one of them would show.
    @Test func `LoReFT at d 4096, 32 layers, rank 8 stays below 130 MB at its peak, without a square buffer`() throws {
      let (d, r, layers, positions) = (4096, 8, 32, 14)
      let shape = ModelShape(
        layers: layers, hidden: d, heads: 32, kvHeads: 32, headDim: 128, intermediate: 11008, vocabulary: 32000,
        contextLength: 2048)
      let random = try RandomSource(seed: 1)
      try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
      let start = try status("VmRSS")
      let parts = try (0..<layers).map { layer in
        try LoReFT(
          .init(rank: r), on: Target(site: Site(layer: layer, component: .blockOutput), shape: shape), using: random)
      }
      let parameters = parts.flatMap { $0.parameters.map(\.tensor) }
      let state = try parts.flatMap { try $0.trainingState() }
      #expect(parameters.reduce(0) { $0 + $1.elementCount } == layers * (2 * d * r + r))
      #expect(state.reduce(0) { $0 + $1.tensor.elementCount } == layers * (3 * d * r + r))

      var h = try random.normal([positions, d])
      for part in parts { h = try part.edited(h, .training(TrainingPass(random: random))) }
      try h.sum().backward()
      h = try Tensor.zeros([1])
      var moments: [Tensor] = []
      for parameter in parameters + parameters { moments.append(try Tensor.zeros(parameter.shape)) }
      let gradients = try parameters.map { parameter in
        let gradient = try parameter.gradient()
        return try #require(gradient)
      }
      try FusedAdamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0).update(
        parameters, gradients: gradients, firstMoments: Array(moments.prefix(parameters.count)),
        secondMoments: Array(moments.suffix(parameters.count)), step: 1, learningRate: 1e-3)
      let peak = try status("VmHWM") - start
      #expect(peak < 4 * layers * (24 * d * r + 4 * positions * d), "\(peak) bytes")  // 130 MB
    }
  #endif
}
