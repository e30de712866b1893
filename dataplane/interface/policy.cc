#include "dataplane/interface/policy.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "dataplane/interface/edit_distance.h"
#include "dataplane/verdict/http_redirect.h"

namespace sluis {
namespace {

/// One of the two lists of categories.
struct CategoryList {
    const std::vector<std::string>& names;
    const std::vector<std::string>& places;
    const std::string& path;

    /// "FILE:LINE:COLUMN: " of a name; empty of one that comes from no file.
    std::string place_of(std::size_t index) const {
        return index < places.size() ? path + ":" + places[index] + ": " : "";
    }
};

std::string unknown_category(std::string_view wanted, std::span<const Category> categories) {
    std::vector<std::string_view> known;
    for (const Category& category : categories) known.push_back(category.name);
    return "[policy] names the category \"" + std::string(wanted) + "\", which the rule set does not have" +
           hint(wanted, known);
}

/// Switches each category of the list; the error when there is none of that name.
std::optional<std::string> switch_all(const CategoryList& list, bool on, std::span<const Category> categories,
                                      std::vector<bool>& enforced) {
    for (std::size_t i = 0; i < list.names.size(); ++i) {
        const std::string& wanted = list.names[i];
        const auto found =
            std::find_if(categories.begin(), categories.end(), [&](const Category& c) { return c.name == wanted; });
        if (found == categories.end()) return list.place_of(i) + unknown_category(wanted, categories);
        enforced[static_cast<std::size_t>(found - categories.begin())] = on;
    }
    return std::nullopt;
}

DnsRefusal dns_refusal(const RefusalConfig& config) {
    return {config.sinkhole ? DnsRefusalMode::sinkhole : DnsRefusalMode::nxdomain, config.sinkhole_ipv4,
            config.sinkhole_ipv6, config.dns_ttl, config.dns_text};
}

}  // namespace

tl::expected<PipelinePolicy, std::string> make_policy(const Config& config, std::span<const Category> categories) {
    const PolicyConfig& policy = config.policy;
    const CategoryList on{policy.enforce, policy.enforce_places, config.path};
    const CategoryList off{policy.off, policy.off_places, config.path};
    for (std::size_t i = 0; i < off.names.size(); ++i) {
        if (std::find(on.names.begin(), on.names.end(), off.names[i]) != on.names.end()) {
            return tl::unexpected(off.place_of(i) + "[policy] has the category \"" + off.names[i] +
                                  "\" both in enforce and in off; leave one out");
        }
    }
    PipelinePolicy result;
    for (const Category& category : categories) result.enforced.push_back(category.default_on);
    if (auto error = switch_all(on, true, categories, result.enforced)) return tl::unexpected(*error);
    if (auto error = switch_all(off, false, categories, result.enforced)) return tl::unexpected(*error);
    result.quic_ports = policy.quic_ports;
    result.dns = dns_refusal(config.refusal);
    result.dns_texts = {
        {{"nl", config.refusal.dns_text_nl}, {"fr", config.refusal.dns_text_fr}, {"de", config.refusal.dns_text_de}}};
    result.tls_alert = config.refusal.tls_alert;
    if (config.refusal.http_redirect) result.http_redirect = make_http_redirect(config.refusal.notice_url);
    result.strip_ech = policy.strip_ech;
    result.require_server_name = policy.require_server_name;
    return result;
}

}  // namespace sluis
