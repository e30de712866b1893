// The key under which a day's events name clients and devices: random, only in memory, gone when the day is over.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/packet/bytes.h"

namespace sluis {

/// The key's page is locked into memory and left out of core dumps where the system allows it.
class DailyKey {
public:
    /// Draws a key from getrandom(2). The process ends when there is no randomness.
    DailyKey();
    ~DailyKey();
    DailyKey(const DailyKey&) = delete;
    DailyKey& operator=(const DailyKey&) = delete;

    /// Forgets the key, and draws another: what was named by the old one can be named by nobody any more.
    void renew();

    /// The first 64 bits of HMAC-SHA-256 over `purpose`, a zero byte and `bytes`.
    std::uint64_t digest(std::string_view purpose, Bytes bytes) const;

private:
    static constexpr std::size_t kKeySize = 32;
    std::byte* key_;  ///< a page of its own
};

/// A client's address as events show it: in 100::/64, the discard-only prefix of RFC 6666, so that collectors which
/// want an address get one, and no host has it.
std::string pseudonym_address(const DailyKey& key, Bytes address);

}  // namespace sluis
