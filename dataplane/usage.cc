#include "dataplane/usage.h"

namespace sluis {

const char* const kUsage =
    "Bridges port pairs and refuses what the rule set in force blocks.\n"
    "Usage: sluis-dataplane [OPTIONS]\n"
    "\n"
    "Options:\n"
    "  -h,--help                   Print this help message and exit\n"
    "  --config FILE [/etc/sluis/sluis.toml]\n"
    "                              The configuration\n"
    "  --check                     Check the configuration, the rule set, the ports and the memory, say what would be\n"
    "                              done, and exit\n"
    "  --help-config               Print every key of the configuration with its default, as TOML, and exit\n"
    "  --version                   Print the version and exit\n"
    "\n"
    "Runs until SIGTERM or SIGINT, also when the terminal that it was started from goes (SIGHUP). While it runs,\n"
    "sluisctl counters shows what it counts; the counters file stays after the end, until the next start.\n"
    "Exit status: 0 ended when told to, or all is right; 1 something failed; 2 wrong usage; 3 ended by a command, to "
    "be\n"
    "started again.\n";

}  // namespace sluis
