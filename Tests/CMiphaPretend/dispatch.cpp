// Every operator without a kernel of its own: the CPU's kernel on the same memory.
#include "pretend.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>
#pragma clang diagnostic pop

#include <algorithm>
#include <array>

#include "call.h"
#include "checks.h"
#include "counts.h"
#include "hooks.h"
#include "memory.h"
#include "streams.h"

namespace pretend {
namespace {

using Stack = torch::jit::Stack;

bool starts_with(const std::string &name, const char *start) { return name.rfind(start, 0) == 0; }

// Operators that take lists of indices, which may be the host's, and masks among them.
bool takes_indices(const std::string &name) {
    return name == "aten::index" || name == "aten::index_put" || name == "aten::index_put_" ||
           name == "aten::_index_put_impl_";
}

// Whether an operator tells the host something that its kernel found, so that the host waits.
bool makes_host_wait(const std::string &name) {
    static constexpr std::array names{
        "aten::_local_scalar_dense", "aten::nonzero",  "aten::masked_select",
        "aten::equal",               "aten::_unique2", "aten::unique_dim",
        "aten::unique_consecutive",  "aten::repeat_interleave",
    };
    return std::find(names.begin(), names.end(), name) != names.end();
}

// Whether an operator takes memory or makes a view, which the stream does not hear of: copies that wait
// for a kernel wait on.
bool only_names_memory(const std::string &name) {
    static constexpr std::array starts{
        "aten::empty", "aten::view", "aten::as_strided", "aten::_reshape_alias", "aten::alias",
    };
    return std::any_of(starts.begin(), starts.end(),
                       [&](const char *start) { return starts_with(name, start); });
}

bool is_mask(const at::Tensor &tensor) {
    return tensor.scalar_type() == at::kBool || tensor.scalar_type() == at::kByte;
}

at::Generator lend_generator(const std::optional<at::Generator> &given, int device,
                             bool has_tensors_of_device) {
    const at::Generator &generator =
        given.has_value() && given->defined() ? *given : default_generator(device);
    const auto refuse = [&](const char *expected, c10::DeviceType found) {
        TORCH_CHECK(false, "Expected a '", expected, "' device type for generator but found '",
                    c10::DeviceTypeName(found, true), "'");
    };
    if (generator.device().type() != kind) {
        refuse("pretend", generator.device().type());
    }
    if (!has_tensors_of_device) {
        refuse("cpu", kind);
    }
    return host_generator(generator);
}

// One call of an operator, from the arguments on the stack to the results.
class Dispatch {
  public:
    Dispatch(const c10::OperatorHandle &op, Stack *stack)
        : op(op), stack(stack), name(c10::toString(op.operator_name())) {}

    void run() {
        const int device = find_device();
        if (!only_names_memory(name)) {
            settle_for_kernel(device);
        }
        count_kernel(name);
        if (has_mask || makes_host_wait(op.operator_name().name)) {
            counts().waits++;
        }
        Call call(device);
        const size_t count = op.schema().arguments().size();
        for (size_t i = 0; i < count; i++) {
            lend(call, (*stack)[stack->size() - count + i], op.schema().arguments()[i]);
        }
        op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
        const size_t results = op.schema().returns().size();
        for (size_t i = 0; i < results; i++) {
            take_back(call, (*stack)[stack->size() - results + i]);
        }
        call.finish();
    }

  private:
    // A device among the arguments decides, else the tensors' device, else the current one.
    int find_device() {
        std::optional<int> named;
        const size_t count = op.schema().arguments().size();
        for (size_t i = 0; i < count; i++) {
            const c10::IValue &value = (*stack)[stack->size() - count + i];
            collect(value);
            if (value.isDevice() && value.toDevice().type() == kind) {
                named = place(value.toDevice());
            }
        }
        const std::optional<int> common = common_device(
            name, tensors,
            op.hasTag(at::Tag::pointwise) || takes_indices(op.operator_name().name));
        is_of_device = named.has_value() || common.has_value();
        return named.value_or(common.value_or(current_device()));
    }

    // The tensors whose devices must agree.
    void collect(const c10::IValue &value) {
        if (value.isTensor()) {
            tensors.push_back(value.toTensor());
        } else if (value.isTensorList()) {
            for (const at::Tensor &tensor : value.toTensorVector()) {
                tensors.push_back(tensor);
            }
        } else if (value.isOptionalTensorList()) {
            const bool are_indices = takes_indices(op.operator_name().name);
            // Of reading by a mask, libtorch asks for the places first (aten::nonzero).
            const bool is_put = are_indices && op.operator_name().name != "aten::index";
            for (const auto &given : value.toOptionalTensorVector()) {
                const at::Tensor tensor = given.value_or(at::Tensor());
                if (!are_indices || is_ours(tensor)) {
                    tensors.push_back(tensor);
                }
                has_mask = has_mask || (is_put && tensor.defined() && is_mask(tensor));
            }
        }
    }

    void lend(Call &call, c10::IValue &value, const c10::Argument &argument) const {
        if (value.isTensor()) {
            value = call.lend(value.toTensor());
        } else if (value.isTensorList()) {
            c10::List<at::Tensor> list;
            for (const at::Tensor &tensor : value.toTensorVector()) {
                list.push_back(call.lend(tensor));
            }
            value = std::move(list);
        } else if (value.isOptionalTensorList()) {
            c10::List<std::optional<at::Tensor>> list;
            for (const auto &tensor : value.toOptionalTensorVector()) {
                list.push_back(tensor.has_value() ? std::optional(call.lend(*tensor))
                                                  : std::nullopt);
            }
            value = std::move(list);
        } else if (value.isStorage()) {
            value = call.lend(value.toStorage());
        } else if (value.isGenerator()) {
            value = lend_generator(value.toGenerator(), call.device, is_of_device);
        } else if (value.isNone() && argument.name() == "generator") {
            value = lend_generator(std::nullopt, call.device, is_of_device);
        } else if (value.isDevice()) {
            value = c10::Device(c10::kCPU);
        } else if (value.isBool() && argument.name() == "pin_memory") {
            TORCH_CHECK(!value.toBool(), "only tensors of the host can be pinned");
        }
    }

    void take_back(Call &call, c10::IValue &value) const {
        if (value.isTensor()) {
            const at::Tensor host = value.toTensor();
            check_type(name, host);
            if (modes().hostile && starts_with(name, "aten::empty")) {
                poison(host.storage().mutable_data(), host.storage().nbytes());
            }
            value = call.take_back(host);
        } else if (value.isTensorList()) {
            c10::List<at::Tensor> list;
            for (const at::Tensor &tensor : value.toTensorVector()) {
                check_type(name, tensor);
                list.push_back(call.take_back(tensor));
            }
            value = std::move(list);
        }
    }

    const c10::OperatorHandle &op;
    Stack *const stack;
    const std::string name;
    std::vector<at::Tensor> tensors;
    bool is_of_device = false, has_mask = false;
};

void run(const c10::OperatorHandle &op, Stack *stack) { Dispatch(op, stack).run(); }

} // namespace
} // namespace pretend

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
    library.fallback(torch::CppFunction::makeFromBoxedFunction<&pretend::run>());
}
