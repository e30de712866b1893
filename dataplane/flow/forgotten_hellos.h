// What is left of a flow whose server has half a hello, once the flow itself had to be forgotten: 16 bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "dataplane/interface/limits.h"

namespace sluis {

/// A flow whose further bytes must not pass, since they may complete a hello that nobody has read.
struct ForgottenHello {
    std::uint32_t tag = 0;          ///< of the flow's hash
    std::uint32_t until = 0;        ///< seconds; 0: a free entry
    std::uint32_t client_next = 0;  ///< the sequence number that the receiver of the hello expects
    std::uint8_t client = 0;        ///< the direction of the hello
};

/// A set-associative table of them, by the flow's hash. A full set loses the one that would be over first. Most boxes
/// hold hardly any, so a count a group of sets spares most frames the look at a set.
class ForgottenHellos {
public:
    /// Room for about `capacity` entries.
    explicit ForgottenHellos(std::uint32_t capacity) {
        while (sets_ * kWays < capacity) sets_ *= 2;
        table_ = std::make_unique<Set[]>(sets_);
    }

    /// REQUIRES: until > now. Returns false when another had to go that is not over.
    bool remember(std::uint64_t hash, std::uint8_t client, std::uint32_t client_next, Nanoseconds until,
                  Nanoseconds now) noexcept {
        erase_if(hash, [&](const ForgottenHello& entry) {
            return entry.client == client && (entry.client_next - client_next + kReach) <= 2 * kReach;
        });
        Set& set = set_of(hash);
        ForgottenHello& entry = *std::min_element(
            set.begin(), set.end(), [](const auto& left, const auto& right) { return left.until < right.until; });
        const bool over = entry.until <= seconds(now);
        if (entry.until == 0) ++group_of(hash), ++used_;
        entry = {tag_of(hash), seconds(until) + 1, client_next, client};
        return over;
    }
    /// An entry of a flow with this hash, or nullptr. It stays valid until the next call.
    const ForgottenHello* find(std::uint64_t hash, Nanoseconds now) noexcept {
        return find(hash, now, [](const ForgottenHello&) { return true; });
    }
    /// The first of them for which `fits(entry)` holds: of one pair of endpoints there may be two streams.
    template <typename Fits>
    const ForgottenHello* find(std::uint64_t hash, Nanoseconds now, Fits&& fits) noexcept {
        if (group_of(hash) == 0) return nullptr;
        for (ForgottenHello& entry : set_of(hash)) {
            if (entry.until > seconds(now) && entry.tag == tag_of(hash) && fits(std::as_const(entry))) return &entry;
            if (entry.until != 0 && entry.until <= seconds(now)) free(hash, entry);
        }
        return nullptr;
    }
    /// False for nearly all flows, at little cost.
    bool may_hold(std::uint64_t hash) const noexcept { return groups_[hash % kGroups] != 0; }
    void erase(std::uint64_t hash) noexcept {
        erase_if(hash, [](const ForgottenHello&) { return true; });
    }
    /// Forgets one of them.
    void erase(std::uint64_t hash, const ForgottenHello& hello) noexcept {
        erase_if(hash, [&](const ForgottenHello& entry) {
            return entry.client == hello.client && entry.client_next == hello.client_next;
        });
    }

    /// Forgets what lies in the next `sets` sets of four; true once none is left. Until then, nothing may be asked or
    /// remembered.
    bool forget_some(std::uint32_t sets) noexcept {
        if (used_ == 0) return true;
        for (; sets != 0 && cleared_ != sets_; --sets) table_[cleared_++] = {};
        if (cleared_ != sets_) return false;
        groups_.fill(0);
        cleared_ = used_ = 0;
        return true;
    }

private:
    /// Numbers so near are of one stream.
    static constexpr std::uint32_t kReach = 1u << 24;

    template <typename Fits>
    void erase_if(std::uint64_t hash, Fits&& fits) noexcept {
        if (group_of(hash) == 0) return;
        for (ForgottenHello& entry : set_of(hash))
            if (entry.until != 0 && entry.tag == tag_of(hash) && fits(std::as_const(entry))) free(hash, entry);
    }
    void free(std::uint64_t hash, ForgottenHello& entry) noexcept {
        entry = {};
        --group_of(hash);
        --used_;
    }

    static constexpr std::uint32_t kWays = 4;
    static constexpr std::uint32_t kGroups = 2048;
    using Set = std::array<ForgottenHello, kWays>;
    static_assert(sizeof(Set) == 64);

    static std::uint32_t tag_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 32); }
    static std::uint32_t seconds(Nanoseconds time) noexcept { return static_cast<std::uint32_t>(time / kSecond); }
    Set& set_of(std::uint64_t hash) noexcept { return table_[hash % sets_]; }
    std::uint32_t& group_of(std::uint64_t hash) noexcept { return groups_[hash % kGroups]; }

    std::uint32_t sets_ = 1;
    std::uint32_t used_ = 0;     ///< entries that are not free
    std::uint32_t cleared_ = 0;  ///< sets, by forget_some
    std::unique_ptr<Set[]> table_;
    std::array<std::uint32_t, kGroups> groups_{};  ///< entries that are not free
};

}  // namespace sluis
