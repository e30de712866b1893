#include "control/guard/bypass.h"

#include <fstream>
#include <optional>
#include <utility>

#include "control/guard/relay_bypass.h"
#include "dataplane/interface/bypass_bridge.h"
#include "dataplane/interface/route_socket.h"

namespace sluis {
namespace {

class KernelBridge final : public Bypass {
public:
    KernelBridge(BypassBridge bridge, RouteSocket kernel) : bridge_(std::move(bridge)), kernel_(std::move(kernel)) {}

    std::string_view method() const override { return "kernel-bridge"; }
    Status try_out() override { return bridge_.try_out(kernel_); }
    bool is_open() override { return bridge_.state(kernel_) == BypassBridge::State::joined; }
    Status open() override { return bridge_.join(kernel_); }
    Status close() override { return bridge_.part(kernel_); }
    void put_away() override {
        if (bridge_.part(kernel_)) bridge_.remove(kernel_);
    }

private:
    BypassBridge bridge_;
    RouteSocket kernel_;
};

class NoBypass final : public Bypass {
public:
    explicit NoBypass(std::string why) : why_(std::move(why)) {}

    std::string_view method() const override { return "none"; }
    Status try_out() override { return tl::unexpected(why_); }
    bool is_open() override { return false; }
    Status open() override { return tl::unexpected(why_); }
    Status close() override { return {}; }
    void put_away() override {}

private:
    std::string why_;
};

}  // namespace

std::string board_bypass(const std::string& board_file) {
    constexpr std::string_view kBegin = "BYPASS=\"";
    std::ifstream file(board_file);
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(kBegin)) return line.substr(kBegin.size(), line.find('"', kBegin.size()) - kBegin.size());
    return "none";
}

std::unique_ptr<Bypass> make_bypass(const PairConfig& pair, const GuardConfig& guard, const std::string& board_method) {
    if (!pair.relay.empty()) return std::make_unique<RelayBypass>(pair.relay, guard.relay_seconds);
    if (auto bridge = BypassBridge::of(pair)) {
        auto kernel = RouteSocket::open();
        if (!kernel) return std::make_unique<NoBypass>(kernel.error());
        return std::make_unique<KernelBridge>(std::move(*bridge), std::move(*kernel));
    }
    std::string why = "the kernel has no interface for " + pair.inside + " and " + pair.outside + ", and ";
    if (board_method == "none")
        why += "the board has no bypass relays";
    else if (board_method == "sysfs")
        why += "[[pair]] relay does not name the board's bypass relays";
    else
        why += "no driver is written for the board's bypass relays (" + board_method + ")";
    return std::make_unique<NoBypass>(why + ": without a dataplane no frame crosses until it is started again");
}

}  // namespace sluis
