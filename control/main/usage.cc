#include "control/main/usage.h"

namespace sluis {

const char* const kUsage =
    "Looks after the rules of a Sluis box, and answers who asks for them and for its counters.\n"
    "Usage: sluis-control [OPTIONS]\n"
    "\n"
    "Options:\n"
    "  -h,--help                   Print this help message and exit\n"
    "  --config FILE [/etc/sluis/sluis.toml]\n"
    "                              The configuration, which is sluis-dataplane's, too\n"
    "  --check                     Check the configuration and the certificates, and exit\n"
    "  --help-config               Print the keys of [control], [api], [events], [history], [updates] and [notice] "
    "with\n"
    "                              their defaults, as TOML, and exit\n"
    "  --version                   Print the version and exit\n"
    "\n"
    "Runs until SIGTERM or SIGINT; on SIGHUP it reads its certificates and the policy again, and opens its event file\n"
    "and connections again. sluis-dataplane goes on without it.\n"
    "Exit status: 0 ended when told to, or all is right; 1 something failed; 2 wrong usage.\n";

}  // namespace sluis
