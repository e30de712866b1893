#include "dataplane/interface/config_eal_argument.h"

#include <array>

namespace sluis {
namespace {

struct Refused {
    std::string_view argument;
    std::string_view remedy;
};

constexpr std::string_view kSetCores = "set cores instead";
constexpr std::string_view kSetPorts = "set inside and outside of [[pair]] instead";
constexpr std::string_view kAnswersOnly = "leave it out: with it the EAL prints something instead of starting";

constexpr std::array kRefused{
    Refused{"-l", kSetCores},
    Refused{"-c", kSetCores},
    Refused{"-s", kSetCores},
    Refused{"-S", kSetCores},
    Refused{"--lcores", kSetCores},
    Refused{"--main-lcore", kSetCores},
    Refused{"-m", "set memory_mib instead"},
    Refused{"--no-huge", "set hugepages instead"},
    Refused{"--file-prefix", "set file_prefix instead"},
    Refused{"--vdev", kSetPorts},
    Refused{"--no-pci", kSetPorts},
    Refused{"--legacy-mem", "leave it out: memory is the process's own, without files"},
    Refused{"--proc-type", "leave it out: sluis-dataplane is the primary process"},
    Refused{"-h", kAnswersOnly},
    Refused{"--help", kAnswersOnly},
    Refused{"-v", kAnswersOnly},
    Refused{"--version", kAnswersOnly},
};

/// Whether getopt_long(3) could take `argument` for `option`: a short option's value may follow at once, a long one may
/// be cut short or have its value behind "=".
bool stands_for(std::string_view argument, std::string_view option) {
    constexpr std::size_t kShort = 2, kLeast = 4;  // "-x"; an abbreviation of one letter is never unique
    if (option.size() == kShort) return argument.substr(0, kShort) == option;
    const std::string_view name = argument.substr(0, argument.find('='));
    return name.size() >= kLeast && option.substr(0, name.size()) == name;
}

}  // namespace

std::string eal_argument_problem(std::string_view argument, bool hugepages) {
    const std::string name = "\"" + std::string(argument.substr(0, argument.find('='))) + "\"";
    if (argument == "--") return "argument " + name + " ends what the EAL reads; leave it out";
    for (const Refused& refused : kRefused)
        if (stands_for(argument, refused.argument))
            return "argument " + name + " is not free; " + std::string(refused.remedy);
    if (stands_for(argument, "--in-memory") && !hugepages)
        return name + " needs hugepages; leave it out, or set hugepages = true";
    return {};
}

}  // namespace sluis
