// Creation, views, changes of shape and storage, indices.
#include "probes/probe.h"

namespace pretend {
namespace {

at::Tensor sample(at::IntArrayRef sizes) {
    int64_t count = 1;
    for (const int64_t size : sizes) {
        count *= size;
    }
    return at::arange(count, at::kFloat).mul(0.75).sin().view(sizes);
}

void creation() {
    const at::Tensor host = sample({3, 4}), x = host.to(device(0));
    require(x.device() == device(0), "a copy is on " + x.device().str());
    require_equal(x, host, "there and back");
    const std::vector<std::pair<const char *, at::Tensor>> made{
        {"zeros", at::zeros({2, 2}, x.options())},
        {"empty_like", at::empty_like(x)},
        {"full_like", at::full_like(x, 3)},
        {"arange", at::arange(0, 5, x.options())},
        {"empty of nothing", at::empty({0}, x.options())},
        {"another type", x.to(at::kDouble)},
        {"randn", at::randn({3}, x.options())},
        {"randperm", at::randperm(5, on(0, at::kLong))},
    };
    for (const auto &[name, tensor] : made) {
        require(tensor.device() == device(0), std::string(name) + " is on " + tensor.device().str());
    }
    require(x.storage().allocator() == c10::GetAllocator(kind), "the storage's allocator");
    require_equal(x.to(at::kBFloat16).to(at::kFloat), host, "bfloat16", 4e-3);
    require_equal(x.t().contiguous(), host.t(), "transposed and dense");
}

void views() {
    const at::Tensor host = sample({3, 4}), x = host.to(device(0));
    const std::vector<std::pair<const char *, at::Tensor>> made{
        {"t", x.t()},
        {"view", x.view({12})},
        {"narrow", x.narrow(0, 1, 2)},
        {"as_strided", x.as_strided({2}, {3})},
        {"unfold", x.unfold(1, 2, 1)},
        {"expand", x.unsqueeze(0).expand({2, 3, 4})},
    };
    for (const auto &[name, tensor] : made) {
        require(tensor.storage().is_alias_of(x.storage()), std::string(name) + " copies");
    }
    at::Tensor y = x.clone(), expected = host.clone();
    y.narrow(0, 0, 1).fill_(7);
    expected.narrow(0, 0, 1).fill_(7);
    require_equal(y, expected, "a write through a view");
    require_equal(y.t_(), expected.t_(), "t_");
    y.add_(x.t()).mul_(2).sub_(1);
    expected.add_(host.t()).mul_(2).sub_(1);
    require_equal(y, expected, "in place");
    const auto parts = x.split(2, 1);
    require(parts.size() == 2 && parts[1].storage().is_alias_of(x.storage()), "split");
    require_equal(parts[1], host.narrow(1, 2, 2), "the second part");
}

void storages() {
    at::Tensor grown = at::ones({2}, on(0));
    grown.resize_({5});
    require(grown.numel() == 5 && grown.storage().nbytes() == 20, "resize_ has another size");
    require_equal(grown.narrow(0, 0, 2), at::ones({2}), "resize_ keeps elements");
    at::Tensor shared = at::empty({0}, on(0));
    shared.set_(grown.storage(), 1, {2}, {1});
    require(shared.storage().is_alias_of(grown.storage()), "set_ shares no storage");
    require_equal(shared[0], at::ones({}), "set_");
    const at::Tensor host = sample({3, 4}), x = host.to(device(0));
    at::Tensor out = at::empty({0}, on(0));
    at::mm_out(out, x, x.t());
    require_equal(out, host.mm(host.t()), "an out variant with a new size", 1e-5);
    at::Tensor target = at::empty({3, 4}, on(0));
    const void *const address = target.const_data_ptr();
    at::add_out(target, x, x);
    require(target.const_data_ptr() == address, "an out variant moves what is large enough");
    require_equal(target, host + host, "an out variant");
    target.set_data(x.clone());
    require_equal(target, host, "set_data");
    c10::StorageImpl *const storage = target.storage().unsafeGetStorageImpl();
    storage->set_data_ptr_noswap(storage->allocator()->allocate(0));
    storage->set_nbytes(0);
    storage->set_data_ptr_noswap(storage->allocator()->allocate(48));
    storage->set_nbytes(48);
    require_equal(target.fill_(2), at::full({3, 4}, 2.0), "a storage made again");
}

void indices() {
    const at::Tensor host = sample({3, 4}), x = host.to(device(0));
    require_equal(x.gt(0).nonzero(), host.gt(0).nonzero(), "nonzero");
    const at::Tensor chosen = x.index({x.gt(0)});
    require(chosen.device() == device(0), "a boolean index gives " + chosen.device().str());
    require_equal(chosen, host.index({host.gt(0)}), "a boolean index");
    require_equal(x.index({at::zeros({2}, at::kLong)}), host.index({at::zeros({2}, at::kLong)}),
                  "an index of the host");
    at::Tensor put = x.clone(), host_put = host.clone();
    put.index_put_({at::ones({1}, at::kLong)}, at::scalar_tensor(5));
    host_put.index_put_({at::ones({1}, at::kLong)}, at::scalar_tensor(5));
    require_equal(put, host_put, "index_put_ with places and a number of the host");
    const auto [values, places] = x.topk(2, 1);
    const auto [host_values, host_places] = host.topk(2, 1);
    require(values.device() == device(0) && places.device() == device(0), "topk");
    require_equal(places, host_places, "places of topk");
    require_equal(at::cat({x, x}, 0), at::cat({host, host}, 0), "cat");
    require(std::abs(x.sum().item<float>() - host.sum().item<float>()) < 1e-5, "item");
    require(at::equal(x, x.clone()) && at::allclose(x, x), "equal");
    at::Tensor rows = x.clone(), expected = host.clone();
    rows.index_copy_(0, at::ones({1}, on(0, at::kLong)), x.narrow(0, 0, 1));
    expected.index_copy_(0, at::ones({1}, at::kLong), host.narrow(0, 0, 1));
    require_equal(rows, expected, "index_copy_");
}

} // namespace

std::vector<Probe> tensor_probes() {
    return {
        {"tensors are made on the device and moved there and back", &creation},
        {"views share their storage, and in-place operators write through them", &views},
        {"resize_, set_, out variants and storages made again need no kernel of their own",
         &storages},
        {"indices, lists of results and single elements come back right", &indices},
    };
}

} // namespace pretend
