// The Gloo types that c10d's header names. libtorch has Gloo inside but ships none of its headers.
// Nothing here is instantiated: the shim holds these types behind pointers only, and all code that
// looks into them is compiled inside libtorch, so their layout does not matter.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace gloo {

class Context {
  public:
    void setTimeout(std::chrono::milliseconds timeout);
};

namespace transport {

class Device;

class UnboundBuffer {
  public:
    virtual ~UnboundBuffer() = 0;
};

} // namespace transport

namespace rendezvous {

class Store {
  public:
    virtual ~Store();
    virtual void set(const std::string &key, const std::vector<char> &data) = 0;
    virtual std::vector<char> get(const std::string &key) = 0;
    virtual void wait(const std::vector<std::string> &keys) = 0;
    virtual void wait(const std::vector<std::string> &keys,
                      const std::chrono::milliseconds &timeout) = 0;
};

} // namespace rendezvous
} // namespace gloo
