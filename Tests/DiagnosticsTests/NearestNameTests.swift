import Testing

@testable import Diagnostics

@Suite struct NearestNameTests {
  @Test(arguments: [("lorefr", "loreft"), ("LoReFT", "loreft"), ("lofti", "lofit"), ("learning-rate", "learning_rate")])
  func `a slip of the fingers finds the name that was meant`(typed: String, meant: String) {
    #expect(NearestName.closest(to: typed, in: ["loreft", "lofit", "learning_rate", "red"]) == meant)
  }

  @Test func `a name that is near nothing finds nothing`() {
    #expect(NearestName.closest(to: "transformer", in: ["loreft", "lofit"]) == nil)
    #expect(NearestName.remedy(for: "zzz", among: ["loreft", "lofit"]) == "use one of: loreft, lofit")
  }

  @Test func `swapped neighbours count as one slip`() {
    #expect(NearestName.editDistance(Array("lofti"), Array("lofit")) == 1)
    #expect(NearestName.editDistance([], Array("abc")) == 3)
  }
}
