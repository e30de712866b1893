// A change of the configuration file, written down before it begins and until it has ended, so that a sluis-control
// that is killed in the middle knows afterwards what to finish, and what to undo.
//
//   sluis.toml            the configuration
//   sluis.toml.previous   its text before the last change
//   sluis.toml.change     the change that is on its way, or waits for a confirmation
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tl/expected.hpp>

namespace sluis {

enum class ConfigStage : std::uint8_t {
    applying,    ///< the file is replaced, and the programs take it up
    restarting,  ///< sluis-control starts again, to take it up itself
    confirming,  ///< in force, and undone at `confirm_until` unless somebody confirms it
    undoing,     ///< the former text is put back
};
std::string_view name(ConfigStage stage);

struct ConfigJournal {
    ConfigStage stage = ConfigStage::applying;
    std::string before, after;        ///< SHA-256 of the two texts, hexadecimal
    std::string what = "config.put";  ///< for the audit record, as the two below
    std::string who, comment;
    std::int64_t since = 0;             ///< seconds since 1970-01-01 UTC
    std::uint32_t confirm_seconds = 0;  ///< 0: no confirmation is asked for
    std::int64_t confirm_until = 0;     ///< 0: the time has not begun
    bool dataplane_ran = false;         ///< when the change began: it has to come up with the text, then

    friend bool operator==(const ConfigJournal&, const ConfigJournal&) = default;
};

/// The files of one configuration. Every write replaces a file whole, and is on the disk when it returns.
class ConfigFiles {
public:
    explicit ConfigFiles(std::string path) : path_(std::move(path)) {}

    const std::string& path() const { return path_; }
    tl::expected<std::string, std::string> read() const;
    tl::expected<std::string, std::string> read_previous() const;
    tl::expected<void, std::string> write(const std::string& text) const;
    tl::expected<void, std::string> write_previous(const std::string& text) const;

    /// None when no change is on its way. What cannot be read is none.
    std::optional<ConfigJournal> read_journal() const;
    tl::expected<void, std::string> write_journal(const ConfigJournal& journal) const;
    void remove_journal() const;

    /// Puts the former text back, where the file is still as `journal` left it. False when there is nothing to put
    /// back.
    bool restore(const ConfigJournal& journal) const;

private:
    std::string path_;
};

/// SHA-256, hexadecimal.
std::string config_digest(const std::string& text);

/// Before sluis-control reads its configuration: puts the former text back where a change was not confirmed in time, or
/// was being undone. One line on what was done; empty: nothing was.
std::string recover_configuration(const ConfigFiles& files, std::int64_t now);

}  // namespace sluis
