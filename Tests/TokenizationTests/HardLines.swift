import JSON

/// Lines of text that are hard on tokenizers: the generator of scripts/goldens/hard_lines.py, line for line.
struct HardLines: Sendable {
  private let words, emoji, code, contractions, specials, spaces, runs, punctuation: [String]
  private let scripts: [[String]]
  private let ranges: [ClosedRange<UInt32>]

  init() throws {
    let table = try fixture("hard_lines.json")
    func strings(_ value: JSONValue?) -> [String] { value?.array?.compactMap(\.string) ?? [] }
    words = strings(table["words"])
    emoji = strings(table["emoji"])
    code = strings(table["code"])
    contractions = strings(table["contractions"])
    specials = strings(table["specials"])
    spaces = strings(table["spaces"])
    runs = strings(table["runs"])
    punctuation = strings(table["punctuation"])
    scripts = table["scripts"]?.array?.map(strings) ?? []
    ranges =
      table["ranges"]?.array?.compactMap(\.array).map { UInt32($0[0].int ?? 0)...UInt32($0[1].int ?? 0) } ?? []
  }

  /// Each line depends on its number alone.
  func line(_ number: Int) -> String {
    var rng = SplitMix64(state: UInt64(number))
    let glue = rng.pick(["", " ", " ", " ", " ", "  ", "\n", "\n    "])
    let count = rng.below(100) == 0 ? 0 : 1 + rng.below(8)
    var text = ""
    for i in 0..<count {
      if i > 0 { text += glue }
      text += atom(&rng)
    }
    return text
  }

  private func atom(_ rng: inout SplitMix64) -> String {
    switch rng.below(24) {
    case 0..<6: return word(&rng)
    case 6..<9: return rng.pick(rng.pick(scripts))
    case 9..<11: return rng.pick(code)
    case 11: return several(3, &rng) { $0.pick(emoji) }
    case 12: return run(of: spaces, &rng)
    case 13..<15: return digits(&rng)
    case 15: return damaged(&rng)
    case 16: return several(6, &rng) { $0.pick(punctuation) }
    case 17: return rng.pick(contractions)
    case 18: return rng.pick(specials)
    case 19: return run(of: runs, &rng)
    case 20: return several(4, &rng) { Self.character(UInt32($0.below(32))) }
    case 21:
      let range = rng.pick(ranges)
      return several(8, &rng) { Self.character(in: range, &$0) }
    case 22: return several(6, &rng) { Self.character(in: $0.pick(ranges), &$0) }
    default: return word(&rng) + word(&rng)
    }
  }

  private func word(_ rng: inout SplitMix64) -> String {
    let text = rng.pick(words)
    switch rng.below(8) {
    case 0: return String(decoding: text.utf8.map { (0x61...0x7A).contains($0) ? $0 - 32 : $0 }, as: UTF8.self)
    case 1: return text + rng.pick(punctuation)
    case 2: return text + rng.pick(contractions)
    default: return text
    }
  }

  private func digits(_ rng: inout SplitMix64) -> String {
    let length = 1 + rng.below(rng.below(8) == 0 ? 40 : 7)
    let separator = rng.pick(["", "", "", ",", ".", " "])
    var text = ""
    for i in 0..<length {
      if i > 0, i % 3 == 0 { text += separator }
      text += Self.character(UInt32(48 + rng.below(10)))
    }
    return text
  }

  /// One thing again and again, a few times or very often.
  private func run(of items: [String], _ rng: inout SplitMix64) -> String {
    let item = rng.pick(items)
    return String(repeating: item, count: 1 + rng.below(rng.below(12) == 0 ? 120 : 9))
  }

  /// UTF-8 with a byte changed, or left out, or with any bytes behind it; what is invalid becomes U+FFFD.
  private func damaged(_ rng: inout SplitMix64) -> String {
    var text = Array(rng.pick(rng.pick(scripts)).utf8)
    switch rng.below(3) {
    case 0:
      let place = rng.below(text.count)
      text[place] = UInt8(rng.below(256))
    case 1: text.remove(at: rng.below(text.count))
    default: for _ in 0..<1 + rng.below(5) { text.append(UInt8(rng.below(256))) }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private func several(_ most: Int, _ rng: inout SplitMix64, _ atom: (inout SplitMix64) -> String) -> String {
    let count = 1 + rng.below(most)
    return (0..<count).reduce(into: "") { text, _ in text += atom(&rng) }
  }

  private static func character(in range: ClosedRange<UInt32>, _ rng: inout SplitMix64) -> String {
    character(range.lowerBound + UInt32(rng.below(Int(range.upperBound - range.lowerBound) + 1)))
  }

  private static func character(_ value: UInt32) -> String { Unicode.Scalar(value).map { String($0) } ?? "" }
}

/// Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  mutating func below(_ limit: Int) -> Int { Int((next() >> 33) % UInt64(limit)) }

  mutating func pick<Item>(_ items: [Item]) -> Item { items[below(items.count)] }
}

/// FNV-1a with 64 bits over integers, each taken as one digit.
struct FNV: Sendable, Equatable {
  private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ value: UInt64) { hash = (hash ^ value) &* 0x100_0000_01B3 }

  mutating func endLine() { add(.max) }

  mutating func add(line text: String) {
    for byte in text.utf8 { add(UInt64(byte)) }
    endLine()
  }

  /// As the goldens write it: sixteen hexadecimal digits.
  var text: String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
