// Many update clients and one web server: the clients' own plans and HTTPS, with a clock and chances of their own, so
// that hours take seconds. Says "publish" when the newer bundle is to be there and waits for a line; then, when every
// client has it, what came of it, as JSON.
//
//   update_crowd DIRECTORY KEYSET CA MIRROR CLIENTS EVERY OUTAGE SPREAD
//   OUTAGE: seconds for which the mirror is away from the moment of publication on; SPREAD: 0: chance is always the
//   same
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "control/updates/mirror_client.h"
#include "control/updates/update_plan.h"
#include "tests/updates/key_set_target.h"

namespace {

using namespace sluis;

constexpr std::int64_t kStart = 3'810'000'000;

struct Crowd {
    std::int64_t now = kStart;
    std::int64_t published = 0;
    std::int64_t outage = 0;
    std::int64_t failed = 0;
    std::map<std::int64_t, std::int64_t> requests;  ///< that reached the mirror, or would have, by second

    bool is_away() const { return published != 0 && now < published + outage; }
};

struct Client {
    Client(const UpdatesConfig& config, const std::string& keys, Crowd& crowd, const MirrorGet& get,
           const UpdaterWorld& world)
        : target(keys, 1, crowd.now), plan(config, target, get, world) {}
    KeySetTarget target;
    UpdatePlan plan;
    std::int64_t reached = 0;
};

std::int64_t busiest(const std::map<std::int64_t, std::int64_t>& requests, std::int64_t from, std::int64_t seconds) {
    std::map<std::int64_t, std::int64_t> slots;
    std::int64_t most = 0;
    for (const auto& [second, count] : requests)
        if (second >= from) most = std::max(most, slots[second / seconds] += count);
    return most;
}

nlohmann::ordered_json outcome(const Crowd& crowd, std::vector<std::int64_t> reached) {
    std::sort(reached.begin(), reached.end());
    std::int64_t after = 0;
    for (const auto& [second, count] : crowd.requests) after += second >= crowd.published ? count : 0;
    return {{"clients", reached.size()},
            {"requests_since", after},
            {"failed", crowd.failed},
            {"half_after_s", reached[reached.size() / 2] - crowd.published},
            {"all_after_s", reached.back() - crowd.published},
            {"busiest_second", busiest(crowd.requests, crowd.published, 1)},
            {"busiest_minute", busiest(crowd.requests, crowd.published, 60)}};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 9) return 2;
    UpdatesConfig config;
    config.ca = argv[3];
    config.mirrors = {argv[4]};
    const std::size_t count = std::stoul(argv[5]);
    config.every = static_cast<std::uint32_t>(std::stoul(argv[6]));
    Crowd crowd;
    crowd.outage = std::stoll(argv[7]);
    const bool is_spread = std::string(argv[8]) != "0";

    std::mt19937_64 source(1);  // the same chances each time
    std::uniform_real_distribution<double> chance(0, 1);
    const UpdaterWorld world{[&] { return crowd.now; }, [](std::int64_t) { return 720; },
                             [&] { return is_spread ? chance(source) : 0.5; }, MirrorLimits{}};
    const std::atomic<bool> stop{false};
    const MirrorClient mirror(config.ca, "", world.limits, stop);
    const MirrorGet get = [&](const MirrorRequest& request, AnswerBody& body) -> Fetched<AnswerHead> {
        ++crowd.requests[crowd.now];
        if (!crowd.is_away()) return mirror.get(request, body);
        ++crowd.failed;
        return tl::unexpected(UpdateFailure{UpdateCause::connect, "away"});
    };

    std::vector<std::unique_ptr<Client>> clients;
    using Turn = std::pair<std::int64_t, std::size_t>;
    std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
    for (std::size_t i = 0; i < count; ++i) {
        config.directory = argv[1] + ("/" + std::to_string(i));
        clients.push_back(std::make_unique<Client>(config, argv[2], crowd, get, world));
        turns.emplace(clients.back()->plan.next_check(), i);
    }
    std::vector<std::int64_t> reached;
    while (reached.size() < count) {
        const auto [second, index] = turns.top();
        turns.pop();
        // Every client knows the former state by then.
        if (crowd.published == 0 && second >= kStart + config.every) {
            std::cout << "publish" << std::endl;
            std::string line;
            if (!std::getline(std::cin, line)) return 1;
            crowd.published = kStart + config.every;
        }
        crowd.now = second;
        Client& client = *clients[index];
        client.plan.check(false);
        if (client.reached == 0 && client.target.box.sequence == 2) reached.push_back(client.reached = second);
        turns.emplace(std::max(client.plan.next_check(), second + 1), index);
        if (second > kStart + 100 * static_cast<std::int64_t>(config.every)) break;  // some never have it
    }
    if (reached.size() < count) return 1;
    std::cout << outcome(crowd, reached).dump() << std::endl;
    return 0;
}
