// Loops over libtorch's own threads.
#pragma once

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <c10/util/FunctionRef.h>
#pragma clang diagnostic pop

#include <cstdint>

namespace mipha {

// Calls `body` with ranges that together are 0 to `count`, of `grain` at least, on several threads.
//
// `at::parallel_for` would run on the calling thread alone: its threads are in a header's OpenMP
// directives, and this package is compiled without them.
void parallel_for(int64_t count, int64_t grain, c10::function_ref<void(int64_t, int64_t)> body);

} // namespace mipha
