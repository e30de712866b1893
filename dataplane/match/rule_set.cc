#include "dataplane/match/rule_set.h"

#include <fcntl.h>
#include <hs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "dataplane/match/compiled_set.h"
#include "dataplane/match/name_table.h"

namespace sluis {
namespace {

using Error = tl::unexpected<std::string>;

constexpr std::string_view kRemedy = "; compile the rules again on this box with: sluisctl rules compile";

Error error(std::string text) {
    text += kRemedy;
    return Error(std::move(text));
}

/// A text field of the header, or nothing when it is not zero-terminated or holds what cannot be shown.
template <std::size_t N>
std::string_view text_field(const char (&field)[N]) noexcept {
    const std::size_t size = strnlen(field, N);
    if (size == N) return {};
    for (std::size_t i = 0; i < size; ++i) {
        if (field[i] < 0x20 || field[i] > 0x7e) return {};
    }
    return {field, size};
}

tl::expected<CompiledHeader, std::string> read_header(Bytes compiled) {
    CompiledHeader header;
    if (compiled.size() < sizeof header) {
        return error("not a compiled rule set: " + std::to_string(compiled.size()) + " bytes are too few for a header");
    }
    std::memcpy(&header, compiled.data(), sizeof header);
    if (header.magic != kCompiledSetMagic) return error("not a compiled rule set: it does not begin with the magic");
    if (header.version != kCompiledSetVersion) {
        return error("the compiled rule set has format version " + std::to_string(header.version) +
                     ", and this program reads version " + std::to_string(kCompiledSetVersion));
    }
    if (header.header_size != sizeof header) {
        return error("the compiled rule set is damaged: its header says that it has " +
                     std::to_string(header.header_size) + " bytes, and it has " + std::to_string(sizeof header));
    }
    if (header.file_size != compiled.size()) {
        return error("the compiled rule set is cut or has grown: its header says " + std::to_string(header.file_size) +
                     " bytes, and it has " + std::to_string(compiled.size()));
    }
    return header;
}

tl::expected<void, std::string> check_machine(const CompiledHeader& header) {
    if (hs_valid_platform() != HS_SUCCESS) {
        return Error("this processor lacks the instructions that the matching engine needs (SSSE3 on x86-64)");
    }
    if (text_field(header.engine) != hs_version()) {
        return error("the rule set was compiled by matching engine '" + std::string(text_field(header.engine)) +
                     "', and this box has '" + hs_version() + "'");
    }
    if (text_field(header.processor) != processor_kind()) {
        return error("the rule set was compiled for a processor of kind '" + std::string(text_field(header.processor)) +
                     "', and this box is '" + processor_kind() + "'");
    }
    return {};
}

/// A section as an array of `T`, copied, since the file may lie at any address. Fails when it does not fit.
template <typename T>
tl::expected<std::vector<T>, std::string> read_section(Bytes compiled, CompiledSection section, std::string_view what) {
    if (section.offset < sizeof(CompiledHeader) || section.offset > compiled.size() ||
        section.size > compiled.size() - section.offset || section.size % sizeof(T) != 0) {
        return error("the compiled rule set is damaged: its table of " + std::string(what) + " lies outside of it");
    }
    std::vector<T> items(section.size / sizeof(T));
    if (!items.empty()) std::memcpy(items.data(), compiled.data() + section.offset, section.size);
    return items;
}

bool names_fit(std::uint32_t offset, std::uint32_t size, std::size_t strings) noexcept {
    return size != 0 && offset <= strings && size <= strings - offset;
}

std::string engine_error(hs_error_t status) {
    switch (status) {
        case HS_DB_VERSION_ERROR:
            return "the database inside the compiled rule set is of another engine version";
        case HS_DB_PLATFORM_ERROR:
            return "the database inside the compiled rule set is for another kind of processor";
        case HS_DB_MODE_ERROR:
            return "the database inside the compiled rule set is not for block mode";
        case HS_NOMEM:
            return "there is not enough memory for the rule set";
        default:
            return "the database inside the compiled rule set is damaged (engine error " + std::to_string(status) + ")";
    }
}

/// What the system says of the file, and what to do about it.
std::string system_error(const std::string& path) {
    const std::string text = path + ": cannot be read: " + std::strerror(errno);
    if (errno == ENOENT) return text + "; make it by sluisctl rules compile, or name another one";
    return errno == EACCES ? text + "; let this user read it, or run as root" : text;
}

/// A file descriptor that closes itself.
class OpenFile {
public:
    explicit OpenFile(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    ~OpenFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    int get() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

tl::expected<std::vector<std::byte>, std::string> read_file(const std::string& path) {
    const OpenFile file(path);
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return Error(system_error(path));
    if (!S_ISREG(status.st_mode)) return Error(path + ": not a regular file; name a compiled rule set");
    if (static_cast<std::uint64_t>(status.st_size) > kCompiledSetLimit) {
        return Error(path + ": " + std::to_string(status.st_size) +
                     " bytes are too many for a compiled rule set; make it again by sluisctl rules compile");
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count = ::read(file.get(), bytes.data() + done, bytes.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return Error(system_error(path));
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    bytes.resize(done);
    return bytes;
}

/// Whether a rule is a name that can be looked up.
bool is_literal(const CompiledRule& rule) noexcept {
    return rule.kind == static_cast<std::uint8_t>(RuleKind::suffix) ||
           rule.kind == static_cast<std::uint8_t>(RuleKind::exact);
}

}  // namespace

struct RuleSet::Impl {
    ~Impl() { hs_free_database(database); }

    tl::expected<void, std::string> read_tables(Bytes compiled, const CompiledHeader& header);
    tl::expected<void, std::string> check_rules() const;
    tl::expected<void, std::string> read_address_rules();
    void build_name_table();
    tl::expected<void, std::string> read_categories(const std::vector<CompiledCategory>& compiled);
    tl::expected<void, std::string> read_database(Bytes compiled, CompiledSection section);
    std::string_view text(std::uint32_t offset, std::uint32_t size) const noexcept {
        return {strings.data() + offset, size};
    }

    std::vector<char> strings;
    std::vector<CompiledRule> rules;
    std::vector<Category> categories;
    std::vector<AddressRule> address_rules;
    NameTable name_table;
    hs_database* database = nullptr;
    std::string digest;
};

tl::expected<void, std::string> RuleSet::Impl::read_tables(Bytes compiled, const CompiledHeader& header) {
    auto rule_table = read_section<CompiledRule>(compiled, header.rules, "rules");
    if (!rule_table) return Error(rule_table.error());
    auto category_table = read_section<CompiledCategory>(compiled, header.categories, "categories");
    if (!category_table) return Error(category_table.error());
    auto text_table = read_section<char>(compiled, header.strings, "names");
    if (!text_table) return Error(text_table.error());
    rules = std::move(*rule_table);
    strings = std::move(*text_table);
    if (auto read = read_categories(*category_table); !read) return read;
    if (auto right = check_rules(); !right) return right;
    build_name_table();
    return read_address_rules();
}

tl::expected<void, std::string> RuleSet::Impl::read_categories(const std::vector<CompiledCategory>& compiled) {
    if (compiled.size() > UINT16_MAX) return error("the compiled rule set is damaged: it has too many categories");
    for (const CompiledCategory& category : compiled) {
        if (!names_fit(category.name_offset, category.name_size, strings.size()) || category.default_on > 1 ||
            category.allows > 1) {
            return error("the compiled rule set is damaged: category " + std::to_string(categories.size()) +
                         " is wrong");
        }
        categories.push_back(
            {text(category.name_offset, category.name_size), category.default_on == 1, category.allows == 1});
    }
    return {};
}

tl::expected<void, std::string> RuleSet::Impl::check_rules() const {
    if (rules.empty()) return error("the compiled rule set holds no rule");
    for (const CompiledRule& rule : rules) {
        if (!names_fit(rule.name_offset, rule.name_size, strings.size()) || rule.category >= categories.size() ||
            rule.kind > static_cast<std::uint8_t>(RuleKind::prefix) ||
            rule.in_table > static_cast<std::uint8_t>(is_literal(rule))) {
            return error("the compiled rule set is damaged: rule " + std::to_string(&rule - rules.data()) +
                         " is wrong");
        }
    }
    return {};
}

void RuleSet::Impl::build_name_table() {
    std::vector<NameRule> names;
    for (const CompiledRule& rule : rules) {
        if (rule.in_table == 0) continue;
        const bool exact = rule.kind == static_cast<std::uint8_t>(RuleKind::exact);
        names.push_back(
            {text(rule.name_offset, rule.name_size), exact, static_cast<std::uint32_t>(&rule - rules.data())});
    }
    name_table = NameTable(names);
}

/// A prefix rule is its name: there is nothing to compile.
tl::expected<void, std::string> RuleSet::Impl::read_address_rules() {
    for (const CompiledRule& rule : rules) {
        if (rule.kind != static_cast<std::uint8_t>(RuleKind::prefix)) continue;
        const auto id = static_cast<std::uint32_t>(&rule - rules.data());
        const auto prefix = read_address_prefix(text(rule.name_offset, rule.name_size));
        if (!prefix) {
            return error("the compiled rule set is damaged: rule " + std::to_string(id) + " is no prefix of addresses");
        }
        address_rules.push_back({*prefix, id});
    }
    return {};
}

tl::expected<void, std::string> RuleSet::Impl::read_database(Bytes compiled, CompiledSection section) {
    auto serialized = read_section<char>(compiled, section, "patterns");
    if (!serialized) return Error(serialized.error());
    const hs_error_t status = hs_deserialize_database(serialized->data(), serialized->size(), &database);
    if (status != HS_SUCCESS) return error(engine_error(status));
    return {};
}

tl::expected<std::unique_ptr<RuleSet>, std::string> RuleSet::load(Bytes compiled) {
    auto header = read_header(compiled);
    if (!header) return Error(header.error());
    if (sha256(compiled.subspan(kCompiledDigestFrom)) != header->digest) {
        return error("the compiled rule set is damaged: its digest does not fit its content");
    }
    if (auto fits = check_machine(*header); !fits) return Error(fits.error());
    auto impl = std::make_unique<Impl>();
    if (auto read = impl->read_tables(compiled, *header); !read) return Error(read.error());
    if (auto read = impl->read_database(compiled, header->database); !read) return Error(read.error());
    impl->digest = hexadecimal(header->digest);
    return std::unique_ptr<RuleSet>(new RuleSet(std::move(impl)));
}

tl::expected<std::unique_ptr<RuleSet>, std::string> RuleSet::load_file(const std::string& path) {
    auto bytes = read_file(path);
    if (!bytes) return Error(bytes.error());
    return load(*bytes).map_error([&](const std::string& reason) { return path + ": " + reason; });
}

RuleSet::RuleSet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RuleSet::~RuleSet() = default;

std::uint32_t RuleSet::size() const noexcept { return static_cast<std::uint32_t>(impl_->rules.size()); }

Rule RuleSet::rule(std::uint32_t id) const noexcept {
    const CompiledRule& rule = impl_->rules[id];
    return {id, static_cast<RuleKind>(rule.kind), rule.category, impl_->text(rule.name_offset, rule.name_size)};
}

std::span<const Category> RuleSet::categories() const noexcept { return impl_->categories; }
std::span<const AddressRule> RuleSet::address_rules() const noexcept { return impl_->address_rules; }
std::string_view RuleSet::digest() const noexcept { return impl_->digest; }

RuleScanner::RuleScanner(const RuleSet& rules) : rules_(&rules) {
    if (hs_alloc_scratch(rules.impl_->database, &scratch_) != HS_SUCCESS) scratch_ = nullptr;
}

RuleScanner::~RuleScanner() { hs_free_scratch(scratch_); }

RuleScanner::RuleScanner(RuleScanner&& other) noexcept
    : rules_(other.rules_), scratch_(std::exchange(other.scratch_, nullptr)) {}

RuleScanner& RuleScanner::operator=(RuleScanner&& other) noexcept {
    std::swap(rules_, other.rules_);
    std::swap(scratch_, other.scratch_);
    return *this;
}

void RuleScanner::scan(const NameBatch& batch, MatchVisitor& visitor) const noexcept {
    struct Context {
        const NameBatch& batch;
        MatchVisitor& visitor;
        std::uint32_t rules;
    } context{batch, visitor, rules_->size()};
    const auto on_match = [](unsigned id, unsigned long long, unsigned long long end, unsigned,
                             void* pointer) noexcept {
        const auto& here = *static_cast<const Context*>(pointer);
        if (id < here.rules) here.visitor.on_match(here.batch.name_ending_at(end), id);
        return 0;
    };
    if (scratch_ == nullptr || batch.empty()) return;
    const std::string_view text = batch.text();
    hs_scan(rules_->impl_->database, text.data(), static_cast<unsigned>(text.size()), 0, scratch_, on_match, &context);
    const NameTable& table = rules_->impl_->name_table;
    if (table.empty()) return;
    for (std::uint32_t i = 0; i < batch.size(); ++i)
        table.match(batch.name(i), [&](std::uint32_t rule) { visitor.on_match(i, rule); });
}

}  // namespace sluis
