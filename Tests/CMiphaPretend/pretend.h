// Shared by the files of the pretend accelerator.
#pragma once

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Stream.h>
#pragma clang diagnostic pop

#include <atomic>
#include <cstdint>
#include <string>

#include "CMiphaPretend.h"

#pragma clang diagnostic error "-Wall"
#pragma clang diagnostic error "-Wextra"

namespace pretend {

constexpr auto kind = c10::DeviceType::PrivateUse1;
constexpr int device_count = 2;

inline bool is_ours(const at::Tensor &tensor) {
    return tensor.defined() && tensor.device().type() == kind;
}

inline c10::Device device(int index) { return {kind, static_cast<c10::DeviceIndex>(index)}; }

// The calling thread's device.
int &current_device() noexcept;

// The index of a device, the current one where it names none.
int place(c10::Device device);

} // namespace pretend
