// What monitoring zones saw that enforcement would have refused: counts by zone, category and rule, of nobody's name.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dataplane/interface/finding.h"

namespace sluis {

struct WouldBlockRow {
    std::string zone;
    std::string category;
    std::string rule;  ///< empty: the category as such, for DNS over TLS or QUIC
    /// By Protocol: flows, and DNS messages, with a name that matched.
    std::array<std::uint64_t, kProtocolNames.size()> counts{};
    std::string first_day, last_day;  ///< "2026-03-27", local

    std::uint64_t total() const;
};

/// May be called by any thread.
class WouldBlock {
public:
    /// Beyond it, what is new is counted in one row, whose zone, category and rule are "other".
    static constexpr std::size_t kRowLimit = 1024;

    /// `now`: seconds since 1970-01-01 UTC.
    explicit WouldBlock(std::int64_t now) : since_(now) {}

    void add(std::string_view zone, std::string_view category, std::string_view rule, Protocol protocol,
             const std::string& day);

    std::int64_t since() const;
    /// By zone, category and rule.
    std::vector<WouldBlockRow> rows() const;

    nlohmann::ordered_json save() const;
    /// False when it is not what `save` writes: nothing is taken of it then.
    bool load(const nlohmann::ordered_json& saved);

private:
    using Key = std::tuple<std::string, std::string, std::string>;
    mutable std::mutex mutex_;
    std::int64_t since_;
    std::map<Key, WouldBlockRow> rows_;
};

}  // namespace sluis
