// The compiled rule set, immutable once loaded, and the scanner that one worker uses on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "dataplane/match/address_prefix.h"
#include "dataplane/match/name.h"

struct hs_database;
struct hs_scratch;

namespace sluis {

/// How a rule matches: a name, or (prefix) an address.
enum class RuleKind : std::uint8_t { suffix, exact, regex, prefix };
inline constexpr std::size_t kRuleKinds = 4;

/// A rule as the dataplane knows it. Views borrow from the rule set.
struct Rule {
    std::uint32_t id = 0;  ///< index in the rule table
    RuleKind kind = RuleKind::suffix;
    std::uint16_t category = 0;  ///< index in categories()
    std::string_view name;       ///< stable identity for events and logs, for example "tiktok.com" or "192.0.2.0/24"
};

struct Category {
    std::string_view name;  ///< "tiktok", "shared-overseas", …
    bool default_on = false;
    bool allows = false;  ///< its names pass, whatever other rules say; its prefixes mean nothing
};

/// A loaded compiled set. Shared by workers, read only; the memory that it was loaded from may go away.
class RuleSet {
public:
    /// Checks magic, format version, sizes, digest, engine version and processor kind, then loads. Not for the frame
    /// path. The error is one line for people: what is wrong and what to do.
    static tl::expected<std::unique_ptr<RuleSet>, std::string> load(Bytes compiled);
    /// The same, from a file.
    static tl::expected<std::unique_ptr<RuleSet>, std::string> load_file(const std::string& path);
    ~RuleSet();
    RuleSet(const RuleSet&) = delete;
    RuleSet& operator=(const RuleSet&) = delete;

    std::uint32_t size() const noexcept;
    Rule rule(std::uint32_t id) const noexcept;
    std::span<const Category> categories() const noexcept;
    /// The rules of kind `prefix`.
    std::span<const AddressRule> address_rules() const noexcept;
    /// SHA-256 over the compiled set, lower-case hexadecimal.
    std::string_view digest() const noexcept;

private:
    friend class RuleScanner;
    struct Impl;
    explicit RuleSet(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Called for each match: the name's index in the batch and the rule. Several rules may match one name; order is not
/// promised.
class MatchVisitor {
public:
    virtual void on_match(std::uint32_t name_index, std::uint32_t rule_id) noexcept = 0;

protected:
    ~MatchVisitor() = default;
};

/// Scans for one worker: owns the scratch space that goes with one rule set.
class RuleScanner {
public:
    /// REQUIRES: `rules` outlives the scanner. Throws nothing; `ok()` is false without memory.
    explicit RuleScanner(const RuleSet& rules);
    ~RuleScanner();
    RuleScanner(RuleScanner&& other) noexcept;
    RuleScanner& operator=(RuleScanner&& other) noexcept;
    bool ok() const noexcept { return scratch_ != nullptr; }
    const RuleSet& rules() const noexcept { return *rules_; }
    /// One scan over all names of the batch.
    void scan(const NameBatch& batch, MatchVisitor& visitor) const noexcept;

private:
    const RuleSet* rules_;
    hs_scratch* scratch_ = nullptr;
};

}  // namespace sluis
