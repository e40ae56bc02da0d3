/// An array in NumPy's `.npy` format (versions 1 and 2, C order, little endian), such as lo-fit's files of heads.
public struct NPYArray: Sendable, Equatable {
  /// The numbers, row-major, in one of the types that are read.
  public enum Elements: Sendable, Equatable {
    case int64([Int64])
    case int32([Int32])
    case float32([Float])
    case float64([Double])

    /// NumPy's name of the type.
    var descriptor: String {
      switch self {
      case .int64: "<i8"
      case .int32: "<i4"
      case .float32: "<f4"
      case .float64: "<f8"
      }
    }

    var count: Int {
      switch self {
      case .int64(let values): values.count
      case .int32(let values): values.count
      case .float32(let values): values.count
      case .float64(let values): values.count
      }
    }
  }

  /// The sizes; empty for a single number.
  public var shape: [Int]
  /// The numbers, as many as the sizes multiply to.
  public var elements: Elements

  /// An array of these numbers, row-major.
  ///
  /// - Precondition: the sizes multiply to the number of elements.
  public init(shape: [Int], elements: Elements) {
    precondition(shape.productReportingOverflow == elements.count, "the shape must hold the elements")
    self.shape = shape
    self.elements = elements
  }

  /// Whole numbers of either width, `nil` for real ones.
  public var integers: [Int]? {
    switch elements {
    case .int64(let values): values.map { Int($0) }
    case .int32(let values): values.map { Int($0) }
    case .float32, .float64: nil
    }
  }
}
