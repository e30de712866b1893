// From a DNS message to the burst's names.
#pragma once

#include <cstring>

#include "dataplane/burst.h"
#include "dataplane/protocol/dns_message.h"

namespace sluis {

/// Announces every name of a DNS message. A record's owner is nearly always the question's name or the name before it:
/// one such repetition is not announced again.
class DnsAnnouncer final : public DnsNameVisitor {
public:
    DnsAnnouncer(Burst& burst, const Announcement& about) noexcept : burst_(burst), about_(about) {}
    bool on_name(const DnsName& name, DnsNameRole) noexcept override {
        if (is(first_, name) || is(last_, name)) return true;
        keep(name, first_.length == 0 ? first_ : last_);
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

    Burst& burst_;
    const Announcement about_;
    DnsName first_;
    DnsName last_;
    bool complete_ = true;
};

}  // namespace sluis
