// From a DNS message to the burst's names.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "dataplane/burst.h"
#include "dataplane/protocol/dns_message.h"

namespace sluis {

/// Announces each name of a DNS message once. What names cost is bounded: a message with more than the limits below, as
/// a few bytes make it by pointers, is none that resolvers send. Nothing of it stays announced.
class DnsAnnouncer final : public DnsNameVisitor {
public:
    /// Different names of one message: all domain controllers of a large office, and their addresses.
    static constexpr std::uint32_t kNameLimit = 128;
    /// Bytes of those names together, normalised: 32 for each.
    static constexpr std::uint32_t kTextLimit = 4096;
    /// The most by which these bytes may outgrow the message's own: compression of what resolvers send makes less.
    static constexpr std::uint32_t kTextGrowth = 1024;

    DnsAnnouncer(Burst& burst, const Announcement& about, Bytes message) noexcept
        : burst_(burst),
          about_(about),
          begin_(burst.names.size()),
          text_end_(text_size() + std::min(kTextLimit, kTextGrowth + static_cast<std::uint32_t>(message.size()))) {}

    bool on_name(const DnsName& name, DnsNameRole) noexcept override {
        if (first_.length != 0) return on_another(name);
        keep(name, first_);  // the only one of nearly all messages; no name alone is longer than kTextGrowth
        return complete_ = burst_.announce_dns(name.bytes(), about_);
    }
    /// Whether there was room for all of them.
    bool complete() const noexcept { return complete_; }

private:
    static bool is(const DnsName& one, const DnsName& other) noexcept {
        return one.length == other.length && std::memcmp(one.wire.data(), other.wire.data(), one.length) == 0;
    }
    static void keep(const DnsName& name, DnsName& copy) noexcept {
        std::memcpy(copy.wire.data(), name.wire.data(), name.length);
        copy.length = name.length;
    }
    static std::uint32_t hash_of(const DnsName& name) noexcept {
        std::uint64_t hash = name.length;
        for (std::size_t at = 0; at < name.length; at += sizeof hash) {
            std::uint64_t chunk = 0;
            std::memcpy(&chunk, name.wire.data() + at, std::min(sizeof chunk, name.length - at));
            hash = (hash ^ chunk) * 0x9e37'79b9'7f4a'7c15;  // 2^64 divided by the golden ratio
            hash ^= hash >> 32;
        }
        return static_cast<std::uint32_t>(hash);
    }
    std::uint32_t text_size() const noexcept { return static_cast<std::uint32_t>(burst_.names.text().size()); }

    bool on_another(const DnsName& name) noexcept {
        // A record's owner is nearly always the question's name or the name before it.
        if (is(first_, name) || is(last_, name)) return true;
        keep(name, last_);
        complete_ = announce(name) && text_size() <= text_end_;
        if (!complete_) burst_.names.truncate(begin_);
        return complete_;
    }
    /// False when there is no room for the name. The first one is not looked for: it is compared with each.
    bool announce(const DnsName& name) noexcept {
        const std::uint32_t count = burst_.names.size() - begin_;
        if (count == kNameLimit || !burst_.announce_dns(name.bytes(), about_)) return false;
        hashes_[count] = hash_of(name);
        const auto* const same = std::find(hashes_.data() + 1, hashes_.data() + count, hashes_[count]);
        const auto earlier = begin_ + static_cast<std::uint32_t>(same - hashes_.data());
        const auto index = begin_ + count;
        if (earlier != index && burst_.names.name(earlier) == burst_.names.name(index)) burst_.names.truncate(index);
        return true;
    }

    Burst& burst_;
    const Announcement about_;
    const std::uint32_t begin_;     ///< index of the message's first name
    const std::uint32_t text_end_;  ///< of the batch, at the most
    DnsName first_;
    DnsName last_;
    std::array<std::uint32_t, kNameLimit> hashes_;  ///< of the names in wire form, but the first
    bool complete_ = true;
};

static_assert(kNormalNameLimit <= DnsAnnouncer::kTextGrowth);

}  // namespace sluis
