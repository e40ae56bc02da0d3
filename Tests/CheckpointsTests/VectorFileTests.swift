import JSON
import Testing

@testable import Checkpoints

/// A control vector by repeng: scripts/goldens/torch_files.py.
@Suite struct VectorFileTests {
  private let scratch: Scratch
  private let control = fixtures + "/torch/control.gguf"

  init() throws { scratch = try Scratch() }

  @Test func `a control vector of repeng is read whole, and written with the same bytes`() throws {
    let vector = try ControlVectorFile(reading: control)
    #expect(vector.modelHint == "llama")
    #expect(vector.directions.keys.sorted() == [1, 2, 5])
    for tensor in try SafetensorsFile(fixtures + "/torch/control.safetensors").tensors {
      let layer = try #require(Int(tensor.name))
      #expect(try vector.directions[layer] == tensor.floats())
    }
    let path = scratch.file("copy.gguf")
    try vector.write(to: path)
    #expect(try contents(path) == contents(control))
    #expect(throws: CheckpointError.outputExists(path: path)) { try vector.write(to: path) }
    #expect(ControlVectorFile.isOne(path))
    #expect(!ControlVectorFile.isOne(fixtures + "/llama.gguf"))
    #expect(!ControlVectorFile.isOne(fixtures + "/heads.npy"))
  }

  @Test func `keys without use are listed`() throws {
    var file = GGUFBytes()
    file.pair("general.architecture", 8, GGUFBytes.string("controlvector"))
    file.pair("controlvector.model_hint", 8, GGUFBytes.string("llama"))
    file.pair("controlvector.method", 8, GGUFBytes.string("pca"))
    file.tensor("direction.3", [2])
    file.data = [UInt8](repeating: 0, count: 8)
    let vector = try ControlVectorFile(reading: scratch.write("x.gguf", file.file))
    #expect(vector.leftover == ["controlvector.method"])
  }

  @Test func `bad control vectors are one clear error each`() throws {
    func problem(named architecture: String = "controlvector", hint: Bool = true, _ tensors: (String, [UInt64])...)
      throws
      -> String?
    {
      var file = GGUFBytes()
      file.pair("general.architecture", 8, GGUFBytes.string(architecture))
      if hint { file.pair("controlvector.model_hint", 8, GGUFBytes.string("llama")) }
      for (i, tensor) in tensors.enumerated() { file.tensor(tensor.0, tensor.1, offset: UInt64(32 * i)) }
      file.data = [UInt8](repeating: 0, count: 32 * tensors.count)
      let path = try scratch.write("x.gguf", file.file)
      return #expect(throws: CheckpointError.self) { try ControlVectorFile(reading: path) }?.problem
    }
    #expect(try problem(named: "llama") == "expected 'controlvector', got 'llama'")
    #expect(try problem(hint: false) == "'controlvector.model_hint' is missing")
    #expect(try problem() == "there are no directions")
    #expect(try problem(("blk.1", [2])) == "expected the name 'direction.' and a layer")
    #expect(try problem(("direction.-1", [2])) == "expected the name 'direction.' and a layer")
    #expect(try problem(("direction.1", [2]), ("direction.2", [3])) == "expected the shape [2], got [3]")
    #expect(try problem(("direction.1", [2, 2])) == "expected the shape [d], got [2, 2]")
  }

  @Test func `a steering vector is read, and what is written reads the same`() throws {
    let text = """
      {"model_type": "llama", "directions": {"10": [0.5, -1], "2": [0.1, 2e-7]}, "explained_variances": {"10": 0.25, "2": 1}}
      """
    let vector = try SteeringVectorFile(reading: scratch.write("x.svec", text))
    #expect(vector.modelType == "llama")
    #expect(vector.directions == [10: [0.5, -1], 2: [0.1, 2e-7]])
    #expect(vector.explainedVariances == [10: 0.25, 2: 1])
    #expect(vector.leftover.isEmpty)
    let (first, second) = (scratch.file("a.svec"), scratch.file("b.svec"))
    try vector.write(to: first)
    #expect(try SteeringVectorFile(reading: first) == vector)
    try SteeringVectorFile(reading: first).write(to: second)
    #expect(try contents(first) == contents(second))
    #expect(try TextFile.read(first).hasPrefix(#"{"model_type":"llama","directions":{"2":["#))
  }

  @Test func `bad steering vectors are one clear error each`() throws {
    func problem(_ text: String) throws -> String? {
      let path = try scratch.write("x.svec", text)
      let error = #expect(throws: JSONError.self) { try SteeringVectorFile(reading: path) }
      #expect(error?.location.contains(path) == true)
      return error?.problem
    }
    #expect(try problem("[]")?.contains("an object") == true)
    #expect(try problem(#"{"model_type": "llama", "directions": {}}"#)?.contains("at least one layer") == true)
    #expect(
      try problem(#"{"model_type": "llama", "directions": {"x": [1]}}"#)?.contains("the number of a layer") == true)
    #expect(
      try problem(#"{"model_type": "llama", "directions": {"1": [1], "2": [1, 2]}}"#)?.contains("1 numbers") == true)
    #expect(try problem(#"{"model_type": "llama", "directions": {"1": ["a"]}}"#)?.contains("a list of numbers") == true)
    #expect(try problem(#"{"directions": {"1": [1]}}"#)?.contains("model_type") == true)
  }
}
