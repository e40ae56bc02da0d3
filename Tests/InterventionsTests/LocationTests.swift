import Diagnostics
import Interventions
import LanguageModels
import Testing
import _TestSupport

/// The one line in which people write where an adapter edits.
struct LocationTexts {
  private static let layers = [
    "all", "0", "31", "-1", "0,2,5", "3..7", "0..-1", "-4..-2", "2..20:3", "1,3..9:2,-1",
  ]
  private static let positions = ["all", "prompt", "generated", "f1", "f7", "l1", "l12", "f7+l7", "f1|l3", "f100|l100"]

  @Test func `every text is printed as it was read`() throws {
    for layers in Self.layers {
      for component in Component.allCases {
        for positions in Self.positions {
          let text = "\(layers).\(component.rawValue)@\(positions)"
          let location = try Location(parsing: text)
          #expect(location.description == text)
          #expect(try Location(parsing: location.description) == location)
        }
      }
      let heads = "\(layers).head_attention_value_output[3,17,0]@all"
      #expect(try Location(parsing: heads).description == heads)
    }
  }

  @Test func `a list is printed as it was read, and blanks around its parts do not count`() throws {
    let line = "all.block_output@f7+l7;12.head_attention_value_output[3,17]@all;-1.mlp_output@prompt"
    let list = try Location.list(parsing: line)
    #expect(list.count == 3 && list.line == line)
    #expect(try Location.list(parsing: line.split(separator: ";").joined(separator: " ; ")) == list)
  }

  @Test func `positions left out are all positions`() throws {
    let location = try Location(parsing: "3.block_output")
    #expect(location.positions == .all && location.heads == nil)
    #expect(location.description == "3.block_output@all")
  }

  @Test(arguments: [
    ("", "", "layers.component"),
    ("block_output", "block_output", "layers.component"),
    (".block_output", "", "'all' or layer numbers"),
    ("All.block_output", "All", "'all' or layer numbers"),
    ("1,.block_output", "", "'all' or layer numbers"),
    ("all,3.block_output", "all", "'all' or layer numbers"),
    ("+3.block_output", "+3", "'all' or layer numbers"),
    ("1 .block_output", "1 ", "'all' or layer numbers"),
    ("1.5.block_output", "1.5", "'all' or layer numbers"),
    ("1...5.block_output", ".5", "'all' or layer numbers"),
    ("..5.block_output", "", "'all' or layer numbers"),
    ("5...block_output", "", "'all' or layer numbers"),
    ("1..5:.block_output", "", "'all' or layer numbers"),
    ("1..5:0.block_output", "0", "a step above zero"),
    ("1..5:-1.block_output", "-1", "a step above zero"),
    ("99999999999999999999.block_output", "99999999999999999999", "'all' or layer numbers"),
    ("0.head_attention_value_output[", "0.head_attention_value_output[", "a closing ']'"),
    ("0.head_attention_value_output[1", "0.head_attention_value_output[1", "a closing ']'"),
    ("0.head_attention_value_output[1]x", "0.head_attention_value_output[1]x", "a closing ']'"),
    ("0.head_attention_value_output[]", "", "head numbers, each once"),
    ("0.head_attention_value_output[1,]", "", "head numbers, each once"),
    ("0.head_attention_value_output[1,1]", "1", "head numbers, each once"),
    ("0.head_attention_value_output[-1]", "-1", "head numbers, each once"),
    ("0.head_attention_value_output[+1]", "+1", "head numbers, each once"),
    ("0.head_attention_value_output[1..3]", "1..3", "head numbers, each once"),
  ])
  func `a text that is not in the grammar is an error that names the part`(
    text: String, part: String, expected: String
  ) {
    expect(LocationError.syntax(text: text, part: part, expected: expected)) { _ = try Location(parsing: text) }
  }

  @Test(arguments: [
    "", "f", "l", "f0", "l0", "f-1", "f+7", "f7l7", "f7+", "+l7", "f7+l7+l1", "f7+l7|l1", "l7+f7", "f7|f7",
    "f7,l7",
    "F7+L7", "f7 + l7", "everywhere", "all@all", "f99999999999999999999", "f٣",
    "3..1", "-1..-3", "3..", "..3", "1++2", "f2+generated|l2", "all+l1", "generated+generated", "3+3", "+3", "l1+3+l2",
  ])
  func `positions that are not in the grammar are an error that names them`(positions: String) {
    let text = "0.block_output@\(positions)"
    expect(
      LocationError.syntax(
        text: text, part: positions,
        expected: "all, prompt, generated, f<n>|l<m>, or a sum of f<n>, l<n>, places such as 3 or -4..-2, generated")
    ) { _ = try Location(parsing: text) }
  }

  @Test(arguments: [
    "7", "-1", "2..5", "-4..-2", "3..-2", "f7+l7+generated", "l1+generated", "0+-2", "prompt+generated",
  ])
  func `sums of ends and places are read and written alike`(positions: String) throws {
    let text = "0.block_output@\(positions)"
    #expect(try Location(parsing: text).description == text)
  }

  @Test(arguments: [";", "0.block_output;", ";0.block_output", "0.block_output;;1.block_output"])
  func `a list with an empty part is an error`(text: String) throws {
    let error = try thrown(LocationError.self) { _ = try Location.list(parsing: text) }
    #expect(error == .syntax(text: "", part: "", expected: "layers.component"))
    #expect(error.description.contains("fix: write layers.component[heads]@positions"))
  }

  @Test(arguments: [
    ("block_ouput", "block_output"), ("block-output", "block_output"),
    ("head_attention_value_outptu", "head_attention_value_output"),
    ("mlp_activations", "mlp_activation"), ("kye", "key"),
  ])
  func `an unknown component is an error that offers the nearest`(name: String, nearest: String) throws {
    let text = "0.\(name)@all"
    let error = try thrown(LocationError.self) { _ = try Location(parsing: text) }
    #expect(error == .unknownComponent(name: name, text: text, valid: Component.allCases.map(\.rawValue)))
    #expect(error.description.contains("did you mean '\(nearest)'?"))
    #expect(error.description.contains("location '\(text)'"))
  }

  @Test func `heads on a component without heads are an error`() throws {
    for component in Component.allCases where !component.isPerHead {
      let text = "0.\(component.rawValue)[1]@all"
      expect(LocationError.headsWithoutHeads(component: component.rawValue, text: text)) {
        _ = try Location(parsing: text)
      }
    }
  }
}

/// Layers of a text in a model of a given depth.
struct LayersOfModels {
  private func layers(_ text: String, of count: Int) throws -> [Int] {
    try Location(parsing: text + ".block_output").layers.resolved(layers: count)
  }

  @Test(arguments: [
    ("all", [0, 1, 2, 3, 4, 5]), ("0", [0]), ("-1", [5]), ("-6", [0]), ("4,1,4,-2", [1, 4]), ("1..3", [1, 2, 3]),
    ("2..2", [2]), ("0..-1", [0, 1, 2, 3, 4, 5]), ("-3..-1", [3, 4, 5]), ("0..5:2", [0, 2, 4]), ("1..5:4", [1, 5]),
    ("0..5:100", [0]), ("0..3,2..5:3", [0, 1, 2, 3, 5]), ("0..5:9223372036854775807", [0]), ("-0", [0]),
  ])
  func `layers come ascending and once`(text: String, expected: [Int]) throws {
    #expect(try layers(text, of: 6) == expected)
  }

  @Test(arguments: [("6", 6), ("-7", -7), ("0..6", 6), ("-7..2", -7), ("0,99", 99), ("-9223372036854775808", Int.min)])
  func `a layer that the model does not have is an error that names the range`(text: String, layer: Int) throws {
    let error = try thrown(LocationError.self) { _ = try layers(text, of: 6) }
    #expect(error == .layerOutOfRange(layer: layer, layers: 6, text: text))
    #expect(error.description.contains("layers 0 to 5") && error.description.contains("reft inspect"))
  }

  @Test(arguments: ["3..1", "-1..0", "-1..-2"])
  func `a span that runs backwards is an error`(text: String) {
    expect(LocationError.emptySpan(span: text, layers: 6)) { _ = try layers(text, of: 6) }
  }
}
