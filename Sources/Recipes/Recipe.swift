public import JSON

/// Everything that makes a training run what it is: model, data, method, optimisation, and where the result goes.
///
/// Written as YAML, in sections named as here with keys in snake case:
///
///     model: {path: model.gguf}
///     data: {train: train.jsonl, validation: validation.jsonl, format: kinship}
///     method: {name: loreft, rank: 8}
///     locations: all.block_output@f7+l7
///     positions: exact
///     beneath: [adapters/lora]
///     objective: {name: completion}
///     training: {epochs: 5, learning_rate: 2e-3}
///     output: adapters/loreft
///
/// Numbers that are left out are those of the LoReFT commonsense setting (ReFT paper, arXiv 2404.03592, appendix D, and
/// stanfordnlp/pyreft `examples/loreft/README.md`), or of the transformers `Trainer` that both ReFT and LoFiT trained with.
public struct Recipe: Sendable, Equatable {
  /// The frozen model.
  public var model: Model
  /// What is learned from.
  public var data: Data
  /// Which intervention is trained.
  public var method: Method
  /// Where the method acts, in the grammar of locations; the method's own default where it is nil.
  public var locations: String?
  /// How the ends of short prompts are cut.
  public var positions = PositionRule.exact
  /// Adapter folders that act before the trained one and stay as they are, in order.
  public var beneath: [String] = []
  /// What is made small.
  public var objective = Objective()
  /// How it is trained.
  public var training: Training
  /// The folder that the adapter is written to.
  public var output: String

  /// A recipe; what is left out takes its default.
  public init(
    model: Model, data: Data, method: Method, locations: String? = nil, positions: PositionRule = .exact,
    training: Training = Training(), output: String
  ) {
    self.model = model
    self.data = data
    self.method = method
    self.locations = locations
    self.positions = positions
    self.training = training
    self.output = output
  }

  /// The frozen model.
  public struct Model: Sendable, Equatable {
    /// A folder in Hugging Face layout or a .gguf file.
    public var path: String
    /// `cpu`, `cuda`, `cuda:1`, or `auto`: the first CUDA device where there is one, else the CPU.
    public var device: String
    /// `float32`, `bfloat16`, or `auto`: bfloat16 on a GPU, float32 on the CPU. What is trained is float32 in any case.
    public var dtype: String

    /// A model on a device.
    public init(path: String, device: String = "auto", dtype: String = "auto") {
      self.path = path
      self.device = device
      self.dtype = dtype
    }
  }

  /// What is learned from and what is watched.
  public struct Data: Sendable, Equatable {
    /// The training records: JSON lines or a JSON array.
    public var train: String
    /// Scored during training to choose the best checkpoint; never learned from.
    public var validation: String?
    /// `records` (prompt and response, messages, or text), or the name of a benchmark task whose files these are.
    public var format: String
    /// How many training records to use; all of them where it is nil.
    public var limit: Int?
    /// Draws the `limit` records as Python's `random.seed(seed); random.sample(records, limit)`; the first ones where it is nil.
    public var seed: Int?

    /// Data; what is left out takes its default.
    public init(
      train: String, validation: String? = nil, format: String = "records", limit: Int? = nil, seed: Int? = nil
    ) {
      self.train = train
      self.validation = validation
      self.format = format
      self.limit = limit
      self.seed = seed
    }
  }

  /// Which intervention is trained.
  public struct Method: Sendable, Equatable {
    /// The method's name, such as `loreft`.
    public var name: String
    /// Every other key of the section; each method reads its own.
    public var configuration: JSONObject

    /// A method and its own settings.
    public init(name: String, configuration: JSONObject = [:]) {
      self.name = name
      self.configuration = configuration
    }
  }

  /// How it is trained: AdamW on the cross-entropy of the response tokens.
  public struct Training: Sendable, Equatable {
    /// Passes over the data; 6 (ReFT paper, LoReFT commonsense; LoFiT trains for 5).
    public var epochs = 6
    /// Records in one batch; 16 (as above; LoFiT has 8).
    public var batchSize = 16
    /// The most tokens in one forward pass: a batch with more is computed in parts whose gradients add up to the same.
    /// Nil for 2,048.
    public var microBatchTokens: Int?
    /// Batches whose gradients make one step; 2, hence 32 records a step (as above; LoFiT has 1).
    public var accumulation = 2
    /// The largest learning rate of the schedule; 9e-4 (as above; LoFiT 5e-4 to 2e-2).
    public var learningRate = 9e-4
    /// Linear decay to zero (ReFT and LoFiT alike).
    public var schedule = Schedule.linear
    /// The share of all steps in which the learning rate rises from zero; 0.1 (as above; LoFiT 0).
    public var warmupRatio = 0.1
    /// AdamW's decoupled decay; 0 (as above; the LoFiT paper says 0.01 and its code 0).
    public var weightDecay = 0.0
    /// AdamW's decay rates of the first and second moment; 0.9 and 0.999 (torch, transformers).
    public var betas = [0.9, 0.999]
    /// AdamW's epsilon; 1e-8 (torch, transformers).
    public var epsilon = 1e-8
    /// The largest norm of all gradients together; 1.0 (transformers). Nil for no clipping.
    public var gradientClip: Double? = 1.0
    /// Weight of the sum of absolute values of the trained parameters in the loss; 0. LoFiT's head selection takes 5e-4 to 5e-3.
    public var l1Penalty = 0.0
    /// Decides initial values, the order of records and dropout; 42 (LoFiT, and the first seed of the ReFT paper).
    public var seed = 42
    /// Epochs without a better validation loss after which training stops. Nil to train to the end.
    public var patience: Int?
    /// The most tokens of a record, prompt and response together; 512 (ReFT paper, commonsense and arithmetic). A longer record is
    /// an error, never cut.
    public var maxLength = 512
    /// Whether activations that are the same in every epoch, those below the lowest edit, are computed once and kept.
    public var cacheTrunk = TrunkCaching.auto
    /// Whether the backward pass runs blocks again instead of keeping their activations.
    public var checkpointing = Checkpointing.auto

    /// Every number at its default.
    public init() {}
  }

  /// What is made small in training.
  public struct Objective: Sendable, Equatable {
    /// The loss.
    public enum Name: String, Sendable, CaseIterable {
      /// Cross entropy of the response tokens.
      case completion
      /// Distance of hidden states to those that two other prompts point to (LoRRA, arXiv 2310.01405).
      case representation
    }

    /// Which loss.
    public var name = Name.completion
    /// Representation: the layers whose outputs are compared, as in locations; every other one of the middle where it is nil.
    public var layers: String?
    /// Representation: how far the contrast goes; 5 (RepE's lorra_finetune).
    public var alpha = 5.0
    /// Representation: the most response tokens of a record that are compared; 64 (as above).
    public var tokens = 64

    /// The cross entropy of the response tokens.
    public init() {}
  }

  /// How the learning rate falls after the warm-up.
  public enum Schedule: String, Sendable, CaseIterable {
    case linear, cosine, constant
  }

  /// Where the activations below the lowest edit are kept from epoch to epoch.
  public enum TrunkCaching: String, Sendable, CaseIterable {
    case off, memory, disk
    /// Where there is room, memory before disk, and something to be gained.
    case auto
  }

  /// Whether memory is bought with time.
  public enum Checkpointing: String, Sendable, CaseIterable {
    /// Where the activations would take more than half of the free memory.
    case auto
    case on, off
  }

  /// How the ends `f<n>` and `l<m>` of a prompt shorter than n + m are cut.
  public enum PositionRule: String, Sendable, CaseIterable {
    /// As the ReFT paper says: no token is left out, none edited twice.
    case exact
    /// As pyreft's code does: the middle token of a short odd prompt is left out.
    case pyreft
  }
}
