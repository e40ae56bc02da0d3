import Checkpoints
public import Interventions
public import LanguageModels
import Tensors
public import Testing

/// What goldens of methods have in common: rows of tokens with prompts, tensors to begin from, gradients.
extension Golden {
  /// A row: prompt and response.
  public func sequence(_ row: Int) throws -> TokenBatch.Sequence {
    .init(tokens: try ids("ids.\(row)"), promptLength: try integers("prompts")[row])
  }

  /// All rows that have a prompt length.
  public var sequences: [TokenBatch.Sequence] { get throws { try integers("prompts").indices.map(sequence) } }

  /// The rows of one step of training, `(step * size + i) % count`.
  public func sequences(step: Int, size: Int) throws -> [TokenBatch.Sequence] {
    let all = try sequences
    return (0..<size).map { all[(step * size + $0) % all.count] }
  }

  /// The tensors whose names begin so, by the rest of their names.
  public func tensors(after prefix: String) throws -> [NamedTensor] {
    try names.filter { $0.hasPrefix(prefix) }.map { NamedTensor(String($0.dropFirst(prefix.count)), try tensor($0)) }
  }

  /// The plan's adapter with these tensors.
  public func adapter(
    _ plan: Adapter.Plan, for model: any LanguageModel, restoring tensors: [NamedTensor]
  ) throws -> Adapter {
    try Adapter(
      plan, of: InterventionRegistry.standard.method(plan.method), for: model, restoring: tensors, source: "golden")
  }

  /// Checks every tensor against the golden's of that name behind a prefix; neither side may have one that the other lacks.
  public func expect(
    _ tensors: [NamedTensor], equal prefix: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    #expect(tensors.map(\.name).sorted() == expected, sourceLocation: sourceLocation)
    for tensor in tensors {
      try expect(tensor.tensor, equals: prefix + tensor.name, sourceLocation: sourceLocation)
    }
  }
}

extension Adapter {
  /// The gradients of all parameters, by the parameters' names.
  public func gradients() throws -> [NamedTensor] {
    try parameters.map { NamedTensor($0.name, try #require(try $0.tensor.gradient(), "\($0.name) has no gradient")) }
  }

  /// The gradients of all parameters, named by the number of their part: `0.weight`.
  public func numberedGradients() throws -> [NamedTensor] {
    try parts.enumerated().flatMap { i, part in
      try part.intervention.parameters.map {
        let gradient = try #require(try $0.tensor.gradient(), "\(part.key).\($0.name) has no gradient")
        return NamedTensor("\(i).\($0.name)", gradient)
      }
    }
  }
}
