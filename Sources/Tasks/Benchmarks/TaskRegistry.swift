/// The tasks by name. A new task is one line here.
public struct TaskRegistry: Sendable {
  /// The tasks in the order of listing.
  public let tasks: [any BenchmarkTask]

  /// A registry of these tasks; their names should differ.
  public init(_ tasks: [any BenchmarkTask]) { self.tasks = tasks }

  /// The tasks that come with the package.
  public static let standard = TaskRegistry([
    KinshipTask(),
    ClutrrTask(),
  ])

  /// The names in the order of listing.
  public var names: [String] { tasks.map(\.name) }

  /// Looks up a task.
  ///
  /// - Throws: `TaskError.unknownTask`, with the nearest name in its remedy.
  public func task(named name: String) throws(TaskError) -> any BenchmarkTask {
    guard let task = tasks.first(where: { $0.name == name }) else { throw .unknownTask(name: name, known: names) }
    return task
  }
}
