#include "control/cli/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "control/cli/bundle_command.h"
#include "control/cli/commands.h"
#include "dataplane/interface/file_descriptor.h"

namespace sluis {
namespace {

bool write_all(int file, std::string_view rest) {
    while (!rest.empty()) {
        const ssize_t written = ::write(file, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

int save_new_file(const std::string& path, const std::string& content) {
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.valid()) return fail_command(path + ": cannot be made: " + std::strerror(errno) + "; name a new file");
    if (write_all(file.get(), content) && ::fsync(file.get()) == 0) return kExitOk;
    const int error = errno;
    ::unlink(path.c_str());
    return fail_command(path + ": cannot be written: " + std::strerror(error));
}

}  // namespace sluis
