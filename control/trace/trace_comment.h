// What a trace says of one frame, for people: one line.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/interface/trace_file.h"

namespace sluis {

/// "received on demo inside; transport; tls, 1 name; tls name www.tiktok.com: blocked, rule tiktok.com (tiktok), zone
/// staff; dropped: rule". Nothing in it steers a terminal.
std::string trace_comment(const TraceView& view, std::string_view pair);

}  // namespace sluis
