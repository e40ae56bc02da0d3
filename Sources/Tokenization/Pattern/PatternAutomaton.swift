/// The table that `Pattern` searches with, made of a program state by state.
struct PatternAutomaton {
  /// As `Pattern.transitions` has them.
  private(set) var transitions: [UInt32]
  private(set) var start = 0

  /// More states than this are refused; the patterns of tokenizers have less than a hundred.
  static let mostStates = 2048

  private let program: PatternProgram
  private let partition: ScalarPartition
  private var numbers: [[Int]: Int] = [[]: 0]
  private var states: [[Int]] = [[]]

  init?(_ program: PatternProgram, _ partition: ScalarPartition) {
    self.program = program
    self.partition = partition
    let width = partition.count + 1
    transitions = [UInt32](repeating: 0, count: width)  // the dead state
    start = number(of: [program.start]) * width
    var done = 1
    while done < states.count {
      guard states.count <= Self.mostStates else { return nil }
      for scalarClass in 0..<width {
        let (next, matches) = step(states[done], scalarClass)
        transitions.append(UInt32(number(of: next) * width) << 1 | (matches ? 1 : 0))
      }
      done += 1
    }
  }

  private mutating func number(of state: [Int]) -> Int {
    if let known = numbers[state] { return known }
    numbers[state] = states.count
    states.append(state)
    return states.count - 1
  }

  /// The state after a scalar of a class (or the end, the last class), and whether a match ends before it.
  private func step(_ state: [Int], _ scalarClass: Int) -> (next: [Int], matches: Bool) {
    let isEnd = scalarClass == partition.count
    let members = isEnd ? 0 : partition.members[scalarClass]
    var next: [Int] = []
    var seen: Set<Int> = []
    var open = Array(state.reversed())
    while let step = open.popLast() {
      guard seen.insert(step).inserted else { continue }
      switch program.steps[step] {
      case .match: return (next, true)
      case .fork(let first, let second):
        open.append(second)
        open.append(first)
      case .ahead(let set, let orEnd, let following):
        if isEnd ? orEnd : members >> UInt64(set) & 1 != 0 { open.append(following) }
      case .read(let set, let following):
        if members >> UInt64(set) & 1 != 0, !next.contains(following) { next.append(following) }
      }
    }
    return (next, false)
  }
}
