// Who asks: what the kernel says of a local client, or the certificate of a remote one.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace sluis {

/// What a client may do. `admin` may do all that `read` may.
enum class Role : std::uint8_t { read, admin };

struct Caller {
    Role role = Role::read;
    std::string name;  ///< for the audit record: "uid 1000", or a certificate's subject and fingerprint
};

/// The TLS terminator's clients, by the local address that the kernel gave its connection to an API socket. Only the
/// process itself has such connections (SO_PEERCRED), so that no client can say it is another: nothing of the request
/// takes part. Shared by two threads.
class RemoteCallers {
public:
    /// REQUIRES: `address` is bound for as long as the entry is here.
    void add(const std::string& address, const std::string& name);
    void remove(const std::string& address);
    std::optional<std::string> find(const std::string& address) const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::string> names_;
};

/// Gives an unbound Unix socket an abstract address of its own (unix(7), autobind); empty when that fails.
std::string bind_to_own_address(int descriptor);

/// The client behind an accepted connection; none when it cannot be told, which refuses the connection.
std::optional<Caller> identify(int descriptor, Role role, const RemoteCallers& remote);

}  // namespace sluis
