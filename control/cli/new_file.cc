#include "control/cli/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "control/cli/commands.h"
#include "control/cli/standard_error.h"
#include "dataplane/interface/file_descriptor.h"
#include "dataplane/interface/write_all.h"

namespace sluis {
int save_new_file(const std::string& path, const std::string& content) {
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.valid()) return fail_command(path + ": cannot be made: " + std::strerror(errno) + "; name a new file");
    if (write_all(file.get(), as_bytes(content)) && ::fsync(file.get()) == 0) return kExitOk;
    const int error = errno;
    ::unlink(path.c_str());
    return fail_command(path + ": cannot be written: " + std::strerror(error));
}

}  // namespace sluis
