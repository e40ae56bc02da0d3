/// The keys of an adapter's parts in the order of its plan: the site's name, with `#2`, `#3` where it comes again.
struct PartKeys {
  private var uses: [String: Int] = [:]

  /// The key of the next part of this name.
  mutating func next(_ name: String) -> String {
    let use = uses[name, default: 0] + 1
    uses[name] = use
    return use == 1 ? name : "\(name)#\(use)"
  }
}
