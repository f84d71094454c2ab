// Registration at the start of the process, and the C interface.
#include "pretend.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <c10/core/impl/DeviceGuardImplInterface.h>
#pragma clang diagnostic pop

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "counts.h"
#include "fault.h"
#include "hooks.h"
#include "memory.h"
#include "streams.h"

namespace pretend {
namespace {

void read_modes() {
    const char *const text = std::getenv("MIPHA_PRETEND");
    const std::string names = text == nullptr ? "" : text;
    size_t start = 0;
    while (start < names.size()) {
        const size_t end = std::min(names.find(',', start), names.size());
        const std::string name = names.substr(start, end - start);
        if (name == "hostile") {
            modes().hostile = true;
        } else if (name == "no-float64") {
            modes().lacks_float64 = true;
        } else {
            std::fprintf(stderr, "MIPHA_PRETEND: unknown mode \"%s\"; known: hostile, no-float64\n",
                         name.c_str());
            std::_Exit(2);
        }
        start = end + 1;
    }
}

// Bytes that each device has.
void read_capacity() {
    const char *const text = std::getenv("MIPHA_PRETEND_BYTES");
    if (text == nullptr) {
        return;
    }
    char *end = nullptr;
    const long long bytes = std::strtoll(text, &end, 10);
    if (end == text || *end != '\0' || bytes < 1) {
        std::fprintf(stderr, "MIPHA_PRETEND_BYTES: expected a number of bytes, found \"%s\"\n", text);
        std::_Exit(2);
    }
    for (int device = 0; device < device_count; device++) {
        memory(device).capacity = static_cast<int64_t>(bytes);
    }
}

// Lines "name value": the counts, the highest memory of each device, the calls by operator.
void write_report() {
    const char *const path = std::getenv("MIPHA_PRETEND_REPORT");
    std::FILE *const file = path == nullptr ? nullptr : std::fopen(path, "w");
    if (file == nullptr) {
        return;
    }
    const Counts &all = counts();
    const std::pair<const char *, uint64_t> values[]{
        {"kernels", all.kernels},         {"waits", all.waits},
        {"copies_up", all.copies_up},     {"bytes_up", all.bytes_up},
        {"copies_down", all.copies_down}, {"bytes_down", all.bytes_down},
        {"waiting_copies_up", all.waiting_copies_up},
    };
    for (const auto &[name, value] : values) {
        std::fprintf(file, "%s %llu\n", name, static_cast<unsigned long long>(value));
    }
    for (int device = 0; device < device_count; device++) {
        std::fprintf(file, "peak_bytes:%d %lld\n", device,
                     static_cast<long long>(memory(device).peak));
    }
    std::fputs(operator_table().c_str(), file);
    std::fclose(file);
}

// Before the first backward pass of the process: libtorch's engine counts devices once.
__attribute__((constructor)) void register_device() {
    c10::register_privateuse1_backend("pretend");
    c10::SetAllocator(kind, &allocator());
    c10::impl::registerDeviceGuard(kind, make_guard());
    at::RegisterPrivateUse1HooksInterface(make_hooks());
    report_faults();
    read_modes();
    read_capacity();
    std::atexit(&write_report);
}

} // namespace
} // namespace pretend

using pretend::counts;
using pretend::memory;
using pretend::modes;

void mp_set_hostile(bool value) { modes().hostile = value; }
bool mp_is_hostile(void) { return modes().hostile; }
void mp_set_lacks_float64(bool value) { modes().lacks_float64 = value; }
bool mp_lacks_float64(void) { return modes().lacks_float64; }
void mp_set_capacity(int32_t device, uint64_t bytes) {
    memory(device).capacity = static_cast<int64_t>(bytes);
}

int32_t mp_device_count(void) { return pretend::device_count; }

mp_counts mp_current_counts(void) {
    const pretend::Counts &all = counts();
    return {all.kernels,           all.waits,       all.copies_up,  all.bytes_up,
            all.waiting_copies_up, all.copies_down, all.bytes_down};
}

char *mp_operator_table(void) { return strdup(pretend::operator_table().c_str()); }

uint64_t mp_bytes(int32_t device) { return static_cast<uint64_t>(memory(device).now); }
uint64_t mp_peak_bytes(int32_t device) { return static_cast<uint64_t>(memory(device).peak); }
void mp_reset_peak(int32_t device) { memory(device).reset_peak(); }
