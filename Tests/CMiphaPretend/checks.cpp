#include "checks.h"

#include "counts.h"

namespace pretend {

std::optional<int> common_device(const std::string &name, const std::vector<at::Tensor> &tensors,
                                 bool takes_host_scalars) {
    std::optional<c10::Device> found;
    const auto refuse = [&](const at::Tensor &tensor) {
        TORCH_CHECK(false,
                    "Expected all tensors to be on the same device, but found at least two devices, ",
                    *found, " and ", tensor.device(), "! (", name, ")");
    };
    for (const at::Tensor &tensor : tensors) {
        if (!is_ours(tensor)) {
            continue;
        }
        if (!found.has_value()) {
            found = tensor.device();
        }
        if (*found != tensor.device()) {
            refuse(tensor);
        }
    }
    if (!found.has_value()) {
        return std::nullopt;
    }
    for (const at::Tensor &tensor : tensors) {
        const bool is_fine = !tensor.defined() || is_ours(tensor) ||
                             tensor.unsafeGetTensorImpl()->is_wrapped_number() ||
                             (takes_host_scalars && tensor.dim() == 0);
        if (!is_fine) {
            refuse(tensor);
        }
    }
    return found->index();
}

void check_type(const std::string &name, const at::Tensor &tensor) {
    TORCH_CHECK(!modes().lacks_float64 || !tensor.defined() || tensor.scalar_type() != at::kDouble ||
                    tensor.unsafeGetTensorImpl()->is_wrapped_number(),
                "the pretend device has no float64 now, as MPS has none (", name, ")");
}

} // namespace pretend
