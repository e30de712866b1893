// The API's messages as JSON: the members and shapes of api.proto; 64-bit numbers are JSON numbers.
#pragma once

#include <nlohmann/json.hpp>

#include "control/api/api.pb.h"

namespace sluis {

using Json = nlohmann::ordered_json;

Json to_json(const api::Status& message);
Json to_json(const api::Ports& message);
Json to_json(const api::Stats& message);
Json to_json(const api::Drops& message);
Json to_json(const api::Ruleset& message);
Json to_json(const api::Job& message);
Json to_json(const api::Explanation& message);
Json to_json(const api::Configuration& message);
Json to_json(const api::Policy& message);
Json to_json(const api::ConfigPlan& message);
Json to_json(const api::Presence& message);
Json to_json(const api::WouldBlock& message);
Json to_json(const api::Caller& message);
Json to_json(const api::History& message);
Json to_json(const api::Evaluation& message);
Json to_json(const api::Trace& message);
Json to_json(const api::TraceRequest& message);
Json to_json(const api::Updates& message);
Json to_json(const api::Firmware& message);

}  // namespace sluis
