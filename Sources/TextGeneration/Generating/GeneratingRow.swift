import LanguageModels
import Tokenization

/// One sequence while it grows.
struct GeneratingRow {
  /// Its place among the requests.
  let index: Int
  let prompt: [Int32]
  let route: Int
  private(set) var tokens: [Int32] = []
  private(set) var text = ""
  private(set) var finish: FinishReason?
  private var sampler: Sampler
  private var continuation: ContinuedText
  private var finder: StopStringFinder
  private let stop: StopConditions
  private let contextLength: Int

  init(
    index: Int, prompt: [Int32], route: Int, sampler: Sampler, stop: StopConditions, tokenizer: Tokenizer,
    contextLength: Int
  ) {
    self.index = index
    self.prompt = prompt
    self.route = route
    self.sampler = sampler
    self.stop = stop
    self.contextLength = contextLength
    continuation = ContinuedText(after: prompt, by: tokenizer)
    finder = StopStringFinder(stop.strings)
  }

  /// Tokens of prompt and answer.
  var length: Int { prompt.count + tokens.count }

  /// Whether its prompt is read and its answer has begun.
  var hasBegun: Bool { !tokens.isEmpty }

  /// What is to be read of it next.
  ///
  /// - Parameters:
  ///   - held: how many of its tokens are read.
  ///   - room: rows of prompts that a pass still takes; what is taken of it is subtracted. An answer that goes on is always
  ///     read whole: where it is read again, its rows turn as its whole length says.
  func piece(from held: Int, room: inout Int) -> TokenBatch.Sequence {
    var piece = held >= prompt.count ? Array(tokens[(held - prompt.count)...]) : prompt[held...] + tokens
    if !hasBegun {
      piece = Array(piece.prefix(room))
      room -= piece.count
    }
    return TokenBatch.Sequence(tokens: piece, start: held, promptLength: prompt.count, route: route)
  }

  /// Chooses the next token from its scores.
  mutating func choose(from logits: [Float]) -> Int32 { sampler.choose(from: logits) }

  /// Takes the chosen token and gives the text that is certain by now.
  mutating func accept(_ token: Int32) -> String {
    if stop.endTokens.contains(token) {
      finish = .endOfText
      return added(finder.push(continuation.finish()) + finder.finish())
    }
    tokens.append(token)
    var piece = finder.push(continuation.push(token))
    if finder.isFound {
      finish = .stopString
    } else if tokens.count >= stop.maximumNewTokens {
      finish = .length
    } else if length >= contextLength {
      finish = .context
    }
    if finish == .length || finish == .context {
      piece += finder.push(continuation.finish())
      piece += finder.finish()
      if finder.isFound { finish = .stopString }
    }
    return added(piece)
  }

  var generation: Generation {
    Generation(tokens: tokens, text: text, finish: finish ?? .length, promptTokens: prompt.count)
  }

  private mutating func added(_ piece: String) -> String {
    text += piece
    return piece
  }
}
