/// A format of adapters on disk: one file in `Formats/` and one line in ``AdapterFormats/all``.
public protocol AdapterFormat: SendableMetatype {
  /// What the format is called: `pyreft`.
  static var name: String { get }
  /// One sentence: the files, and what they can hold.
  static var summary: String { get }
  /// Whether what lies at the path looks like this format; it is opened in full by ``read(_:_:)``.
  static func detects(_ path: String) -> Bool
  /// Reads an adapter, reporting every key.
  static func read(_ path: String, _ context: inout ConversionContext) throws -> PortableAdapter
  /// The files of an adapter, every key reported; nothing is written yet.
  static func encoded(_ adapter: PortableAdapter, _ context: inout ConversionContext) throws -> EncodedAdapter
}

/// The formats that are read and written.
public enum AdapterFormats {
  /// Every format, our own first.
  public static let all: [any AdapterFormat.Type] = [
    ReftFormat.self, PyreftFormat.self, PEFTFormat.self, MLXFormat.self, ControlVectorFormat.self, SvecFormat.self,
    LoFiTFormat.self, REDFormat.self,
  ]

  /// Looks up a format.
  public static func named(_ name: String) throws(ConversionError) -> any AdapterFormat.Type {
    guard let format = all.first(where: { $0.name == name }) else {
      throw .unknownFormat(name: name, known: all.map { $0.name })
    }
    return format
  }

  /// The format of what lies at a path.
  public static func detected(at path: String) throws(ConversionError) -> any AdapterFormat.Type {
    let found = all.filter { $0.detects(path) }
    guard let format = found.first else { throw .undetected(path: path, known: all.map { $0.name }) }
    guard found.count == 1 else { throw .ambiguous(path: path, formats: found.map { $0.name }) }
    return format
  }
}
