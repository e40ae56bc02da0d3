import Foundation
import JSON
import Testing
import _TestSupport

/// What can be wrong with a training run; each must be found before anything is written.
@Suite(.engineAlone) struct BadInputTests {
  private func prepared() throws -> Workplace {
    let place = try Workplace()
    try place.writeRecipe("loreft")
    return place
  }

  @Test(arguments: [
    ("model.path=nowhere", ["there is no", "(nowhere)", "fix: check the path"]),
    ("model.path=data", ["(data", "fix:"]),
    ("model.device=cuda", ["device 'cuda' is not available", "(--device)", "use --device cpu"]),
    ("model.dtype=float8", ["do not compute in 'float8'", "(--dtype)", "float32, bfloat16 or auto"]),
    ("model.device=gpu", ["device 'gpu' is not available", "expected cpu, cuda, cuda:N or auto"]),
    ("method.name=lorefft", ["unknown method 'lorefft'", "(method)", "did you mean 'loreft'?"]),
    ("method.rnak=4", ["unknown key 'rnak'", "(method loreft)", "did you mean 'rank'?"]),
    ("method.rank=33", ["'rank'", "32", "got 33", "method loreft"]),
    ("method.rank=0", ["'rank' must be above zero, got 0"]),
    ("method.rank=two", ["'rank' must be a whole number", "(method loreft)"]),
    ("data.format=kinshp", ["there is no task 'kinshp'", "did you mean 'kinship'?"]),
    ("data.train=nowhere.jsonl", ["there is no such file", "(nowhere.jsonl)", "fix:"]),
    ("data.train=model", ["it is a folder", "(model)", "fix:"]),
    ("data.limit=9", ["9 records asked for, but there are 6", "(train.jsonl)", "ask for at most 6"]),
    (
      "trainig.epochs=3",
      ["there is no key 'trainig' in a recipe", "(--set trainig.epochs=3)", "did you mean 'training'?"]
    ),
    ("training.epoch=3", ["there is no key 'training.epoch'", "did you mean 'training.epochs'?"]),
    ("training.epochs=3.5", ["'training.epochs' must be a whole number", "(--set training.epochs=3.5)"]),
    ("training.evaluate_each=10", ["there is no key 'training.evaluate_each'"]),
    ("training.max_length=10", ["tokens, the limit is 10", "(train.jsonl, line 1)", "raise training.max_length"]),
    ("training.epochs", ["expected section.key=value", "(--set training.epochs)"]),
    ("locations=3.block_output@f1", ["layer 3 is out of range", "layers 0 to 2", "reft inspect"]),
    ("locations=-4.block_output@f1", ["layer -4 is out of range"]),
    ("locations=all.block_outputs@f1", ["unknown component 'block_outputs'", "did you mean 'block_output'?"]),
    ("locations=all.block_output@x1", ["got 'x1'", "location 'all.block_output@x1'", "f<n>|l<m>"]),
    ("locations=block_output", ["expected layers.component", "write layers.component[heads]@positions"]),
    ("locations=all.block_output[1]@all", ["has no heads to choose", "fix:"]),
    ("output=no/folder", ["the folder 'no' does not exist", "(no/folder)", "mkdir -p 'no'"]),
    ("output=model", ["the output is already there", "(model)", "pass --overwrite"]),
  ])
  func `a wrong field of a recipe is one error`(field: String, words: [String]) throws {
    let place = try prepared()
    try place.refuses(["train", "loreft.yaml", "--set", field], saying: words)
  }

  @Test func `wrong heads are one error`() throws {
    let place = try prepared()
    let lofit = ["train", "loreft.yaml", "--set", "method={name: lofit}", "--locations"]
    try place.refuses(
      lofit + ["1.head_attention_value_output[4]@all"],
      saying: ["head 4 is out of range", "heads 0 to 3", "reft inspect"])
    try place.refuses(lofit + ["1.head_attention_value_output[1,1]@all"], saying: ["head numbers, each once"])
    try place.refuses(lofit + ["1.block_output@all"], saying: ["lofit does not act on block_output"])
  }

  @Test func `records that cannot be learned from are told by file and line`() throws {
    let place = try prepared()
    let good = "{\"prompt\": \"a\", \"response\": \"b\"}\n"
    for (text, words) in [
      ("", ["the dataset is empty", "(train.jsonl)", "fix: a record is"]),
      ("\n \n", ["the dataset is empty", "(train.jsonl)"]),
      (good + "{\"prompt\": \"a\"}\n", ["'response'", "(train.jsonl, line 2)"]),
      (good + "{\"prompt\": \"a\", \"respone\": \"b\"}\n", ["(train.jsonl, line 2)", "'respone': was that meant?"]),
      (good + "\n{\"prompt\": \"a\", \n", ["not valid JSON", "(train.jsonl, line 3, column "]),
      (good + "[1]\n", ["(train.jsonl, line 2)"]),
      (good + "{\"prompt\": \"a\", \"response\": \"\"}\n", ["'response' is empty", "(train.jsonl, line 2)"]),
      (good + "{\"prompt\": \"a\", \"response\": 3}\n", ["'response' must be a string", "(train.jsonl, line 2)"]),
      (
        good + "{\"prompt\": \"\(String(repeating: "b", count: 64))\", \"response\": \"b\"}\n",
        ["67 tokens, the limit is 64", "(train.jsonl, line 2)", "fix: shorten"]
      ),
      (good + "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n", ["(train.jsonl, line 2)", "assistant"]),
    ] {
      try place.write("train.jsonl", text)
      try place.refuses(["train", "loreft.yaml"], saying: words)
    }
    try place.write("train.jsonl", good)
    try place.write("bad.jsonl", good + "{}\n")
    try place.refuses(["train", "loreft.yaml", "--validation", "bad.jsonl"], saying: ["(bad.jsonl, line 2)"])
    try place.write("train.jsonl", "{\"text\": \"a b\"}\n")
    try place.refuses(["train", "loreft.yaml"], saying: ["edit no position of any example", "(locations)", "@all"])
  }

  @Test func `several faults of a recipe are one list`() throws {
    let place = try prepared()
    let outcome = try place.refuses(
      ["train", "--set", "training.epochs=0", "--set", "modell.path=x"], saying: ["error: 6 things are wrong:\n- "])
    for words in ["'output' is missing", "'data.train' is missing", "did you mean 'model'?", "--set training.epochs=0"]
    {
      #expect(outcome.errors.contains(words), "\(words)")
    }
    try place.refuses(["train", "nowhere.yaml"], saying: ["cannot read the recipe", "(nowhere.yaml)"])
    try place.write("broken.yaml", "model: {path: model\noutput: x\n")
    try place.refuses(["train", "broken.yaml"], saying: ["not a valid recipe", "(broken.yaml, line "])
  }

  @Test func `a model without tokenizer, with a broken one, or with broken weights is refused`() throws {
    let place = try prepared()
    let config = try place.text("model/tokenizer.json")
    try place.write("model/tokenizer.json", "{\"model\": {\"type\": \"Unheard\"}}")
    try place.refuses(["train", "loreft.yaml"], saying: ["Unheard", "model/tokenizer.json"])
    try place.remove("model/tokenizer.json")
    try place.refuses(["train", "loreft.yaml"], saying: ["there is no tokenizer", "(model)", "fetch tokenizer.json"])
    try place.write("model/tokenizer.json", config)
    let weights = try place.bytes("model/model.safetensors")
    try weights.dropLast(100).write(to: URL(fileURLWithPath: place.path("model/model.safetensors")))
    try place.refuses(["train", "loreft.yaml"], saying: ["model/model.safetensors", "fix: fetch the file again"])
    try place.remove("model/model.safetensors")
    try place.refuses(["train", "loreft.yaml"], saying: ["(model", "fix:"])
  }

  @Test func `an output in use is kept unless it may be overwritten, and never if it is something else`() throws {
    let place = try prepared()
    try place.trainLoReFT()
    try place.refuses(
      ["train", "loreft.yaml"], saying: ["the output is already there", "(loreft)", "or pass --overwrite"])
    let old = try place.bytes("loreft/adapter.safetensors")
    try place.reft("train", "loreft.yaml", "--overwrite", "--set", "training.seed=7").succeeded()
    #expect(try place.bytes("loreft/adapter.safetensors") != old)
    try place.refuses(
      ["train", "loreft.yaml", "--overwrite", "--output", "model"],
      saying: ["was not made by this program", "(model)", "name another place"])
    // A folder whose name is completed by a shell.
    try place.reft("train", "loreft.yaml", "--overwrite", "--output", "loreft/").succeeded()
    #expect(try place.reft("train", "loreft.yaml", "--output", "fresh/").succeeded().output == "fresh\n")
  }

  @Test func `an adapter of another model is refused`() throws {
    let place = try prepared()
    try place.trainLoReFT()
    try FileManager.default.removeItem(atPath: place.path("model/model.safetensors"))
    for name in ["config.json", "model.safetensors"] {
      try? place.remove("model/" + name)
      try FileManager.default.copyItem(
        atPath: Golden.folder("llama_mha_bias") + "/" + name, toPath: place.path("model/" + name))
    }
    try place.refuses(
      ["generate", "--model", "model", "--adapter", "loreft", "--prompt", "a"],
      saying: ["the adapter belongs to another model", "(loreft)", "fix: load the model that adapter.json names"])
  }

  @Test func `a loss that is no number stops the run with its step, batch and remedy`() throws {
    let place = try prepared()
    let outcome = try place.reft(
      "train", "loreft.yaml", "--set", "training.learning_rate=1e38", "--set", "training.gradient_clip=",
      "--set", "training.epochs=9")
    #expect(outcome.code == 1)
    #expect(outcome.output == "")
    for words in ["step ", "fix: lower training.learning_rate"] {
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }
    #expect(!place.exists("loreft"))
  }

  @Test func `commands and flags that do not exist are told with the way to help`() throws {
    let place = try prepared()
    try place.refuses(["trian", "loreft.yaml"], saying: ["trian"])
    try place.refuses(["train", "loreft.yaml", "--epoch", "3"], saying: ["--epoch"])
    try place.refuses(["score", "--model", "model"], saying: ["--input"])
    try place.refuses(
      ["generate", "--model", "model", "--prompt", "a", "--device", "cuda:1"], saying: ["'cuda:1'", "fix:"])
    #expect(try place.reft("--version").succeeded().output == "0.1.0\n")
    #expect(try place.reft("--help").succeeded().output.contains("tokenize"))
  }
}
