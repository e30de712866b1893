// sluisctl trace: the next frames of a flow, with what each stage decided, as pcapng.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "control/cli/api_command.h"
#include "control/cli/command_options.h"
#include "control/cli/standard_error.h"
#include "dataplane/interface/edit_distance.h"
#include "dataplane/interface/file_descriptor.h"
#include "dataplane/interface/trace.h"

namespace sluis {
namespace {

/// Between two questions after what has come.
constexpr std::chrono::milliseconds kAskAgain{200};

struct Options {
    ApiOptions api;
    std::vector<std::string> filter;
    std::string output;
    std::uint32_t frames = 100;
    std::uint32_t seconds = 60;
    std::uint32_t snap = 256;
    bool payload = false;
};

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

/// "client 192.0.2.7 and port 443": pairs of a word and its value; "any" stands alone. The error is one line.
tl::expected<Json, std::string> read_filter(const std::vector<std::string>& words) {
    constexpr std::array<std::string_view, 7> kWords{"client", "server", "host", "port", "protocol", "vlan", "pair"};
    Json filter = Json::object();
    if (words.size() == 1 && words[0] == "any") return filter;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "and" && i != 0 && i + 1 < words.size()) continue;
        if (std::find(kWords.begin(), kWords.end(), word) == kWords.end())
            return tl::unexpected("FILTER: unknown word \"" + word + "\"" + hint(word, {kWords.begin(), kWords.end()}));
        if (filter.contains(word)) return tl::unexpected("FILTER: " + word + " is there twice");
        if (++i == words.size()) return tl::unexpected("FILTER: " + word + " needs a value behind it");
        if (word != "port" && word != "vlan") {
            filter[word] = words[i];
            continue;
        }
        std::uint32_t number = 0;
        const char* const end = words[i].data() + words[i].size();
        if (const auto read = std::from_chars(words[i].data(), end, number); read.ec != std::errc{} || read.ptr != end)
            return tl::unexpected("FILTER: " + word + " needs a number, not \"" + words[i] + "\"");
        filter[word] = number;
    }
    return filter;
}

/// The file that is written, made at the first byte: a trace that is refused leaves none.
class Output {
public:
    explicit Output(std::string path) : path_(std::move(path)) {}

    /// False, and said, when it cannot be written.
    bool write(std::string_view bytes) {
        if (!bytes.empty() && !open()) return fail();
        while (!bytes.empty()) {
            const ssize_t written = ::write(descriptor(), bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) return fail();
            bytes.remove_prefix(static_cast<std::size_t>(written));
            size_ += static_cast<std::uint64_t>(written);
        }
        return true;
    }
    std::uint64_t size() const { return size_; }

private:
    int descriptor() const { return path_ == "-" ? STDOUT_FILENO : file_.get(); }
    bool open() {
        if (path_ == "-" || file_.valid()) return true;
        // Frames tell who talks to whom: nobody else reads them.
        file_ = FileDescriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        return file_.valid();
    }
    bool fail() const {
        fail_command(path_ + ": cannot be written: " + std::strerror(errno));
        return false;
    }

    std::string path_;
    FileDescriptor file_;
    std::uint64_t size_ = 0;
};

/// What has come since; true when all went well.
bool fetch(const Options& options, const std::string& path, Output& output) {
    for (;;) {
        ApiRequest request{"GET", fmt::format("{}?from={}", path, output.size()), "", "", true};
        request.accept = "application/x-pcapng";
        const auto answer = ask_api(options.api.target, request);
        if (!answer) return fail_command(answer.error()), false;
        if (answer->status != 200) return fail_command("the trace is not there any more"), false;
        if (answer->body.empty()) return true;
        if (!output.write(answer->body)) return false;
    }
}

void report(const Options& options, const Json& trace) {
    fmt::print(stderr, "{}: {} frames, {} lost; ended by {}\n", options.output, text_of(at(trace, "frames")),
               text_of(at(trace, "lost")), text_of(at(trace, "end")));
}

int follow(const Options& options, Json trace) {
    const std::string path = "/v1/trace/" + text_of(at(trace, "id"));
    Output output(options.output);
    int status = kExitOk;
    while (status == kExitOk && at(trace, "state") == "running") {
        std::this_thread::sleep_for(kAskAgain);
        if (interrupted.exchange(false)) static_cast<void>(ask_for_json(options.api, {"DELETE", path, "", "", true}));
        if (!fetch(options, path, output)) status = kExitFailed;
        auto next = ask_for_json(options.api, {"GET", path, "", "", true});
        if (!next) return next.error();
        trace = std::move(*next);
    }
    if (status == kExitOk && at(trace, "state") != "done") {
        fail_command(text_of(at(trace, "message")));
        status = kExitRefused;
    }
    if (status == kExitOk && !fetch(options, path, output)) status = kExitFailed;
    static_cast<void>(ask_for_json(options.api, {"DELETE", path, "", "", true}));
    if (status == kExitOk) report(options, trace);
    return status;
}

int trace(const Options& options) {
    auto body = read_filter(options.filter);
    if (!body) return fail_command(body.error()), kExitUsage;
    (*body)["frames"] = options.frames;
    (*body)["seconds"] = options.seconds;
    (*body)["snap"] = options.snap;
    (*body)["payload"] = options.payload;
    if (!options.api.comment.empty()) (*body)["comment"] = options.api.comment;
    struct sigaction ending {};
    ending.sa_handler = [](int) { interrupted = true; };
    for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &ending, nullptr);
    const auto begun = ask_for_json(options.api, {"POST", "/v1/trace", body->dump(), "application/json", true});
    return begun ? follow(options, *begun) : begun.error();
}

}  // namespace

void add_trace_command(const Command& app) {
    const auto options = std::make_shared<Options>();
    Command command = app.add_command("trace", "Write the next frames of a flow, with what the box decides, as pcapng",
                                      trace, options);
    command
        .add_option(
            "FILTER", options->filter,
            "any; or client, server or host ADDRESS[/LENGTH], port N, protocol NAME, vlan ID, pair NAME: all hold")
        .required()
        .takes("...");
    command.add_option("-o,--output", options->output, "The file to write; - is standard output")
        .required()
        .takes("FILE");
    command.add_option("--frames", options->frames, "How many frames are taken")
        .between(std::uint32_t{1}, kTraceFrameLimit)
        .takes("N [100]");
    command.add_option("--seconds", options->seconds, "For how long")
        .between(std::uint32_t{1}, kTraceSecondLimit)
        .takes("N [60]");
    command.add_option("--snap", options->snap, "Bytes kept of a frame at the most")
        .between(kTraceSnapLeast, kTraceSnapLimit)
        .takes("N [256]");
    command.add_flag("--payload", options->payload, "Keep what is behind the headers, and names that are allowed");
    add_comment_option(command, options->api);
    add_target_options(command, options->api.target);
}

}  // namespace sluis
