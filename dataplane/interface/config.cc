#include "dataplane/interface/config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <span>

#include "dataplane/interface/config_eal_argument.h"
#include "dataplane/interface/config_keys.h"
#include "dataplane/interface/core_list.h"
#include "dataplane/interface/counters.h"
#include "dataplane/interface/device_name.h"
#include "dataplane/interface/edit_distance.h"
#include "dataplane/interface/one_line.h"
#include "dataplane/interface/set_layout.h"
#include "dataplane/match/compiled_set.h"

namespace sluis {
namespace {

constexpr off_t kFileLimit = 1 << 20;  ///< bytes

class ReadOnlyFile {
public:
    explicit ReadOnlyFile(const std::string& path)
        : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
    ~ReadOnlyFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    ReadOnlyFile(const ReadOnlyFile&) = delete;
    ReadOnlyFile& operator=(const ReadOnlyFile&) = delete;
    int descriptor() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

/// The first thing found wrong, as one line; reading stops there.
using Status = tl::expected<void, std::string>;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

/// A key or a value of the file may hold anything; an error stays one line, harmless to a terminal.
std::string on_one_line(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
    return text;
}

std::string heading(const ConfigTable& table) {
    const std::string name(table.name);
    return table.repeated ? "[[" + name + "]]" : "[" + name + "]";
}

/// Reads one file: tables by the list of keys, then what no single key can tell.
class ConfigReader {
public:
    ConfigReader(std::string path, bool need_pairs, ConfigPlace* place)
        : path_(std::move(path)), need_pairs_(need_pairs), place_(place) {}

    tl::expected<Config, std::string> read(const toml::table& root) {
        const Status status = read_tables(root)
                                  .and_then([&] { return check_pairs(root); })
                                  .and_then([&] { return check_sets(root); })
                                  .and_then([&] { return check_workers(root); })
                                  .and_then([&] { return check_devices(root); })
                                  .and_then([&] { return check_relays(root); })
                                  .and_then([&] { return check_cores(root); })
                                  .and_then([&] { return check_eal(root); })
                                  .and_then([&] { return check_refusal(root); });
        if (!status) return tl::unexpected(status.error());
        config_.policy.enforce_places = places_of(root["policy"]["enforce"]);
        config_.policy.off_places = places_of(root["policy"]["off"]);
        return std::move(config_);
    }

    /// `key`: what the error is about, where a key or table is.
    tl::unexpected<std::string> error(const toml::source_region& where, const std::string& what,
                                      const std::string& key = "") const {
        const std::string position = where.begin.line == 0 ? "" : place_of(where) + ":";
        if (place_ != nullptr) *place_ = {where.begin.line, on_one_line(key)};
        return tl::unexpected(path_ + ":" + position + " " + on_one_line(what));
    }

private:
    static std::string place_of(const toml::source_region& where) {
        return std::to_string(where.begin.line) + ":" + std::to_string(where.begin.column);
    }

    /// Of a list's items: whether the rule set has such categories is not known here.
    static std::vector<std::string> places_of(toml::node_view<const toml::node> list) {
        std::vector<std::string> places;
        if (const toml::array* items = list.as_array())
            for (const toml::node& item : *items) places.push_back(place_of(item.source()));
        return places;
    }

    Status read_tables(const toml::table& root) {
        for (const auto& [name, node] : root)
            if (const Status status = read_top(name, node); !status) return status;
        return {};
    }

    Status read_top(const toml::key& name, const toml::node& node) {
        for (const ConfigTable& table : config_tables())
            if (table.name == name.str()) return table.repeated ? read_repeated(table, node) : read_single(table, node);
        std::vector<std::string_view> known(foreign_tables().begin(), foreign_tables().end());
        if (std::find(known.begin(), known.end(), name.str()) != known.end()) {
            if (node.is_table()) return {};
            return error(node.source(), quoted(name.str()) + " is no table; write [" + std::string(name.str()) + "]");
        }
        for (const ConfigTable& table : config_tables()) known.push_back(table.name);
        return error(name.source(),
                     "unknown " + kind_of(node) + " " + quoted(name.str()) + where_it_belongs(name.str(), node, known),
                     std::string(name.str()));
    }

    static std::string kind_of(const toml::node& node) {
        if (node.is_table()) return "table";
        return node.is_array_of_tables() ? "list of tables" : "key";
    }

    /// Zones are in a file of their own, and a key may have lost its table's heading.
    static std::string where_it_belongs(std::string_view name, const toml::node& node,
                                        const std::vector<std::string_view>& known_tables) {
        if (name == "zone" || name == "allow")
            return "; it belongs in policy.toml, the file that policy of [control] names";
        if (node.is_table() || node.is_array_of_tables()) return hint(name, known_tables);
        std::vector<std::string_view> keys;
        for (const ConfigTable& table : config_tables())
            for (const ConfigKey& key : table.keys) {
                if (key.name == name) return "; it belongs below " + heading(table);
                keys.push_back(key.name);
            }
        return hint(name, keys);
    }

    Status read_single(const ConfigTable& table, const toml::node& node) {
        if (node.is_table()) return read_keys(table, *node.as_table());
        return error(node.source(), quoted(table.name) + " is no table; write " + heading(table));
    }

    Status read_repeated(const ConfigTable& table, const toml::node& node) {
        if (!node.is_array_of_tables())
            return error(node.source(), quoted(table.name) + " is no list of tables; write " + heading(table));
        for (const toml::node& item : *node.as_array()) {
            const std::string default_name = "pair" + std::to_string(config_.pairs.size());
            config_.pairs.emplace_back().name = default_name;
            if (const Status status = read_keys(table, *item.as_table()); !status) return status;
        }
        return {};
    }

    Status read_keys(const ConfigTable& table, const toml::table& nodes) {
        for (const auto& [name, node] : nodes)
            if (const Status status = read_key(table, name, node); !status) return status;
        return {};
    }

    Status read_key(const ConfigTable& table, const toml::key& name, const toml::node& node) {
        std::vector<std::string_view> known;
        for (const ConfigKey& key : table.keys) {
            known.push_back(key.name);
            if (key.name != name.str()) continue;
            const std::string problem = key.read(node, config_);
            if (problem.empty()) return {};
            return error(node.source(), std::string(key.name) + " of " + heading(table) + " " + problem,
                         std::string(table.name) + "." + std::string(key.name));
        }
        const std::string known_ones = hint(name.str(), known);
        return error(name.source(),
                     "unknown key " + quoted(name.str()) + " in " + heading(table) +
                         (known_ones.empty() ? "; sluis-dataplane --help-config prints the known ones" : known_ones),
                     std::string(table.name) + "." + std::string(name.str()));
    }

    Status check_pairs(const toml::table& root) const {
        if (config_.pairs.empty() && need_pairs_)
            return error({}, "there is no port pair; write a [[pair]] with the keys inside and outside");
        std::set<std::string> names;
        for (std::size_t i = 0; i < config_.pairs.size(); ++i) {
            const PairConfig& pair = config_.pairs[i];
            const toml::source_region& where = root["pair"][i].node()->source();
            for (const auto& [key, port] : {std::pair("inside", &pair.inside), std::pair("outside", &pair.outside)})
                if (port->empty())
                    return error(where,
                                 "pair " + quoted(pair.name) + " has no port " + quoted(key) +
                                     "; name a device such as \"0000:01:00.0\" or \"net_af_packet0,iface=eth1\"");
            if (!names.insert(pair.name).second)
                return error(where, "two pairs are called " + quoted(pair.name) + "; give one another name");
            if (names.size() > kMaxCountersBlocks)
                return error(where,
                             "there are more than " + std::to_string(kMaxCountersBlocks) + " pairs; leave out some");
        }
        return {};
    }

    /// What all links of a set have in common.
    Status check_sets(const toml::table& root) const {
        const auto where = [&](std::size_t pair) { return root["pair"][pair].node()->source(); };
        for (std::size_t i = 0; i < config_.pairs.size(); ++i)
            for (const PairConfig& other : config_.pairs)
                if (config_.pairs[i].set == other.name)
                    return error(where(i), "set " + quoted(other.name) +
                                               " has the name of a pair; give one of them another name");
        for (const SetLayout& set : inline_sets(config_)) {
            const PairConfig& first = config_.pairs[set.pairs.front()];
            if (first.set.empty()) continue;
            const std::string title = "set " + quoted(set.name);
            if (set.pairs.size() == 1)
                return error(where(set.pairs[0]), title + " has the pair " + quoted(first.name) +
                                                      " alone; write it in another [[pair]] too, or leave it out");
            if (set.pairs.size() > kMaxSetPairs)
                return error(where(set.pairs[kMaxSetPairs]),
                             title + " has more than " + std::to_string(kMaxSetPairs) + " pairs; make two sets of it");
            for (const std::size_t i : set.pairs)
                for (const auto& [key, same] : {std::pair("workers", config_.pairs[i].workers == first.workers),
                                                std::pair("mode", config_.pairs[i].mode == first.mode)})
                    if (!same)
                        return error(where(i), "pairs " + quoted(first.name) + " and " + quoted(config_.pairs[i].name) +
                                                   " of the " + title + " differ in " + key +
                                                   "; write the same in both");
        }
        return {};
    }

    /// Where the sum goes beyond what there is room for.
    Status check_workers(const toml::table& root) const {
        std::uint64_t workers = 0;
        for (const SetLayout& set : inline_sets(config_)) {
            workers += set.workers;
            if (workers > kMaxWorkers)
                return error(root["pair"][set.pairs.front()].node()->source(),
                             "there are more than " + std::to_string(kMaxWorkers) + " workers; ask for fewer");
        }
        return {};
    }

    /// No device, and no network interface of the kernel, may be two ports.
    Status check_devices(const toml::table& root) const {
        std::map<std::string, std::string> used;
        for (std::size_t i = 0; i < config_.pairs.size(); ++i) {
            const PairConfig& pair = config_.pairs[i];
            for (const auto& [key, port] : {std::pair("inside", &pair.inside), std::pair("outside", &pair.outside)}) {
                const DeviceName device = *parse_device_name(*port);
                const std::string owner = pair.name + "." + key;
                const toml::source_region& where = root["pair"][i][key].node()->source();
                std::vector<std::string> taken{"device " + device.name};
                if (const auto iface = device.argument("iface")) taken.push_back("interface " + *iface);
                for (const std::string& what : taken)
                    if (const auto [other, fresh] = used.emplace(what, owner); !fresh)
                        return error(where,
                                     what + " is the port " + other->second +
                                         " already; each port needs a device of its own (net_ring0, net_ring1, …)");
            }
        }
        return {};
    }

    /// Two pairs with the same relays would switch them to and fro, and open what is to be closed.
    Status check_relays(const toml::table& root) const {
        std::map<std::string, std::string> used;
        for (std::size_t i = 0; i < config_.pairs.size(); ++i) {
            const PairConfig& pair = config_.pairs[i];
            if (pair.relay.empty()) continue;
            const std::string folder = pair.relay.substr(0, pair.relay.find_last_not_of('/') + 1);
            if (const auto [other, fresh] = used.emplace(folder, pair.name); !fresh)
                return error(root["pair"][i]["relay"].node()->source(),
                             "relay " + quoted(pair.relay) + " is pair " + quoted(other->second) +
                                 "'s already; each pair needs relays of its own");
        }
        return {};
    }

    /// An lcore for each worker. Whether the machine has the CPUs is not the file's matter.
    Status check_cores(const toml::table& root) const {
        if (config_.eal.cores.empty()) return {};
        const toml::source_region& where = root["eal"]["cores"].node()->source();
        const auto list = parse_core_list(config_.eal.cores);
        if (!list) return error(where, "cores of [eal] is " + quoted(config_.eal.cores) + ", which " + list.error());
        const std::size_t workers = total_workers(config_);
        if (list->lcores.size() >= workers) return {};
        return error(where, "cores of [eal] has " + std::to_string(list->lcores.size()) + " lcore(s) for " +
                                std::to_string(workers) + " workers; write one each, as in \"0@0,1@0\"");
    }

    Status check_eal(const toml::table& root) const {
        const toml::node* node = root["eal"]["arguments"].node();
        for (std::size_t i = 0; i < config_.eal.arguments.size(); ++i) {
            const std::string problem = eal_argument_problem(config_.eal.arguments[i], config_.eal.hugepages);
            if (!problem.empty()) return error(node->as_array()->get(i)->source(), problem);
        }
        return {};
    }

    Status check_refusal(const toml::table& root) const {
        const RefusalConfig& refusal = config_.refusal;
        if (refusal.http_redirect && refusal.notice_url.empty())
            return error(
                root["refusal"]["http"].node()->source(),
                "http \"redirect\" has nowhere to lead to; set notice_url, such as \"http://notice.example/\"");
        if (!refusal.sinkhole || refusal.sinkhole_ipv4 || refusal.sinkhole_ipv6) return {};
        return error(root["refusal"]["mode"].node()->source(),
                     "mode \"sinkhole\" has no address to answer with; set sinkhole_ipv4, sinkhole_ipv6 or both");
    }

    std::string path_;
    bool need_pairs_;
    ConfigPlace* place_;
    Config config_;
};

tl::unexpected<std::string> unreadable(const std::string& path, int error) {
    std::string advice = "name another one by --config";
    if (error == ENOENT) advice = "make one by sluis-dataplane --help-config > " + path + ", or " + advice;
    if (error == EACCES) advice = "let this user read it, or " + advice;
    return tl::unexpected(path + ": cannot be read: " + std::strerror(error) + "; " + advice);
}

/// The file's text. Only of a regular file: a pipe would never end, and could not be read again.
tl::expected<std::string, std::string> read_config_file(const std::string& path) {
    const ReadOnlyFile file(path);
    struct stat found {};
    if (file.descriptor() < 0 || ::fstat(file.descriptor(), &found) != 0) return unreadable(path, errno);
    if (!S_ISREG(found.st_mode)) return tl::unexpected(path + ": is no regular file; give a configuration file");
    if (found.st_size > kFileLimit)
        return tl::unexpected(path + ": has " + std::to_string(found.st_size) + " bytes, and " +
                              std::to_string(kFileLimit) + " are the most; give a configuration file");
    std::string text(static_cast<std::size_t>(found.st_size), '\0');
    std::size_t size = 0;
    for (ssize_t count = 1; count != 0 && size < text.size(); size += static_cast<std::size_t>(count))
        if ((count = ::read(file.descriptor(), text.data() + size, text.size() - size)) < 0)
            return unreadable(path, errno);
    text.resize(size);
    return text;
}

/// What the reference shows: the defaults, and a pair that could be real.
Config example_config() {
    Config config;
    PairConfig& pair = config.pairs.emplace_back();
    pair.name = "pair0";
    pair.inside = "0000:01:00.0";
    pair.outside = "0000:01:00.1";
    return config;
}

}  // namespace

tl::expected<Config, std::string> parse_config(std::string_view text, const std::string& path, bool need_pairs,
                                               ConfigPlace* place) {
    ConfigReader reader(path, need_pairs, place);
    const toml::parse_result parsed = toml::parse(text, path);
    if (!parsed) return reader.error(parsed.error().source(), one_line(parsed.error().description()));
    auto config = reader.read(parsed.table());
    if (!config) return config;
    config->path = path;
    config->digest = hexadecimal(sha256(std::as_bytes(std::span(text))));
    return config;
}

tl::expected<Config, std::string> load_config(const std::string& path, bool need_pairs) {
    auto text = read_config_file(path);
    if (!text) return tl::unexpected(text.error());
    return parse_config(*text, path, need_pairs);
}

std::string config_reference() {
    const Config example = example_config();
    std::string text;
    for (const ConfigTable& table : config_tables()) {
        text += (text.empty() ? "# " : "\n# ") + std::string(table.help) + "\n" + heading(table) + "\n";
        for (const ConfigKey& key : table.keys) {
            const std::string value = key.show(example);
            text += "# " + std::string(key.help) + " (" + key.accepts() + ")\n";
            text += (value.empty() ? "# " : "") + std::string(key.name) + " = " + (value.empty() ? "…" : value) + "\n";
        }
    }
    return text;
}

}  // namespace sluis
