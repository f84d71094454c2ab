// The elements of a tensor, by their type.
#ifndef MIPHA_ELEMENTS_H
#define MIPHA_ELEMENTS_H

#include <stdexcept>
#include <string>

#include <ATen/core/Tensor.h>

namespace mipha {

// As `tensor.const_data_ptr<T>()`, whose symbol differs between libtorch 2.11 and later versions for
// compilers that mangle the constraints of templates.
template <typename T> const T *elements(const at::Tensor &tensor) {
    if (tensor.scalar_type() != c10::CppTypeToScalarType<T>::value) {
        throw std::invalid_argument(std::string("expected elements of type ") +
                                    c10::toString(c10::CppTypeToScalarType<T>::value) + ", found " +
                                    c10::toString(tensor.scalar_type()));
    }
    return static_cast<const T *>(tensor.const_data_ptr());
}

} // namespace mipha

#endif
