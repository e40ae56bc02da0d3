import Tensors
import Testing
import _TestSupport

/// Work that is done again and again; on the CPU there is nothing to record it with.
@Suite(.engineAlone) struct RepeatedWorkTests {
  @Test func `each run reads what is in its tensors by then`() throws {
    try withoutLeaks {
      let input = try Tensor.zeros([3])
      let work = RepeatedWork(on: .cpu) { () throws(TensorError) in [try input * 2] }
      for value in 1...4 {
        try input.assign(Tensor.full([3], value: Double(value)))
        #expect(try work()[0].values(as: Float.self) == [Float](repeating: Float(2 * value), count: 3))
      }
      #expect(!work.isRecorded && work.whyNotRecorded == nil)
    }
  }

  /// What cannot be recorded is done call by call, and says why.
  @Test(.enabled(if: !Engine.cuda.isUsable)) func `without a GPU nothing is recorded, and nothing is lost`() throws {
    try withoutLeaks {
      let input = try Tensor.zeros([3])
      let work = RepeatedWork(on: .cuda(0)) { () throws(TensorError) in [try input * 2] }
      for value in 1...4 {
        try input.assign(Tensor.full([3], value: Double(value)))
        #expect(try work()[0].values(as: Float.self) == [Float](repeating: Float(2 * value), count: 3))
        #expect((work.whyNotRecorded == nil) == (value == 1))
      }
      #expect(!work.isRecorded)
    }
  }
}
