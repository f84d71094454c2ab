// The meta device as a place where memory is counted: who is asked for that of its tensors, and the
// kernels that libtorch has there in Python only. Kernels make what those of the CPU make.
#include "internal.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/OpMathType.h>
#include <ATen/WrapDimUtils.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/Allocator.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>
#pragma clang diagnostic pop

namespace {

using at::Tensor;
using OptionalTensor = std::optional<Tensor>;

// ---- Memory ----

thread_local mt_memory_hooks hooks{};

struct HookedAllocator final : c10::Allocator {
    explicit HookedAllocator(c10::Allocator *former) : former(former) {}

    c10::DataPtr allocate(size_t size) override {
        if (hooks.take == nullptr || size == 0) {
            return former->allocate(size);
        }
        void *memory = hooks.take(hooks.context, size);
        return {nullptr, memory, hooks.give_back, c10::Device(c10::kMeta)};
    }

    c10::DeleterFnPtr raw_deleter() const override { return former->raw_deleter(); }

    void copy_data(void *target, const void *source, size_t size) const override {
        former->copy_data(target, source, size);
    }

    c10::Allocator *const former;
};

// ---- Kernels ----

Tensor index_select(const Tensor &self, int64_t dimension, const Tensor &index) {
    at::DimVector sizes(self.sizes());
    sizes[static_cast<size_t>(at::maybe_wrap_dim(dimension, self.dim()))] = index.numel();
    return at::empty(sizes, self.options());
}

// libtorch's own derivative copies on this device what it adds to in place on others.
struct Select : torch::autograd::Function<Select> {
    static Tensor forward(torch::autograd::AutogradContext *context, const Tensor &self,
                          int64_t dimension, const Tensor &index) {
        context->saved_data["sizes"] = self.sizes().vec();
        const at::AutoDispatchBelowADInplaceOrView below;
        return at::index_select(self, dimension, index);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   torch::autograd::variable_list gradients) {
        const std::vector<int64_t> sizes = context->saved_data["sizes"].toIntVector();
        return {at::empty(sizes, gradients[0].options()), Tensor(), Tensor()};
    }
};

Tensor select(const Tensor &self, int64_t dimension, const Tensor &index) {
    return Select::apply(self, dimension, index);
}

// The exponentials are in memory meanwhile.
Tensor logsumexp(const Tensor &self, at::IntArrayRef dimensions, bool keeps) {
    const Tensor exponentials = at::empty_like(self);
    return exponentials.sum(dimensions, keeps);
}

Tensor embedding_dense_backward(const Tensor &gradient, const Tensor & /*indices*/, int64_t rows,
                                int64_t /*padding*/, bool /*scales*/) {
    return at::empty({rows, gradient.size(-1)}, gradient.contiguous().options());
}

std::tuple<Tensor, Tensor, Tensor> layer_norm(const Tensor &input, at::IntArrayRef shape,
                                              const OptionalTensor &weight,
                                              const OptionalTensor & /*bias*/, double /*epsilon*/) {
    const Tensor x = input.contiguous();
    const bool is_mixed = weight.has_value() && weight->scalar_type() != x.scalar_type();
    const auto options = x.options().dtype(is_mixed ? at::kFloat : x.scalar_type());
    at::DimVector sizes(x.sizes());
    std::fill(sizes.end() - static_cast<ptrdiff_t>(shape.size()), sizes.end(), 1);
    return {at::empty_like(x), at::empty(sizes, options), at::empty(sizes, options)};
}

std::tuple<Tensor, Tensor, Tensor>
layer_norm_backward(const Tensor &gradient, const Tensor &input, at::IntArrayRef /*shape*/,
                    const Tensor & /*mean*/, const Tensor & /*deviation*/,
                    const OptionalTensor &weight, const OptionalTensor &bias,
                    std::array<bool, 3> wanted) {
    const Tensor above = gradient.contiguous(), x = input.contiguous();
    return {wanted[0] ? at::empty_like(x) : Tensor(),
            wanted[1] && weight.has_value() ? at::empty_like(*weight) : Tensor(),
            wanted[2] && bias.has_value() ? at::empty_like(*bias) : Tensor()};
}

// The fused kernel holds heads after tokens.
Tensor headed(const Tensor &like, int64_t width) {
    return at::empty({like.size(0), like.size(2), like.size(1), width}, like.options())
        .transpose(1, 2);
}

std::tuple<Tensor, Tensor> attention(const Tensor &q, const Tensor & /*k*/, const Tensor &v,
                                     double /*dropout*/, bool /*causal*/,
                                     const OptionalTensor & /*mask*/,
                                     std::optional<double> /*scale*/) {
    const auto options = q.options().dtype(at::toOpMathType(q.scalar_type()));
    return {headed(q, v.size(3)),
            at::empty({q.size(0), q.size(2), q.size(1)}, options).transpose(1, 2)};
}

std::tuple<Tensor, Tensor, Tensor>
attention_backward(const Tensor & /*gradient*/, const Tensor &q, const Tensor &k, const Tensor &v,
                   const Tensor & /*out*/, const Tensor & /*sums*/, double /*dropout*/,
                   bool /*causal*/, const OptionalTensor & /*mask*/,
                   std::optional<double> /*scale*/) {
    return {headed(q, q.size(3)), headed(k, k.size(3)), headed(v, v.size(3))};
}

Tensor convolution(const Tensor &input, const Tensor &weight, const OptionalTensor & /*bias*/,
                   at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation,
                   bool transposed, at::IntArrayRef /*output_padding*/, int64_t /*groups*/) {
    TORCH_CHECK(!transposed, "a transposed convolution is not counted");
    at::DimVector sizes{input.size(0), weight.size(0)};
    for (size_t i = 0; i < stride.size(); i++) {
        const auto dimension = static_cast<int64_t>(i) + 2;
        const int64_t reach = dilation[i] * (weight.size(dimension) - 1) + 1;
        sizes.push_back((input.size(dimension) + 2 * padding[i] - reach) / stride[i] + 1);
    }
    return at::empty(sizes, input.options());
}

std::tuple<Tensor, Tensor, Tensor>
convolution_backward(const Tensor &gradient, const Tensor &input, const Tensor &weight,
                     at::IntArrayRef /*stride*/, at::IntArrayRef /*padding*/,
                     at::IntArrayRef /*dilation*/, bool /*transposed*/,
                     at::IntArrayRef /*output_padding*/, int64_t /*groups*/,
                     std::array<bool, 3> wanted) {
    const Tensor above = gradient.contiguous();
    return {wanted[0] ? at::empty_like(input) : Tensor(),
            wanted[1] ? at::empty_like(weight) : Tensor(),
            wanted[2] ? at::empty({weight.size(0)}, weight.options()) : Tensor()};
}

// Registers what the library does not have by itself.
struct Kernels {
    torch::Library meta{torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__};
    torch::Library autograd{torch::Library::IMPL, "aten", c10::DispatchKey::AutogradMeta, __FILE__,
                            __LINE__};

    template <typename Kernel> void add(const char *name, Kernel *kernel) {
        const auto found =
            c10::Dispatcher::singleton().findSchema({std::string("aten::") + name, ""});
        if (found.has_value() && !found->hasKernelForDispatchKey(c10::DispatchKey::Meta)) {
            meta.impl(name, kernel);
        }
    }

    Kernels() {
        add("index_select", &index_select);
        add("logsumexp", &logsumexp);
        add("embedding_dense_backward", &embedding_dense_backward);
        add("native_layer_norm", &layer_norm);
        add("native_layer_norm_backward", &layer_norm_backward);
        add("_scaled_dot_product_flash_attention_for_cpu", &attention);
        add("_scaled_dot_product_flash_attention_for_cpu_backward", &attention_backward);
        add("convolution_overrideable", &convolution);
        add("convolution_backward_overrideable", &convolution_backward);
        autograd.impl("index_select", &select);
    }
};

void prepare() {
    static const bool is_ready = [] {
        static auto *const kernels = new Kernels; // as long as the library
        static HookedAllocator allocator(c10::GetAllocator(c10::kMeta));
        c10::SetAllocator(c10::kMeta, &allocator, /*priority=*/1);
        return kernels != nullptr;
    }();
    static_cast<void>(is_ready);
}

} // namespace

bool mipha::counts_memory() noexcept { return hooks.take != nullptr; }
bool mipha::counts_device_memory() noexcept { return counts_memory() && hooks.on_device; }

mt_status mt_memory_hooks_set(mt_memory_hooks next, mt_memory_hooks *former) {
    return mipha::guard([&] {
        prepare();
        *former = hooks;
        hooks = next;
    });
}
