// What CUDA refuses and the CPU's kernels would not see.
#pragma once

#include "pretend.h"

#include <optional>
#include <string>
#include <vector>

namespace pretend {

// The device of all tensors of a call, if one is on a device. Throws where they are on several;
// numbers, and perhaps other tensors without dimensions, may be the host's.
std::optional<int> common_device(const std::string &name, const std::vector<at::Tensor> &tensors,
                                 bool takes_host_scalars = false);

// Throws for a tensor of a type that the device lacks.
void check_type(const std::string &name, const at::Tensor &tensor);

} // namespace pretend
