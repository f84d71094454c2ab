#include "hooks.h"

#include <array>
#include <utility>

#include "memory.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/CPUGeneratorImpl.h>
#pragma clang diagnostic pop

namespace pretend {
namespace {

// A generator of the CPU that only tensors of the device take.
struct Generator final : c10::GeneratorImpl {
    at::Generator host;

    Generator(int device, at::Generator host)
        : GeneratorImpl(pretend::device(device),
                        c10::DispatchKeySet(c10::DispatchKey::PrivateUse1)),
          host(std::move(host)) {}
    void set_current_seed(uint64_t seed) override { host.set_current_seed(seed); }
    uint64_t current_seed() const override { return host.current_seed(); }
    uint64_t seed() override { return host.seed(); }
    // The CPU's have no offset.
    void set_offset(uint64_t) override {}
    uint64_t get_offset() const override { return 0; }
    // GPUs take a part of a tensor, which crashes the CPU's.
    void set_state(const c10::TensorImpl &state) override {
        const at::Tensor given(
            c10::intrusive_ptr<c10::TensorImpl, at::UndefinedTensorImpl>::reclaim_copy(
                const_cast<c10::TensorImpl *>(&state)));
        host.set_state(given.clone());
    }
    c10::intrusive_ptr<c10::TensorImpl> get_state() const override {
        return host.unsafeGetGeneratorImpl()->get_state();
    }
    Generator *clone_impl() const override { return new Generator(device_.index(), host.clone()); }
};

at::Generator make_generator(int device) {
    return at::make_generator<Generator>(device, at::detail::createCPUGenerator());
}

struct Hooks final : at::PrivateUse1HooksInterface {
    bool isBuilt() const override { return true; }
    bool isAvailable() const override { return true; }
    bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
    c10::DeviceIndex deviceCount() const override { return device_count; }
    c10::DeviceIndex getCurrentDevice() const override {
        return static_cast<c10::DeviceIndex>(current_device());
    }
    void setCurrentDevice(c10::DeviceIndex next) const override { current_device() = next; }
    c10::DeviceIndex exchangeDevice(c10::DeviceIndex next) const override {
        return static_cast<c10::DeviceIndex>(std::exchange(current_device(), int(next)));
    }
    c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex next) const override {
        return next < 0 ? getCurrentDevice() : exchangeDevice(next);
    }
    const at::Generator &getDefaultGenerator(c10::DeviceIndex index) const override {
        return default_generator(place(c10::Device(kind, index)));
    }
    at::Generator getNewGenerator(c10::DeviceIndex index) const override {
        return make_generator(place(c10::Device(kind, index)));
    }
    at::Device getDeviceFromPtr(void *) const override {
        TORCH_CHECK(false, "an address of the pretend device does not say which device it is on");
    }
    bool isPinnedPtr(const void *address) const override { return is_pinned(address); }
    c10::Allocator *getPinnedMemoryAllocator() const override { return &pinned_allocator(); }
};

} // namespace

at::Generator host_generator(const at::Generator &generator) {
    return generator.get<Generator>()->host;
}

const at::Generator &default_generator(int device) {
    static auto *const shared =
        new std::array<at::Generator, device_count>{make_generator(0), make_generator(1)};
    return shared->at(static_cast<size_t>(device));
}

at::PrivateUse1HooksInterface *make_hooks() { return new Hooks; }

} // namespace pretend
