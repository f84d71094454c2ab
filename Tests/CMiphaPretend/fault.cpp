#include "fault.h"

#include <csignal>
#include <cstdint>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

namespace pretend {
namespace {

struct sigaction former_segv, former_bus;

// Whether something is mapped there; safe in a handler of signals.
bool is_mapped(uintptr_t address) {
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
#ifdef __APPLE__
    char state = 0;
#else
    unsigned char state = 0;
#endif
    return mincore(reinterpret_cast<void *>(address & ~(page - 1)), 1, &state) == 0;
}

void fault(int signal, siginfo_t *info, void *) {
    const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
    if (!is_mapped(address) && is_mapped(address ^ turned_bit)) {
        static constexpr char text[] = "pretend: the host touched memory of the device\n";
        const ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
        (void)written;
    }
    // The instruction runs again, and its fault goes to whoever took it before.
    sigaction(signal, signal == SIGSEGV ? &former_segv : &former_bus, nullptr);
}

} // namespace

void report_faults() {
    struct sigaction action {};
    action.sa_sigaction = &fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &former_segv);
    sigaction(SIGBUS, &action, &former_bus);
}

} // namespace pretend
