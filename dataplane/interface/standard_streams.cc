#include "dataplane/interface/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace sluis {

void open_standard_streams() noexcept {
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
        // The lowest free number, which is this one: those below are open.
        [[maybe_unused]] const int opened = ::open("/dev/null", O_RDWR | O_NOCTTY);
    }
}

bool finish_standard_output(const char* program) noexcept {
    // Either alone misses a case: output that went out while it was printed, and output that had not yet.
    const bool flushed = std::fflush(stdout) == 0;
    if (flushed && std::ferror(stdout) == 0) return true;
    std::fprintf(stderr, "%s: standard output could not be written\n", program);
    return false;
}

bool print_to_standard_output(const char* program, std::string_view text) noexcept {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return finish_standard_output(program);
}

}  // namespace sluis
