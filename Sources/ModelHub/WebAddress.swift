/// A web address in two parts: whom one talks to, and what one asks for.
struct WebAddress: Equatable {
  /// `https://host:port`: only to the same origin goes what proves who asks.
  let origin: String
  /// Begins with `/`, or is empty.
  let path: String

  var text: String { origin + path }
  /// The host's name, without port.
  var host: String {
    let authority = origin.drop { $0 != "/" }.dropFirst(2)
    if authority.first == "[" { return String(authority.dropFirst().prefix { $0 != "]" }) }
    return String(authority.prefix { $0 != ":" })
  }
  var isThisMachine: Bool { ["127.0.0.1", "localhost", "::1"].contains(host) }

  init?(_ text: String) {
    let schemes = ["http://", "https://"]
    guard let scheme = schemes.first(where: { text.lowercased().hasPrefix($0) }),
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
    else { return nil }
    let rest = text.dropFirst(scheme.count)
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // Names before an `@` are a way to make an address look like another one.
    guard !authority.isEmpty, !authority.contains("@") else { return nil }
    origin = scheme + authority.lowercased()
    path = String(rest.dropFirst(authority.count))
  }

  private init(origin: String, path: String) {
    self.origin = origin
    self.path = path
  }

  /// The address that a `Location` means when this address gave it.
  func following(_ location: String) -> WebAddress? {
    if location.hasPrefix("//") { return WebAddress(String(origin.prefix { $0 != "/" }) + location) }
    if location.hasPrefix("/") { return WebAddress(origin + location) }
    return WebAddress(location)
  }

  func appending(_ more: String) -> WebAddress { WebAddress(origin: origin, path: path + more) }

  /// A text as a part of a path: everything else than letters, digits and `-._~` in percent signs.
  static func escaped(_ text: String, keeping kept: String = "") -> String {
    let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8).union(kept.utf8)
    return text.utf8.map { byte in
      if plain.contains(byte) { return String(UnicodeScalar(byte)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
    }.joined()
  }
}
