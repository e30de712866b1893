#include "control/cli/manual.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "control/api/control_config.h"
#include "control/cli/command_tree.h"
#include "dataplane/interface/config.h"
#include "dataplane/interface/version.h"

namespace sluis {
namespace {

struct Page {
    std::string_view name;
    int section;
    std::string_view what;
    std::string_view about;
};

constexpr std::array kPages{
    Page{"sluisctl", 1, "looks after a Sluis box: its rules, and what they do", ""},
    Page{"sluis-control", 8, "looks after the rules of a Sluis box and answers its API", ""},
    Page{"sluis-dataplane", 8, "bridges port pairs and refuses what the rules in force block", ""},
    Page{"sluis-guard", 8, "has frames cross, or not, while no dataplane of a Sluis box forwards", ""},
    Page{"sluis.toml", 5, "configuration of sluis-dataplane, sluis-control and sluis-guard",
         "All three programs read /etc/sluis/sluis.toml, in TOML. An unknown key is an error that names its line and "
         "the "
         "nearest known key. Every key with its default:"},
    Page{"policy.toml", 5, "policy of a Sluis box: zones, dates, categories",
         "/etc/sluis/policy.toml says who is in which zone and what is enforced there from when on. sluisctl policy "
         "check says what is wrong with one. An example:"},
};

const Page* find_page(std::string_view name) {
    for (const Page& page : kPages)
        if (page.name == name) return &page;
    return nullptr;
}

std::string names_and_value(const OptionWords& option) {
    std::string line;
    for (const std::string& name : option.names) line += (line.empty() ? "\\fB" : ", \\fB") + roff(name) + "\\fR";
    return line + (option.value.empty() ? "" : " \\fI" + roff(option.value) + "\\fR");
}

std::string synopsis_of(const CommandNode& node) {
    std::string line = "\\fB" + roff(node.path) + "\\fR";
    if (!node.options.empty()) line += " [\\fIOPTION\\fR...]";
    for (const OptionWords& each : node.arguments) {
        const std::string name = "\\fI" + roff(each.names.front()) + "\\fR" + (each.takes_many ? "..." : "");
        line += each.is_required ? " " + name : " [" + name + "]";
    }
    return line;
}

std::string section_of(const CommandNode& node) {
    std::string text = ".SS " + roff(node.path) + "\n" + synopsis_of(node) + "\n.PP\n" + roff(node.help) + ".\n";
    for (const OptionWords& each : node.arguments)
        text += ".TP\n\\fI" + roff(each.names.front()) + "\\fR\n" + roff(each.help) + "\n";
    for (const OptionWords& each : node.options)
        if (each.names.back() != "--help") text += ".TP\n" + names_and_value(each) + "\n" + roff(each.help) + "\n";
    const auto examples = examples_of(node.path);
    if (examples.empty()) return text;
    std::string lines;
    for (const std::string_view line : examples) lines += std::string(line) + "\n";
    return text + ".PP\nExamples:\n" + roff_block(lines);
}

/// A character beyond ASCII by its number, which every roff reads. REQUIRES: `utf8` is one, and well-formed.
std::string numbered(std::string_view utf8) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    auto code = static_cast<std::uint32_t>(static_cast<unsigned char>(utf8[0])) & (0x7fu >> utf8.size());
    for (const char c : utf8.substr(1)) code = code << 6 | (static_cast<std::uint32_t>(c) & 0x3f);
    std::string digits;
    for (; code != 0 || digits.size() < 4; code >>= 4) digits.insert(digits.begin(), kDigits[code & 15]);
    return "\\[u" + digits + "]";
}

/// Bytes of the UTF-8 character that begins with `first`.
std::size_t character_size(char first) {
    const auto byte = static_cast<unsigned char>(first);
    return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
}

}  // namespace

std::string roff(std::string_view text) {
    std::string made;
    bool line_begins = true;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        const std::string_view character = text.substr(at, character_size(c));
        at += character.size();
        if (line_begins && (c == '.' || c == '\'')) made += "\\&";
        line_begins = c == '\n';
        if (c == '\\')
            made += "\\e";
        else if (c == '-')
            made += "\\-";
        else if (c == '\'')
            made += "\\(aq";
        else if (character.size() > 1)
            made += numbered(character);
        else
            made += c;
    }
    return made;
}

std::string roff_block(std::string_view text) {
    return ".RS 4\n.nf\n" + roff(text) + (text.empty() || text.back() != '\n' ? "\n" : "") + ".fi\n.RE\n";
}

std::string manual_head(std::string_view page, int section, std::string_view what) {
    return ".TH \"" + roff(page) + "\" " + std::to_string(section) + " \"\" \"Sluis " + kVersion +
           "\" \"Sluis\"\n.SH NAME\n" + roff(page) + " \\- " + roff(what) + "\n";
}

std::string manual_tail(std::string_view page) {
    std::string line;
    for (const Page& each : kPages)
        if (each.name != page)
            line += std::string(line.empty() ? "" : ",\n") + ".BR " + roff(each.name) + " (" +
                    std::to_string(each.section) + ")";
    return ".SH SEE ALSO\n" + line + "\n";
}

std::string command_manual(const CLI::App& app) {
    const Page& page = *find_page("sluisctl");
    std::string text = manual_head(page.name, page.section, page.what);
    text += ".SH SYNOPSIS\n\\fBsluisctl\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...]\n.SH COMMANDS\n";
    for (const CommandNode& node : command_tree(app))
        if (node.below.empty()) text += section_of(node);
    text += ".SH EXIT STATUS\n" + roff(kExitStatuses.substr(kExitStatuses.find(": ") + 2)) + "\n";
    return text + manual_tail(page.name);
}

std::string program_manual(std::string_view name, std::string_view text) {
    const Page* page = find_page(name);
    if (page == nullptr) return "";
    const std::string reference =
        name == "sluis.toml" ? config_reference() + "\n" + control_config_reference() : std::string(text);
    std::string made = manual_head(page->name, page->section, page->what) + ".SH DESCRIPTION\n";
    if (!page->about.empty()) made += roff(page->about) + "\n";
    return made + roff_block(reference) + manual_tail(page->name);
}

}  // namespace sluis
