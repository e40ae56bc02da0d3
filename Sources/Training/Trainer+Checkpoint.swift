import Checkpoints
public import JSON
public import Interventions
import Tensors

extension Trainer {
  /// Writes the whole state between two updates: adapter, moments, random stream, position in the data, best values so far.
  ///
  /// - Parameter run: what identifies the run; ``resume(from:run:)`` refuses another.
  public func save(to path: String, run: JSONObject = [:]) throws {
    var tensors = try adapter.trainingState().map { NamedTensor("adapter." + $0.name, $0.tensor) }
    tensors += optimizer.state.map { NamedTensor("optimizer." + $0.name, $0.tensor) }
    tensors += (best ?? []).map { NamedTensor("best." + $0.name, $0.tensor) }
    var writable = try tensors.map { try $0.writable() }
    let state = try random.state()
    writable.append(WritableTensor(name: "random", storage: .uint8, shape: [state.count], bytes: state))
    try AdapterFolder.write(
      to: path,
      configuration: [
        "format": .string(SavedRun.format), "settings": .object(settings.json), "run": .object(run),
        "progress": .object(progress.json), "step": .integer(optimizer.step),
      ],
      tensors: writable, overwrite: true)
  }

  /// Goes on where a saved run stood; the next update is the one that would have come.
  ///
  /// The adapter of this trainer must have been restored from ``SavedRun/adapterTensors``.
  ///
  /// - Throws: ``TrainingError/otherRun(difference:source:)`` when settings or run are others.
  public func resume(_ saved: SavedRun, run: JSONObject = [:]) throws {
    for (name, mine) in [("settings", settings.json), ("run", run)] {
      let theirs = try saved.configuration.reader(name).object
      for key in Set(theirs.keys + mine.keys).sorted() where theirs[key] != mine[key] {
        throw TrainingError.otherRun(
          difference:
            "\(name).\(key) is \(theirs[key]?.text ?? "absent") there and \(mine[key]?.text ?? "absent") here",
          source: saved.path)
      }
    }
    let device = adapter.parts.first?.target.device ?? .cpu
    let moments = SavedTensors(saved.tensors("optimizer"), device: device, source: saved.path)
    try optimizer.restore(moments, step: saved.step)
    let best = saved.tensors("best")
    self.best = best.isEmpty ? nil : best
    progress = try RunProgress(saved.configuration.reader("progress"))
    try random.restore(state: saved.randomState)
  }
}

/// A training state on disk, as ``Trainer/save(to:run:)`` wrote it.
public struct SavedRun {
  /// The folder, for errors.
  public let path: String
  /// Number of the last update that was done.
  public let step: Int
  let configuration: JSONReader
  let randomState: [UInt8]
  private let groups: [String: [NamedTensor]]

  static let format = "swift-reft training state"

  /// Opens a saved state; ``Trainer/resume(_:run:)`` tells whether it fits a run.
  ///
  /// - Throws: ``TrainingError/notAState(found:source:)`` and whatever is wrong with the files.
  public init(reading path: String) throws {
    let folder = try AdapterFolder(opening: path)
    let format = try folder.configuration.string(ifPresent: "format")
    guard format == Self.format else {
      throw TrainingError.notAState(found: format ?? "a folder without 'format'", source: path)
    }
    self.path = path
    configuration = folder.configuration
    step = try configuration.int("step")
    randomState = try folder.tensors.tensor("random").readIntegers().map { UInt8(truncatingIfNeeded: $0) }
    var groups: [String: [NamedTensor]] = [:]
    for stored in folder.tensors where stored.name != "random" {
      let dot = stored.name.firstIndex(of: ".") ?? stored.name.endIndex
      let tensor = NamedTensor(String(stored.name[dot...].dropFirst()), try Tensor(reading: stored))
      groups[String(stored.name[..<dot]), default: []].append(tensor)
    }
    self.groups = groups
  }

  /// The tensors from which the adapter of the run is restored.
  public var adapterTensors: [NamedTensor] { tensors("adapter") }

  func tensors(_ group: String) -> [NamedTensor] { groups[group] ?? [] }
}

extension RunProgress {
  /// Sums are written in the shortest form that reads back as the same number, so nothing is lost.
  var json: JSONObject {
    [
      "epoch": .integer(epoch), "step_in_epoch": .integer(stepInEpoch), "loss_sum": .number(lossSum),
      "labels": .number(labels), "best_loss": .number(bestLoss), "epochs_without_gain": .integer(epochsWithoutGain),
    ]
  }

  init(_ json: JSONReader) throws {
    self.init(
      epoch: try json.int("epoch"), stepInEpoch: try json.int("step_in_epoch"), lossSum: try json.double("loss_sum"),
      labels: try json.double("labels"), bestLoss: try json.double(ifPresent: "best_loss") ?? .infinity,
      epochsWithoutGain: try json.int("epochs_without_gain"))
  }
}
