// Backward passes and fused kernels.
#include "probes/probe.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>
#pragma clang diagnostic pop

#include <thread>

namespace pretend {
namespace {

using Leaves = std::vector<at::Tensor>;

at::Tensor sample(at::IntArrayRef sizes, double seed) {
    int64_t count = 1;
    for (const int64_t size : sizes) {
        count *= size;
    }
    return at::arange(count, at::kFloat).mul(0.75 + seed).sin().view(sizes);
}

// Values and gradients on the device against the CPU's.
void compare(const char *name, const Leaves &leaves,
             const std::function<at::Tensor(const Leaves &)> &function, double limit = 1e-5) {
    Leaves host, ours;
    for (const at::Tensor &leaf : leaves) {
        const bool is_variable = leaf.is_floating_point();
        host.push_back(leaf.detach().clone().set_requires_grad(is_variable));
        ours.push_back(leaf.detach().to(device(1)).set_requires_grad(is_variable));
    }
    const at::Tensor expected = function(host), found = function(ours);
    require(found.device() == device(1), std::string(name) + " is on " + found.device().str());
    require_equal(found, expected, name, limit);
    const at::Tensor direction = sample(expected.sizes(), 0.1).to(expected.scalar_type());
    expected.backward(direction);
    found.backward(direction.to(device(1)));
    for (size_t i = 0; i < leaves.size(); i++) {
        if (leaves[i].is_floating_point()) {
            require(ours[i].grad().defined() && ours[i].grad().device() == device(1),
                    std::string(name) + ": no gradient on the device");
            require_equal(ours[i].grad(), host[i].grad(),
                          std::string(name) + ", gradient " + std::to_string(i), limit);
        }
    }
}

struct Doubling : torch::autograd::Function<Doubling> {
    static std::thread::id backward_thread;

    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x) {
        context->save_for_backward({x});
        return x * 2;
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        backward_thread = std::this_thread::get_id();
        return {gradients[0] * 2 + context->get_saved_variables()[0] * 0};
    }
};
std::thread::id Doubling::backward_thread;

void layers() {
    const at::Tensor x = sample({5, 7}, 0), rows = at::remainder(at::arange(6), 5).view({2, 3});
    const at::Tensor heads = sample({2, 2, 5, 4}, 0);
    compare("linear", {x, sample({4, 7}, 1), sample({4}, 2)},
            [](const Leaves &v) { return at::linear(v[0], v[1], v[2]); });
    compare("layer_norm", {x, sample({7}, 1), sample({7}, 2)},
            [](const Leaves &v) { return at::layer_norm(v[0], {7}, v[1], v[2]); });
    compare("rms_norm", {x, sample({7}, 1)},
            [](const Leaves &v) { return at::rms_norm(v[0], {7}, v[1], 1e-5); });
    compare("gelu", {x}, [](const Leaves &v) { return at::gelu(v[0], "tanh"); });
    compare("silu", {x}, [](const Leaves &v) { return at::silu(v[0]); });
    compare("embedding", {x, rows}, [](const Leaves &v) { return at::embedding(v[0], v[1]); });
    compare("conv2d", {sample({1, 3, 6, 6}, 0), sample({4, 3, 2, 2}, 1), sample({4}, 2)},
            [](const Leaves &v) { return at::conv2d(v[0], v[1], v[2], 2); });
    compare("causal attention", {heads, heads * 2, heads * 3}, [](const Leaves &v) {
        return at::scaled_dot_product_attention(v[0], v[1], v[2], {}, 0, true);
    });
    compare("masked attention", {heads, heads * 2, heads * 3, at::ones({5, 5}, at::kLong).tril()},
            [](const Leaves &v) {
                return at::scaled_dot_product_attention(v[0], v[1], v[2], v[3].gt(0));
            });
    compare("cross_entropy", {x, at::remainder(at::arange(5), 7)}, [](const Leaves &v) {
        return at::cross_entropy_loss(v[0], v[1], {}, at::Reduction::Sum);
    });
    compare("views", {x}, [](const Leaves &v) {
        return at::cat({v[0].narrow(1, 0, 2), v[0].narrow(1, 2, 2).mul(2)}, 1).t().reshape({-1});
    });
    compare(
        "bfloat16", {x, sample({4, 7}, 1)},
        [](const Leaves &v) {
            return at::linear(v[0].to(at::kBFloat16), v[1].to(at::kBFloat16)).to(at::kFloat);
        },
        0.05);
}

void own_functions() {
    compare("a function of our own", {sample({5}, 0)},
            [](const Leaves &v) { return Doubling::apply(v[0]); });
    require(Doubling::backward_thread != std::this_thread::get_id(),
            "its backward pass ran on the caller's thread, as on no GPU");
}

void optimizer() {
    const at::NoGradGuard no_grad;
    const auto run = [](int index) {
        const auto list = [index](double seed, double scale) {
            Leaves made{sample({4, 3}, seed) * scale, sample({5}, seed + 1) * scale};
            for (at::Tensor &tensor : made) {
                tensor = index < 0 ? tensor : tensor.to(device(index));
            }
            return made;
        };
        Leaves values = list(0, 1), gradients = list(2, 1), first = list(4, 0), second = list(4, 0);
        const at::Tensor step = index < 0 ? at::ones({}) : at::ones({}, on(index));
        const void *const address = values[0].const_data_ptr();
        at::_foreach_mul_(gradients, 0.5);
        at::_fused_adamw_(values, gradients, first, second, {}, {step, step.clone()}, 1e-2, 0.9,
                          0.98, 0.01, 1e-7, false, false);
        require(values[0].const_data_ptr() == address, "_fused_adamw_ moves a parameter");
        values.push_back(at::_foreach_norm(gradients, 2)[1]);
        values.push_back(second[1]);
        return values;
    };
    const Leaves expected = run(-1), found = run(1);
    for (size_t i = 0; i < expected.size(); i++) {
        require(found[i].device() == device(1), "a result left the device");
        require_equal(found[i], expected[i], "tensor " + std::to_string(i));
    }
}

void fused_attention() {
    const at::NoGradGuard no_grad;
    const at::Tensor host = sample({2, 2, 5, 8}, 0).to(at::kBFloat16), q = host.to(device(0));
    const auto expected = at::_scaled_dot_product_flash_attention_for_cpu(host, host, host, 0, true,
                                                                           {}, 0.5);
    const auto found = at::_scaled_dot_product_flash_attention(q, q, q, 0, true, false, 0.5);
    require(std::get<0>(found).device() == device(0), "flash attention left the device");
    require_equal(std::get<0>(found), std::get<0>(expected), "flash attention");
    require_equal(std::get<1>(found), std::get<1>(expected), "its sums");
    const at::Tensor wide = q.to(at::kFloat);
    require_refusal([&] { at::_scaled_dot_product_flash_attention(wide, wide, wide); },
                    "fp16 and bf16", "flash attention in float32");
    const at::Tensor part = q.narrow(2, 0, 2);
    require_refusal([&] { at::_scaled_dot_product_flash_attention(part, q, q, 0, true); },
                    "part of the queries", "causal attention of a part");
    const at::Tensor bias = at::zeros({2, 2, 5, 8}, on(0, at::kBFloat16)).narrow(3, 0, 5);
    const auto efficient =
        at::_scaled_dot_product_efficient_attention(q, q, q, bias, true, 0, false, 0.5);
    require_equal(std::get<0>(efficient),
                  std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(host, host, host, 0,
                                                                              false, {}, 0.5)),
                  "efficient attention", 1e-2);
    require(std::get<1>(efficient).size(2) == 32, "its sums are not padded");
    require_refusal(
        [&] {
            const at::Tensor dense = bias.contiguous();
            at::_scaled_dot_product_efficient_attention(q, q, q, dense, true);
        },
        "not aligned", "a bias of five keys");
}

} // namespace

std::vector<Probe> autograd_probes() {
    return {
        {"layers have the CPU's values and gradients", &layers},
        {"functions with a gradient of their own walk back on a thread of the device",
         &own_functions},
        {"the fused optimiser works in place with the CPU's bits", &optimizer},
        {"fused attention is the CPU's where CUDA would take the operands", &fused_attention},
    };
}

} // namespace pretend
