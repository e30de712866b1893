#include "control/guard/guard_state.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "dataplane/interface/file_descriptor.h"
#include "dataplane/interface/write_all.h"

namespace sluis {
namespace {

using Json = nlohmann::ordered_json;

template <typename Value>
Value member(const Json& object, const char* key, Value otherwise) {
    const auto found = object.find(key);
    if (found == object.end()) return otherwise;
    if constexpr (std::is_same_v<Value, std::string>)
        return found->is_string() ? found->template get<std::string>() : otherwise;
    else
        return found->is_number_integer() ? found->template get<Value>() : otherwise;
}

/// The enumerator of a word; the first one where there is no such word.
template <typename Enum, std::size_t size>
Enum find_word(const std::array<std::string_view, size>& words, const std::string& word) {
    for (std::size_t i = 0; i < size; ++i)
        if (words[i] == word) return static_cast<Enum>(i);
    return Enum{};
}

GuardedPair read_pair(const Json& from) {
    GuardedPair pair;
    pair.pair = member(from, "pair", std::string());
    pair.method = member(from, "method", std::string());
    pair.policy = member(from, "policy", std::string());
    pair.passage = find_word<Passage>(kPassageNames, member(from, "passage", std::string()));
    pair.cause = find_word<PassageCause>(kPassageCauseNames, member(from, "cause", std::string()));
    pair.since = member(from, "since", std::int64_t{0});
    pair.former = find_word<Passage>(kPassageNames, member(from, "former", std::string()));
    pair.former_cause = find_word<PassageCause>(kPassageCauseNames, member(from, "former_cause", std::string()));
    pair.former_since = member(from, "former_since", std::int64_t{0});
    pair.trouble = member(from, "trouble", std::string());
    pair.failures = member(from, "failures", std::uint64_t{0});
    pair.hangs = member(from, "hangs", std::uint64_t{0});
    return pair;
}

}  // namespace

std::string guard_state_path(const std::string& runtime_directory) { return runtime_directory + "/guard.json"; }

std::string to_json(const GuardState& state) {
    Json pairs = Json::array();
    for (const GuardedPair& pair : state.pairs)
        pairs.push_back({{"pair", pair.pair},
                         {"passage", name(pair.passage)},
                         {"cause", name(pair.cause)},
                         {"since", pair.since},
                         {"former", name(pair.former)},
                         {"former_cause", name(pair.former_cause)},
                         {"former_since", pair.former_since},
                         {"policy", pair.policy},
                         {"method", pair.method},
                         {"trouble", pair.trouble},
                         {"failures", pair.failures},
                         {"hangs", pair.hangs}});
    const Json whole{{"pid", state.pid}, {"started", state.started}, {"pairs", std::move(pairs)}};
    return whole.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<GuardState> guard_state_from_json(std::string_view text) {
    const Json whole = Json::parse(text, nullptr, false);
    if (!whole.is_object()) return std::nullopt;
    const auto pairs = whole.find("pairs");
    if (pairs == whole.end() || !pairs->is_array()) return std::nullopt;
    GuardState state{member(whole, "pid", std::int64_t{0}), member(whole, "started", std::int64_t{0}), {}};
    for (const Json& pair : *pairs)
        if (pair.is_object()) state.pairs.push_back(read_pair(pair));
    return state;
}

std::optional<GuardState> read_guard_state(const std::string& runtime_directory) {
    std::ifstream file(guard_state_path(runtime_directory), std::ios::binary);
    if (!file) return std::nullopt;
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return guard_state_from_json(text);
}

tl::expected<void, std::string> write_guard_state(const std::string& runtime_directory, const GuardState& state) {
    const std::string path = guard_state_path(runtime_directory), unfinished = path + ".new";
    const auto failed = [&] { return tl::unexpected("cannot write " + path + ": " + std::strerror(errno)); };
    ::unlink(unfinished.c_str());  // of one that was killed
    const FileDescriptor file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!file.valid() || !write_all(file.get(), as_bytes(to_json(state)))) return failed();
    if (::rename(unfinished.c_str(), path.c_str()) != 0) return failed();
    return {};
}

bool is_running(const GuardState& state) {
    return state.pid > 0 && (::kill(static_cast<pid_t>(state.pid), 0) == 0 || errno == EPERM);
}

}  // namespace sluis
