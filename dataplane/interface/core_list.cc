#include "dataplane/interface/core_list.h"

#include <charconv>
#include <optional>
#include <system_error>

namespace sluis {
namespace {

using Numbers = std::set<std::uint32_t>;

constexpr std::uint32_t kLastCpu = 65535;  ///< more than any machine has

/// Takes the text apart from its beginning on.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }

    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }

    /// A number, a range "2-5", or a list of them in brackets; none when it is neither.
    std::optional<Numbers> set() {
        Numbers numbers;
        if (!take('(')) return add_range(numbers) ? std::optional(numbers) : std::nullopt;
        do
            if (!add_range(numbers)) return std::nullopt;
        while (take(','));
        return take(')') ? std::optional(numbers) : std::nullopt;
    }

private:
    std::optional<std::uint32_t> number() {
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (error != std::errc{} || value > kLastCpu) return std::nullopt;
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return value;
    }

    bool add_range(Numbers& numbers) {
        const auto first = number();
        const auto last = first && take('-') ? number() : first;
        if (!first || !last || *last < *first) return false;
        for (std::uint32_t each = *first; each <= *last; ++each) numbers.insert(each);
        return true;
    }

    std::string_view rest_;
};

}  // namespace

tl::expected<CoreList, std::string> parse_core_list(std::string_view text) {
    const tl::unexpected<std::string> wrong("is no list of lcores; write it as in \"2,3\" or \"0@2,1@3\"");
    CoreList list;
    Reader reader(text);
    do {
        const auto lcores = reader.set();
        const auto cpus = lcores && reader.take('@') ? reader.set() : lcores;
        if (!lcores || !cpus) return wrong;
        for (const std::uint32_t lcore : *lcores) {
            if (lcore > kLastWorkerLcore)
                return tl::unexpected("has lcore " + std::to_string(lcore) + "; the highest is " +
                                      std::to_string(kLastWorkerLcore) + ", so write its CPU behind it, as in \"0@" +
                                      std::to_string(lcore) + "\"");
            if (!list.lcores.insert(lcore).second)
                return tl::unexpected("has lcore " + std::to_string(lcore) + " twice; write each once");
        }
        list.cpus.insert(cpus->begin(), cpus->end());
    } while (reader.take(','));
    return reader.at_end() ? tl::expected<CoreList, std::string>(list) : wrong;
}

}  // namespace sluis
