import Foundation
public import ModelHub

extension ModelReference {
  /// The path of a model that is here, or that comes from the Hub.
  ///
  /// - Parameters:
  ///   - hub: `nil` for the Hub as the environment of this process describes it, which is read for names alone.
  ///   - needs: the parts that must come from the Hub.
  ///   - downloading: called after each piece that comes from the Hub.
  public func path(
    from hub: Hub? = nil, needs: HubNeeds = .all, downloading: @escaping (HubProgress) -> Void = { _ in }
  ) throws(HubError) -> String {
    switch self {
    case .path(let path): return path
    case .hub(let model):
      if let hub { return try hub.path(of: model, needs: needs, progress: downloading) }
      let hub = try Hub(environment: ProcessInfo.processInfo.environment)
      return try hub.path(of: model, needs: needs, progress: downloading)
    }
  }
}
