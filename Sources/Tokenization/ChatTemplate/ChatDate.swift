#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// The date and time that a chat template writes where it asks for today's (`strftime_now`).
public struct ChatDate: Sendable, Equatable {
  let year: Int
  /// From 1 to 12.
  let month: Int
  /// From 1 to 31.
  let day: Int
  let hour: Int
  let minute: Int
  let second: Int

  /// A date of the Gregorian calendar, without a time zone; months and days count from 1.
  public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// The present date and time where this machine is.
  public static func now() -> ChatDate {
    var seconds = time(nil)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return ChatDate(
      year: Int(parts.tm_year) + 1900, month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
      hour: Int(parts.tm_hour), minute: Int(parts.tm_min), second: Int(parts.tm_sec))
  }
}

extension ChatDate {
  struct UnknownDirective: Error {
    let directive: String
  }

  /// The directives of C's `strftime` that are supported.
  static let directives = Array("YymdBbAaHIMSpjeFTD%")

  /// C's `strftime` in the C locale, whose words are English.
  func formatted(_ format: String) throws(UnknownDirective) -> String {
    var out = ""
    var rest = format[...]
    while let character = rest.popFirst() {
      guard character == "%" else {
        out.append(character)
        continue
      }
      // `%-d` writes without a leading zero.
      let isBare = rest.first == "-"
      if isBare { rest.removeFirst() }
      let directive = rest.popFirst()
      guard let directive, let text = text(of: directive, isBare: isBare) else {
        throw UnknownDirective(directive: "%" + (isBare ? "-" : "") + (directive.map(String.init) ?? ""))
      }
      out += text
    }
    return out
  }

  private func text(of directive: Character, isBare: Bool) -> String? {
    func digits(_ value: Int, _ width: Int = 2, _ filler: Character = "0") -> String {
      let text = String(value)
      return isBare ? text : String(repeating: filler, count: max(0, width - text.count)) + text
    }
    func word(_ names: [String], _ index: Int) -> String { names.indices.contains(index) ? names[index] : "?" }
    let hour12 = hour % 12 == 0 ? 12 : hour % 12
    switch directive {
    case "Y": return String(year)
    case "y": return digits(year % 100)
    case "m": return digits(month)
    case "d": return digits(day)
    case "e": return digits(day, 2, " ")
    case "j": return digits(dayOfYear, 3)
    case "H": return digits(hour)
    case "I": return digits(hour12)
    case "M": return digits(minute)
    case "S": return digits(second)
    case "p": return hour < 12 ? "AM" : "PM"
    case "B": return word(Self.months, month - 1)
    case "b": return String(word(Self.months, month - 1).prefix(3))
    case "A": return word(Self.weekdays, weekday)
    case "a": return String(word(Self.weekdays, weekday).prefix(3))
    case "F": return "\(year)-\(digits(month))-\(digits(day))"
    case "T": return "\(digits(hour)):\(digits(minute)):\(digits(second))"
    case "D": return "\(digits(month))/\(digits(day))/\(digits(year % 100))"
    case "%": return "%"
    default: return nil
    }
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]
  private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

  private var isLeapYear: Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  /// From 1 to 366.
  private var dayOfYear: Int {
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
    let days = before.indices.contains(month - 1) ? before[month - 1] : 0
    return days + day + (month > 2 && isLeapYear ? 1 : 0)
  }

  /// From 0, a Sunday, to 6.
  private var weekday: Int {
    // 1 January of year 1 was a Monday; a common year shifts it by one day.
    let past = year - 1
    let days = past + past / 4 - past / 100 + past / 400 + dayOfYear
    return (days % 7 + 7) % 7
  }
}
