// Claims about the device that only C++ can check: each throws what it found instead.
#pragma once

#include "pretend.h"

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace pretend {

struct Probe {
    const char *name;
    void (*run)();
};

std::vector<Probe> tensor_probes();
std::vector<Probe> rule_probes();
std::vector<Probe> autograd_probes();
std::vector<Probe> stream_probes();

inline void require(bool holds, const std::string &what) {
    if (!holds) {
        throw std::runtime_error(what);
    }
}

inline at::TensorOptions on(int index, at::ScalarType type = at::kFloat) {
    return at::TensorOptions(device(index)).dtype(type);
}

// The largest difference of two tensors on any devices.
inline double gap(const at::Tensor &a, const at::Tensor &b) {
    if (a.sizes() != b.sizes()) {
        return std::numeric_limits<double>::infinity();
    }
    return a.numel() == 0
               ? 0
               : (a.detach().cpu().to(at::kDouble) - b.detach().cpu().to(at::kDouble))
                     .abs()
                     .max()
                     .item<double>();
}

inline void require_equal(const at::Tensor &found, const at::Tensor &expected,
                          const std::string &what, double limit = 0) {
    const double difference = gap(found, expected);
    require(difference <= limit, what + ": apart by " + std::to_string(difference));
}

// The message of an error of libtorch, empty without one.
inline std::string message_of(const std::function<void()> &body) {
    try {
        body();
        return "";
    } catch (const c10::Error &error) {
        return error.what_without_backtrace();
    }
}

inline void require_refusal(const std::function<void()> &body, const std::string &part,
                            const std::string &what) {
    const std::string message = message_of(body);
    require(message.find(part) != std::string::npos,
            what + ": expected an error with \"" + part + "\", found \"" + message + "\"");
}

// Sets a mode for a scope.
class Setting {
  public:
    Setting(std::atomic<bool> &mode, bool value) : mode(mode), former(mode.exchange(value)) {}
    ~Setting() { mode = former; }
    Setting(const Setting &) = delete;
    Setting &operator=(const Setting &) = delete;

  private:
    std::atomic<bool> &mode;
    const bool former;
};

} // namespace pretend
