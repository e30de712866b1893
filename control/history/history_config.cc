#include "control/history/history_config.h"

namespace sluis {

std::string check_history(const HistoryConfig& history) {
    if (history.file.empty() || history.file.front() == '/') return {};
    return "file of [history] is \"" + history.file + "\"; write it from the root on, with a slash first";
}

}  // namespace sluis
