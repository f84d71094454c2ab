// Kernels of the device's own: copies, and the convolution that libtorch asks unknown devices for.
#include "pretend.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>
#pragma clang diagnostic pop

#include "call.h"
#include "checks.h"
#include "counts.h"
#include "memory.h"
#include "streams.h"

namespace pretend {
namespace {

// A copy between the host and a device as CUDA does it: one that waits converts types on the host,
// one that need not wait on the device, and such a copy is asynchronous if the host's side is pinned.
struct Crossing {
    at::Tensor source, target;
    Direction direction;
    bool is_asynchronous;

    Crossing(const at::Tensor &source, const at::Tensor &target, bool non_blocking)
        : source(source), target(target),
          direction(is_ours(target) ? Direction::up : Direction::down),
          is_asynchronous(non_blocking && host().is_contiguous() && is_pinned(host().const_data_ptr())) {
        const bool is_up = direction == Direction::up;
        const at::Tensor &converted = non_blocking == is_up ? source : target;
        const auto bytes = static_cast<uint64_t>(target.numel()) * converted.element_size();
        Counts &all = counts();
        if (is_up) {
            all.copies_up++;
            all.bytes_up += bytes;
            all.waiting_copies_up += is_asynchronous ? 0 : 1;
        } else {
            all.copies_down++;
            all.bytes_down += bytes;
            all.waits += is_asynchronous ? 0 : 1;
        }
    }

    const at::Tensor &host() const { return direction == Direction::up ? source : target; }
    int device() const { return (direction == Direction::up ? target : source).device().index(); }

    void run() const {
        if (is_asynchronous && modes().hostile) {
            postpone();
            return;
        }
        if (direction == Direction::down) {
            settle_for_host(device());
        } else {
            settle_for_kernel(device());
        }
        copy(source, target, device());
    }

  private:
    static void copy(const at::Tensor &source, const at::Tensor &target, int device) {
        const at::AutoDispatchBelowADInplaceOrView below;
        Call call(device);
        call.lend(target).copy_(call.lend(source));
        call.finish();
    }

    void postpone() const {
        if (direction == Direction::up) {
            pretend::postpone(device(), direction, [source = source, target = target,
                                                    device = device()] {
                if (target.storage().nbytes() > 0) { // else its memory went meanwhile
                    copy(source, target, device);
                }
            });
            return;
        }
        settle_for_kernel(device());
        Call call(device());
        const at::Tensor found = call.lend(source).clone(); // what the stream finds there now
        poison(target.mutable_data_ptr(), target.nbytes());
        pretend::postpone(device(), direction, [found, target = target] {
            const at::AutoDispatchBelowADInplaceOrView below;
            target.copy_(found);
        });
    }
};

at::Tensor copy_from(const at::Tensor &source, const at::Tensor &target, bool non_blocking) {
    count_kernel("aten::_copy_from");
    if (is_ours(source) && is_ours(target)) { // of two devices, or with another type or order
        settle_for_kernel(source.device().index());
        settle_for_kernel(target.device().index());
        Call call(target.device().index());
        call.lend(target).copy_(call.lend(source));
        call.finish();
    } else {
        Crossing(source, target, non_blocking).run();
    }
    return target;
}

at::Tensor copy_from_and_resize(const at::Tensor &source, const at::Tensor &target) {
    target.resize_(source.sizes());
    return copy_from(source, target, /*non_blocking=*/false);
}

// Memory belongs to its tensor until the last copy that was started has happened.
void record_stream(at::Tensor &, c10::Stream) { count_kernel("aten::record_stream"); }

int begin(const char *name, const std::vector<at::Tensor> &tensors) {
    count_kernel(name);
    const int device = common_device(name, tensors).value_or(current_device());
    settle_for_kernel(device);
    return device;
}

at::Tensor convolution(const at::Tensor &x, const at::Tensor &weight,
                       const std::optional<at::Tensor> &bias, at::IntArrayRef stride,
                       at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                       at::IntArrayRef output_padding, int64_t groups) {
    const char *const name = "aten::convolution_overrideable";
    Call call(begin(name, {x, weight, bias.value_or(at::Tensor())}));
    const std::optional<at::Tensor> host_bias =
        bias.has_value() && bias->defined() ? std::optional(call.lend(*bias)) : std::nullopt;
    const at::Tensor result =
        at::convolution(call.lend(x), call.lend(weight), host_bias, stride, padding, dilation,
                        transposed, output_padding, groups);
    check_type(name, result);
    return call.take_back(result);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor>
convolution_backward(const at::Tensor &gradient, const at::Tensor &x, const at::Tensor &weight,
                     at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation,
                     bool transposed, at::IntArrayRef output_padding, int64_t groups,
                     std::array<bool, 3> wanted) {
    Call call(begin("aten::convolution_backward_overrideable", {gradient, x, weight}));
    const std::array<int64_t, 1> bias_sizes{transposed ? weight.size(1) * groups : weight.size(0)};
    const auto [of_x, of_weight, of_bias] = at::convolution_backward(
        call.lend(gradient), call.lend(x), call.lend(weight), at::IntArrayRef(bias_sizes), stride,
        padding, dilation, transposed, output_padding, groups, wanted);
    return {call.take_back(of_x), call.take_back(of_weight), call.take_back(of_bias)};
}

} // namespace
} // namespace pretend

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
    library.impl("_copy_from", &pretend::copy_from);
    library.impl("_copy_from_and_resize", &pretend::copy_from_and_resize);
    library.impl("record_stream", &pretend::record_stream);
    library.impl("convolution_overrideable", &pretend::convolution);
    library.impl("convolution_backward_overrideable", &pretend::convolution_backward);
}
