import Testing
import TextGeneration

@Suite struct StopStringTests {
  private func found(_ strings: [String], in pieces: [String]) -> (text: String, pieces: [String], isFound: Bool) {
    var finder = StopStringFinder(strings)
    var given = pieces.map { finder.push($0) }
    let isFound = finder.isFound
    if !isFound { given.append(finder.finish()) }
    return (given.joined(), given, isFound)
  }

  @Test func `a stop string that straddles pieces ends the text before it`() {
    let result = found(["###"], in: ["one #", "# two #", "##", " three"])
    #expect(result.text == "one ## two ")
    #expect(result.isFound)
    #expect(result.pieces[0] == "one ")  // held back until it was certain
    #expect(result.pieces[1] == "## two ")
  }

  @Test func `without a stop string everything comes through in the end`() {
    let result = found(["</s>"], in: ["a <", "/", "b </s"])
    #expect(result.text == "a </b </s")
    #expect(!result.isFound)
    #expect(result.pieces[2] == "</b ")
  }

  @Test func `what is found does not depend on where the pieces are cut`() {
    let text = "ab\u{E9}xab aab\n\nab é zz"
    for strings in [["aab"], ["\n\n"], ["é z", "zz"], ["xab a", "b a"], ["nothing"], ["b"], ["aa", "aab"]] {
      let whole = found(strings, in: [text])
      let scalars = found(strings, in: text.unicodeScalars.map(String.init))
      #expect(whole.text == scalars.text)
      #expect(whole.isFound == scalars.isFound)
    }
  }

  @Test func `a repeating stop string is found behind its own beginning`() {
    #expect(found(["aab"], in: ["a", "a", "a", "b", "c"]).text == "a")
    #expect(found(["abab!"], in: ["aba", "bab", "!"]).text == "ab")
  }

  @Test func `of two that end together the longer counts, else the one that ends first`() {
    #expect(found(["b", "ab"], in: ["xab"]).text == "x")
    #expect(found(["abcd", "bc"], in: ["xabcd"]).text == "xa")
  }
}
