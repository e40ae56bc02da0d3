import Synchronization

extension Tokenizer {
  /// The tokens of a text and their places in it.
  ///
  /// Added tokens in the text (`<|im_start|>`) become their ids whatever `addSpecialTokens` says.
  ///
  /// - Parameter addSpecialTokens: Whether the post-processor adds its tokens (begin of text and its like).
  public func encode(_ text: String, addSpecialTokens: Bool = true) -> Encoding {
    joined([Array(text.utf8)], addSpecialTokens: addSpecialTokens)
  }

  /// The tokens of two texts that belong together, a question and its context or two sentences to compare.
  ///
  /// Offsets are places in the text that a token is of. Nothing is cut: an encoding longer than a model takes is the model's to
  /// refuse.
  ///
  /// - Parameters:
  ///   - pair: The second text, which gets type id 1 unless the post-processor says otherwise.
  ///   - addSpecialTokens: Whether the post-processor adds its tokens (begin of text, separators and their like).
  /// - Throws: ``TokenizerError/noPairTemplate(source:)`` where the tokenizer's template is for single texts alone.
  public func encode(
    _ text: String, pair: String, addSpecialTokens: Bool = true
  ) throws(TokenizerError) -> Encoding {
    if let postProcessor, !postProcessor.takesPairs { throw .noPairTemplate(source: source) }
    return joined([Array(text.utf8), Array(pair.utf8)], addSpecialTokens: addSpecialTokens)
  }

  /// One or two texts encoded and put together by the post-processor.
  private func joined(_ texts: [[UInt8]], addSpecialTokens: Bool) -> Encoding {
    var parts = texts.indices.map { index in
      var encoding = encode(AlignedText(input: texts[index]))
      encoding.typeIDs = Array(repeating: Int32(index), count: encoding.ids.count)
      return EncodedPart(encoding: encoding, text: index)
    }
    postProcessor?.apply(to: &parts, of: texts, addSpecialTokens: addSpecialTokens) { id, input in
      // An added token that takes white space with it has it in the text and not in its name.
      Self.spaces(self.added.token(of: id) == nil ? self.vocabulary.token(of: id) ?? [] : input)
    }
    if parts.count == 1 { return parts[0].encoding }
    return Encoding(
      ids: parts.flatMap(\.encoding.ids), offsets: parts.flatMap(\.encoding.offsets),
      typeIDs: parts.flatMap(\.encoding.typeIDs))
  }

  /// Added tokens, normalizer, pre-tokenizer and model.
  private func encode(_ input: AlignedText) -> Encoding {
    var workspace = workspaces.withLock { $0.popLast() } ?? ModelWorkspace()
    defer { workspaces.withLock { $0.append(workspace) } }

    var encoding = Encoding()
    for (token, range) in added.plain.spans(of: input.bytes, input.all) {
      if let token {
        encoding.append(token.id, input.origin(of: range))
      } else if let normalizer {
        var part = input.slice(range)
        normalizer.apply(to: &part)
        for (token, range) in added.normalized.spans(of: part.bytes, part.all) {
          if let token {
            encoding.append(token.id, part.origin(of: range))
          } else {
            encode(part, range, &workspace, &encoding)
          }
        }
      } else {
        for (token, range) in added.normalized.spans(of: input.bytes, range) {
          if let token {
            encoding.append(token.id, input.origin(of: range))
          } else {
            encode(input, range, &workspace, &encoding)
          }
        }
      }
    }
    return encoding
  }

  /// Pre-tokenizer and model on a part without added tokens.
  private func encode(
    _ text: AlignedText, _ range: Range<Int>, _ workspace: inout ModelWorkspace, _ encoding: inout Encoding
  ) {
    var text = text
    var pieces = [range]
    preTokenizer?.apply(to: &text, pieces: &pieces)
    var symbols: [Symbol] = []
    text.bytes.withUnsafeBufferPointer { bytes in
      for piece in pieces where !piece.isEmpty {
        symbols.removeAll(keepingCapacity: true)
        model.tokenize(UnsafeBufferPointer(rebasing: bytes[piece]), workspace: &workspace, &symbols)
        var range = piece.lowerBound..<piece.lowerBound
        for symbol in symbols {
          if symbol.length > 0 { range = range.upperBound..<range.upperBound + Int(symbol.length) }
          encoding.append(symbol.id, text.origin(of: range))
        }
      }
    }
  }

  /// The number of white characters at the ends of a token, `Ġ` among them.
  private static func spaces(_ token: ArraySlice<UInt8>) -> (leading: Int, trailing: Int) {
    // Nearly all tokens begin and end with visible ASCII, or with `Ġ`: look before making a string of them.
    guard let first = token.first, let last = token.last, first <= 0x20 || first >= 0x80 || last <= 0x20 || last >= 0x80
    else { return (0, 0) }
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar.value == 0x120 || ScalarTraits.of(scalar.value).contains(.whiteSpace)
    }
    let scalars = UTF8Text.string(token).unicodeScalars
    return (scalars.prefix(while: isSpace).count, scalars.reversed().prefix(while: isSpace).count)
  }
}

extension Encoding {
  @inline(__always)
  fileprivate mutating func append(_ id: TokenID, _ offset: Range<Int>) {
    ids.append(id)
    offsets.append(offset)
  }
}
