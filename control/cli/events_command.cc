// sluisctl events and presence: what the box finds, and what is counted of it.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "control/cli/api_command.h"
#include "dataplane/interface/one_line.h"

namespace sluis {
namespace {

struct EventsOptions {
    ApiOptions api;
    std::string types;
    bool follow = false;
};

std::string end_text(const Json& event, const char* address, const char* port) {
    const Json& number = at(event, port);
    return text_of(at(event, address)) + (number.is_number() ? " port " + text_of(number) : "");
}

/// What an event is about, on one line.
std::string summary_of(const Json& event) {
    const std::string type = text_of(at(event, "event_type"));
    if (type != "alert" && type != "drop") return text_of(at(event, type.c_str()));
    const Json& sluis = at(event, "sluis");
    std::string name;
    for (const auto& [protocol, key] :
         {std::pair("tls", "sni"), std::pair("quic", "sni"), std::pair("http", "hostname")})
        if (const Json& value = at(at(event, protocol), key); value.is_string()) name = text_of(value);
    const Json& query = at(at(event, "dns"), "query");
    const Json& dns = query.is_array() && !query.empty() ? query.front() : at(at(event, "dns"), "answer");
    if (at(dns, "rrname").is_string()) name = text_of(at(dns, "rrname"));
    return fmt::format("{} {} {} ({}), zone {}, {} -> {}", text_of(at(at(event, "verdict"), "action")),
                       text_of(at(event, "app_proto")), name.empty() ? "-" : name, text_of(at(sluis, "reason")),
                       text_of(at(sluis, "zone")), end_text(event, "src_ip", "src_port"),
                       end_text(event, "dest_ip", "dest_port"));
}

/// One field of a stream's text.
void print_line(std::string_view line, bool as_json) {
    constexpr std::string_view kData = "data: ";
    if (!line.starts_with(kData)) return;
    const std::string_view data = line.substr(kData.size());
    const Json event = Json::parse(data);
    if (as_json)
        fmt::print("{}\n", one_line(data));
    else if (event.contains("event_type"))
        fmt::print("{} {:<10} {}\n", text_of(at(event, "timestamp")), text_of(at(event, "event_type")),
                   summary_of(event));
    else
        fmt::print("{} events are not remembered any more\n", text_of(at(event, "events")));
}

int show_events(const EventsOptions& options) {
    std::string path = options.follow ? "/v1/events?follow=1" : "/v1/events?follow=0";
    if (!options.types.empty()) path += "&types=" + options.types;
    return stream_lines(options.api, {.path = path, .body = "", .content_type = "", .accept = "text/event-stream"},
                        [&](std::string_view line) {
                            print_line(line, options.api.json);
                            return std::fflush(stdout) == 0;
                        });
}

int show_presence(const ApiOptions& options) {
    const auto presence = ask_for_json(options, {"GET", "/v1/presence", "", "", false});
    if (!presence) return presence.error();
    if (print_as_json(options, *presence)) return kExitOk;
    fmt::print("{:<10}  {:<31}  {:<20}  {:>8}\n", "DAY", "ZONE", "CATEGORY", "DEVICES");
    for (const Json& day : at(*presence, "days"))
        for (const Json& each : at(day, "numbers")) {
            const std::string devices = text_of(at(each, "devices")), at_most = text_of(at(each, "at_most"));
            fmt::print("{:<10}  {:<31}  {:<20}  {:>8}{}\n", text_of(at(day, "date")), text_of(at(each, "zone")),
                       text_of(at(each, "category")), devices, devices == at_most ? "" : " to " + at_most);
        }
    return kExitOk;
}

}  // namespace

void add_events_commands(const Command& app) {
    const auto events = std::make_shared<EventsOptions>();
    Command command = app.add_command("events", "Show what a box remembers of events", show_events, events);
    add_api_options(command, events->api);
    command.add_flag("--follow", events->follow, "Those to come, until Ctrl-C");
    command.add_option("--types", events->types, "Only these: alert, drop, stats, audit, alarm, suppressed")
        .takes("TYPE,…")
        .check([](const std::string& text) {
            return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz,") == std::string::npos
                       ? ""
                       : "write types, with commas between them";
        });

    const auto presence = std::make_shared<ApiOptions>();
    command = app.add_command("presence", "Show how many devices showed each category, by day and zone", show_presence,
                              presence);
    add_api_options(command, *presence);
}

}  // namespace sluis
