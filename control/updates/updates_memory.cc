#include "control/updates/updates_memory.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/bundle/bundle_error.h"
#include "control/bundle/hexadecimal.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t kTextLimit = 200;               ///< bytes
constexpr std::int64_t kTimeLimit = 253'402'300'799;  ///< the last second of the year 9999

std::string text_in(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>().substr(0, kTextLimit) : "";
}

std::uint64_t number_in(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

}  // namespace

const RefusedBundle* UpdatesMemory::find(std::string_view sha256) const {
    const auto found =
        std::find_if(refused.begin(), refused.end(), [&](const auto& each) { return each.sha256 == sha256; });
    return found == refused.end() ? nullptr : &*found;
}

void UpdatesMemory::refuse(RefusedBundle bundle) {
    bundle.message = bundle.message.substr(0, kTextLimit);
    std::erase_if(refused, [&](const auto& each) { return each.sha256 == bundle.sha256; });
    if (refused.size() >= kRefusedBundleLimit) refused.erase(refused.begin());
    refused.push_back(std::move(bundle));
}

std::string write_updates_memory(const UpdatesMemory& memory) {
    json written{{"fresh", memory.fresh}, {"refused", json::array()}};
    for (const RefusedBundle& each : memory.refused) {
        written["refused"].push_back({{"sha256", each.sha256},
                                      {"sequence", each.sequence},
                                      {"code", each.code},
                                      {"name", each.name},
                                      {"message", each.message}});
    }
    return written.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

UpdatesMemory read_updates_memory(std::string_view text) {
    UpdatesMemory memory;
    if (text.size() > kUpdatesMemoryLimit) return memory;
    const json read = json::parse(text, nullptr, false);
    if (!read.is_object()) return memory;
    memory.fresh = static_cast<std::int64_t>(std::min<std::uint64_t>(number_in(read, "fresh"), kTimeLimit));
    const auto refused = read.find("refused");
    if (refused == read.end() || !refused->is_array()) return memory;
    for (const json& each : *refused) {
        if (!each.is_object()) continue;
        RefusedBundle bundle{text_in(each, "sha256"), number_in(each, "sequence"),
                             static_cast<std::uint32_t>(std::min<std::uint64_t>(number_in(each, "code"), 9999)),
                             text_in(each, "name"), text_in(each, "message")};
        if (from_hex<32>(bundle.sha256)) memory.refuse(std::move(bundle));
    }
    return memory;
}

bool is_lasting(std::uint32_t code) {
    switch (code_of(code, BundleCode::ok)) {
        case BundleCode::ok:  // no code of the list: an audit record that cannot be written, say
        case BundleCode::clock_not_set:
        case BundleCode::created_in_future:
        case BundleCode::keys_expired:
        case BundleCode::trial_unavailable:
            return false;
        default:
            return code >= 300 && code < 1000;
    }
}

}  // namespace sluis
