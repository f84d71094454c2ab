// Process groups: collective operations between the processes of one job, through c10d.
#include "internal.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <c10/core/DeviceGuard.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
// A CUDA libtorch (which has the first header), NCCL's header, and those of a CUDA toolkit.
#if __has_include(<ATen/cuda/CUDAConfig.h>) && __has_include(<nccl.h>) && \
    __has_include(<cuda_runtime_api.h>) && __has_include(<crt/host_config.h>) && \
    __has_include(<cusparse.h>) && __has_include(<cublas_v2.h>) && \
    __has_include(<cusolverDn.h>) && __has_include(<nv/target>)
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#pragma clang diagnostic pop

#include <csignal>

using mipha::guard;
using mipha::unwrap;
using Milliseconds = std::chrono::milliseconds;

struct mt_store_s {
    c10::intrusive_ptr<c10d::TCPStore> store;
};

struct mt_group_s {
    c10::intrusive_ptr<c10d::Store> store;
    c10::intrusive_ptr<c10d::Backend> backend; // Gloo; absent in a group that rehearses
    c10::intrusive_ptr<c10d::Backend> nccl;    // of a group with tensors on CUDA devices
    int next_tag = 0; // of messages from process to process
};

using Works = std::vector<c10::intrusive_ptr<c10d::Work>>;

// The tensors stay alive until the work is done.
struct mt_work_s {
    Works works;
    std::vector<at::Tensor> tensors;
    at::Tensor output, host_output; // of tensors that travel by way of the host
};

// The library counts on what Python does at its start: where a process of the job has ended, writing
// to it is an error of the writer, not its end. A handler of the program stays.
static void ignore_broken_pipes() {
    struct sigaction present;
    if (sigaction(SIGPIPE, nullptr, &present) == 0 && present.sa_handler == SIG_DFL) {
        std::signal(SIGPIPE, SIG_IGN);
    }
}

static c10::intrusive_ptr<c10d::TCPStore> open_store(const char *host, uint16_t port,
                                                     bool is_server, Milliseconds timeout) {
    ignore_broken_pipes();
    c10d::TCPStoreOptions options;
    options.port = port;
    options.isServer = is_server;
    options.waitWorkers = false;
    options.timeout = timeout;
    return c10::make_intrusive<c10d::TCPStore>(host, options);
}

mt_status mt_store_serve(const char *host, int64_t timeout_ms, mt_store *out, uint16_t *port) {
    return guard([&] {
        auto store = open_store(host, 0, true, Milliseconds(timeout_ms));
        *port = store->getPort();
        *out = new mt_store_s{std::move(store)};
    });
}

void mt_store_free(mt_store store) { delete store; }

bool mt_nccl_is_available(void) {
#ifdef USE_C10D_NCCL
    return true;
#else
    return false;
#endif
}

static c10::intrusive_ptr<c10d::Backend>
gloo_backend(const c10::intrusive_ptr<c10d::Store> &store, const mt_group_options &options) {
    auto settings = c10d::ProcessGroupGloo::Options::create(Milliseconds(options.timeout_ms));
    const std::string interface = options.interface_or_null ? options.interface_or_null : "";
    const std::string host = options.host;
    const bool is_local = host == "127.0.0.1" || host == "localhost" || host == "::1";
    settings->devices.push_back(
        !interface.empty() ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
        : is_local         ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                           : c10d::ProcessGroupGloo::createDefaultDevice());
    return c10::make_intrusive<c10d::ProcessGroupGloo>(store, options.rank, options.world_size,
                                                       std::move(settings));
}

static c10::intrusive_ptr<c10d::Backend>
nccl_backend([[maybe_unused]] const c10::intrusive_ptr<c10d::Store> &store,
             [[maybe_unused]] const mt_group_options &options) {
#ifdef USE_C10D_NCCL
    auto settings = c10d::ProcessGroupNCCL::Options::create();
    settings->timeout = Milliseconds(options.timeout_ms);
    auto backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(
        store, options.rank, options.world_size, std::move(settings));
    backend->setBoundDeviceId(mipha::device(options.device)); // else it guesses one
    return backend;
#else
    throw std::invalid_argument("this build has no NCCL; it needs a CUDA libtorch and NCCL's header");
#endif
}

mt_status mt_group_create(mt_group_options options, mt_group *out) {
    return guard([&] {
        const Milliseconds timeout(options.timeout_ms);
        auto tcp = open_store(options.host, options.port, options.is_server, timeout);
        auto store = c10::make_intrusive<c10d::PrefixStore>(options.prefix, std::move(tcp));
        c10::intrusive_ptr<c10d::Backend> nccl;
        if (options.backend == MT_NCCL) {
            nccl = nccl_backend(c10::make_intrusive<c10d::PrefixStore>("nccl", store), options);
        }
        auto backend = gloo_backend(store, options);
        *out = new mt_group_s{std::move(store), std::move(backend), std::move(nccl)};
    });
}

mt_status mt_group_rehearse(mt_group *out) {
    return guard([&] { *out = new mt_group_s{nullptr, nullptr, nullptr}; });
}

void mt_group_free(mt_group group) {
    try {
        delete group;
    } catch (...) { // a destructor of the library; nothing is left to be done about it
    }
}

// Whether tensors like this one travel by NCCL.
static bool uses_nccl(mt_group group, const at::Tensor &tensor) {
    return group->nccl != nullptr && tensor.is_cuda();
}

static c10d::Backend &backend_of(mt_group group, const std::vector<at::Tensor> &tensors) {
    return uses_nccl(group, tensors[0]) ? *group->nccl : *group->backend;
}

// Starts an operation and hands out its work; `tensors` are what it reads and, the first of them,
// writes. In a group that rehearses nothing travels. Gloo gets copies on the host of what is on a
// device.
template <typename Start>
static mt_status start(mt_group group, mt_work *out, std::vector<at::Tensor> tensors,
                       Start &&operation) {
    return guard([&] {
        for (const at::Tensor &tensor : tensors) {
            if (!tensor.is_contiguous()) {
                throw std::invalid_argument("collective operations need dense tensors");
            }
        }
        const bool rehearses = group->backend == nullptr;
        for (const at::Tensor &tensor : tensors) {
            if (tensor.is_meta() != rehearses) {
                throw std::invalid_argument(
                    rehearses ? "a group that rehearses takes tensors on the meta device only"
                              : "tensors on the meta device have nothing to send");
            }
        }
        for (const at::Tensor &tensor : tensors) {
            mipha::require_together("collective", {{"one tensor", tensors[0]}, {"another", tensor}});
        }
        at::Tensor output, host_output;
        if (!rehearses && !tensors.empty() && !uses_nccl(group, tensors[0]) &&
            !tensors[0].is_cpu()) {
            output = tensors[0];
            for (at::Tensor &tensor : tensors) {
                tensor = tensor.detach().cpu();
            }
            host_output = tensors[0];
        }
        Works works = rehearses ? Works() : operation(tensors);
        *out = new mt_work_s{std::move(works), std::move(tensors), std::move(output),
                             std::move(host_output)};
    });
}

mt_status mt_group_all_reduce(mt_group group, mt_tensor tensor, mt_reduction reduction,
                              mt_work *out) {
    return start(group, out, {unwrap(tensor)}, [&](std::vector<at::Tensor> &tensors) {
        c10d::AllreduceOptions options;
        options.reduceOp =
            reduction == MT_REDUCE_MAX ? c10d::ReduceOp::MAX : c10d::ReduceOp::SUM;
        return Works{backend_of(group, tensors).allreduce(tensors, options)};
    });
}

mt_status mt_group_all_to_all(mt_group group, mt_tensor output, mt_tensor input, mt_work *out) {
    return start(group, out, {unwrap(output), unwrap(input)}, [&](auto &tensors) {
        std::vector<int64_t> equal_parts_out, equal_parts_in;
        return Works{backend_of(group, tensors)
                         .alltoall_base(tensors[0], tensors[1], equal_parts_out, equal_parts_in)};
    });
}

// Every process sends its part to every other. Gloo's own operation receives into memory of the size
// of the output that nobody sees, on a thread whose heap then keeps it.
static Works gather_in_place(mt_group group, const at::Tensor &output, const at::Tensor &input) {
    const c10::NoGradGuard no_grad;
    const int rank = group->backend->getRank(), size = group->backend->getSize();
    const int tag = group->next_tag;
    group->next_tag = (tag + 1) % (1 << 30);
    const int64_t count = input.numel();
    const at::Tensor flat = output.view({-1});
    const auto part = [&](int of) {
        return std::vector<at::Tensor>{flat.narrow(0, of * count, count)};
    };
    std::vector<at::Tensor> own = part(rank);
    if (own[0].const_data_ptr() != input.const_data_ptr()) {
        own[0].copy_(input.view({-1}));
    }
    Works works;
    for (int step = 1; step < size && count > 0; step++) {
        const int from = (rank + size - step) % size, to = (rank + step) % size;
        std::vector<at::Tensor> theirs = part(from);
        works.push_back(group->backend->recv(theirs, from, tag));
        works.push_back(group->backend->send(own, to, tag));
    }
    return works;
}

mt_status mt_group_all_gather(mt_group group, mt_tensor output, mt_tensor input, mt_work *out) {
    return start(group, out, {unwrap(output), unwrap(input)}, [&](auto &tensors) {
        return uses_nccl(group, tensors[0])
                   ? Works{group->nccl->_allgather_base(tensors[0], tensors[1], {})}
                   : gather_in_place(group, tensors[0], tensors[1]);
    });
}

mt_status mt_group_broadcast(mt_group group, mt_tensor tensor, int32_t root, mt_work *out) {
    return start(group, out, {unwrap(tensor)}, [&](std::vector<at::Tensor> &tensors) {
        c10d::BroadcastOptions options;
        options.rootRank = root;
        return Works{backend_of(group, tensors).broadcast(tensors, options)};
    });
}

mt_status mt_group_barrier(mt_group group, mt_work *out) {
    return start(group, out, {},
                 [&](std::vector<at::Tensor> &) { return Works{group->backend->barrier()}; });
}

mt_status mt_work_wait(mt_work work) {
    return guard([&] {
        for (const auto &part : work->works) {
            if (!part->wait()) {
                throw std::runtime_error("the operation was not completed");
            }
        }
        if (work->output.defined()) {
            const c10::NoGradGuard no_grad;
            work->output.copy_(work->host_output);
            work->output.reset();
            work->host_output.reset();
        }
        work->tensors.clear();
    });
}

void mt_work_free(mt_work work) {
    try {
        delete work;
    } catch (...) {
    }
}

// Storage may be dropped and made again while views of it are held: their shapes stay.
mt_status mt_tensor_set_storage_allocated(mt_tensor tensor, bool is_allocated) {
    return guard([&] {
        const at::Tensor target = unwrap(tensor);
        c10::StorageImpl *storage = target.storage().unsafeGetStorageImpl();
        const size_t bytes = is_allocated ? target.nbytes() : 0;
        const bool is_whole = storage->nbytes() == 0 || storage->nbytes() == target.nbytes();
        if (!is_whole || target.storage_offset() != 0 || !target.is_contiguous()) {
            throw std::invalid_argument("only a tensor that is its whole storage can drop it");
        }
        if (storage->nbytes() == bytes) {
            return;
        }
        if (storage->allocator() == nullptr) {
            throw std::invalid_argument("the storage is not libtorch's own");
        }
        c10::OptionalDeviceGuard own; // an allocator takes the current device's memory
        if (!target.is_cpu() && !target.is_meta()) {
            own.reset_device(target.device());
        }
        storage->set_data_ptr_noswap(storage->allocator()->allocate(bytes));
        storage->set_nbytes(bytes);
    });
}

mt_status mt_tensor_set_data(mt_tensor target, mt_tensor source) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        unwrap(target).set_data(unwrap(source));
    });
}
