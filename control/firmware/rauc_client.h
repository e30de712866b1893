// RAUC, which writes the box's other slot, asked over D-Bus: de.pengutronix.rauc.Installer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

struct _GDBusConnection;

namespace sluis {

/// Where RAUC is found.
struct RaucAddress {
    std::string bus;                           ///< D-Bus address; empty: the system's bus
    std::string name = "de.pengutronix.rauc";  ///< on the bus; empty: at the other end, without a bus
};

/// One of the places that a firmware is kept in.
struct FirmwareSlot {
    std::string name;         ///< "rootfs.0"
    std::string boot_name;    ///< the boot loader's: "A"
    std::string state;        ///< booted or inactive
    std::string boot_status;  ///< good, or bad: on trial, given up, or never written
    std::string version;      ///< of the bundle installed there; empty: none was
    std::string installed;    ///< when, as RAUC writes it
};

struct FirmwareSlots {
    std::string compatible;  ///< what a bundle has to be for
    std::string booted;      ///< boot_name of the slot that runs
    std::string primary;     ///< name of the slot that the next start takes first; empty: none is good
    std::vector<FirmwareSlot> slots;
};

struct FirmwareProgress {
    bool installing = false;
    std::int32_t percent = 0;
    std::string step;        ///< RAUC's words
    std::string last_error;  ///< of the last installation; empty: none, or it went well
};

/// Calls wait for their answers, up to half a minute each. Errors are one line. For one thread only.
class RaucClient {
public:
    static tl::expected<RaucClient, std::string> connect(const RaucAddress& address);

    tl::expected<FirmwareSlots, std::string> slots() const;
    tl::expected<FirmwareProgress, std::string> progress() const;
    /// Begins: progress() says how it goes. `source`: a URL whose server knows ranges (RFC 9110 section 14), or a path.
    tl::expected<void, std::string> install(const std::string& source) const;
    /// The running slot stays the boot loader's choice. RAUC's words.
    tl::expected<std::string, std::string> mark_good() const;

private:
    struct Unref {
        void operator()(_GDBusConnection* connection) const;
    };
    using Connection = std::unique_ptr<_GDBusConnection, Unref>;
    RaucClient(Connection connection, std::string name) : connection_(std::move(connection)), name_(std::move(name)) {}

    Connection connection_;
    std::string name_;
};

}  // namespace sluis
