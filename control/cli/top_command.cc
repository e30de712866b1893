// sluisctl top: a box's rates, live.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <utility>

#include "control/cli/api_command.h"
#include "control/cli/command_options.h"
#include "control/cli/top_rates.h"

namespace sluis {
namespace {

struct Options {
    ApiOptions api;
    double interval = 1;
    bool once = false;
};

volatile sig_atomic_t ended = 0;

/// A terminal that shows one screen after the other, and is as before at the end.
class Screen {
public:
    Screen() {
        ::tcgetattr(STDIN_FILENO, &before_);
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
        put("\x1b[?1049h\x1b[?25l");  // the other screen, no cursor
    }
    ~Screen() {
        put("\x1b[?25h\x1b[?1049l");
        ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    void show(const Json& rates) const {
        winsize size{};
        if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
            size.ws_col = 80, size.ws_row = 24;
        std::string text = "\x1b[H";
        const auto lines = top_lines(rates, size.ws_col, size.ws_row - 1u);
        for (const std::string& line : lines) text += line + "\x1b[K\r\n";
        put(text + "\x1b[J");
    }

private:
    static void put(const std::string& text) {
        std::fputs(text.c_str(), stdout);
        std::fflush(stdout);
    }
    termios before_{};
};

/// Waits for the next look; false when somebody wants to end (q, or a signal).
bool wait(double seconds, bool reads_keys) {
    const timespec time{static_cast<time_t>(seconds),
                        static_cast<long>((seconds - static_cast<double>(static_cast<time_t>(seconds))) * 1e9)};
    sigset_t none;
    sigemptyset(&none);
    pollfd keys{STDIN_FILENO, POLLIN, 0};
    const int ready = ::ppoll(&keys, reads_keys ? 1 : 0, &time, &none);
    if (ended != 0) return false;
    char key = 0;
    if (ready <= 0 || !reads_keys) return true;
    return ::read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 'Q' && key != 3;
}

/// A signal comes while we wait, and at no other time.
void catch_signals() {
    struct sigaction ending {};
    ending.sa_handler = [](int) { ended = 1; };
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::sigaction(signal, &ending, nullptr);
        sigaddset(&blocked, signal);
    }
    ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
}

void print(const Json& rates, bool json) {
    if (json)
        fmt::print("{}\n", rates.dump());
    else
        for (const std::string& line : top_lines(rates, 0, 0)) fmt::print("{}\n", line);
    std::fflush(stdout);
}

int top(const Options& options) {
    auto before = take_top_sample(options.api);
    if (!before) return before.error();
    catch_signals();
    const bool is_terminal = ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDIN_FILENO) == 1;
    const std::unique_ptr<Screen> screen =
        is_terminal && !options.once && !options.api.json ? std::make_unique<Screen>() : nullptr;
    while (wait(options.interval, screen != nullptr)) {
        auto after = take_top_sample(options.api);
        if (!after) return after.error();
        const auto rates = top_rates(*before, *after);
        if (screen != nullptr)
            screen->show(rates);
        else
            print(rates, options.api.json);
        if (options.once || std::ferror(stdout) != 0) break;
        before = std::move(after);
    }
    return kExitOk;
}

}  // namespace

void add_top_command(const Command& app) {
    const auto options = std::make_shared<Options>();
    Command command = app.add_command("top", "Show what a box does each second, live; q ends it", top, options);
    command.add_option("--interval", options->interval, "Between two looks").between(0.2, 3600.0).takes("SECONDS [1]");
    command.add_flag("--once", options->once, "Show it once, as plain text");
    add_api_options(command, options->api);
}

}  // namespace sluis
