import Foundation

/// A scale of one hue from faint to strong, in steps: faint is near the ground, on light and on dark.
///
/// One hue whose lightness alone carries the value is read alike by every kind of colour vision and in grey print. The steps
/// are even in OKLab (Ottosson 2020), between anchors of the same hue.
enum SequentialScale {
  static let steps = 32

  private static let light = ["#f0f6fe", "#c4dcf9", "#86b6ef", "#3987e5", "#1c5cab", "#0a2f5f"]
  private static let dark = ["#1c2633", "#15395f", "#1c5cab", "#3987e5", "#86b6ef", "#dcebfc"]

  /// The rules that colour the classes `chart-heat-0` to `chart-heat-31`.
  static let rules: String = {
    func rules(_ anchors: [String]) -> String {
      (0..<steps).map { ".chart-heat-\($0){fill:\(colour(anchors, Double($0) / Double(steps - 1)))}" }.joined()
    }
    return rules(light) + ".chart-pick{fill:none;stroke:#e0561b;stroke-width:2}.chart-none{fill:none;stroke:#c9ccd1}"
      + "@media (prefers-color-scheme:dark){" + rules(dark) + ".chart-pick{stroke:#ff8a50}.chart-none{stroke:#44474d}}"
  }()

  /// The class of a value, given where it lies between the lowest and the highest from 0 to 1.
  static func style(_ share: Double) -> String {
    "chart-heat-\(Int((min(1, max(0, share)) * Double(steps - 1)).rounded()))"
  }

  static func colour(_ anchors: [String], _ share: Double) -> String {
    let position = share * Double(anchors.count - 1)
    let i = min(Int(position), anchors.count - 2)
    let (a, b) = (lab(anchors[i]), lab(anchors[i + 1]))
    return hex((0..<3).map { a[$0] + (b[$0] - a[$0]) * (position - Double(i)) })
  }

  private static func lab(_ hex: String) -> [Double] {
    let value = UInt32(hex.dropFirst(), radix: 16) ?? 0
    let rgb = [16, 8, 0].map { shift in
      let c = Double((value >> UInt32(shift)) & 0xFF) / 255
      return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4)
    }
    let lms = [
      [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ].map { cbrt(dot($0, rgb)) }
    return [
      [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.8086757660],
    ].map { dot($0, lms) }
  }

  private static func hex(_ lab: [Double]) -> String {
    let lms = [
      [1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480],
    ].map { pow(dot($0, lab), 3) }
    let bytes = [
      [4.0767416621, -3.3077115913, 0.2309699292], [-1.2684380046, 2.6097574011, -0.3413193965],
      [-0.0041960863, -0.7034186147, 1.7076147010],
    ].map { row in
      let c = min(1, max(0, dot(row, lms)))
      return Int(((c <= 0.0031308 ? 12.92 * c : 1.055 * pow(c, 1 / 2.4) - 0.055) * 255).rounded())
    }
    return "#" + bytes.map { String($0 + 256, radix: 16).dropFirst() }.joined()
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double { a[0] * b[0] + a[1] * b[1] + a[2] * b[2] }
}
