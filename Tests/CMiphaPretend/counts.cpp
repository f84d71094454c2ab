#include "counts.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

namespace pretend {

Modes &modes() noexcept {
    static Modes shared;
    return shared;
}

Counts &counts() noexcept {
    static Counts shared;
    return shared;
}

namespace {

struct Operators {
    std::mutex mutex;
    std::map<std::string, uint64_t> calls;
};

// Lives as long as the process: kernels run while it ends, too.
Operators &operators() {
    static auto *const shared = new Operators;
    return *shared;
}

// Not the operators that only take memory, make views or change sizes.
bool launches_something(const std::string &name) {
    static constexpr std::array starts{
        "aten::empty",  "aten::view",    "aten::as_strided", "aten::_reshape_alias", "aten::unfold",
        "aten::resize", "aten::set_",    "aten::alias",      "aten::record_stream",
        "aten::_local_scalar_dense",
    };
    return std::none_of(starts.begin(), starts.end(),
                        [&](const char *start) { return name.rfind(start, 0) == 0; });
}

} // namespace

void count_kernel(const std::string &name) {
    if (launches_something(name)) {
        counts().kernels++;
    }
    Operators &all = operators();
    const std::lock_guard<std::mutex> lock(all.mutex);
    all.calls[name]++;
}

std::string operator_table() {
    Operators &all = operators();
    const std::lock_guard<std::mutex> lock(all.mutex);
    std::string text;
    for (const auto &[name, calls] : all.calls) {
        text += name + " " + std::to_string(calls) + "\n";
    }
    return text;
}

Memory &memory(int device) {
    static std::array<Memory, device_count> shared;
    TORCH_CHECK(device >= 0 && device < device_count, "there is no device pretend:", device);
    return shared[static_cast<size_t>(device)];
}

void Memory::take(int device, size_t bytes) {
    const int64_t sum = now += static_cast<int64_t>(bytes);
    if (const int64_t limit = capacity; limit > 0 && sum > limit) {
        give_back(bytes);
        TORCH_CHECK_WITH(OutOfMemoryError, false, "pretend:", device,
                         " is out of memory. Tried to allocate ", bytes, " bytes; ",
                         limit - sum + static_cast<int64_t>(bytes), " of ", limit, " are free");
    }
    int64_t highest = peak;
    while (sum > highest && !peak.compare_exchange_weak(highest, sum)) {
    }
}

void Memory::give_back(size_t bytes) noexcept { now -= static_cast<int64_t>(bytes); }

} // namespace pretend
