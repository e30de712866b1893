// sluisctl snmp: answers net-snmp's agent, which starts it.
#include <chrono>
#include <ctime>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "control/cli/api_command.h"
#include "control/cli/command_options.h"
#include "control/snmp/pass_persist.h"

namespace sluis {
namespace {

using json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

/// A walk asks for one object after the other: the box is asked no more often than this.
constexpr std::chrono::seconds kFreshFor{5};

struct SnmpOptions {
    std::string runtime;
    std::string arc = ".1.3.6.1.4.1.8072.9999.9999.7583";
};

/// Null when there is no answer: the agent has a time limit of its own, and no place for words.
json answer_of(const ApiTarget& target, const char* path) {
    ApiRequest request;
    request.path = path;
    const auto answer = ask_api(target, request);
    if (!answer || answer->status != 200) return nullptr;
    json parsed = json::parse(answer->body, nullptr, false);
    return parsed.is_discarded() ? json(nullptr) : parsed;
}

class BoxView {
public:
    BoxView(Oid arc, ApiTarget target) : arc_(std::move(arc)), target_(std::move(target)) {}

    const MibView& look() {
        if (const auto now = Clock::now(); view_.empty() || now - looked_ >= kFreshFor) {
            view_ = make_mib_view(arc_, ask(), std::time(nullptr));
            looked_ = Clock::now();
        }
        return view_;
    }

private:
    BoxAnswers ask() const {
        BoxAnswers answers;
        answers.status = answer_of(target_, "/v1/status");
        if (answers.status.is_null()) return answers;
        answers.ruleset = answer_of(target_, "/v1/ruleset");
        answers.stats = answer_of(target_, "/v1/stats");
        answers.drops = answer_of(target_, "/v1/stats/drops");
        answers.ports = answer_of(target_, "/v1/ports");
        return answers;
    }

    Oid arc_;
    ApiTarget target_;
    MibView view_;
    Clock::time_point looked_;
};

int serve(const SnmpOptions& options) {
    const auto arc = parse_oid(options.arc);
    if (!arc || arc->size() > kOidArcs - 8) {
        std::cerr << "sluisctl: --arc: write an object identifier, as in .1.3.6.1.4.1.8072.9999.9999.7583\n";
        return kExitUsage;
    }
    ApiTarget target;
    target.runtime = options.runtime;
    BoxView box(*arc, target);
    serve_pass_persist(std::cin, std::cout, [&]() -> const MibView& { return box.look(); });
    return kExitOk;
}

}  // namespace

void add_snmp_command(const Command& app) {
    const auto options = std::make_shared<SnmpOptions>();
    Command command = app.add_command(
        "snmp", "Answer net-snmp's agent, which starts this: pass_persist of snmpd.conf(5)", serve, options);
    command.add_option("--arc", options->arc, "Where SLUIS-MIB.txt's objects are").takes("OID [" + options->arc + "]");
    add_runtime_option(command, options->runtime);
}

}  // namespace sluis
