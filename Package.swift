// swift-tools-version: 6.2
import PackageDescription

// The rooms of the house, bottom up. ARCHITECTURE.md draws them; scripts/check/dag.py fails on any edge that is not in it.
// "Dry" rooms never see libtorch and build anywhere in seconds: `REFT_ROOMS=dry swift test` leaves the wet ones out, and
// `REFT_ROOMS=Interventions,Training swift test` builds these, what they import, and their tests.

let chosenRooms = Context.environment["REFT_ROOMS"]
let dryOnly = chosenRooms == "dry"

/// Where libtorch lies: `torch/include`, `torch/lib`. `scripts/setup/engine.sh` makes the default, a link into the cache.
let engine = Context.environment["REFT_LIBTORCH"] ?? Context.packageDirectory + "/.engine"

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),  // SE-0335
  .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
  .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
]

func room(_ name: String, _ imports: [String] = [], products: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: imports.map { .byName(name: $0) } + products, swiftSettings: swiftSettings)
}

func tests(of name: String, _ imports: [String] = [], fixtures: Bool = false) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: ([name] + imports).map { .byName(name: $0) },
    exclude: fixtures ? ["Fixtures"] : [],
    swiftSettings: swiftSettings)
}

/// A server that speaks the Hub's routes, for the tests of every room that downloads.
let hubSupport = Target.target(
  name: "_HubTestSupport", dependencies: ["JSON", "ModelHub"], path: "Tests/_HubTestSupport",
  swiftSettings: swiftSettings)

let dryRooms: [Target] = [
  room("Diagnostics"),
  room("JSON", ["Diagnostics"]),
  room("Checkpoints", ["Diagnostics", "JSON"]),
  room("Tokenization", ["Diagnostics", "JSON"]),
  .target(name: "CTransfer"),
  room("ModelHub", ["CTransfer", "Diagnostics", "JSON"]),
  room("Tasks", ["Diagnostics", "JSON"]),
  room("Charts", ["Diagnostics"]),
  room("Recipes", ["Diagnostics", "JSON"], products: [.product(name: "Yams", package: "Yams")]),
  tests(of: "Diagnostics"),
  tests(of: "JSON", ["Diagnostics"]),
  tests(of: "Checkpoints", ["Diagnostics", "JSON"], fixtures: true),
  tests(of: "Tokenization", ["Diagnostics", "JSON"], fixtures: true),
  hubSupport,
  tests(of: "ModelHub", ["Diagnostics", "JSON", "_HubTestSupport"]),
  tests(of: "Tasks", ["Diagnostics", "JSON"], fixtures: true),
  tests(of: "Charts", ["Diagnostics"]),
  tests(of: "Recipes", ["Diagnostics", "JSON"]),
]

let shim = Target.target(
  name: "CTorchShim",
  cxxSettings: [
    .unsafeFlags(["-isystem", engine + "/torch/include", "-Wno-nullability-completeness", "-O2", "-DNDEBUG"])
  ],
  linkerSettings: [
    .unsafeFlags(["-L" + engine + "/torch/lib", "-Xlinker", "-rpath", "-Xlinker", engine + "/torch/lib"]),
    .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
  ])

let testSupport = Target.target(
  name: "_TestSupport",
  dependencies: ["Checkpoints", "Diagnostics", "Interventions", "JSON", "LanguageModels", "Tensors", "Tokenization"],
  path: "Tests/_TestSupport",
  swiftSettings: swiftSettings)

let wetRooms: [Target] = [
  shim,
  room("Tensors", ["CTorchShim", "Diagnostics"]),
  room("Layers", ["Tensors"]),
  room("LanguageModels", ["Checkpoints", "Diagnostics", "JSON", "Layers", "Tensors"]),
  room("Interventions", ["Checkpoints", "Diagnostics", "JSON", "LanguageModels", "Layers", "Tensors"]),
  room(
    "Training",
    [
      "Checkpoints", "Diagnostics", "Interventions", "JSON", "LanguageModels", "Pretrained", "Tasks", "Tensors",
      "Tokenization",
    ]),
  room("Pretrained", ["Checkpoints", "Diagnostics", "JSON", "LanguageModels", "ModelHub", "Tensors", "Tokenization"]),
  room("TextGeneration", ["Diagnostics", "LanguageModels", "Tensors", "Tokenization"]),
  room(
    "TextEmbedding",
    [
      "Checkpoints", "Diagnostics", "JSON", "LanguageModels", "Pretrained", "Tensors", "TextGeneration", "Tokenization",
    ]),
  room(
    "Fitting",
    [
      "Diagnostics", "Interventions", "JSON", "LanguageModels", "Pretrained", "Tasks", "Tensors", "Tokenization",
    ]),
  room(
    "Evaluation",
    [
      "Charts", "Diagnostics", "Interventions", "JSON", "LanguageModels", "Pretrained", "Tasks", "Tensors",
      "TextGeneration",
      "Tokenization",
    ]),
  room("Conversion", ["Checkpoints", "Diagnostics", "Interventions", "JSON", "LanguageModels", "Tensors"]),
  .target(name: "CProcessStart"),
  .executableTarget(
    name: "reft",
    dependencies: [
      "CProcessStart", "Charts", "Checkpoints", "Conversion", "Diagnostics", "Evaluation", "Fitting", "Interventions",
      "JSON",
      "LanguageModels", "ModelHub",
      "Pretrained", "Recipes", "Tasks", "Tensors", "TextEmbedding", "TextGeneration", "Tokenization", "Training",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ], swiftSettings: swiftSettings),
  .executableTarget(
    name: "reft-bench",
    dependencies: [
      "CProcessStart", "Charts", "Diagnostics", "Interventions", "JSON", "LanguageModels", "Pretrained", "Tasks",
      "Tensors", "TextGeneration", "Tokenization", "Training",
    ], swiftSettings: swiftSettings),
  testSupport,
  .testTarget(
    name: "ReadmeTests", dependencies: ["Interventions", "Pretrained", "Tensors", "TextGeneration", "_TestSupport"],
    swiftSettings: swiftSettings),
  tests(of: "Tensors", ["Diagnostics", "_TestSupport"]),
  tests(
    of: "Pretrained",
    [
      "Checkpoints", "Diagnostics", "JSON", "LanguageModels", "ModelHub", "Tensors", "TextGeneration", "Tokenization",
      "_HubTestSupport", "_TestSupport",
    ]),
  tests(
    of: "Fitting",
    [
      "Diagnostics", "Interventions", "JSON", "LanguageModels", "Pretrained", "Tasks", "Tensors", "Tokenization",
      "_TestSupport",
    ]),
  tests(
    of: "Evaluation",
    [
      "Charts", "Diagnostics", "Interventions", "JSON", "LanguageModels", "Pretrained", "Tasks", "Tensors",
      "TextGeneration",
      "Tokenization", "_TestSupport",
    ]),
  tests(
    of: "TextEmbedding",
    [
      "Checkpoints", "Diagnostics", "JSON", "LanguageModels", "Pretrained", "Tensors", "TextGeneration", "Tokenization",
      "_TestSupport",
    ]),
  tests(
    of: "TextGeneration",
    ["Diagnostics", "Interventions", "JSON", "LanguageModels", "Tensors", "Tokenization", "_TestSupport"]),
  .testTarget(
    name: "SupportTests",
    dependencies: [
      "Charts", "Checkpoints", "Conversion", "Interventions", "JSON", "LanguageModels", "Layers", "Tokenization",
      "_TestSupport",
    ].map {
      .byName(name: $0)
    }, swiftSettings: swiftSettings),
  tests(of: "LanguageModels", ["Checkpoints", "JSON", "Layers", "Tensors", "_TestSupport"]),
  // The tests start the command that SwiftPM leaves beside them.
  .testTarget(
    name: "CommandTests",
    dependencies: ["reft", "Checkpoints", "JSON", "LanguageModels", "Tensors", "_HubTestSupport", "_TestSupport"].map {
      .byName(name: $0)
    }, exclude: ["Fixtures"], swiftSettings: swiftSettings),
  tests(
    of: "Training",
    [
      "Checkpoints", "Diagnostics", "Interventions", "JSON", "LanguageModels", "Pretrained", "Tasks", "Tensors",
      "_TestSupport",
    ]),
  tests(
    of: "Conversion",
    ["Checkpoints", "Diagnostics", "Interventions", "JSON", "LanguageModels", "Tensors", "_TestSupport"]),
  tests(
    of: "Interventions", ["Checkpoints", "Diagnostics", "JSON", "LanguageModels", "Layers", "Tensors", "_TestSupport"]),
]

/// The targets that `REFT_ROOMS` asks for.
let chosenTargets: [Target] = {
  guard let chosenRooms else { return dryRooms + wetRooms }
  if dryOnly { return dryRooms }
  let all = Dictionary(uniqueKeysWithValues: (dryRooms + wetRooms).map { ($0.name, $0) })
  let names = chosenRooms.split(separator: ",").map(String.init)
  var open = names + names.map { $0 + "Tests" }
  var found: Set<String> = []
  while let name = open.popLast() {
    guard let target = all[name], found.insert(name).inserted else { continue }
    for case .byNameItem(let needed, _) in target.dependencies { open.append(needed) }
  }
  return (dryRooms + wetRooms).filter { found.contains($0.name) }
}()

/// What `import` can name in a program that depends on this package.
let libraryRooms = [
  "Charts", "Checkpoints", "Conversion", "Diagnostics", "Evaluation", "Fitting", "Interventions", "JSON",
  "LanguageModels", "Layers",
  "ModelHub", "Pretrained", "Recipes", "Tasks", "Tensors", "TextEmbedding", "TextGeneration", "Tokenization",
  "Training",
]

let package = Package(
  name: "swift-reft",
  platforms: [.macOS(.v15)],
  products: chosenRooms != nil
    ? []
    : [
      .executable(name: "reft", targets: ["reft"]),
      .executable(name: "reft-bench", targets: ["reft-bench"]),
      .library(name: "SwiftReFT", targets: libraryRooms),
    ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: chosenTargets,
  cxxLanguageStandard: .cxx20
)
