// Tables of values for devices that look them up.
#include "quantized_codes.h"

#include <map>
#include <mutex>

static at::Tensor on_cpu(mipha::CodeTable table) {
    if (table == mipha::CodeTable::dynamic) {
        const auto &code = mipha::dynamic_code();
        at::Tensor result = at::empty({static_cast<int64_t>(code.size())}, at::kFloat);
        std::copy(code.begin(), code.end(), result.mutable_data_ptr<float>());
        return result;
    }
    at::Tensor result = at::empty({256, 2}, at::kFloat);
    float *values = result.mutable_data_ptr<float>();
    for (size_t byte = 0; byte < 256; byte++) {
        values[2 * byte] = mipha::normal_float[byte >> 4];
        values[2 * byte + 1] = mipha::normal_float[byte & 15];
    }
    return result;
}

at::Tensor mipha::code_table(CodeTable table, at::Device device) {
    if (device.is_meta()) { // counted with what looks it up
        return on_cpu(table).to(device);
    }
    static std::mutex mutex;
    // Never freed: memory of a device may outlast its driver at the end of the process.
    static auto *const tables = new std::map<std::pair<CodeTable, std::string>, at::Tensor>;
    const std::lock_guard<std::mutex> lock(mutex);
    at::Tensor &found = (*tables)[{table, device.str()}];
    if (!found.defined()) {
        found = on_cpu(table).to(device);
    }
    return found;
}
