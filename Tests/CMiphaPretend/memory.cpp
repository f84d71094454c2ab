#include "memory.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "counts.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <c10/core/CPUAllocator.h>
#pragma clang diagnostic pop

namespace pretend {
namespace {

// What a storage of the device owns.
struct Block {
    c10::Storage host;
    size_t size;
    int device;

    static void release(void *context) {
        auto *const block = static_cast<Block *>(context);
        memory(block->device).give_back(block->size);
        // A kernel may keep what it handed out; its memory is not free then.
        if (modes().hostile && block->host.unique()) {
            poison(block->host.mutable_data(), block->size);
        }
        delete block;
    }
};

struct Allocator final : c10::DeviceAllocator {
    c10::DataPtr allocate(size_t size) override {
        c10::Storage host(c10::Storage::use_byte_size_t(), static_cast<int64_t>(size),
                          c10::GetCPUAllocator(), /*resizable=*/false);
        if (modes().hostile) {
            poison(host.mutable_data(), size);
        }
        return adopt(std::move(host), current_device());
    }
    void copy_data(void *target, const void *source, size_t size) const override {
        std::memcpy(turned(target), turned(source), size);
    }
    bool initialized() override { return true; }
    void emptyCache(c10::MempoolId_t) override {}
    void recordStream(const c10::DataPtr &, c10::Stream) override {}
    c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex device) override {
        c10::CachingDeviceAllocator::DeviceStats stats;
        for (auto *kinds : {&stats.allocated_bytes, &stats.reserved_bytes, &stats.active_bytes,
                            &stats.requested_bytes}) {
            (*kinds)[0].current = memory(device).now;
            (*kinds)[0].peak = memory(device).peak;
        }
        return stats;
    }
    void resetAccumulatedStats(c10::DeviceIndex) override {}
    void resetPeakStats(c10::DeviceIndex device) override { memory(device).reset_peak(); }
    std::pair<size_t, size_t> getMemoryInfo(c10::DeviceIndex device) override {
        constexpr int64_t without_limit = int64_t(64) << 30;
        const int64_t limit = memory(device).capacity;
        const int64_t total = limit > 0 ? limit : without_limit;
        return {static_cast<size_t>(std::max<int64_t>(total - memory(device).now, 0)),
                static_cast<size_t>(total)};
    }
};

struct Pinned {
    std::mutex mutex;
    std::map<uintptr_t, size_t> blocks;
};

Pinned &pinned() {
    static auto *const shared = new Pinned;
    return *shared;
}

struct PinnedAllocator final : c10::Allocator {
    c10::DataPtr allocate(size_t size) override {
        constexpr size_t alignment = 64;
        void *const start =
            size == 0 ? nullptr
                      : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
        TORCH_CHECK_WITH(OutOfMemoryError, size == 0 || start != nullptr, "no pinned memory for ",
                         size, " bytes");
        if (start != nullptr) {
            const std::lock_guard<std::mutex> lock(pinned().mutex);
            pinned().blocks[reinterpret_cast<uintptr_t>(start)] = size;
        }
        return {start, start, &release, c10::Device(c10::kCPU)};
    }
    static void release(void *start) {
        if (start != nullptr) {
            const std::lock_guard<std::mutex> lock(pinned().mutex);
            pinned().blocks.erase(reinterpret_cast<uintptr_t>(start));
        }
        std::free(start);
    }
    c10::DeleterFnPtr raw_deleter() const override { return &release; }
    void copy_data(void *target, const void *source, size_t size) const override {
        default_copy_data(target, source, size);
    }
};

} // namespace

int &current_device() noexcept {
    static thread_local int index = 0;
    return index;
}

int place(c10::Device device) { return device.index() < 0 ? current_device() : device.index(); }

void poison(void *start, size_t size) noexcept {
    if (start != nullptr) {
        std::memset(start, 0xFF, size);
    }
}

c10::DataPtr adopt(c10::Storage host, int device) {
    const size_t size = host.nbytes();
    memory(device).take(device, size);
    void *const address = turned(host.data());
    auto *const block = new Block{std::move(host), size, device};
    return {address, block, &Block::release, pretend::device(device)};
}

c10::DeviceAllocator &allocator() {
    static auto *const shared = new Allocator;
    return *shared;
}

c10::Allocator &pinned_allocator() {
    static auto *const shared = new PinnedAllocator;
    return *shared;
}

bool is_pinned(const void *address) {
    const auto place = reinterpret_cast<uintptr_t>(address);
    const std::lock_guard<std::mutex> lock(pinned().mutex);
    const auto after = pinned().blocks.upper_bound(place);
    return after != pinned().blocks.begin() &&
           place < std::prev(after)->first + std::prev(after)->second;
}

} // namespace pretend
