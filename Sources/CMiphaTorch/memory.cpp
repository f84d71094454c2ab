// How a process that trains gets memory for its tensors.
#include "internal.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <c10/core/CPUAllocator.h>
#pragma clang diagnostic pop

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <mutex>

#ifdef __GLIBC__
#include <malloc.h>
#include <sys/mman.h>
#endif

namespace {

#ifdef __GLIBC__

constexpr size_t alignment = 64; // of elements, as libtorch's kernels expect
constexpr size_t mapped_size = 32 << 20, huge_page = 2 << 20;

// In front of the elements.
struct Origin {
    void *start;
    size_t mapped; // 0 for memory of malloc
};

Origin &origin(void *elements) { return static_cast<Origin *>(elements)[-1]; }

void *place(void *start, size_t mapped) {
    const auto address = reinterpret_cast<uintptr_t>(start) + sizeof(Origin);
    void *elements = reinterpret_cast<void *>((address + alignment - 1) & ~(alignment - 1));
    origin(elements) = {start, mapped};
    return elements;
}

// Blocks of pages of their own. Given back, they are kept for the next that fits, since the system
// clears every page that it hands out; but never more than were once in use at the same time, so that the
// peak of the process stays what it would be without.
class Mappings {
  public:
    void *take(size_t size) {
        const std::lock_guard<std::mutex> lock(mutex);
        void *start = reuse(size);
        if (start == nullptr) {
            const size_t limit = std::max(most, in_use + size);
            while (kept > 0 && in_use + size + kept > limit) {
                drop(in_use + size + kept - limit);
            }
            start = map(size);
            if (start == nullptr && kept > 0) {
                while (kept > 0) {
                    drop(kept);
                }
                start = map(size);
            }
            if (start == nullptr) {
                return nullptr;
            }
            most = limit;
        }
        in_use += size;
        return start;
    }

    void give(void *start, size_t size) {
        const std::lock_guard<std::mutex> lock(mutex);
        in_use -= size;
        blocks.emplace(size, start);
        kept += size;
    }

  private:
    static void *map(size_t size) {
        void *start =
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (start == MAP_FAILED) {
            return nullptr;
        }
        madvise(start, size, MADV_HUGEPAGE); // fewer page faults; nothing depends on it
        return start;
    }

    // The smallest kept block that is large enough, cut to size.
    void *reuse(size_t size) {
        const auto found = blocks.lower_bound(size);
        if (found == blocks.end()) {
            return nullptr;
        }
        const auto [whole, start] = *found;
        if (whole > size) {
            munmap(static_cast<char *>(start) + size, whole - size);
        }
        blocks.erase(found);
        kept -= whole;
        return start;
    }

    // Gives the system the smallest block of at least `size` bytes, or the largest.
    void drop(size_t size) {
        auto found = blocks.lower_bound(size);
        if (found == blocks.end()) {
            --found;
        }
        munmap(found->second, found->first);
        kept -= found->first;
        blocks.erase(found);
    }

    std::mutex mutex;
    std::multimap<size_t, void *> blocks; // by size
    size_t in_use = 0, kept = 0, most = 0;
};

Mappings &mappings() {
    static auto *const shared = new Mappings; // tensors may outlive static objects
    return *shared;
}

void *get(size_t size) {
    constexpr size_t room = sizeof(Origin) + alignment;
    if (size > std::numeric_limits<size_t>::max() - room - huge_page) {
        return nullptr;
    }
    if (size < mapped_size) {
        void *start = std::malloc(size + room);
        return start == nullptr ? nullptr : place(start, 0);
    }
    const size_t whole = (size + room + huge_page - 1) / huge_page * huge_page;
    void *start = mappings().take(whole);
    return start == nullptr ? nullptr : place(start, whole);
}

void give_back(void *elements) {
    if (elements == nullptr) {
        return;
    }
    const Origin from = origin(elements);
    if (from.mapped > 0) {
        mappings().give(from.start, from.mapped);
    } else {
        std::free(from.start);
    }
}

// libtorch's own allocator asks for aligned memory, for which glibc needs a hole larger than what
// it gives: a freed tensor leaves none for the next of its size, and memory grows. This one asks for
// unaligned memory.
struct ReusingAllocator final : c10::Allocator {
    c10::DataPtr allocate(size_t size) override {
        void *elements = size == 0 ? nullptr : get(size);
        if (size > 0 && elements == nullptr) {
            TORCH_CHECK_WITH(OutOfMemoryError, false, "cannot get ", size, " bytes of memory");
        }
        return {elements, elements, &give_back, c10::Device(c10::kCPU)};
    }

    c10::DeleterFnPtr raw_deleter() const override { return &give_back; }

    void copy_data(void *target, const void *source, size_t size) const override {
        default_copy_data(target, source, size);
    }
};

#endif

} // namespace

void mt_keep_freed_memory(void) {
#ifdef __GLIBC__
    // Each block of its own mapping costs page faults anew: a quarter of a training step on CPU.
    // The largest, whose holes nothing else would fill, have theirs all the same.
    mallopt(M_MMAP_THRESHOLD, mapped_size);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    mallopt(M_TOP_PAD, 64 << 20);
    static ReusingAllocator allocator;
    c10::SetCPUAllocator(&allocator, /*priority=*/1);
#endif
}
