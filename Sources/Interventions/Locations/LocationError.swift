public import Diagnostics

/// What can be wrong with a location.
public enum LocationError: Diagnostic {
  /// A piece of the text is not what the grammar expects there.
  case syntax(text: String, part: String, expected: String)
  /// The component's name is unknown.
  case unknownComponent(name: String, text: String, valid: [String])
  /// The model does not have this layer.
  case layerOutOfRange(layer: Int, layers: Int, text: String)
  /// A span's first layer lies behind its last.
  case emptySpan(span: String, layers: Int)
  /// A layer does not have this query head.
  case headOutOfRange(head: Int, heads: Int, text: String)
  /// Heads were chosen on a component that has none.
  case headsWithoutHeads(component: String, text: String)
  /// The model does not advertise the component.
  case componentNotOffered(component: String, offered: [String])

  public var problem: String {
    switch self {
    case .syntax(_, let part, let expected): "expected \(expected), got '\(part)'"
    case .unknownComponent(let name, _, _): "unknown component '\(name)'"
    case .layerOutOfRange(let layer, let layers, _):
      "layer \(layer) is out of range: the model has layers 0 to \(layers - 1) (or -\(layers) to -1)"
    case .emptySpan(let span, let layers): "the span \(span) names no layer of a model with \(layers)"
    case .headOutOfRange(let head, let heads, _): "head \(head) is out of range: a layer has heads 0 to \(heads - 1)"
    case .headsWithoutHeads(let component, _): "the component \(component) has no heads to choose"
    case .componentNotOffered(let component, _): "this model has no site '\(component)'"
    }
  }

  public var location: String {
    switch self {
    case .syntax(let text, _, _), .unknownComponent(_, let text, _), .layerOutOfRange(_, _, let text),
      .headOutOfRange(_, _, let text), .headsWithoutHeads(_, let text):
      "location '\(text)'"
    case .emptySpan(let span, _): "location '\(span)'"
    case .componentNotOffered: ""
    }
  }

  public var remedy: String? {
    switch self {
    case .syntax: "write layers.component[heads]@positions, such as all.block_output@f7+l7"
    case .unknownComponent(let name, _, let valid): NearestName.remedy(for: name, among: valid)
    case .layerOutOfRange, .headOutOfRange: "`reft inspect MODEL` prints how many layers and heads there are"
    case .emptySpan: "write the smaller layer first"
    case .headsWithoutHeads: "drop the brackets, or use \(headComponent)"
    case .componentNotOffered(let component, let offered): NearestName.remedy(for: component, among: offered)
    }
  }

  private var headComponent: String { "head_attention_value_output" }
}
