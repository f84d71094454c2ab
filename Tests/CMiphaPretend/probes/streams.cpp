// Copies that need not wait, in hostile mode.
#include "probes/probe.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#pragma clang diagnostic pop

#include <array>
#include <cmath>

#include "counts.h"

namespace pretend {
namespace {

const c10::impl::VirtualGuardImpl &guard() {
    static const c10::impl::VirtualGuardImpl shared(kind);
    return shared;
}

at::Tensor staged(double value) { return at::full({4}, value).pin_memory(); }
at::Tensor sent(const at::Tensor &host) {
    return host.to(device(0), at::kFloat, /*non_blocking=*/true);
}
// Without a copy of the tensor to the host, which would wait for all before it.
float first(const at::Tensor &tensor) { return (tensor + 0)[0].item<float>(); }
bool is_poison(const at::Tensor &host) { return std::isnan(host[0].item<float>()); }

void fresh_memory() {
    const Setting hostile(modes().hostile, true);
    require(std::isnan(first(at::empty({4}, on(0)))), "new memory has numbers");
    require(at::empty({2}, on(0, at::kLong))[0].item<int64_t>() == -1, "new integers");
    at::Tensor grown = at::empty({0}, on(0));
    at::add_out(grown, at::ones({2}, on(0)), at::ones({2}, on(0)));
    require(first(grown) == 2, "a result is taken for new memory");
    at::Tensor resized = at::ones({4}, on(0));
    const void *const former = resized.const_data_ptr();
    resized.resize_({1 << 16});
    require(resized.const_data_ptr() != former && first(resized) == 1, "resize_ loses elements");
}

void early_reuse() {
    const Setting hostile(modes().hostile, true);
    const at::Tensor buffer = staged(1);
    require(buffer.is_pinned() && !at::ones({4}).is_pinned(), "pinned memory is not told apart");
    const at::Tensor x = sent(buffer);
    buffer.fill_(5);
    require(first(x) == 5, "a buffer was used again too early and nothing shows it");
    buffer.fill_(1);
    const at::Tensor y = sent(buffer);
    guard().synchronizeDevice(0);
    buffer.fill_(5);
    require(first(y) == 1, "after a wait the buffer still decides");
    const at::Tensor plain = at::full({4}, 1.0), z = sent(plain);
    plain.fill_(5);
    require(first(z) == 1, "memory that is not pinned is copied late");
}

// Two buffers in turn, with memory taken between the copies, as uploads do it.
void buffers_in_turn() {
    const Setting hostile(modes().hostile, true);
    for (const bool waits : {false, true}) {
        std::array<at::Tensor, 2> buffers{staged(0), staged(0)};
        std::array<c10::Event, 2> read{c10::Event(kind), c10::Event(kind)};
        std::vector<at::Tensor> found;
        for (size_t i = 0; i < 4; i++) {
            if (waits && i >= 2) {
                read[i % 2].synchronize();
            }
            buffers[i % 2].fill_(static_cast<int64_t>(i));
            at::Tensor target = at::empty({4}, on(0));
            target.copy_(buffers[i % 2], /*non_blocking=*/true);
            read[i % 2].record(guard().getStream(device(0)));
            found.push_back(target);
        }
        bool are_whole = true;
        for (size_t i = 0; i < found.size(); i++) {
            are_whole = are_whole && first(found[i]) == static_cast<float>(i);
        }
        require(are_whole == waits, waits ? "buffers that were waited for lose their elements"
                                          : "buffers in turn without a wait are not seen");
    }
}

void late_results() {
    const Setting hostile(modes().hostile, true);
    const at::Tensor x = at::ones({4}, on(0)), host = staged(0);
    const uint64_t waits = counts().waits;
    host.copy_(x, /*non_blocking=*/true);
    require(counts().waits == waits, "an asynchronous copy to the host is counted as a wait");
    require(is_poison(host), "the host sees a copy that it did not wait for");
    x.fill_(3);
    c10::Event event(kind);
    event.record(guard().getStream(device(0)));
    event.synchronize();
    require(host[0].item<float>() == 1, "after the event the copy is not what the stream had");
    require(counts().waits == waits + 1, "the wait for an event is not counted");
}

void side_streams() {
    const Setting hostile(modes().hostile, true);
    const at::Tensor buffer = staged(3), x = at::zeros({4}, on(0));
    const c10::Stream side = guard().getStreamFromGlobalPool(device(0)),
                      standard = guard().getStream(device(0));
    c10::Event event(kind);
    {
        const c10::StreamGuard on_side(side);
        x.copy_(buffer, /*non_blocking=*/true);
        event.record(side);
    }
    require(first(x) == 0, "a skipped event is not seen");
    event.block(standard);
    require(first(x) == 3, "after the event its copy has not happened");
    {
        const c10::StreamGuard on_side(side);
        x.copy_(staged(4), /*non_blocking=*/true);
        x.record_stream(side);
    }
    event.block(standard);
    require(first(x) == 3, "an event has what was started after it");
    side.synchronize();
    require(first(x) == 4, "a synchronised stream has not done its work");
}

void copy_counts() {
    const Setting tame(modes().hostile, false);
    const auto before = mp_current_counts();
    const at::Tensor host = at::ones({4}), x = host.to(device(0)), y = sent(staged(1));
    at::Tensor back = x.cpu();
    const auto after = mp_current_counts();
    require(after.copies_up - before.copies_up == 2 && after.bytes_up - before.bytes_up == 32 &&
                after.waiting_copies_up - before.waiting_copies_up == 1,
            "copies to the device are miscounted");
    require(after.copies_down - before.copies_down == 1 &&
                after.bytes_down - before.bytes_down == 16 && after.waits - before.waits == 1,
            "copies to the host are miscounted");
    require(x.sum().item<float>() == 4 && x.gt(0).nonzero().size(0) == 4, "values");
    require(mp_current_counts().waits - after.waits == 2, "item and nonzero are not two waits");
    x.index({x.gt(0)});
    require(mp_current_counts().waits - after.waits == 3, "a mask as an index is not a wait");
    at::Tensor put = x.clone();
    put.index_put_({x.gt(0)}, at::scalar_tensor(2));
    require(mp_current_counts().waits - after.waits == 4, "a mask to put to is not a wait");
    x.index({at::zeros({1}, on(0, at::kLong))});
    require(mp_current_counts().waits - after.waits == 4, "places as an index are a wait");
    const uint64_t kernels = mp_current_counts().kernels;
    at::mm(x.view({2, 2}), x.view({2, 2}));
    require(mp_current_counts().kernels - kernels == 1, "a product is not one kernel");
}

} // namespace

std::vector<Probe> stream_probes() {
    return {
        {"new memory holds NaN, results do not", &fresh_memory},
        {"a staging buffer that is used again too early is seen", &early_reuse},
        {"buffers in turn need a wait before each is used again", &buffers_in_turn},
        {"a copy to the host is not there before the host waits", &late_results},
        {"what a side stream copies is unseen until its event is waited for", &side_streams},
        {"copies, their bytes and the host's waits are counted", &copy_counts},
    };
}

} // namespace pretend
