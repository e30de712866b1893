// The command socket's two ends, without what is said over it (command.proto): packets with file descriptors.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/file_descriptor.h"

namespace sluis {

/// The longest message, bytes, and the most descriptors that come with one. What has more is no message.
inline constexpr std::size_t kCommandMessageLimit = 16384;
inline constexpr std::size_t kCommandDescriptorLimit = 2;

/// `dataplane.sock` in the runtime directory.
std::string command_path(const std::string& runtime_directory);

struct CommandMessage {
    std::string bytes;
    std::vector<FileDescriptor> descriptors;
};

/// Why nothing was received.
enum class CommandEnd {
    none_yet,  ///< nothing is there, on a socket that does not block or within its time limit
    closed,    ///< the other end is gone, or the socket failed
    invalid,   ///< a message with too many bytes or descriptors; it is taken, and its descriptors are closed
};

/// One message. No descriptor is left open but those that are returned; they close on exec.
tl::expected<CommandMessage, CommandEnd> receive_command(int socket);
/// One message; the descriptors stay the caller's. False when it cannot be sent at once (or within the socket's time
/// limit). Raises no SIGPIPE.
bool send_command(int socket, const std::string& bytes, std::span<const int> descriptors = {});

/// A socket that listens at command_path(), non-blocking, of mode 0600; with a group of mode 0660. REQUIRES: the caller
/// holds the directory's RuntimeLock, so that what lies there by that name is nobody's.
tl::expected<FileDescriptor, std::string> listen_for_commands(const std::string& runtime_directory,
                                                              const std::string& group);
/// A socket connected to it, that blocks for `seconds` at most.
tl::expected<FileDescriptor, std::string> connect_for_commands(const std::string& runtime_directory, int seconds);

/// Who is at the other end of a connected socket (SO_PEERCRED), and whether that is root, this process's own user or,
/// unless it is empty, a member of `group`. What the kernel does not tell is nobody.
bool may_command(int socket, const std::string& group);

}  // namespace sluis
