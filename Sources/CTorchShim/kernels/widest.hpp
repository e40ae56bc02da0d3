// How wide the loops of kernels are in this process.
#pragma once

namespace reft {

enum class Width { plain, v3, v4 };

/// What the processor has, or less where `REFT_KERNELS` (v4, v3, plain) says so: the tests go through all that it has.
Width widest();

}  // namespace reft
