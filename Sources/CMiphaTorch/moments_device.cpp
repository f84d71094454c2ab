// AdamW whose moments are held in 8 bits, on a device: the codes of moments.cpp by look-up in tables.
//
// Every number is rounded where moments.cpp rounds it: both give the same bits where the device rounds
// square roots correctly and the compiler of neither joins a product and a sum.
#include "internal.h"
#include "moments.h"

#include <cstring>
#include <functional>
#include <map>
#include <mutex>

namespace {

constexpr int64_t block = MT_MOMENT_BLOCK;
constexpr int64_t longest = 16 << 20; // elements of a piece, which takes 0.7 GB meanwhile
static_assert(longest % block == 0);

// What the codes of both moments stand for, and the smallest number of each place but the first.
struct Tables {
    at::Tensor first, second, first_edges, second_edges;
};

at::Tensor table(int32_t count, const std::function<float(int32_t)> &value) {
    at::Tensor result = at::empty({count}, at::kFloat);
    float *values = result.mutable_data_ptr<float>();
    for (int32_t i = 0; i < count; i++) {
        values[i] = value(i);
    }
    return result;
}

// The smallest number from 0 whose nearest place is `place` or above; they rise together.
float smallest(int32_t place, const mipha::MomentCode &code) {
    const auto number = [](uint32_t bits) {
        float x;
        std::memcpy(&x, &bits, sizeof x);
        return x;
    };
    uint32_t below = 0, above = 0x40000000U; // 2, while shares of the largest end near 1
    while (above - below > 1) {
        const uint32_t middle = below + (above - below) / 2;
        (mipha::nearest_moment(number(middle), code) < place ? below : above) = middle;
    }
    return number(above);
}

Tables make_tables(at::Device device) {
    const mipha::MomentCode &first = mipha::signed_moments(), &second = mipha::unsigned_moments();
    const Tables made{
        table(256,
              [&](int32_t code) {
                  const float size = mipha::moment_magnitude(std::abs(code - 127), first);
                  return code < 127 ? -size : size;
              }),
        table(256, [&](int32_t code) { return mipha::moment_magnitude(code + 1, second); }),
        table(128, [&](int32_t i) { return smallest(i + 1, first); }),
        table(255, [&](int32_t i) { return smallest(i + 2, second); })};
    return {mipha::uploaded(made.first, device), mipha::uploaded(made.second, device),
            mipha::uploaded(made.first_edges, device), mipha::uploaded(made.second_edges, device)};
}

const Tables &tables(at::Device device) {
    static std::mutex mutex;
    // Never freed: memory of a device may outlast its driver at the end of the process.
    static auto *const all = new std::map<std::string, Tables>;
    const std::lock_guard<std::mutex> lock(mutex);
    auto found = all->find(device.str());
    if (found == all->end()) {
        found = all->emplace(device.str(), make_tables(device)).first;
    }
    return found->second;
}

at::Tensor decoded(const at::Tensor &codes, const at::Tensor &values, const at::Tensor &scales) {
    return values.index_select(0, codes.to(at::kInt).view({-1}))
        .view(codes.sizes())
        .mul_(scales.unsqueeze(1));
}

// What numbers of blocks with these largest ones are multiplied by.
at::Tensor inverses(const at::Tensor &largest) {
    const double smallest_held = static_cast<double>(mipha::smallest_moment);
    return largest.reciprocal().masked_fill_(largest.lt(smallest_held), 0).unsqueeze(1);
}

// Whole blocks, [blocks, block], or less than one, [1, count].
void update_blocks(const mipha::MomentTensors &part, const mipha::MomentConstants &k,
                   const Tables &tables, bool *began) {
    const at::Tensor g = part.gradient.to(at::kFloat);
    const at::Tensor m = decoded(part.first, tables.first, part.first_scales)
                             .mul_(k.beta1)
                             .add_(g.mul(k.rest1));
    const at::Tensor v = decoded(part.second, tables.second, part.second_scales)
                             .mul_(k.beta2)
                             .add_(g.mul(k.rest2).mul_(g));
    const at::Tensor change =
        m.mul(k.rate).div_(v.sqrt().mul_(k.correction).add_(k.epsilon));
    const at::Tensor largest1 = m.abs().amax(1), largest2 = v.amax(1);
    const at::Tensor places1 = at::bucketize(m.abs().mul_(inverses(largest1)), tables.first_edges,
                                             /*out_int32=*/true, /*right=*/true);
    const at::Tensor codes1 =
        at::where(m.lt(0), places1.neg(), places1).add_(127).clamp_min_(0).to(at::kByte);
    const at::Tensor codes2 = at::bucketize(v.mul(inverses(largest2)), tables.second_edges,
                                            /*out_int32=*/true, /*right=*/true)
                                  .to(at::kByte);
    // Nothing below takes memory: where it runs out, the piece is as it was.
    *began = true;
    part.parameter.mul_(k.shrink).sub_(change);
    part.first.copy_(codes1);
    part.second.copy_(codes2);
    part.first_scales.copy_(largest1);
    part.second_scales.copy_(largest2);
}

} // namespace

void mipha::update_coded_moments(const MomentTensors &all, const mt_adamw_options &options,
                                 double step, bool *began) {
    const MomentConstants constants = moment_constants(options, step);
    const Tables &known = tables(all.parameter.device());
    const auto update = [&](int64_t start, int64_t rows, int64_t width) {
        const auto part = [&](const at::Tensor &whole) {
            return whole.narrow(0, start, rows * width).view({rows, width});
        };
        const auto scales = [&](const at::Tensor &whole) {
            return whole.narrow(0, start / block, rows);
        };
        update_blocks({part(all.parameter), part(all.gradient), part(all.first), part(all.second),
                       scales(all.first_scales), scales(all.second_scales)},
                      constants, known, began);
    };
    const int64_t total = all.parameter.numel(), whole = total / block * block;
    for (int64_t start = 0; start < whole; start += longest) {
        update(start, std::min(longest, whole - start) / block, block);
    }
    if (whole < total) {
        update(whole, 1, total - whole);
    }
}
