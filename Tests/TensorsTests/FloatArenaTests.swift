import Tensors
import Testing
import _TestSupport

@Suite(.engineAlone) struct FloatArenaTests {
  /// Writes `first`, `first + 1`, ...
  private static func counting(from first: Int) -> (UnsafeMutableBufferPointer<Float>) -> Void {
    { memory in for i in memory.indices { memory[i] = Float(first + i) } }
  }

  @Test func `tensors of one arena hold what they were filled with, whoever is let go of first`() throws {
    try withoutLeaks {
      // Of whole pages and more, of some lines of cache, of one number, of none.
      let shapes = [[70_000], [3, 7], [1], [0, 5], [64, 2048]]
      var tensors: [Tensor?] = []
      do {
        let arena = FloatArena(for: shapes)
        for (i, shape) in shapes.enumerated() {
          tensors.append(try arena.tensor(shape: shape, filledBy: Self.counting(from: i)))
        }
      }
      for gone in [0, 3, 1, 4] {
        tensors[gone] = nil
        for (i, tensor) in tensors.enumerated() {
          guard let tensor else { continue }
          #expect(tensor.shape == shapes[i])
          let values = try tensor.values(as: Float.self)
          #expect(values == values.indices.map { Float(i + $0) })
        }
      }
    }
  }

  @Test func `what does not fit gets memory of its own`() throws {
    try withoutLeaks {
      let arena = FloatArena(for: [[4]])
      let inside = try arena.tensor(shape: [4], filledBy: Self.counting(from: 1))
      let outside = try arena.tensor(shape: [1000], filledBy: Self.counting(from: 5))
      #expect(try inside.values(as: Float.self) == [1, 2, 3, 4])
      #expect(try outside.values(as: Float.self).last == 1004)
    }
  }

  @Test func `what goes wrong while a tensor is filled comes out`() throws {
    struct Bad: Error {}
    let arena = FloatArena(for: [[4], [4]])
    #expect(throws: Bad.self) { try arena.tensor(shape: [4]) { _ in throw Bad() } }
    #expect(try arena.tensor(shape: [4], filledBy: Self.counting(from: 0)).values(as: Float.self) == [0, 1, 2, 3])
  }
}
