// What endpoints may use. A part of sluis-control that an endpoint needs is a member here.
#pragma once

#include <cstdint>
#include <string>

namespace sluis {

class BackupKeeper;
class ConfigKeeper;
class Delivery;
class EventService;
class FirmwareKeeper;
class History;
class JobQueue;
class ModeSetter;
class Observatory;
class PolicyInstaller;
class RequestCounts;
class RulesetKeeper;
class TraceKeeper;
class Updater;
struct Config;
struct EventStreamCounts;
struct NoticeCounts;
struct TlsCounts;

struct Services {
    const std::string& config_path;
    const Config& config;
    Observatory& observatory;
    RulesetKeeper& ruleset;
    JobQueue& jobs;
    ModeSetter& modes;
    ConfigKeeper& configuration;
    JobQueue& changes;  ///< of modes and configurations: they wait for no compiler
    TraceKeeper& traces;
    Updater& updater;
    const RequestCounts& requests;
    const TlsCounts& tls;
    const NoticeCounts& notice;
    const EventService& events;
    EventStreamCounts& event_streams;
    std::int64_t started;  ///< seconds since 1970-01-01 UTC
    Delivery& delivery;
    PolicyInstaller& policy;
    FirmwareKeeper& firmware;
    JobQueue& installs;  ///< of the firmware: they take minutes
    History& history;
    BackupKeeper& backups;
};

}  // namespace sluis
