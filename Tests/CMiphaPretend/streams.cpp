#include "streams.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <mutex>
#include <vector>

#include "counts.h"

namespace pretend {
namespace {

// Copies that were started and have not happened.
class Waiting {
  public:
    void add(int device, int64_t stream, Direction direction, std::function<void()> run) {
        const std::lock_guard<std::mutex> lock(mutex);
        copies.push_back({device, stream, next++, direction, std::move(run)});
        count = copies.size();
    }

    int64_t last() {
        const std::lock_guard<std::mutex> lock(mutex);
        return next - 1;
    }

    // Lets those happen that `is_due` names, in the order of their start.
    template <typename IsDue> void settle(IsDue &&is_due) {
        if (count == 0) {
            return;
        }
        std::vector<Copy> done; // what copies hold is let go without the lock
        const std::lock_guard<std::mutex> lock(mutex);
        std::vector<Copy> left;
        for (Copy &copy : copies) {
            if (is_due(copy)) {
                copy.run();
                done.push_back(std::move(copy));
            } else {
                left.push_back(std::move(copy));
            }
        }
        copies = std::move(left);
        count = copies.size();
    }

    void settle_stream(int device, int64_t stream, int64_t until, bool with_host) {
        settle([=](const Copy &copy) {
            return copy.device == device && copy.stream == stream && copy.number <= until &&
                   (with_host || copy.direction == Direction::up);
        });
    }

    bool has_any(int device, int64_t stream, int64_t until) {
        const std::lock_guard<std::mutex> lock(mutex);
        return std::any_of(copies.begin(), copies.end(), [=](const Copy &copy) {
            return copy.device == device && copy.stream == stream && copy.number <= until;
        });
    }

    void settle_device(int device) {
        settle([=](const Copy &copy) { return copy.device == device; });
    }

  private:
    struct Copy {
        int device;
        int64_t stream, number;
        Direction direction;
        std::function<void()> run;
    };

    std::mutex mutex;
    std::vector<Copy> copies;
    std::atomic<size_t> count{0};
    int64_t next = 1;
};

Waiting &waiting() {
    static auto *const shared = new Waiting;
    return *shared;
}

constexpr int64_t everything = std::numeric_limits<int64_t>::max();

// The calling thread's stream of a device.
int64_t &current_stream(int device) {
    static thread_local std::array<int64_t, device_count> streams{};
    return streams.at(static_cast<size_t>(device));
}

// Everything that its stream had to do when it was recorded.
struct Event {
    int device;
    int64_t stream, last;
};

c10::Stream stream(int device, int64_t id) {
    return c10::Stream(c10::Stream::UNSAFE, pretend::device(device), id);
}

struct Guard final : c10::impl::DeviceGuardImplInterface {
    c10::DeviceType type() const override { return kind; }
    c10::DeviceIndex deviceCount() const noexcept override { return device_count; }

    c10::Device getDevice() const override { return device(current_device()); }
    void setDevice(c10::Device next) const override {
        TORCH_CHECK(next.type() == kind && next.index() < device_count, "there is no device ", next);
        current_device() = place(next);
    }
    void uncheckedSetDevice(c10::Device next) const noexcept override {
        if (next.index() >= 0 && next.index() < device_count) {
            current_device() = next.index();
        }
    }
    c10::Device exchangeDevice(c10::Device next) const override {
        const c10::Device former = getDevice();
        setDevice(next);
        return former;
    }

    c10::Stream getStream(c10::Device device) const override {
        return stream(place(device), current_stream(place(device)));
    }
    c10::Stream getDefaultStream(c10::Device device) const override {
        return stream(place(device), 0);
    }
    c10::Stream getStreamFromGlobalPool(c10::Device device, bool) const override {
        constexpr int64_t pool_size = 8;
        static std::atomic<int64_t> next{0};
        return stream(place(device), 1 + next++ % pool_size);
    }
    c10::Stream getNewStream(c10::Device device, int) const override {
        return getStreamFromGlobalPool(device, false);
    }
    c10::Stream exchangeStream(c10::Stream next) const override {
        const c10::Stream former = getStream(next.device());
        current_stream(place(next.device())) = next.id();
        return former;
    }
    bool queryStream(const c10::Stream &stream) const override {
        waiting().settle_stream(place(stream.device()), stream.id(), everything, true);
        return true;
    }
    void synchronizeStream(const c10::Stream &stream) const override {
        counts().waits++;
        queryStream(stream);
    }
    void synchronizeDevice(const c10::DeviceIndex index) const override {
        counts().waits++;
        waiting().settle_device(place(c10::Device(kind, index)));
    }

    void record(void **event, const c10::Stream &stream, const c10::DeviceIndex,
                const c10::EventFlag) const override {
        delete static_cast<Event *>(*event);
        *event = new Event{place(stream.device()), stream.id(), waiting().last()};
    }
    // Copies to the device, which later kernels of the other stream see; the host sees none.
    void block(void *event, const c10::Stream &) const override {
        if (const auto *const known = static_cast<Event *>(event)) {
            waiting().settle_stream(known->device, known->stream, known->last, false);
        }
    }
    bool queryEvent(void *event) const override {
        const auto *const known = static_cast<Event *>(event);
        return known == nullptr ||
               !waiting().has_any(known->device, known->stream, known->last);
    }
    void synchronizeEvent(void *event) const override {
        counts().waits++;
        if (const auto *const known = static_cast<Event *>(event)) {
            waiting().settle_stream(known->device, known->stream, known->last, true);
        }
    }
    void destroyEvent(void *event, const c10::DeviceIndex) const noexcept override {
        delete static_cast<Event *>(event);
    }
};

} // namespace

void postpone(int device, Direction direction, std::function<void()> copy) {
    waiting().add(device, current_stream(device), direction, std::move(copy));
}

void settle_for_kernel(int device) {
    waiting().settle_stream(device, current_stream(device), everything, false);
}

void settle_for_host(int device) {
    waiting().settle_stream(device, current_stream(device), everything, true);
}

c10::impl::DeviceGuardImplInterface *make_guard() { return new Guard; }

} // namespace pretend
