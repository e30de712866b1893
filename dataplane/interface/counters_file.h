// The counters file: a header and one block for each worker, mapped by its one writer and by any number of readers.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "dataplane/interface/counters.h"
#include "dataplane/packet/frame.h"

namespace sluis {

/// `counters` in the runtime directory.
std::string counters_path(const std::string& runtime_directory);

/// A mapping of a whole file, shared; unmapped at the end of its life.
class SharedMapping {
public:
    SharedMapping() = default;
    SharedMapping(void* address, std::size_t size) noexcept : address_(address), size_(size) {}
    SharedMapping(SharedMapping&& other) noexcept;
    SharedMapping& operator=(SharedMapping&& other) noexcept;
    ~SharedMapping();
    std::byte* data() const noexcept { return static_cast<std::byte*>(address_); }
    std::size_t size() const noexcept { return size_; }

private:
    void* address_ = nullptr;
    std::size_t size_ = 0;
};

/// A pair as the counters know it.
struct CountedPair {
    std::string name;
    std::string set = "";    ///< empty: of none
    std::uint32_t link = 0;  ///< its place among the set's pairs
};

/// What one port carried, over all workers.
struct PortTraffic {
    std::uint64_t rx_frames = 0;
    std::uint64_t rx_bytes = 0;
    std::uint64_t tx_frames = 0;
    std::uint64_t tx_bytes = 0;
};

/// The writer's side. One writer a directory: see RuntimeLock.
class CountersFile {
public:
    /// Makes a file of zeros with its header filled in but `started` and the rules, mode 0640, under a temporary name
    /// that no reader looks at; makes the directory when it is missing. One block for each entry of `pair_of_worker`:
    /// the pair's name, or its set's; and one PairPorts for each of `pairs`.
    static tl::expected<CountersFile, std::string> create(const std::string& runtime_directory,
                                                          std::span<const std::string> pair_of_worker,
                                                          std::span<const CountedPair> pairs);
    /// The same where no pair is of a set: one for each different entry of `pair_of_worker`.
    static tl::expected<CountersFile, std::string> create(const std::string& runtime_directory,
                                                          std::span<const std::string> pair_of_worker);
    CountersFile(CountersFile&& other) noexcept;
    CountersFile& operator=(CountersFile&&) = delete;
    /// A file that was published stays, for whoever asks what was counted; another one goes.
    ~CountersFile();

    /// Puts the file in place of an older one: from here on readers see it, whole.
    tl::expected<void, std::string> publish();

    /// Says which rules all workers judge by. A reader sees the old ones, or the new ones.
    void name_rules(std::uint64_t generation, std::string_view digest) noexcept;

    /// Says which configuration the process runs by. A reader that comes meanwhile may see some of each.
    void name_config(std::string_view digest) noexcept;

    /// Says how a pair is run. A reader sees the old record, or the new one.
    void set_pair_mode(std::size_t pair, const PairModeRecord& record) noexcept;

    CountersHeader& header() noexcept { return *reinterpret_cast<CountersHeader*>(mapping_.data()); }
    LiveCounters& worker(std::size_t index) noexcept;
    std::size_t workers() const noexcept { return workers_; }

private:
    CountersFile(std::string path, std::size_t workers) : path_(std::move(path)), workers_(workers) {}
    tl::expected<void, std::string> fill(std::span<const std::string> pair_of_worker,
                                         std::span<const CountedPair> pairs);
    std::string temporary() const { return path_ + ".new"; }

    std::string path_;
    bool published_ = false;
    SharedMapping mapping_;
    std::size_t workers_;
};

/// A reader's side: never disturbs the writer.
class CountersView {
public:
    /// Fails, with one line for people, when there is no file or its layout is not this build's.
    static tl::expected<CountersView, std::string> open(const std::string& runtime_directory);

    const CountersHeader& header() const noexcept { return *reinterpret_cast<const CountersHeader*>(mapping_.data()); }
    std::size_t workers() const noexcept { return workers_; }
    std::string pair_of_worker(std::size_t index) const;
    /// What all workers judge by.
    struct RulesInForce {
        std::uint64_t generation = 0;
        std::string digest;  ///< hexadecimal; empty while nothing is known
    };
    RulesInForce rules() const;
    /// Hexadecimal; empty while nothing is known.
    std::string config_digest() const;
    /// The name behind a slot of ZoneCounts, of a zone or a category: "other" for the last one, empty for a free one.
    std::string zone(std::size_t slot) const;
    std::string category(std::size_t slot) const;
    std::size_t pairs() const noexcept { return pairs_; }
    std::string pair(std::size_t index) const;
    /// The set that the pair is a link of; empty: of none.
    std::string set(std::size_t index) const;
    /// The name that the pair's workers go by: its set's, or its own.
    std::string set_or_pair(std::size_t index) const;
    PortTraffic traffic(std::size_t pair, Side side) const;
    /// Copies, each value taken with one load.
    PortCounters port(std::size_t pair, Side side) const noexcept;
    WorkerCounters worker(std::size_t index) const noexcept;
    /// That one count of it, for who looks often.
    std::uint64_t heartbeat(std::size_t index) const noexcept;
    /// How the pair is run; all zero while that cannot be read.
    PairModeRecord pair_mode(std::size_t pair) const noexcept;

private:
    explicit CountersView(SharedMapping mapping) : mapping_(std::move(mapping)) {}
    const LiveCounters& block(std::size_t index) const noexcept;
    SharedMapping mapping_;
    std::size_t workers_ = 0, pairs_ = 0;  ///< as they were checked: the writer may change its mind
};

/// A copy, each count taken with one load.
WorkerCounters copy_of(const LiveCounters& counters) noexcept;

/// Adds every count of `more` to `sum`.
void add(WorkerCounters& sum, const WorkerCounters& more) noexcept;

/// `rx + injected - tx - held - sum(drops)`: zero when the accounts close.
std::int64_t balance(const WorkerCounters& counters) noexcept;
inline std::int64_t balance(const LiveCounters& counters) noexcept { return balance(copy_of(counters)); }

}  // namespace sluis
