// Addresses and memory of the device.
#pragma once

#include "pretend.h"

namespace pretend {

// An address on the device is one of the host with bit 46 turned, where nothing is mapped.
constexpr uintptr_t turned_bit = uintptr_t(1) << 46;

inline void *turned(const void *address) noexcept {
    return address == nullptr
               ? nullptr
               : reinterpret_cast<void *>(reinterpret_cast<uintptr_t>(address) ^ turned_bit);
}

// Memory of the device that is `host`'s, without a copy. Throws c10::OutOfMemoryError.
c10::DataPtr adopt(c10::Storage host, int device);

// Fills memory of the host with NaN (of every floating-point type).
void poison(void *start, size_t size) noexcept;

c10::DeviceAllocator &allocator();
// Memory of the host that asynchronous copies may use.
c10::Allocator &pinned_allocator();
bool is_pinned(const void *address);

} // namespace pretend
