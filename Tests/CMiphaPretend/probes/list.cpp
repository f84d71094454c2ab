// The probes behind the C interface.
#include "probes/probe.h"

#include <cstring>

namespace pretend {
namespace {

const std::vector<Probe> &probes() {
    static const std::vector<Probe> all = [] {
        std::vector<Probe> list;
        for (const auto &part : {tensor_probes(), rule_probes(), autograd_probes(), stream_probes()}) {
            list.insert(list.end(), part.begin(), part.end());
        }
        return list;
    }();
    return all;
}

} // namespace
} // namespace pretend

size_t mp_probe_count(void) { return pretend::probes().size(); }

const char *mp_probe_name(size_t index) { return pretend::probes().at(index).name; }

char *mp_probe_run(size_t index) {
    try {
        pretend::probes().at(index).run();
        return nullptr;
    } catch (const c10::Error &error) {
        return strdup(error.what_without_backtrace());
    } catch (const std::exception &error) {
        return strdup(error.what());
    }
}
