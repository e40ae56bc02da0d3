import JSON
import Layers

/// Settings that several methods have in common.
extension JSONReader {
  /// Rank r, above zero; by default 8, as in the ReFT paper's commonsense and arithmetic settings (appendix D) and in peft.
  func rank(method: String, default standard: Int = 8) throws -> Int {
    let rank = try int(ifPresent: "rank") ?? standard
    guard rank > 0 else {
      throw AdapterError.setting(key: "rank", expected: "above zero", got: "\(rank)", method: method)
    }
    return rank
  }

  /// Probability of zeroing an entry in training, in `0..<1`; 0 where it is not given.
  func dropout(method: String) throws -> Double {
    let dropout = try double(ifPresent: "dropout") ?? 0
    guard (0..<1).contains(dropout) else {
      throw AdapterError.setting(key: "dropout", expected: "in 0..<1", got: "\(dropout)", method: method)
    }
    return dropout
  }
}
