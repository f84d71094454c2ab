// Process and thread state.
#include "internal.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <torch/headeronly/version.h>
#pragma clang diagnostic pop

namespace mipha {

std::string &last_error() noexcept {
    static thread_local std::string message;
    return message;
}

} // namespace mipha

using mipha::guard;

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
