// Process and thread state, generators.
#include "internal.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/headeronly/version.h>
#pragma clang diagnostic pop

namespace mipha {

std::string &last_error() noexcept {
    static thread_local std::string message;
    return message;
}

at::Generator unwrap(mt_generator generator) {
    return at::Generator(c10::intrusive_ptr<c10::GeneratorImpl>::reclaim_copy(
        reinterpret_cast<c10::GeneratorImpl *>(generator)));
}

} // namespace mipha

using mipha::guard;
using mipha::unwrap;

const char *mt_last_error(void) { return mipha::last_error().c_str(); }

const char *mt_compiled_version(void) { return TORCH_VERSION; }

const char *mt_loaded_version(void) {
    // The library has no version function; its build settings name the version.
    static const std::string version = [] {
        const std::string key = "TORCH_VERSION=", text = at::show_config();
        const size_t start = text.find(key);
        if (start == std::string::npos) {
            return std::string();
        }
        const size_t end = text.find_first_of(", \n", start);
        return text.substr(start + key.size(), end - start - key.size());
    }();
    return version.c_str();
}

bool mt_cuda_is_available(void) {
    try {
        return at::hasCUDA();
    } catch (...) {
        return false;
    }
}

bool mt_mps_is_available(void) {
    try {
        return at::hasMPS();
    } catch (...) {
        return false;
    }
}

mt_status mt_set_thread_count(int32_t count) {
    return guard([&] {
        if (count < 1) {
            throw std::invalid_argument("the thread count must be at least 1");
        }
        at::set_num_threads(count);
    });
}

int32_t mt_thread_count(void) { return at::get_num_threads(); }

bool mt_grad_mode_set(bool enabled) {
    const bool former = c10::GradMode::is_enabled();
    c10::GradMode::set_enabled(enabled);
    return former;
}

bool mt_grad_mode(void) { return c10::GradMode::is_enabled(); }

mt_status mt_synchronize(mt_device device) {
    return guard([&] {
        const at::Device target = mipha::device(device);
        if (target.is_cpu() || target.is_meta()) {
            return;
        }
        const c10::impl::VirtualGuardImpl implementation(target.type());
        implementation.synchronizeDevice(
            target.has_index() ? target.index() : implementation.getDevice().index());
    });
}

mt_status mt_generator_create(uint64_t seed, mt_generator *out) {
    return guard([&] {
        at::Generator generator = at::detail::createCPUGenerator(seed);
        *out = reinterpret_cast<mt_generator>(generator.unsafeReleaseGeneratorImpl());
    });
}

void mt_generator_free(mt_generator generator) {
    if (generator != nullptr) {
        c10::intrusive_ptr<c10::GeneratorImpl>::reclaim(
            reinterpret_cast<c10::GeneratorImpl *>(generator));
    }
}

mt_status mt_generator_state(mt_generator generator, mt_tensor *out) {
    MT_RETURN(out, unwrap(generator).get_state());
}

mt_status mt_generator_set_state(mt_generator generator, mt_tensor state) {
    return guard([&] { unwrap(generator).set_state(unwrap(state)); });
}
