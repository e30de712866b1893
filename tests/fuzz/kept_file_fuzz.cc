// Any bytes as the files that programs of the box keep for themselves, in which somebody, or a disk, may have had a
// hand: the first byte chooses. What is read can be used; what cannot be read is said, or is as if there were none.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "control/api/config_journal.h"
#include "control/events/numbers_file.h"
#include "control/events/presence.h"
#include "control/events/would_block.h"
#include "control/guard/guard_state.h"
#include "dataplane/mode_keeper.h"
#include "tests/fuzz/fuzz_folder.h"

namespace {

using namespace sluis;

void require(bool condition) {
    if (!condition) std::abort();
}

void read_as_guard_state(std::string_view bytes) {
    const auto state = guard_state_from_json(bytes);
    if (!state) return;
    const auto again = guard_state_from_json(to_json(*state));
    require(again && again->pairs.size() == state->pairs.size() && again->pid == state->pid);
}

void read_as_config_journal(std::string_view bytes) {
    static const FuzzFolder folder;
    folder.write("sluis.toml.change", bytes);
    if (const auto journal = ConfigFiles(folder / "sluis.toml").read_journal()) require(!name(journal->stage).empty());
}

void read_as_numbers(std::string_view bytes) {
    static const FuzzFolder folder;
    folder.write("numbers.json", bytes);
    Presence presence(400);
    WouldBlock would_block(0);
    NumbersFile file(folder / "numbers.json", presence, would_block);
    if (const auto loaded = file.load(); !loaded) require(loaded.error().find('\n') == std::string::npos);
    static_cast<void>(presence.save().dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace));
    static_cast<void>(would_block.save().dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace));
}

void read_as_modes(std::string_view bytes) {
    static const FuzzFolder folder;
    folder.write("modes", bytes);
    const ModeKeeper::Moment now{ModeKeeper::Steady(std::chrono::seconds(1000)), 1'679'900'400};
    const ModeKeeper keeper({{"first", PairMode::in_line}, {"second", PairMode::monitor}}, folder / "modes", now);
    for (std::size_t i = 0; i < keeper.size(); ++i) require(!name(keeper.state(i).mode).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    void (*const readers[])(std::string_view) = {read_as_guard_state, read_as_config_journal, read_as_numbers,
                                                 read_as_modes};
    readers[data[0] % std::size(readers)]({reinterpret_cast<const char*>(data) + 1, size - 1});
    return 0;
}
