extension BPE {
  /// Appends the tokens of a piece, from the cache if it was seen before.
  @inline(__always)
  func tokenize(_ piece: UnsafeBufferPointer<UInt8>, workspace: inout ModelWorkspace, _ symbols: inout [Symbol]) {
    if workspace.words.append(piece, to: &symbols) { return }
    let start = symbols.count
    tokenizeAnew(piece, &workspace.merging, &symbols)
    workspace.words.keep(piece, symbols[start...])
  }

  private func tokenizeAnew(
    _ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout MergeScratch, _ symbols: inout [Symbol]
  ) {
    if ignoreMerges, let id = wholeToken(piece) {
      symbols.append(Symbol(id: id, length: Int32(piece.count)))
      return
    }
    scratch.symbols.removeAll(keepingCapacity: true)
    if let bytes {
      splitBytes(piece, bytes, &scratch.symbols)
    } else {
      splitCharacters(piece, &scratch.symbols)
    }
    scratch.merge(merges)
    symbols += scratch.symbols
  }

  private func wholeToken(_ piece: UnsafeBufferPointer<UInt8>) -> TokenID? {
    bytes == nil ? vocabulary.id(of: piece) : vocabulary.id(of: ByteAlphabet.spelling(of: piece))
  }

  private func splitBytes(_ piece: UnsafeBufferPointer<UInt8>, _ bytes: [TokenID], _ symbols: inout [Symbol]) {
    var pending: Symbol?
    for byte in piece {
      let id = bytes[Int(byte)]
      if id >= 0 {
        flush(&pending, &symbols)
        symbols.append(Symbol(id: id, length: 1))
      } else {
        addUnknown(length: 1, &pending, &symbols)
      }
    }
    flush(&pending, &symbols)
  }

  private func splitCharacters(_ piece: UnsafeBufferPointer<UInt8>, _ symbols: inout [Symbol]) {
    var pending: Symbol?
    var position = 0
    while position < piece.count {
      let start = position
      _ = UTF8Text.next(in: piece, &position)
      let character = UnsafeBufferPointer(rebasing: piece[start..<position])
      if let id = vocabulary.id(of: character) {
        flush(&pending, &symbols)
        symbols.append(Symbol(id: id, length: Int32(character.count)))
      } else if let fallback, character.allSatisfy({ fallback[Int($0)] >= 0 }) {
        for byte in character { symbols.append(Symbol(id: fallback[Int(byte)], length: 1)) }
      } else {
        addUnknown(length: Int32(character.count), &pending, &symbols)
      }
    }
    flush(&pending, &symbols)
  }

  private func flush(_ pending: inout Symbol?, _ symbols: inout [Symbol]) {
    if let symbol = pending { symbols.append(symbol) }
    pending = nil
  }

  private func addUnknown(length: Int32, _ pending: inout Symbol?, _ symbols: inout [Symbol]) {
    guard let unknown else {
      vanish(length, &symbols)
      return
    }
    if fuseUnknown, let symbol = pending {
      pending = Symbol(id: unknown, length: symbol.length + length)
    } else {
      flush(&pending, &symbols)
      pending = Symbol(id: unknown, length: length)
    }
  }

  /// A character without a token leaves no token. Its bytes count with the token before, so that those after keep their places;
  /// at the beginning of a piece they become a symbol without id, which `MergeScratch.merge` gives to the token after.
  ///
  /// Deviation: tokenizers forgets these bytes, and its offsets of all later tokens of the piece are too small.
  private func vanish(_ length: Int32, _ symbols: inout [Symbol]) {
    if symbols.isEmpty {
      symbols.append(Symbol(id: Symbol.vanished, length: length))
    } else {
      symbols[symbols.count - 1].length += length
    }
  }
}
