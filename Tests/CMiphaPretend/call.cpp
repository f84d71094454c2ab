#include "call.h"

#include "memory.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <c10/core/CPUAllocator.h>
#pragma clang diagnostic pop

namespace pretend {
namespace {

// A tensor of the same shape and type over another storage.
at::Tensor renamed(const at::Tensor &tensor, c10::Storage storage, c10::DispatchKey key) {
    at::Tensor other = at::detail::make_tensor<c10::TensorImpl>(
        std::move(storage), c10::DispatchKeySet(key), tensor.dtype());
    other.unsafeGetTensorImpl()->set_sizes_and_strides(tensor.sizes(), tensor.strides(),
                                                       tensor.storage_offset());
    if (tensor.unsafeGetTensorImpl()->is_wrapped_number()) {
        other.unsafeGetTensorImpl()->set_wrapped_number(true);
    }
    return other;
}

} // namespace

at::Tensor Call::lend(const at::Tensor &tensor) {
    if (!is_ours(tensor)) {
        return tensor;
    }
    for (const auto &[ours, host] : tensors) {
        if (ours.is_same(tensor)) {
            return host;
        }
    }
    at::Tensor host = renamed(tensor, lend(tensor.storage()), c10::DispatchKey::CPU);
    tensors.emplace_back(tensor, host);
    return host;
}

c10::Storage Call::lend(const c10::Storage &storage) {
    if (storage.device().type() != kind) {
        return storage;
    }
    for (const auto &[ours, host] : storages) {
        if (ours.is_alias_of(storage)) {
            return host;
        }
    }
    c10::Storage host(c10::Storage::use_byte_size_t(), static_cast<int64_t>(storage.nbytes()),
                      c10::DataPtr(turned(storage.data()), c10::Device(c10::kCPU)),
                      c10::GetCPUAllocator(), /*resizable=*/true);
    storages.emplace_back(storage, host);
    return host;
}

at::Tensor Call::take_back(const at::Tensor &host) {
    if (!host.defined() || is_ours(host)) {
        return host;
    }
    for (const auto &[ours, lent] : tensors) {
        if (lent.is_same(host)) {
            return ours;
        }
    }
    return host.has_storage()
               ? renamed(host, take_back(host.storage()), c10::DispatchKey::PrivateUse1)
               : host;
}

c10::Storage Call::take_back(const c10::Storage &host) {
    for (const auto &[ours, lent] : storages) {
        if (lent.is_alias_of(host)) {
            return ours;
        }
    }
    c10::Storage made(c10::Storage::use_byte_size_t(), static_cast<int64_t>(host.nbytes()),
                      adopt(host, device), &allocator(), /*resizable=*/true);
    storages.emplace_back(made, host);
    return made;
}

void Call::finish() {
    for (const auto &[ours, host] : storages) {
        c10::StorageImpl *const storage = ours.unsafeGetStorageImpl();
        if (turned(storage->data()) != host.data()) { // resized
            storage->set_data_ptr_noswap(adopt(host, device));
        }
        if (storage->nbytes() != host.nbytes()) {
            storage->set_nbytes(host.nbytes());
        }
    }
    for (const auto &[ours, host] : tensors) {
        c10::TensorImpl *const tensor = ours.unsafeGetTensorImpl();
        const c10::Storage storage = take_back(host.storage());
        if (!tensor->storage().is_alias_of(storage)) { // set_
            tensor->set_storage_keep_dtype(storage);
        }
        if (tensor->sizes() != host.sizes() || tensor->strides() != host.strides() ||
            tensor->storage_offset() != host.storage_offset()) {
            tensor->set_sizes_and_strides(host.sizes(), host.strides(), host.storage_offset());
        }
    }
}

} // namespace pretend
