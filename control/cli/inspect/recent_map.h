// What was learned about addresses, in bounded memory.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "dataplane/packet/address.h"

namespace sluis {

struct AddressHash {
    std::size_t operator()(const IpAddress& address) const noexcept {
        return std::hash<std::string_view>{}(as_text(Bytes(address.bytes)));
    }
};

/// Remembers the first value given for each key. Past the limit, keys that were not asked for lately are forgotten.
template <typename Key, typename Value, typename Hash>
class RecentMap {
public:
    explicit RecentMap(std::size_t limit) : generation_limit_(limit / 2) {}

    /// The value remembered for `key`; `first`, from now on, when there is none.
    Value remember(const Key& key, Value first) {
        if (const auto known = recent_.find(key); known != recent_.end()) return known->second;
        if (const auto known = older_.find(key); known != older_.end()) first = known->second;
        if (recent_.size() >= generation_limit_) older_ = std::exchange(recent_, {});
        recent_.emplace(key, first);
        return first;
    }

private:
    using Generation = std::unordered_map<Key, Value, Hash>;

    std::size_t generation_limit_;
    Generation recent_;
    Generation older_;
};

}  // namespace sluis
