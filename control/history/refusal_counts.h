// What was refused, or would have been, by zone, category and protocol: totals of a dataplane, and what is new of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sluis {

class CountersView;

/// No name of a host, and nothing of a client.
struct RefusalKey {
    std::string zone, category, protocol;
    auto operator<=>(const RefusalKey&) const = default;
};

struct RefusalCount {
    std::uint64_t refused = 0;
    std::uint64_t would_refuse = 0;  ///< let pass, since its category or its pair is only monitored

    bool operator==(const RefusalCount&) const = default;
    RefusalCount& operator+=(const RefusalCount& more) {
        refused += more.refused;
        would_refuse += more.would_refuse;
        return *this;
    }
};

using RefusalCounts = std::map<RefusalKey, RefusalCount>;

/// All that one dataplane has counted since its start.
struct DataplaneTotals {
    std::string identity;  ///< of the process: no other one, of any boot of the machine, has the same
    RefusalCounts counts;  ///< those that are not zero
};

/// `boot`: what tells this boot of the machine from others.
DataplaneTotals totals_of(const CountersView& view, const std::string& boot);

/// Which totals are known, and so what is new. Dataplanes begin again from zero; this one may begin again from what it
/// knew, since both are kept together (history_store.h).
class RefusalLedger {
public:
    RefusalLedger() = default;
    explicit RefusalLedger(DataplaneTotals known) : known_(std::move(known)) {}

    /// What `totals` has and the ledger did not know. All of it, of another dataplane than before; nothing below what
    /// is known already, of the same.
    RefusalCounts take(const DataplaneTotals& totals);
    const DataplaneTotals& known() const { return known_; }

private:
    DataplaneTotals known_;
};

}  // namespace sluis
