import JSON

/// The stage that turns one piece of text into tokens.
enum TokenizerModel: Sendable {
  case bpe(BPE)
  case unigram(Unigram)
  case wordPiece(WordPiece)

  static let supported = ["BPE", "Unigram", "WordPiece"]

  /// - Parameter spelledBytes: whether pieces come as bytes spelled in `ByteAlphabet`.
  init(_ reader: StageReader, spelledBytes: Bool) throws(TokenizerError) {
    // Files from before the models had names hold a BPE.
    let type = try reader.string(ifPresent: "type") ?? "BPE"
    switch type {
    case "BPE": self = .bpe(try BPE(reader, spelledBytes: spelledBytes))
    case "Unigram": self = .unigram(try Unigram(reader))
    case "WordPiece": self = .wordPiece(try WordPiece(reader))
    default: throw reader.unknown(type, supported: Self.supported)
    }
  }

  var vocabulary: Vocabulary {
    switch self {
    case .bpe(let bpe): bpe.vocabulary
    case .unigram(let unigram): unigram.vocabulary
    case .wordPiece(let wordPiece): wordPiece.vocabulary
    }
  }

  /// Appends the tokens of one piece.
  @inline(__always)
  func tokenize(
    _ piece: UnsafeBufferPointer<UInt8>, workspace: inout ModelWorkspace, _ symbols: inout [Symbol]
  ) {
    switch self {
    case .bpe(let bpe): bpe.tokenize(piece, workspace: &workspace, &symbols)
    case .unigram(let unigram): unigram.tokenize(piece, workspace: &workspace, &symbols)
    case .wordPiece(let wordPiece): wordPiece.tokenize(piece, workspace: &workspace, &symbols)
    }
  }
}

/// A token and how many bytes of the piece it stands for: 0 for one that stands for the same bytes as the one before.
struct Symbol: Sendable {
  var id: TokenID
  var length: Int32

  /// Stands for bytes that have no token.
  static let vanished: TokenID = -1
}

/// What a model keeps between pieces: the words it has seen, and memory to work in.
struct ModelWorkspace: Sendable {
  var words = WordCache()
  var merging = MergeScratch()
  var lattice = Lattice()
}
