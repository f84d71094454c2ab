// Generators of the device, and what libtorch asks of a kind of accelerator.
#pragma once

#include "pretend.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/detail/PrivateUse1HooksInterface.h>
#pragma clang diagnostic pop

namespace pretend {

// The generator of the CPU within one of the device.
at::Generator host_generator(const at::Generator &generator);

const at::Generator &default_generator(int device);

at::PrivateUse1HooksInterface *make_hooks();

} // namespace pretend
