// Devices: names, numbers, memory, and the libraries that drive them.
#include "internal.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#pragma clang diagnostic pop

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <iterator>

using mipha::guard;

namespace {

// Loads the library that lies beside the one of the CPU; says what failed.
std::string open_cuda_library() {
#ifdef __linux__
    Dl_info place{};
    if (dladdr(&at::globalContext(), &place) == 0 || place.dli_fname == nullptr) {
        return "the folder of libtorch is not known";
    }
    const std::string loaded = place.dli_fname;
    const size_t slash = loaded.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : loaded.substr(0, slash);
    const std::string library = folder + "/libtorch_cuda.so";
    if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
        const char *reason = dlerror();
        return "this libtorch has no CUDA that can be loaded: " +
               std::string(reason == nullptr ? library : reason);
    }
    return {};
#else
    return "CUDA is for Linux";
#endif
}

std::string start_cuda() {
    if (!at::CUDAHooksRegistry()->Has("CUDAHooks")) {
        std::string failure = open_cuda_library();
        if (!failure.empty()) {
            return failure;
        }
    }
    if (!at::hasCUDA()) {
        return "libtorch's library for CUDA is loaded and sees no device; is NVIDIA's driver there?";
    }
    at::Context &context = at::globalContext();
    // Products of float32 and sums of bfloat16 keep their bits unless somebody asks for less.
    context.setAllowTF32CuBLAS(false);
    context.setAllowTF32CuDNN(false);
    context.setAllowBF16ReductionCuBLAS(false);
    context.setAllowFP16ReductionCuBLAS(false);
    return {};
}

struct Shortage {
    mt_device device{MT_CPU, -1};
    uint64_t bytes = 0;
};
thread_local Shortage shortage;

// The first number behind `words`, with its unit of bytes.
uint64_t bytes_after(const std::string &text, const std::string &words) {
    const size_t start = text.find(words);
    if (start == std::string::npos) {
        return 0;
    }
    const char *number = text.c_str() + start + words.size();
    char *end = nullptr;
    double value = std::strtod(number, &end);
    if (end == number || !(value >= 0)) {
        return 0;
    }
    while (*end == ' ') {
        end++;
    }
    const std::string units = "KMGT";
    const size_t unit = *end == '\0' ? std::string::npos : units.find(*end);
    for (size_t i = 0; unit != std::string::npos && i <= unit; i++) {
        value *= 1024;
    }
    return value < 9e18 ? static_cast<uint64_t>(value) : 0;
}

// The device that a message names by a number behind `words`; else the thread's current one of the kind.
mt_device device_after(const std::string &text, const std::string &words, at::DeviceType type) {
    const mt_device_kind kind = mipha::device_kind(at::Device(type));
    const size_t start = text.find(words);
    if (start != std::string::npos) {
        return {kind, std::atoi(text.c_str() + start + words.size())};
    }
    try {
        const bool is_known = c10::impl::hasDeviceGuardImpl(type) &&
                              c10::impl::getDeviceGuardImpl(type)->deviceCount() > 0;
        return {kind, is_known ? c10::impl::getDeviceGuardImpl(type)->getDevice().index() : 0};
    } catch (...) { // a driver that fails
        return {kind, 0};
    }
}

Shortage read_shortage(const std::string &message) {
    Shortage found;
    const std::string name = mt_private_use_name();
    found.bytes = bytes_after(message, "allocate ");
    if (found.bytes == 0) {
        found.bytes = bytes_after(message, "cannot get ");
    }
    const auto names = [&](const char *library) { return message.find(library) != std::string::npos; };
    if (names("CUDA") || names("CUBLAS") || names("CUDNN") || names("Cuda failure")) {
        found.device = device_after(message, "GPU ", at::kCUDA);
    } else if (names("MPS")) {
        found.device = {MT_MPS, -1};
    } else if (message.find(name) != std::string::npos) {
        found.device = device_after(message, name + ":", at::kPrivateUse1);
    }
    return found;
}

bool has_index(at::Device device) {
    return !device.is_cpu() && !device.is_meta();
}

// The allocator of a device, if it counts.
c10::DeviceAllocator *allocator(at::Device device) {
    return has_index(device)
               ? dynamic_cast<c10::DeviceAllocator *>(c10::GetAllocator(device.type()))
               : nullptr;
}

c10::DeviceIndex index_of(at::Device device) {
    return device.has_index() ? device.index()
                              : c10::impl::VirtualGuardImpl(device.type()).getDevice().index();
}

int32_t registered_count(at::DeviceType type) {
    return c10::impl::hasDeviceGuardImpl(type)
               ? static_cast<int32_t>(c10::impl::getDeviceGuardImpl(type)->deviceCount())
               : 0;
}

} // namespace

const std::string &mipha::load_cuda() {
    static const std::string absence = start_cuda();
    return absence;
}

at::Device mipha::device(mt_device device) {
    const auto index = static_cast<c10::DeviceIndex>(device.index);
    switch (device.kind) {
    case MT_CPU: return at::Device(at::kCPU);
    case MT_CUDA:
        if (!load_cuda().empty()) {
            throw std::invalid_argument("there is no CUDA device: " + load_cuda());
        }
        return at::Device(at::kCUDA, index);
    case MT_MPS: return at::Device(at::kMPS, index);
    case MT_META: return at::Device(at::kMeta);
    case MT_PRIVATE_USE: return at::Device(at::kPrivateUse1, index);
    }
    throw std::invalid_argument("unknown device kind");
}

mt_device_kind mipha::device_kind(at::Device device) {
    switch (device.type()) {
    case at::kCPU: return MT_CPU;
    case at::kCUDA: return MT_CUDA;
    case at::kMPS: return MT_MPS;
    case at::kMeta: return MT_META;
    case at::kPrivateUse1: return MT_PRIVATE_USE;
    default: throw std::invalid_argument("tensors on " + device.str() + " are not supported");
    }
}

mt_device mipha::device(at::Device device) { return {device_kind(device), device.index()}; }

void mipha::require_cpu(const char *function, std::initializer_list<Operand> operands) {
    for (const Operand &operand : operands) {
        if (operand.tensor != nullptr && !operand.tensor->is_cpu()) {
            throw std::invalid_argument(std::string(function) + ": expected " + operand.name +
                                        " on the CPU, found it on " +
                                        operand.tensor->device().str());
        }
    }
}

void mipha::require_together(const char *function, std::initializer_list<Operand> operands) {
    const Operand *first = nullptr;
    for (const Operand &operand : operands) {
        if (operand.tensor == nullptr) {
            continue;
        }
        if (first == nullptr) {
            first = &operand;
        }
        const at::Tensor &one = *first->tensor, &other = *operand.tensor;
        const bool are_near = (one.is_cpu() || one.is_meta()) && (other.is_cpu() || other.is_meta());
        if (one.device() != other.device() && !are_near) {
            throw std::invalid_argument(std::string(function) + ": " + first->name + " is on " +
                                        one.device().str() + ", but " + operand.name + " on " +
                                        other.device().str());
        }
    }
}

bool mipha::tells_shortage(const std::string &message) noexcept {
    constexpr const char *words[] = {"CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED",
                                     "CUDNN_STATUS_ALLOC_FAILED", "Cuda failure 2 'out of memory'",
                                     "MPS backend out of memory"};
    return std::any_of(std::begin(words), std::end(words), [&](const char *known) {
        return message.find(known) != std::string::npos;
    });
}

void mipha::note_shortage(const std::string &message) noexcept {
    try {
        shortage = read_shortage(message);
    } catch (...) { // short of memory for the words too
        shortage = {};
    }
}

bool mt_read_shortage(const char *message, mt_device *device, uint64_t *bytes) {
    try {
        const Shortage found = read_shortage(message);
        *device = found.device;
        *bytes = found.bytes;
        return mipha::tells_shortage(message);
    } catch (...) {
        return false;
    }
}

mt_device mt_last_shortage(uint64_t *bytes) {
    *bytes = shortage.bytes;
    return shortage.device;
}

const char *mt_private_use_name(void) {
    static thread_local std::string name;
    try {
        name = c10::get_privateuse1_backend(/*lower_case=*/true);
    } catch (...) {
        name = "privateuseone";
    }
    return name.c_str();
}

int32_t mt_device_count(mt_device_kind kind) {
    try {
        switch (kind) {
        case MT_CPU:
        case MT_META: return 1;
        case MT_CUDA: return mipha::load_cuda().empty() ? registered_count(at::kCUDA) : 0;
        case MT_MPS: return at::hasMPS() ? 1 : 0;
        case MT_PRIVATE_USE: return registered_count(at::kPrivateUse1);
        }
    } catch (...) { // a driver that fails has no devices
    }
    return 0;
}

const char *mt_cuda_absence(void) {
    try {
        return mipha::load_cuda().c_str();
    } catch (...) {
        return "the driver failed";
    }
}

mt_status mt_set_current_device(mt_device device) {
    return guard([&] {
        const at::Device target = mipha::device(device);
        if (has_index(target) && target.has_index()) {
            c10::impl::VirtualGuardImpl(target.type()).setDevice(target);
        }
    });
}

mt_status mt_synchronize(mt_device device) {
    return guard([&] {
        const at::Device target = mipha::device(device);
        if (has_index(target)) {
            c10::impl::VirtualGuardImpl(target.type()).synchronizeDevice(index_of(target));
        }
    });
}

mt_status mt_set_deterministic(bool value) {
    return guard([&] {
        if (value) { // read by cuBLAS when it starts
            setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
        }
        at::Context &context = at::globalContext();
        context.setDeterministicAlgorithms(value, /*warn_only=*/false);
        context.setDeterministicFillUninitializedMemory(false);
        context.setDeterministicCuDNN(value);
        if (value) {
            context.setBenchmarkCuDNN(false);
        }
    });
}

mt_status mt_device_memory(mt_device device, mt_memory *out) {
    return guard([&] {
        const at::Device target = mipha::device(device);
        mt_memory memory{};
        if (target.is_cuda()) {
            at::globalContext().lazyInitDevice(at::kCUDA);
        }
        c10::DeviceAllocator *counting = allocator(target);
        if (counting != nullptr && counting->initialized()) {
            const c10::DeviceIndex index = index_of(target);
            const auto stats = counting->getDeviceStats(index);
            constexpr auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
            memory.used = static_cast<uint64_t>(stats.allocated_bytes[all].current);
            memory.peak = static_cast<uint64_t>(stats.allocated_bytes[all].peak);
            memory.reserved = static_cast<uint64_t>(stats.reserved_bytes[all].current);
            try {
                std::tie(memory.available, memory.total) = counting->getMemoryInfo(index);
            } catch (const c10::NotImplementedError &) { // stays unknown
            }
        }
        *out = memory;
    });
}

mt_status mt_device_reset_peak(mt_device device) {
    return guard([&] {
        const at::Device target = mipha::device(device);
        c10::DeviceAllocator *counting = allocator(target);
        if (counting != nullptr && counting->initialized()) {
            counting->resetPeakStats(index_of(target));
        }
    });
}

mt_status mt_device_release_memory(mt_device device) {
    return guard([&] {
        c10::DeviceAllocator *counting = allocator(mipha::device(device));
        if (counting != nullptr && counting->initialized()) {
            counting->emptyCache();
        }
    });
}
