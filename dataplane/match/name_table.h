// Suffix and exact rules of large sets, looked up by hash: Hyperscan's compiler takes quadratic time for many literals
// that end alike, and its scan slows down with their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace sluis {

/// A rule of the table. The name is normalised; the view has to outlive the table.
struct NameRule {
    std::string_view name;
    bool exact = false;      ///< the name itself; else what lies below it too
    std::uint32_t rule = 0;  ///< index in the rule set
};

/// Read only once built. A look-up reads each byte of a name once, and for each of its labels one bit, rarely more.
class NameTable {
public:
    NameTable() = default;
    explicit NameTable(std::span<const NameRule> rules);

    bool empty() const noexcept { return rules_.empty(); }
    /// Calls `visit` with the rule's index for each rule that matches the normalised name.
    template <typename Visit>
    void match(std::string_view name, Visit&& visit) const noexcept;

private:
    /// Where a rule's name may be found: the upper half of its hash, and its index in `rules_`, or kEmpty.
    struct Slot {
        std::uint32_t tag = 0;
        std::uint32_t rule = kEmpty;
    };
    static constexpr std::uint32_t kEmpty = 0xffff'ffff;
    static constexpr std::uint64_t kFactor = 0x9e37'79b9'7f4a'7c15;  // 2^64 divided by the golden ratio

    static std::uint64_t step(std::uint64_t hash, std::uint64_t chunk) noexcept {
        hash = (hash ^ chunk) * kFactor;
        return hash ^ hash >> 32;
    }
    template <typename T>
    static T load(const char* from) noexcept {
        T value;
        std::memcpy(&value, from, sizeof value);
        return value;
    }
    /// The hash of a name, from those of the labels behind its first one.
    static std::uint64_t extend(std::uint64_t hash, const char* label, std::size_t size) noexcept;
    static std::uint64_t hash_of(std::string_view name) noexcept;

    bool may_hold(std::uint64_t hash) const noexcept {
        const std::uint64_t bit = hash & filter_mask_;
        return (filter_[bit / 64] >> bit % 64 & 1) != 0;
    }
    template <typename Visit>
    void look_up(std::uint64_t hash, std::string_view suffix, bool whole, Visit& visit) const noexcept;

    std::vector<NameRule> rules_;
    std::vector<Slot> slots_;  ///< open addressing, at most half full
    std::vector<std::uint64_t> filter_;
    std::uint64_t slot_mask_ = 0;
    std::uint64_t filter_mask_ = 0;
    std::size_t longest_ = 0;  ///< bytes of the longest name
};

inline std::uint64_t NameTable::extend(std::uint64_t hash, const char* label, std::size_t size) noexcept {
    const std::uint64_t length = size;
    for (; size > 8; label += 8, size -= 8) hash = step(hash, load<std::uint64_t>(label));
    // Of what is left, first and last bytes overlap where they have to; the length tells such labels apart.
    std::uint64_t rest = 0;
    if (size == 8) {
        rest = load<std::uint64_t>(label);
    } else if (size >= 4) {
        rest = load<std::uint32_t>(label) | std::uint64_t{load<std::uint32_t>(label + size - 4)} << 32;
    } else if (size > 0) {
        rest = load<std::uint8_t>(label) | std::uint64_t{load<std::uint8_t>(label + size / 2)} << 8 |
               std::uint64_t{load<std::uint8_t>(label + size - 1)} << 16;
    }
    return step(step(hash, rest), length);
}

template <typename Visit>
void NameTable::look_up(std::uint64_t hash, std::string_view suffix, bool whole, Visit& visit) const noexcept {
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::uint64_t at = hash & slot_mask_; slots_[at].rule != kEmpty; at = (at + 1) & slot_mask_) {
        if (slots_[at].tag != tag) continue;
        const NameRule& rule = rules_[slots_[at].rule];
        if (rule.name == suffix && (whole || !rule.exact)) visit(rule.rule);
    }
}

template <typename Visit>
void NameTable::match(std::string_view name, Visit&& visit) const noexcept {
    if (empty()) return;
    std::uint64_t hash = 0;
    for (std::size_t end = name.size();;) {
        std::size_t begin = end;
        while (begin > 0 && name[begin - 1] != '.') --begin;
        const std::string_view suffix = name.substr(begin);
        if (suffix.size() > longest_) return;
        hash = extend(hash, suffix.data(), end - begin);
        if (may_hold(hash)) look_up(hash, suffix, begin == 0, visit);
        if (begin == 0) return;
        end = begin - 1;
    }
}

}  // namespace sluis
