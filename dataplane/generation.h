// What frames are judged by, as one object: a rule set, what is done with its categories for whom, and the scratch
// space of every worker. Made by the main thread before any worker sees it, and never changed: a worker that takes
// another one up between two bursts judges each frame by one whole set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/interface/counters.h"
#include "dataplane/interface/pipeline_policy.h"
#include "dataplane/interface/zone_table.h"
#include "dataplane/match/address_prefix.h"
#include "dataplane/match/rule_set.h"

namespace sluis {

/// A zone table and the memory that it lies in.
class ZoneImage {
public:
    /// As ZoneTable::load.
    static tl::expected<std::shared_ptr<const ZoneImage>, std::string> load(std::vector<std::byte> bytes);
    const ZoneTable& table() const noexcept { return table_; }
    /// SHA-256 as the table's header says it, lower-case hexadecimal.
    const std::string& digest() const noexcept { return digest_; }

private:
    std::vector<std::byte> bytes_;
    ZoneTable table_;
    std::string digest_;
};

/// The port pairs of one worker, by name.
struct WorkerPairs {
    std::string name;                     ///< of the pair, or of the set
    std::vector<std::string> links = {};  ///< of a set: its pairs
};

class Generation {
public:
    /// For what is no category: of a name that matches nothing.
    static constexpr std::uint16_t kNoCategory = 0xffff;

    struct Parts {
        std::uint64_t number = 1;  ///< counted up by whoever makes them
        std::shared_ptr<const RuleSet> rules;
        PipelinePolicy policy;
        std::shared_ptr<const void> policy_owner = nullptr;  ///< of what the policy borrows
        /// Empty: one zone, "default", whose categories are enforced or monitored as `policy` says.
        std::shared_ptr<const ZoneImage> zones = nullptr;
        std::vector<WorkerPairs> pairs_of_worker = {{""}};  ///< one entry a worker
    };
    /// Allocates. Gives zones and categories their slots in `labels`, which only ever grows. Fails, in one line, when
    /// the zone table was made for other rules, or without memory for the scanners.
    static tl::expected<std::unique_ptr<const Generation>, std::string> make(Parts parts, CounterLabels& labels);

    std::uint64_t number() const noexcept { return parts_.number; }
    const RuleSet& rules() const noexcept { return *parts_.rules; }
    const PipelinePolicy& policy() const noexcept { return parts_.policy; }
    const Parts& parts() const noexcept { return parts_; }
    /// REQUIRES: one worker only uses it at a time.
    const RuleScanner& scanner(std::size_t worker) const noexcept { return workers_[worker].scanner; }
    /// The worker's pairs by Frame::link, for ZoneQuery.
    const LinkPairs& pairs(std::size_t worker) const noexcept { return workers_[worker].pairs; }
    /// The pair that a worker has a frame of that Frame::link from.
    std::string_view pair_name(std::size_t worker, std::uint8_t link) const noexcept {
        const std::vector<std::string>& links = parts_.pairs_of_worker[worker].links;
        return link < links.size() ? std::string_view(links[link]) : std::string_view();
    }

    std::size_t zone_of(const ZoneQuery& query) const noexcept {
        return parts_.zones == nullptr ? 0 : parts_.zones->table().zone_of(query);
    }
    std::string_view zone_name(std::size_t zone) const noexcept { return zones_[zone].name; }
    /// What refused DNS clients of the zone are told, in its language.
    std::string_view dns_text(std::size_t zone) const noexcept { return zones_[zone].dns_text; }
    std::size_t zone_slot(std::size_t zone) const noexcept { return zones_[zone].slot; }
    ZoneMode mode(std::size_t zone, std::uint16_t category) const noexcept {
        return modes_[zone * categories_.size() + category];
    }

    /// Whether a category's names pass whatever else matches.
    bool allows(std::uint16_t category) const noexcept { return categories_[category].allows; }
    std::string_view category_name(std::uint16_t category) const noexcept {
        return parts_.rules->categories()[category].name;
    }
    std::size_t category_slot(std::uint16_t category) const noexcept { return categories_[category].slot; }
    /// Tells categories apart over generations: a hash of the name.
    std::uint32_t category_id(std::uint16_t category) const noexcept { return categories_[category].id; }
    /// The category of that identity, or kNoCategory.
    std::uint16_t find_category(std::uint32_t id) const noexcept;
    /// The category that stands for protocols, too: DNS over TLS and QUIC. Or kNoCategory.
    std::uint16_t encrypted_dns() const noexcept { return encrypted_dns_; }

    /// The prefixes that some zone enforces, and those that one does.
    const AddressTable& addresses() const noexcept { return all_addresses_; }
    const AddressTable& addresses(std::size_t zone) const noexcept { return address_tables_[zones_[zone].addresses]; }

private:
    struct Zone {
        std::string name;
        std::size_t slot = 0;
        std::size_t addresses = 0;  ///< index in address_tables_
        std::string_view dns_text = {};
    };
    struct CategoryPlace {
        std::size_t slot = 0;
        std::uint32_t id = 0;
        bool allows = false;
    };
    struct WorkerPart {
        RuleScanner scanner;
        LinkPairs pairs;
    };

    explicit Generation(Parts parts) : parts_(std::move(parts)) {}
    void place_categories(CounterLabels& labels);
    void place_zones(CounterLabels& labels);
    void build_address_tables();
    bool place_workers();
    LinkPairs numbers_of(const WorkerPairs& pairs) const;

    Parts parts_;
    std::vector<Zone> zones_;
    std::vector<CategoryPlace> categories_;
    std::vector<ZoneMode> modes_;  ///< all categories of the first zone, then of the second …
    std::uint16_t encrypted_dns_ = kNoCategory;
    AddressTable all_addresses_;
    std::vector<AddressTable> address_tables_;  ///< one for zones that enforce the same categories
    std::vector<WorkerPart> workers_;
};

}  // namespace sluis
