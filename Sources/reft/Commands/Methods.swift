import ArgumentParser
import Charts
import Interventions
import JSON

/// `reft methods`: lists the methods, or tells what one of them is.
struct Methods: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the methods: formula, source, settings with their defaults, where they act, what folds.")

  @Argument(help: "A method's name: all about this one.")
  var name: String?

  @Flag(help: "Print as JSON.")
  var json = false

  func run() throws {
    let registry = InterventionRegistry.standard
    if let name {
      let facts = try Self.facts(registry.method(name))
      return json ? Console.print(.object(facts)) : Console.printFacts(facts)
    }
    if json { return Console.print(.array(try registry.methods.map { .object(try Self.facts($0)) })) }
    var table = TextTable([.init("method"), .init("what it does"), .init("folds")])
    for method in registry.methods { table.add([method.name, method.summary, method.isMergeable ? "yes" : "no"]) }
    Console.print(table.render(.plain), terminator: "")
  }

  private static func facts(_ method: Method) throws -> JSONObject {
    let nothing: JSONObject = [:]
    let defaults = try method.settings(JSONReader(nothing, source: method.name))
    return [
      "method": .string(method.name), "does": .string(method.summary), "source": .string(method.reference),
      "settings": .object(defaults),
      "locations": .string(method.defaultLocations),
      "starts_as_identity": .bool(method.startsAsIdentity),
      "folds": .string(method.isMergeable ? "into weights, where it acts @all" : "no: \(method.whyNotFoldable)"),
    ]
  }
}
