// The evaluation of a time: what was refused, by which rules, and when the box did not do its work. No client data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/api/api.pb.h"
#include "control/events/presence.h"
#include "control/history/history_reader.h"
#include "control/policy/time_zone.h"

namespace sluis {

struct EvaluationFrame {
    std::string box;                 ///< the host's name
    std::int64_t first_day = 0;      ///< local, counted from 1970-01-01
    std::int64_t last_day = 0;       ///< included
    std::int64_t now = 0;            ///< seconds since 1970-01-01 UTC
    const TimeZone* zone = nullptr;  ///< whose days they are; null: UTC
};

/// The error is one line: what of history cannot be read.
tl::expected<api::Evaluation, std::string> evaluate(HistoryReader& history, const std::vector<PresenceDay>& presence,
                                                    const EvaluationFrame& frame);

/// RFC 4180: one table, whose first column says what a row is about. Texts that a spreadsheet would take for a formula
/// begin with an apostrophe.
std::string evaluation_csv(const api::Evaluation& evaluation);

/// One page in English for people who run no network: it fits on a sheet of A4, and has no script and no request.
std::string evaluation_html(const api::Evaluation& evaluation);

/// The content security policy that goes with that page.
std::string evaluation_page_policy();

}  // namespace sluis
