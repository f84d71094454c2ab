// The CPU's names for the tensors of one call.
#pragma once

#include "pretend.h"

#include <utility>
#include <vector>

namespace pretend {

// Lends tensors of the device to a kernel of the CPU, which works on their memory without copies.
class Call {
  public:
    explicit Call(int device) : device(device) {}

    // The same elements as a tensor or storage of the CPU; what is not of the device stays itself.
    at::Tensor lend(const at::Tensor &tensor);
    c10::Storage lend(const c10::Storage &storage);

    // A kernel's result on the device: a lent tensor, a view of a lent storage, or new.
    at::Tensor take_back(const at::Tensor &host);

    // Gives the device's tensors what the kernel did to their shapes, storages and sizes.
    void finish();

    const int device;

  private:
    c10::Storage take_back(const c10::Storage &host);

    std::vector<std::pair<at::Tensor, at::Tensor>> tensors;     // of the device, of the host
    std::vector<std::pair<c10::Storage, c10::Storage>> storages;
};

} // namespace pretend
