#include "dataplane/match/name_table.h"

#include <algorithm>
#include <bit>

namespace sluis {
namespace {

constexpr std::size_t kFilterBits = 16;  ///< for each rule: one name in sixteen that has no rule looks further

}  // namespace

std::uint64_t NameTable::hash_of(std::string_view name) noexcept {
    std::uint64_t hash = 0;
    for (std::size_t end = name.size();;) {
        std::size_t begin = end;
        while (begin > 0 && name[begin - 1] != '.') --begin;
        hash = extend(hash, name.data() + begin, end - begin);
        if (begin == 0) return hash;
        end = begin - 1;
    }
}

NameTable::NameTable(std::span<const NameRule> rules) : rules_(rules.begin(), rules.end()) {
    slots_.resize(std::bit_ceil(rules_.size() * 2 + 1));
    slot_mask_ = slots_.size() - 1;
    filter_.resize(std::bit_ceil(rules_.size() * kFilterBits + 64) / 64);
    filter_mask_ = filter_.size() * 64 - 1;
    for (std::uint32_t i = 0; i < rules_.size(); ++i) {
        const std::uint64_t hash = hash_of(rules_[i].name);
        longest_ = std::max(longest_, rules_[i].name.size());
        filter_[(hash & filter_mask_) / 64] |= std::uint64_t{1} << (hash & filter_mask_) % 64;
        std::uint64_t at = hash & slot_mask_;
        while (slots_[at].rule != kEmpty) at = (at + 1) & slot_mask_;
        slots_[at] = {static_cast<std::uint32_t>(hash >> 32), i};
    }
}

}  // namespace sluis
