// What tests set and read: modes and counts of the process.
#pragma once

#include "pretend.h"

namespace pretend {

struct Modes {
    std::atomic<bool> hostile{false}, lacks_float64{false};
};
Modes &modes() noexcept;

struct Counts {
    std::atomic<uint64_t> kernels{0}, waits{0}, copies_up{0}, bytes_up{0}, waiting_copies_up{0},
        copies_down{0}, bytes_down{0};
};
Counts &counts() noexcept;

// Counts a call of an operator, and its kernel where it has one.
void count_kernel(const std::string &name);

// Lines "operator count".
std::string operator_table();

// Bytes of one device.
class Memory {
  public:
    // Throws c10::OutOfMemoryError beyond the capacity.
    void take(int device, size_t bytes);
    void give_back(size_t bytes) noexcept;
    void reset_peak() noexcept { peak = now.load(); }

    std::atomic<int64_t> now{0}, peak{0}, capacity{0};
};
Memory &memory(int device);

} // namespace pretend
