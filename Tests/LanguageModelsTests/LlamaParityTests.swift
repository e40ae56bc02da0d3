import LanguageModels
import Tensors
import Testing
import _TestSupport

/// Whole tensors against transformers' LlamaForCausalLM on tiny random weights (scripts/goldens/llama.py).
@Suite(.engineAlone) struct LlamaParity {
  @Test(arguments: ["llama_gqa_tied", "llama_mha_bias"])
  func `logits and every recorded activation equal transformers`(name: String) throws {
    try withoutLeaks {
      let golden = try Golden(name)
      let model = try TinyModel.load(name)
      for i in 0..<3 {
        let batch = TokenBatch(prompts: [try golden.ids("ids.\(i)")])
        let hidden = try withoutGradients { () throws(TensorError) in
          try model.hidden(batch, cache: nil, tap: .none)
        }
        try golden.expect(model.logits(hidden), equals: "logits.\(i)")
      }
      // The sequence whose activations were kept is the first.
      var tap = Tap.none
      var recorders: [(String, Recorder)] = []
      let names: [(Component, String)] = [
        (.headOutput, "head_output"), (.attentionOutput, "attention_output"), (.mlpOutput, "mlp_output"),
        (.blockOutput, "output"),
      ]
      for layer in 0..<model.shape.layers {
        for (component, suffix) in names {
          let recorder = Recorder()
          tap.place(recorder, at: Site(layer: layer, component: component), on: .all)
          recorders.append(("blocks.\(layer).\(suffix)", recorder))
        }
      }
      let hidden = try model.hidden(TokenBatch(prompts: [golden.ids("ids.0")]), cache: nil, tap: tap)
      try golden.expect(hidden, equals: "hidden")
      for (name, recorder) in recorders {
        #expect(recorder.activations.count == 1)
        try golden.expect(try #require(recorder.activations.first), equals: name)
      }
    }
  }

  @Test func `another sequence's logits do not pass for these`() throws {
    let golden = try Golden("llama_gqa_tied")
    let model = try TinyModel.load()
    var ids = try golden.ids("ids.0")
    ids[3] = (ids[3] + 1) % 97
    let hidden = try model.hidden(TokenBatch(prompts: [ids]), cache: nil, tap: .none)
    try golden.expectDiffers(model.logits(hidden), from: "logits.0")
  }

  @Test func `a packed batch gives what each sequence alone gives`() throws {
    let golden = try Golden("llama_gqa_tied")
    let model = try TinyModel.load()
    let prompts = try (0..<3).map { try golden.ids("ids.\($0)") }
    let batch = TokenBatch(prompts: prompts)
    let logits = try model.logits(model.hidden(batch, cache: nil, tap: .none))
    for (i, rows) in batch.rows.enumerated() {
      try golden.expect(logits.narrowed(0, rows), equals: "logits.\(i)")
    }
  }

  @Test(arguments: [1, 2, 5, 7, 23])
  func `prefill in chunks with a cache gives the same logits`(chunk: Int) throws {
    try withoutLeaks {
      let golden = try Golden("llama_mha_bias")
      let model = try TinyModel.load("llama_mha_bias")
      let ids = try golden.ids("ids.2")
      let cache = KVCache(sequences: 1, layers: model.shape.layers, capacity: 4)
      var parts: [Tensor] = []
      try withoutGradients {
        for start in stride(from: 0, to: ids.count, by: chunk) {
          let tokens = Array(ids[start..<min(start + chunk, ids.count)])
          let batch = TokenBatch([.init(tokens: tokens, start: start, promptLength: ids.count)])
          parts.append(try model.logits(model.hidden(batch, cache: cache, tap: .none)))
        }
      }
      #expect(cache.lengths == [ids.count])
      try golden.expect(Tensor.concatenated(parts, along: 0), equals: "logits.2")
    }
  }

  @Test func `every advertised component fires once a layer with its documented shape`() throws {
    let model = try TinyModel.load()
    let shape = model.shape
    var tap = Tap.none
    var recorders: [Site: Recorder] = [:]
    for layer in 0..<shape.layers {
      for component in model.components {
        let site = Site(layer: layer, component: component)
        recorders[site] = Recorder()
        tap.place(recorders[site]!, at: site, on: .all)
      }
    }
    _ = try model.hidden(TokenBatch(prompts: [[1, 2, 3], [4, 5]]), cache: nil, tap: tap)
    for (site, recorder) in recorders {
      #expect(recorder.activations.count == 1, "\(site)")
      let expected =
        site.component == .headOutput ? [5, shape.heads, shape.headDim] : [5, shape.width(of: site.component)]
      #expect(recorder.activations.first?.shape == expected, "\(site)")
    }
  }

  @Test func `a tap that only looks leaves the logits bit-identical`() throws {
    let model = try TinyModel.load()
    let batch = TokenBatch(prompts: [[1, 2, 3, 4, 5, 6]])
    var tap = Tap.none
    tap.place(Recorder(), at: Site(layer: 1, component: .blockOutput), on: .all)
    tap.place(Recorder(), at: Site(layer: 1, component: .headOutput), on: .some(try Tensor([0, 3] as [Int64])))
    let plain = try model.logits(model.hidden(batch, cache: nil, tap: .none)).values(as: Float.self)
    #expect(try model.logits(model.hidden(batch, cache: nil, tap: tap)).values(as: Float.self) == plain)
    #expect(try model.logits(model.hidden(batch, cache: nil, tap: Tap([:]))).values(as: Float.self) == plain)
  }
}
