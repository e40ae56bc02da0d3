import Testing

/// Suites that use the engine run one after the other: leak checks count the tensors of the whole process.
@Suite(.serialized) enum WetTests {}
