// Streams and events. Kernels run at once; in hostile mode copies wait until they must happen.
#pragma once

#include "pretend.h"

#include <functional>

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <c10/core/impl/DeviceGuardImplInterface.h>
#pragma clang diagnostic pop

namespace pretend {

enum class Direction { up, down };

// Lets a copy happen later, as the last work so far of the calling thread's stream of a device.
void postpone(int device, Direction direction, std::function<void()> copy);

// What a kernel of the calling thread's stream sees: all copies to the device before it.
void settle_for_kernel(int device);

// What a host sees that waits for that stream: all copies before.
void settle_for_host(int device);

c10::impl::DeviceGuardImplInterface *make_guard();

} // namespace pretend
