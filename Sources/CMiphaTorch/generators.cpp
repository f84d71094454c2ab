// Generators of random numbers.
#include "internal.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#pragma clang diagnostic pop

#include <algorithm>
#include <array>
#include <cstring>

using mipha::guard;
using mipha::unwrap;

at::Generator mipha::unwrap(mt_generator generator) {
    return at::Generator(c10::intrusive_ptr<c10::GeneratorImpl>::reclaim_copy(
        reinterpret_cast<c10::GeneratorImpl *>(generator)));
}

namespace {

// In front of the states of all kinds but the CPU's: a word, then the kind's name.
constexpr std::array<char, 8> mark = {'m', 'i', 'p', 'h', 'a', 'r', 'n', 'g'};
constexpr int64_t header_size = 32;

std::string kind_of(const at::Tensor &state) {
    if (!state.is_cpu() || state.scalar_type() != at::kByte || state.dim() != 1) {
        throw std::invalid_argument("the state of a generator is a list of bytes on the CPU");
    }
    const at::Tensor dense = state.contiguous();
    const char *bytes = static_cast<const char *>(dense.const_data_ptr());
    if (dense.numel() < header_size || std::memcmp(bytes, mark.data(), mark.size()) != 0) {
        return "cpu";
    }
    const char *name = bytes + mark.size(), *end = bytes + header_size;
    return {name, std::find(name, end, '\0')};
}

at::Tensor header(const std::string &kind) {
    at::Tensor result = at::zeros({header_size}, at::kByte);
    char *bytes = static_cast<char *>(result.mutable_data_ptr());
    std::memcpy(bytes, mark.data(), mark.size());
    std::memcpy(bytes + mark.size(), kind.data(),
                std::min(kind.size(), static_cast<size_t>(header_size) - mark.size()));
    return result;
}

std::string kind_of(const at::Generator &generator) {
    return c10::DeviceTypeName(generator.device().type(), /*lower_case=*/true);
}

} // namespace

mt_status mt_generator_create(uint64_t seed, mt_device device, mt_generator *out) {
    return guard([&] {
        const at::Device target = mipha::device(device);
        at::Generator generator;
        if (target.is_cpu()) {
            generator = at::detail::createCPUGenerator(seed);
        } else if (target.is_meta()) {
            throw std::invalid_argument("the meta device draws no numbers");
        } else {
            generator = at::globalContext()
                            .getAcceleratorHooksInterface(target.type())
                            .getNewGenerator(target.index());
            generator.set_current_seed(seed);
        }
        *out = reinterpret_cast<mt_generator>(generator.unsafeReleaseGeneratorImpl());
    });
}

void mt_generator_free(mt_generator generator) {
    if (generator != nullptr) {
        c10::intrusive_ptr<c10::GeneratorImpl>::reclaim(
            reinterpret_cast<c10::GeneratorImpl *>(generator));
    }
}

mt_device mt_generator_device(mt_generator generator) {
    return mipha::device(reinterpret_cast<c10::GeneratorImpl *>(generator)->device());
}

mt_status mt_generator_state(mt_generator generator, mt_tensor *out) {
    return guard([&] {
        const at::Generator source = unwrap(generator);
        at::Tensor state = source.get_state();
        if (!source.device().is_cpu()) {
            state = at::cat({header(kind_of(source)), state.cpu()});
        }
        *out = mipha::wrap(std::move(state));
    });
}

mt_status mt_generator_set_state(mt_generator generator, mt_tensor state) {
    return guard([&] {
        at::Generator target = unwrap(generator);
        const at::Tensor source = unwrap(state);
        const std::string expected = kind_of(target);
        if (expected == "cpu" && source.scalar_type() != at::kByte) {
            target.set_state(source); // which refuses it in its own words
            return;
        }
        const std::string found = kind_of(source);
        if (found != expected) {
            throw std::invalid_argument("a generator of the kind " + expected +
                                        " does not go on from the state of one of the kind " +
                                        found);
        }
        // A generator reads from the beginning of the storage, also where the tensor begins later.
        target.set_state(
            (expected == "cpu" ? source : source.slice(0, header_size)).contiguous().clone());
    });
}

mt_status mt_generator_state_kind(mt_tensor state, const char **out) {
    return guard([&] {
        static thread_local std::string kind;
        kind = kind_of(unwrap(state));
        *out = kind.c_str();
    });
}
