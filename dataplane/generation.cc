#include "dataplane/generation.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <utility>

namespace sluis {
namespace {

constexpr std::string_view kEncryptedDns = "encrypted-dns";
constexpr std::string_view kDefaultZone = "default";

/// The first character last: readers take a slot without one for a free slot.
template <std::size_t Size>
void store_label(char (&slot)[Size], std::string_view name) noexcept {
    if (name.empty()) return;
    store_shared_bytes(slot + 1, name.data() + 1, name.size() - 1);
    __atomic_store_n(&slot[0], name[0], __ATOMIC_RELEASE);
}

/// The slot that has the name, or the next free one, which gets it; the last one where all others are taken.
template <std::size_t Slots, std::size_t Size>
std::size_t slot_of(char (&labels)[Slots][Size], std::string_view name) {
    const std::string_view fitting = name.substr(0, Size - 1);
    for (std::size_t slot = 0; slot + 1 < Slots; ++slot) {
        if (labels[slot][0] == '\0') store_label(labels[slot], fitting);
        if (std::string_view(labels[slot]) == fitting) return slot;
    }
    return Slots - 1;
}

/// FNV-1a, 32 bits.
std::uint32_t identity(std::string_view name) noexcept {
    std::uint32_t hash = 0x811c9dc5;
    for (const char each : name) hash = (hash ^ static_cast<unsigned char>(each)) * 0x01000193;
    return hash;
}

/// The text for a zone's language, of which the first subtag counts: "nl-BE" is Dutch.
std::string_view text_for(std::string_view language, const PipelinePolicy& policy) noexcept {
    const std::string_view primary = language.substr(0, language.find('-'));
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b; };
    for (const auto& [known, text] : policy.dns_texts)
        if (!known.empty() && std::equal(primary.begin(), primary.end(), known.begin(), known.end(), same)) return text;
    return policy.dns.text;
}

/// Why a table does not go with a rule set; nothing when it does.
std::optional<std::string> misfit(const ZoneTable& table, const RuleSet& rules) {
    constexpr const char* kRemedy = "; make both again, the table after the rules";
    if (table.rule_set_digest() != rules.digest())
        return "the zone table was made for the rule set " + std::string(table.rule_set_digest()) +
               ", and this one is " + std::string(rules.digest()) + kRemedy;
    if (table.category_count() != rules.categories().size())
        return "the zone table has " + std::to_string(table.category_count()) + " categories, and the rule set has " +
               std::to_string(rules.categories().size()) + kRemedy;
    for (std::size_t i = 0; i < table.category_count(); ++i)
        if (table.category(i) != rules.categories()[i].name)
            return "category " + std::to_string(i) + " of the zone table is not the rule set's" + kRemedy;
    return std::nullopt;
}

}  // namespace

tl::expected<std::shared_ptr<const ZoneImage>, std::string> ZoneImage::load(std::vector<std::byte> bytes) {
    auto image = std::make_shared<ZoneImage>();
    image->bytes_ = std::move(bytes);
    auto table = ZoneTable::load(image->bytes_);
    if (!table) return tl::unexpected(table.error());
    image->table_ = *table;
    ZoneTableHeader header;
    std::memcpy(&header, image->bytes_.data(), sizeof header);
    image->digest_ = hexadecimal(header.digest);
    return image;
}

tl::expected<std::unique_ptr<const Generation>, std::string> Generation::make(Parts parts, CounterLabels& labels) {
    if (parts.zones != nullptr)
        if (auto wrong = misfit(parts.zones->table(), *parts.rules)) return tl::unexpected(std::move(*wrong));
    std::unique_ptr<Generation> made(new Generation(std::move(parts)));
    made->place_categories(labels);
    made->place_zones(labels);
    made->build_address_tables();
    if (!made->place_workers())
        return tl::unexpected<std::string>("no memory for the rule set's scratch space: give the process more");
    return made;
}

void Generation::place_categories(CounterLabels& labels) {
    for (const Category& category : rules().categories()) {
        if (category.name == kEncryptedDns) encrypted_dns_ = static_cast<std::uint16_t>(categories_.size());
        categories_.push_back({slot_of(labels.categories, category.name), identity(category.name), category.allows});
    }
}

void Generation::place_zones(CounterLabels& labels) {
    const auto add = [&](std::string_view name, std::string_view language) {
        zones_.push_back({std::string(name), slot_of(labels.zones, name), 0, text_for(language, policy())});
    };
    if (parts_.zones == nullptr) {
        add(kDefaultZone, "");
        for (std::size_t i = 0; i < categories_.size(); ++i)
            modes_.push_back(i < policy().enforced.size() && policy().enforced[i] ? ZoneMode::enforce
                                                                                  : ZoneMode::monitor);
        return;
    }
    const ZoneTable& table = parts_.zones->table();
    for (std::size_t zone = 0; zone < table.zone_count(); ++zone) {
        add(table.name(zone), table.language(zone));
        for (std::size_t i = 0; i < categories_.size(); ++i) modes_.push_back(table.mode(zone, i));
    }
}

void Generation::build_address_tables() {
    const auto is_enforced = [&](std::size_t zone, const AddressRule& each) {
        const std::uint16_t category = rules().rule(each.rule).category;
        return !allows(category) && mode(zone, category) == ZoneMode::enforce;
    };
    std::vector<bool> anywhere(rules().address_rules().size());
    std::map<std::vector<bool>, std::size_t> known;
    const auto table_of = [&](const std::vector<bool>& chosen) {
        std::vector<AddressRule> enforced;
        for (std::size_t i = 0; i < chosen.size(); ++i)
            if (chosen[i]) enforced.push_back(rules().address_rules()[i]);
        return AddressTable(enforced);
    };
    for (std::size_t zone = 0; zone < zones_.size(); ++zone) {
        std::vector<bool> chosen;
        for (const AddressRule& each : rules().address_rules()) chosen.push_back(is_enforced(zone, each));
        for (std::size_t i = 0; i < chosen.size(); ++i)
            if (chosen[i]) anywhere[i] = true;
        const auto [entry, fresh] = known.try_emplace(chosen, address_tables_.size());
        if (fresh) address_tables_.push_back(table_of(chosen));
        zones_[zone].addresses = entry->second;
    }
    all_addresses_ = table_of(anywhere);
}

/// A zone may name a link's own pair, or the set.
LinkPairs Generation::numbers_of(const WorkerPairs& pairs) const {
    LinkPairs numbers;
    numbers.fill(ZoneQuery::kOtherPair);
    if (parts_.zones == nullptr) return numbers;
    const ZoneTable& table = parts_.zones->table();
    numbers.fill(table.pair_index(pairs.name));
    for (std::size_t i = 0; i < pairs.links.size() && i < numbers.size(); ++i)
        if (const std::uint16_t number = table.pair_index(pairs.links[i]); number != ZoneQuery::kOtherPair)
            numbers[i] = number;
    return numbers;
}

bool Generation::place_workers() {
    for (const WorkerPairs& pairs : parts_.pairs_of_worker) {
        workers_.push_back({RuleScanner(rules()), numbers_of(pairs)});
        if (!workers_.back().scanner.ok()) return false;
    }
    return true;
}

std::uint16_t Generation::find_category(std::uint32_t id) const noexcept {
    const auto found = std::find_if(categories_.begin(), categories_.end(),
                                    [id](const CategoryPlace& category) { return category.id == id; });
    return found == categories_.end() ? kNoCategory : static_cast<std::uint16_t>(found - categories_.begin());
}

}  // namespace sluis
