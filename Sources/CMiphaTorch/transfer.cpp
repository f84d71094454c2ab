// Copies between the host and a device that the host waits for as seldom as can be.
#include "elements.h"
#include "internal.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <c10/core/DeviceGuard.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#pragma clang diagnostic pop

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

using c10::impl::VirtualGuardImpl;
using mipha::guard;
using mipha::unwrap;

namespace {

constexpr size_t largest_piece = 256 << 20;
constexpr size_t small_upload = 1 << 20; // indices and masks, of which a pass has several
constexpr size_t small_buffers = 32, large_buffers = 3;
constexpr size_t download_pieces = 2;

// Whether copies go through pinned memory and are ordered by streams; a device that shares its memory
// with the host has no use for it.
bool is_staged(mt_device_kind kind) { return kind == MT_CUDA || kind == MT_PRIVATE_USE; }
bool is_staged(at::Device device) { return is_staged(mipha::device_kind(device)); }

at::Tensor pinned(size_t size) {
    return at::empty({static_cast<int64_t>(size)},
                     at::TensorOptions(at::kByte).pinned_memory(true));
}

at::Device with_index(at::Device device) {
    return device.has_index() ? device : VirtualGuardImpl(device.type()).getDevice();
}

// Makes a stream the current one of its device for a scope.
class StreamScope {
  public:
    explicit StreamScope(const c10::Stream &stream)
        : implementation(stream.device_type()), former(implementation.exchangeStream(stream)) {}
    ~StreamScope() { implementation.exchangeStream(former); }
    StreamScope(const StreamScope &) = delete;
    StreamScope &operator=(const StreamScope &) = delete;

  private:
    VirtualGuardImpl implementation;
    c10::Stream former;
};

// Pinned buffers in turn; one is used again when the device has read what it held. With enough of them
// it has, and nothing is waited for.
class Ring {
  public:
    Ring(at::DeviceType type, size_t count) {
        for (size_t i = 0; i < count; i++) {
            buffers.push_back(Buffer{c10::Event(type)});
        }
    }

    // Starts a copy of `source` to `target` on the stream that is current there.
    at::Tensor send(const at::Tensor &source, at::Device target) {
        const std::lock_guard<std::mutex> lock(mutex);
        Buffer &buffer = buffers[next];
        next = (next + 1) % buffers.size();
        if (buffer.read.was_marked_for_recording() && !buffer.read.query()) {
            buffer.read.synchronize();
        }
        const size_t size = source.nbytes();
        if (!buffer.bytes.defined() || buffer.bytes.nbytes() < size) {
            buffer.bytes = at::Tensor(); // before the next is taken
            buffer.bytes = pinned(size);
        }
        const at::Tensor staged = buffer.bytes.narrow(0, 0, static_cast<int64_t>(size))
                                      .view(source.scalar_type())
                                      .view(source.sizes());
        staged.copy_(source);
        at::Tensor result = at::empty(source.sizes(), source.options().device(target));
        result.copy_(staged, /*non_blocking=*/true);
        buffer.read.record(VirtualGuardImpl(target.type()).getStream(target));
        return result;
    }

  private:
    struct Buffer {
        c10::Event read;
        at::Tensor bytes{};
    };
    std::mutex mutex;
    std::vector<Buffer> buffers;
    size_t next = 0;
};

// What a device has for transfers.
struct Lanes {
    Ring small, large, side_ring;
    c10::Stream up, down; // beside the stream that computes

    explicit Lanes(at::Device device)
        : small(device.type(), small_buffers), large(device.type(), large_buffers),
          side_ring(device.type(), large_buffers),
          up(VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device)),
          down(VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device)) {}

    Ring &ring(size_t bytes) { return bytes <= small_upload ? small : large; }
};

Lanes &lanes(at::Device device) {
    static std::mutex mutex;
    // Never freed: pinned memory may outlast its driver at the end of the process.
    static auto *const all =
        new std::map<std::pair<at::DeviceType, c10::DeviceIndex>, std::unique_ptr<Lanes>>;
    const std::lock_guard<std::mutex> lock(mutex);
    auto &found = (*all)[{device.type(), device.index()}];
    if (found == nullptr) {
        found = std::make_unique<Lanes>(device);
    }
    return *found;
}

bool goes_through_ring(const at::Tensor &source, at::Device target) {
    return is_staged(target) && source.nbytes() > 0 && source.nbytes() <= largest_piece;
}

// What the allocator takes for a pinned buffer: CUDA's takes powers of two.
uint64_t pinned_bytes(uint64_t size) {
    uint64_t taken = 1;
    while (taken < size) {
        taken *= 2;
    }
    return size == 0 ? 0 : taken;
}

void check_source(const at::Tensor &source) { mipha::require_cpu("upload", {{"tensor", source}}); }

} // namespace

at::Tensor mipha::uploaded(const at::Tensor &tensor, at::Device device) {
    const c10::NoGradGuard no_grad;
    if (tensor.numel() == 0) { // a copy of nothing would wait as well
        return at::empty(tensor.sizes(), tensor.options().device(device));
    }
    if (!goes_through_ring(tensor, device)) {
        return tensor.to(device);
    }
    const at::Device target = with_index(device);
    const c10::DeviceGuard current(target);
    return lanes(target).ring(tensor.nbytes()).send(tensor, target);
}

uint64_t mt_pinned_bytes(mt_device_kind kind, uint64_t largest_upload, uint64_t largest_download) {
    if (!is_staged(kind)) {
        return 0;
    }
    const bool is_small = largest_upload <= small_upload;
    const uint64_t up = is_small                          ? small_buffers * pinned_bytes(largest_upload)
                        : largest_upload <= largest_piece ? large_buffers * pinned_bytes(largest_upload)
                                                          : 0; // not through pinned memory
    return up + download_pieces * pinned_bytes(std::min<uint64_t>(largest_download, largest_piece));
}

mt_status mt_tensor_upload(mt_tensor tensor, mt_device device, mt_tensor *out) {
    return guard([&] {
        const at::Tensor source = unwrap(tensor);
        check_source(source);
        *out = mipha::wrap(mipha::uploaded(source, mipha::device(device)));
    });
}

struct mt_upload_s {
    at::Tensor tensor;
    std::optional<c10::Event> done;
};

mt_status mt_upload_begin(mt_tensor tensor, mt_device device, mt_upload *out) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        const at::Tensor source = unwrap(tensor);
        check_source(source);
        at::Device target = mipha::device(device);
        if (!goes_through_ring(source, target)) {
            *out = new mt_upload_s{source.to(target), std::nullopt};
            return;
        }
        target = with_index(target);
        const c10::DeviceGuard current(target);
        Lanes &own = lanes(target);
        const StreamScope beside(own.up); // which owns the new tensor's memory
        at::Tensor sent = own.side_ring.send(source, target);
        c10::Event done(target.type());
        done.record(own.up);
        *out = new mt_upload_s{std::move(sent), std::move(done)};
    });
}

mt_status mt_upload_finish(mt_upload upload, mt_tensor *out) {
    return guard([&] {
        if (upload->done.has_value()) {
            const at::Device device = upload->tensor.device();
            const VirtualGuardImpl implementation(device.type());
            const c10::Stream stream = implementation.getStream(device);
            upload->done->block(stream);
            // Memory of another stream: not to be used again before this one is done with it.
            implementation.recordDataPtrOnStream(upload->tensor.storage().data_ptr(), stream);
        }
        *out = mipha::wrap(upload->tensor);
    });
}

void mt_upload_free(mt_upload upload) {
    try {
        delete upload;
    } catch (...) { // a destructor of the library; nothing is left to be done about it
    }
}

namespace {

struct Pending {
    at::Tensor elements; // on the host
    std::vector<size_t> places;
};

// Starts the copy of scalars of one device and dtype.
at::Tensor start_download(const std::vector<at::Tensor> &scalars) {
    const at::Tensor joined = at::stack(scalars);
    if (!is_staged(joined.device())) {
        return joined.cpu();
    }
    at::Tensor host = at::empty(joined.sizes(),
                                at::TensorOptions(joined.scalar_type()).pinned_memory(true));
    host.copy_(joined, /*non_blocking=*/true);
    return host;
}

void wait_for_stream(at::Device device) {
    const VirtualGuardImpl implementation(device.type());
    c10::Event done(device.type());
    done.record(implementation.getStream(device));
    done.synchronize();
}

} // namespace

mt_status mt_tensors_download(const mt_tensor *tensors, size_t count, double *out) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        std::map<std::pair<std::string, at::ScalarType>, std::vector<size_t>> groups;
        std::vector<at::Tensor> scalars;
        for (size_t i = 0; i < count; i++) {
            at::Tensor scalar = unwrap(tensors[i]);
            if (scalar.numel() != 1) {
                throw std::invalid_argument("expected tensors of one element");
            }
            scalars.push_back(scalar.detach().reshape({}));
            groups[{scalar.device().str(), scalar.scalar_type()}].push_back(i);
        }
        std::vector<Pending> pending;
        std::vector<at::Device> waited;
        for (const auto &[kind, places] : groups) {
            std::vector<at::Tensor> members;
            for (const size_t place : places) {
                members.push_back(scalars[place]);
            }
            const at::Device device = members[0].device();
            pending.push_back({start_download(members), places});
            if (is_staged(device) && std::find(waited.begin(), waited.end(), device) == waited.end()) {
                waited.push_back(device);
            }
        }
        for (const at::Device device : waited) {
            wait_for_stream(device);
        }
        for (const Pending &part : pending) {
            const at::Tensor values = part.elements.to(at::kDouble);
            for (size_t i = 0; i < part.places.size(); i++) {
                out[part.places[i]] = mipha::elements<double>(values)[i];
            }
        }
    });
}

namespace {

// Copies tensors of one device to the host: while one piece travels, the one before is put in place.
class HostCopier {
  public:
    HostCopier(at::Device device, size_t largest)
        : device(device), current(device), stream(lanes(device).down), beside(ordered()),
          pieces{Piece{c10::Event(device.type())}, Piece{c10::Event(device.type())}},
          size(std::min(largest, largest_piece)) {}

    at::Tensor copy(const at::Tensor &source) {
        at::Tensor result = at::empty(source.sizes(), source.options().device(at::kCPU));
        const auto total = static_cast<int64_t>(source.nbytes());
        if (total == 0) {
            return result;
        }
        const at::Tensor from = source.reshape({-1}).view(at::kByte);
        auto *to = static_cast<char *>(result.mutable_data_ptr());
        const auto longest = static_cast<int64_t>(size);
        for (int64_t start = 0; start < total; start += longest) {
            const int64_t count = std::min(longest, total - start);
            Piece &piece = pieces[next];
            next = 1 - next;
            if (!piece.bytes.defined()) {
                piece.bytes = pinned(size);
            }
            piece.bytes.narrow(0, 0, count).copy_(from.narrow(0, start, count), true);
            piece.arrived.record(stream);
            piece.target = to + start;
            piece.count = static_cast<size_t>(count);
            settle(pieces[next]);
        }
        return result;
    }

    void finish() {
        settle(pieces[next]);
        settle(pieces[1 - next]);
    }

  private:
    struct Piece {
        c10::Event arrived;
        at::Tensor bytes{};
        char *target = nullptr; // where the elements are still to go
        size_t count = 0;
    };

    // The stream of the copies, behind what is queued on the current one.
    c10::Stream ordered() {
        c10::Event made(device.type());
        made.record(VirtualGuardImpl(device.type()).getStream(device));
        made.block(stream);
        return stream;
    }

    static void settle(Piece &piece) {
        if (piece.target != nullptr) {
            piece.arrived.synchronize();
            std::memcpy(piece.target, piece.bytes.const_data_ptr(), piece.count);
            piece.target = nullptr;
        }
    }

    at::Device device;
    c10::DeviceGuard current;
    c10::Stream stream;
    StreamScope beside;
    std::array<Piece, download_pieces> pieces;
    size_t size, next = 0;
};

} // namespace

mt_status mt_tensors_to_host(const mt_tensor *tensors, size_t count, mt_tensor *out) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        std::vector<at::Tensor> results(count);
        std::vector<at::Tensor> sources; // dense before the copies are ordered behind that
        std::map<std::string, std::vector<size_t>> groups;
        for (size_t i = 0; i < count; i++) {
            at::Tensor source = unwrap(tensors[i]).detach();
            if (is_staged(source.device())) {
                groups[source.device().str()].push_back(i);
                source = source.contiguous();
            } else if (source.is_cpu() || source.is_meta()) {
                results[i] = source.clone(at::MemoryFormat::Contiguous);
            } else {
                results[i] = source.cpu().contiguous();
            }
            sources.push_back(std::move(source));
        }
        for (const auto &[name, places] : groups) {
            size_t largest = 0;
            for (const size_t place : places) {
                largest = std::max(largest, sources[place].nbytes());
            }
            HostCopier copier(sources[places[0]].device(), largest);
            for (const size_t place : places) {
                results[place] = copier.copy(sources[place]);
            }
            copier.finish();
        }
        for (size_t i = 0; i < count; i++) {
            out[i] = mipha::wrap(std::move(results[i]));
        }
    });
}
