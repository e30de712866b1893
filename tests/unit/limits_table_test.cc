// dataplane/LIMITS.md against the configuration and the list of reasons: every limit has its row, with its default, and
// every reason and constant that the table names is there.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "dataplane/backlog.h"
#include "dataplane/dns_announcer.h"
#include "dataplane/flow/fragment_tracker.h"
#include "dataplane/flow/overload_relief.h"
#include "dataplane/flow/quic_tracker.h"
#include "dataplane/flow/source_budget.h"
#include "dataplane/interface/config_keys.h"
#include "dataplane/overload_gauge.h"
#include "dataplane/packet/packet.h"
#include "dataplane/verdict/reason.h"

namespace sluis {
namespace {

using Row = std::vector<std::string>;  ///< cells, without the spaces around them

std::vector<Row> table_rows() {
    std::ifstream file(SLUIS_SOURCE_DIR "/dataplane/LIMITS.md");
    std::vector<Row> rows;
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("| `", 0) != 0) continue;
        std::istringstream cells(line.substr(2));
        Row row;
        for (std::string cell; std::getline(cells, cell, '|');) {
            const auto begin = cell.find_first_not_of(' '), end = cell.find_last_not_of(' ');
            row.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
        }
        rows.push_back(row);
    }
    return rows;
}

std::string quoted(std::string_view name) { return "`" + std::string(name) + "`"; }

std::span<const ConfigKey> limit_keys() {
    for (const ConfigTable& table : config_tables())
        if (table.name == "limits") return table.keys;
    return {};
}

TEST(LimitsTable, HasEveryKeyOnceWithItsDefaultAndNoOther) {
    std::map<std::string, std::vector<Row>> rows;
    for (const Row& row : table_rows()) rows[row.at(0)].push_back(row);
    const Config defaults;
    ASSERT_FALSE(limit_keys().empty());
    for (const ConfigKey& key : limit_keys()) {
        const auto found = rows.find(quoted(key.name));
        ASSERT_NE(found, rows.end()) << key.name << " has no row in dataplane/LIMITS.md";
        ASSERT_EQ(found->second.size(), 1u) << key.name;
        ASSERT_EQ(found->second[0].size(), 6u) << key.name;
        EXPECT_EQ(found->second[0][1], key.show(defaults)) << key.name;
        rows.erase(found);
    }
    for (const auto& [name, found] : rows)
        EXPECT_NE(name.find("::"), std::string::npos) << name << " is no key of [limits]";
}

TEST(LimitsTable, NamesReasonsThatThereAre) {
    std::vector<std::string> known{quoted("flows_evicted"), quoted("flows_expired")};
    for (const ReasonInfo& reason : kReasons) known.push_back(quoted(reason.name));
    for (const Row& row : table_rows()) {
        std::istringstream names(row.at(3));
        for (std::string name; names >> name;) {
            if (name.back() == ',') name.pop_back();
            EXPECT_NE(std::find(known.begin(), known.end(), name), known.end()) << row[0] << ": " << name;
        }
    }
}

TEST(LimitsTable, HasTheConstantsAsTheyAre) {
    const std::map<std::string, std::size_t> constants{
        {"`Packet::kVlanLimit`", Packet::kVlanLimit},
        {"`DnsAnnouncer::kNameLimit`", DnsAnnouncer::kNameLimit},
        {"`DnsAnnouncer::kTextLimit`", DnsAnnouncer::kTextLimit},
        {"`DnsAnnouncer::kTextGrowth`", DnsAnnouncer::kTextGrowth},
        {"`SourceBudget::kStationPart`", SourceBudget::kStationPart},
        {"`SourceBudget::kAddressPart`", SourceBudget::kAddressPart},
        {"`SourceBudget::kTablePart`", SourceBudget::kTablePart},
        {"`QuicTracker::kCoalescedLimit`", QuicTracker::kCoalescedLimit},
        {"`QuicTracker::kEndedPerPair`", QuicTracker::kEndedPerPair},
        {"`QuicTracker::kLeastFirstId`", QuicTracker::kLeastFirstId},
        {"`FragmentTracker::kPieceLimit`", FragmentTracker::kPieceLimit},
        {"`FragmentTracker::kDatagramLimit`", FragmentTracker::kDatagramLimit},
        {"`OverloadGauge::kOnsetRounds`", OverloadGauge::kOnsetRounds},
        {"`OverloadRelief::kFreeShare`", OverloadRelief::kFreeShare},
        {"`OverloadRelief::kSharePart`", OverloadRelief::kSharePart},
        {"`Backlog::kFrames`", Backlog::kFrames},
        {"`Backlog::kControlFrames`", Backlog::kControlFrames},
    };
    std::size_t found = 0;
    for (const Row& row : table_rows())
        if (const auto constant = constants.find(row[0]); constant != constants.end()) {
            ++found;
            EXPECT_EQ(row[1], std::to_string(constant->second)) << row[0];
        }
    EXPECT_EQ(found, constants.size());
}

}  // namespace
}  // namespace sluis
