// Hostile compiled sets: refused with one line, or loaded and scanned; never anything else. Every second input is made
// to pass the checks of magic, machine and digest, so that those behind them are met.
#include <hs.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "dataplane/match/compiled_set.h"
#include "dataplane/match/rule_set.h"

namespace {

class Counter final : public sluis::MatchVisitor {
public:
    void on_match(std::uint32_t name_index, std::uint32_t) noexcept override {
        if (name_index != 0) std::abort();
    }
};

/// Rewrites the header's checks for this machine. The database cannot be forged this way: it has a checksum of its own.
void seal(std::vector<std::byte>& set) {
    sluis::CompiledHeader header;
    std::memcpy(&header, set.data(), sizeof header);
    header.magic = sluis::kCompiledSetMagic;
    header.version = sluis::kCompiledSetVersion;
    header.header_size = sizeof header;
    header.file_size = set.size();
    std::memset(header.engine, 0, sizeof header.engine);
    std::strncpy(header.engine, hs_version(), sizeof header.engine - 1);
    std::memset(header.processor, 0, sizeof header.processor);
    std::strncpy(header.processor, sluis::processor_kind().c_str(), sizeof header.processor - 1);
    std::memcpy(set.data(), &header, sizeof header);
    header.digest = sluis::sha256(sluis::Bytes(set).subspan(sluis::kCompiledDigestFrom));
    std::memcpy(set.data(), &header, sizeof header);
}

void use(const sluis::RuleSet& rules) {
    for (std::uint32_t id = 0; id < rules.size(); ++id) {
        if (rules.rule(id).category >= rules.categories().size()) std::abort();
    }
    const sluis::RuleScanner scanner(rules);
    sluis::NameBatch batch;
    batch.add_text(sluis::as_bytes("www.tiktok.com"));
    Counter counter;
    if (scanner.ok()) scanner.scan(batch, counter);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto* const bytes = reinterpret_cast<const std::byte*>(data);
    std::vector<std::byte> set(bytes + 1, bytes + size);
    if (data[0] % 2 == 0 && set.size() >= sizeof(sluis::CompiledHeader)) seal(set);
    const auto loaded = sluis::RuleSet::load(set);
    if (loaded) use(**loaded);
    if (!loaded && (loaded.error().empty() || loaded.error().find('\n') != std::string::npos)) std::abort();
    return 0;
}
