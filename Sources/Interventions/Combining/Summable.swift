public import JSON
import Tensors

/// A method whose edits of one site add up to one of the same method: `h + sum w_i (Phi_i(h) - h)`.
public protocol Summable: Intervention {
  /// Rows that the method's matrices have at this site; 0 where it has no rank.
  var rank: Int { get }

  /// The settings of a sum whose matrices have this many rows at every site.
  ///
  /// - Parameter terms: of all sites.
  /// - Throws: ``AdapterError/setting(key:expected:got:method:)`` where their settings keep them from adding up.
  static func settings(ofSum terms: [Self], rank: Int) throws -> JSONObject

  /// The sum at one site, its matrices filled up with zeros to this many rows; named as ``Intervention/saved()`` names them.
  static func sum(_ terms: [(term: Self, weight: Double)], rank: Int) throws -> [NamedTensor]
}

extension Tensor {
  /// Matrices one below the other, and zeros below them up to this many rows.
  static func stacked(_ parts: [Tensor], rows: Int) throws(TensorError) -> Tensor {
    let stacked = try concatenated(parts, along: 0)
    let missing = rows - stacked.size(0)
    guard missing > 0 else { return stacked }
    let zeros = try Tensor.zeros([missing] + stacked.shape.dropFirst(), on: stacked.device)
    return try concatenated([stacked, zeros], along: 0)
  }
}
