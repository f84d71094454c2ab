// What the device refuses, counts and keeps apart.
#include "probes/probe.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/DeviceAccelerator.h>
#pragma clang diagnostic pop

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counts.h"
#include "hooks.h"

namespace pretend {
namespace {

using Refusals = std::vector<std::pair<const char *, std::function<void()>>>;

void mixed_devices() {
    const at::Tensor host = at::ones({3, 3}), x = host.to(device(0));
    const at::Tensor places = at::zeros({3}, at::kLong);
    const Refusals refusals{
        {"add", [&] { x.add(host); }},
        {"add_ to the host", [&] { host.clone().add_(x); }},
        {"mm", [&] { x.mm(host); }},
        {"bmm", [&] { x.unsqueeze(0).bmm(host.unsqueeze(0)); }},
        {"linear", [&] { at::linear(x, host); }},
        {"embedding", [&] { at::embedding(x, places); }},
        {"index_select", [&] { x.index_select(0, places); }},
        {"index_copy_", [&] { x.clone().index_copy_(0, places.narrow(0, 0, 1), x.narrow(0, 0, 1)); }},
        {"gather", [&] { x.gather(0, places.view({1, 3})); }},
        {"cat", [&] { at::cat({x, host}); }},
        {"layer_norm", [&] { at::layer_norm(x, {3}, host[0], host[0]); }},
        {"cross_entropy", [&] { at::cross_entropy_loss(x, places); }},
        {"where", [&] { at::where(host.gt(0), x, x); }},
        {"masked_fill", [&] { x.masked_fill(host.gt(0), 0); }},
        {"a mask of attention",
         [&] {
             const at::Tensor q = x.view({1, 1, 3, 3});
             at::scaled_dot_product_attention(q, q, q, host.gt(0).view({1, 1, 3, 3}));
         }},
        {"values of index_put_", [&] { x.clone().index_put_({places}, host); }},
        {"conv2d", [&] { at::conv2d(x.view({1, 1, 3, 3}), host.view({1, 1, 3, 3})); }},
        {"_fused_adamw_",
         [&] {
             at::_fused_adamw_({x}, {x}, {x.clone()}, {x.clone()}, {}, {at::ones({})}, 1e-3, 0.9,
                               0.99, 0, 1e-8, false, false);
         }},
        {"two devices", [&] { x.add(x.to(device(1))); }},
    };
    for (const auto &[name, body] : refusals) {
        require_refusal(body, "the same device", name);
    }
    const std::string scalar = message_of([&] { x.mul(at::scalar_tensor(2.0)); });
    require(scalar.empty(), "a scalar of the host: " + scalar);
}

void second_device() {
    const at::Tensor host = at::arange(6, at::kFloat), x = host.to(device(1));
    require((x + 1).device() == device(1), "a result leaves its device");
    require_equal(x + 1, host + 1, "values");
    require_equal(x.to(device(0)), host, "from one device to the other");
    const int64_t first = memory(0).now, second = memory(1).now;
    const at::Tensor made = at::zeros({100}, on(1)), twice = made + made;
    require(memory(0).now == first && memory(1).now - second == 800,
            "bytes are counted on the wrong device");
}

// How a child ended that did what the host may not, and what it said.
std::pair<int, std::string> end_of_child(const std::function<void()> &body) {
    int pipe_ends[2];
    require(pipe(pipe_ends) == 0, "no pipe");
    for (const int end : pipe_ends) { // other children, of other tests, would keep it open
        fcntl(end, F_SETFD, FD_CLOEXEC);
    }
    const pid_t child = fork();
    require(child >= 0, "no child");
    if (child == 0) {
        const rlimit none{0, 0};
        setrlimit(RLIMIT_CORE, &none);
        dup2(pipe_ends[1], STDERR_FILENO);
        body();
        _exit(0);
    }
    close(pipe_ends[1]);
    std::string said;
    char buffer[256];
    for (ssize_t count; (count = read(pipe_ends[0], buffer, sizeof buffer)) > 0;) {
        said.append(buffer, static_cast<size_t>(count));
    }
    close(pipe_ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    return {status, said};
}

void host_access() {
    const at::Tensor x = at::ones({64}, on(0));
    volatile float *const elements = static_cast<float *>(x.mutable_data_ptr());
    const std::vector<std::pair<const char *, std::function<void()>>> accesses{
        {"a read", [=] { (void)elements[3]; }},
        {"a write", [=] { elements[3] = 1; }},
        {"memcpy",
         [&] {
             char bytes[256];
             std::memcpy(bytes, x.const_data_ptr(), sizeof bytes);
             volatile char last = bytes[255];
             (void)last;
         }},
    };
    for (const auto &[name, body] : accesses) {
        const auto [status, said] = end_of_child(body);
        require(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
                std::string(name) + " by the host ended with status " + std::to_string(status));
        require(said.find("the host touched memory of the device") != std::string::npos,
                std::string(name) + " by the host said \"" + said + "\"");
    }
    const auto [status, said] = end_of_child([] { (void)*reinterpret_cast<volatile char *>(64); });
    require(WIFSIGNALED(status) && said.find("the device") == std::string::npos,
            "another fault: \"" + said + "\"");
}

void generators() {
    at::Generator ours = at::globalContext().getAcceleratorHooksInterface(kind).getNewGenerator(0);
    ours.set_current_seed(7);
    const at::Tensor state = ours.get_state();
    const auto draw = [](at::Generator generator, int index) {
        return at::empty({8}, on(index)).normal_(0, 1, std::move(generator));
    };
    const at::Tensor first = draw(ours, 0);
    ours.set_state(state);
    require_equal(draw(ours, 0), first, "the state again");
    ours.set_state(at::cat({at::zeros({32}, at::kByte), state}).slice(0, 32));
    require_equal(draw(ours, 0), first, "the state as a part of a tensor");
    const std::string part = "device type for generator";
    at::Generator host = at::detail::createCPUGenerator(7);
    require_refusal([&] { draw(host, 0); }, part, "a generator of the host");
    require_refusal([&] { at::empty({8}).normal_(0, 1, ours); }, part, "a tensor of the host");
    at::Generator standard = default_generator(0);
    standard.set_current_seed(11);
    const at::Tensor a = at::randn({8}, on(0));
    standard.set_current_seed(11);
    require_equal(at::randn({8}, on(0)), a, "the standard generator of the device");
    const at::Tensor before = at::detail::getDefaultCPUGenerator().get_state();
    at::randn({8}, on(0));
    require_equal(at::detail::getDefaultCPUGenerator().get_state(), before, "the host's generator");
}

void memory_counts() {
    const int64_t before = memory(0).now;
    memory(0).reset_peak();
    {
        const at::Tensor x = at::zeros({1000}, on(0)), y = x + 1;
        require(memory(0).now - before == 8000, "8000 bytes are taken, counted were " +
                                                    std::to_string(memory(0).now - before));
        require(at::accelerator::getDeviceStats(0).allocated_bytes[0].current == memory(0).now,
                "the statistics of libtorch's own interface");
    }
    require(memory(0).now == before && memory(0).peak - before >= 8000, "all is given back");
    memory(0).capacity = before + 1000;
    const std::string refused = message_of([] { at::zeros({1000}, on(0)); });
    const auto [free, total] = c10::getDeviceAllocator(kind)->getMemoryInfo(0);
    memory(0).capacity = 0;
    require(free == 1000 && static_cast<int64_t>(total) == before + 1000, "free and whole memory");
    require(refused.find("Tried to allocate 4000 bytes; 1000 of") != std::string::npos,
            "beyond the capacity: \"" + refused + "\"");
    require(memory(0).now == before, "what was refused is still counted");
}

void missing_float64() {
    const at::Tensor x = at::ones({3}, on(0));
    const Setting lacking(modes().lacks_float64, true);
    const std::string part = "no float64";
    require_refusal([&] { x.to(at::kDouble); }, part, "a conversion");
    require_refusal([] { at::zeros({2}, on(0, at::kDouble)); }, part, "zeros");
    require_refusal([] { at::ones({2}, at::kDouble).to(device(0)); }, part, "a copy");
    require_refusal([&] { x.sum(at::kDouble); }, part, "a sum");
    require_equal(x.mul(2.5).cpu().to(at::kDouble), at::full({3}, 2.5, at::kDouble), "a number");
}

} // namespace

std::vector<Probe> rule_probes() {
    return {
        {"operands on two devices are refused, as CUDA refuses them", &mixed_devices},
        {"the second device computes and counts apart from the first", &second_device},
        {"a host that reads or writes memory of the device dies and says why", &host_access},
        {"generators belong to the device, and each draws only there", &generators},
        {"bytes are counted, given back and limited", &memory_counts},
        {"without float64 its results are refused", &missing_float64},
    };
}

} // namespace pretend
