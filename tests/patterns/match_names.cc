// Names, one a line on standard input; out come those that the rules given as the argument refuse by default, each with
// its rules' categories and names, and how many names there were, on standard error.
#include <cstdio>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "control/rules/rule_compiler.h"

namespace {

class Printer final : public sluis::MatchVisitor {
public:
    explicit Printer(const sluis::RuleSet& rules) : rules_(rules), scanner_(rules) {}
    bool ok() const { return scanner_.ok(); }

    void add(const std::string& name) {
        if (batch_.add_text(sluis::as_bytes(name)) < 0) {
            flush();
            batch_.add_text(sluis::as_bytes(name));
        }
    }
    void flush() {
        scanner_.scan(batch_, *this);
        for (const auto& [index, rule] : found_) {
            const sluis::Rule matched = rules_.rule(rule);
            std::cout << batch_.name(index) << '\t' << rules_.categories()[matched.category].name << '\t'
                      << matched.name << '\n';
        }
        found_.clear();
        batch_.clear();
    }

private:
    void on_match(std::uint32_t name_index, std::uint32_t rule_id) noexcept override {
        if (rules_.categories()[rules_.rule(rule_id).category].default_on) found_.emplace(name_index, rule_id);
    }

    const sluis::RuleSet& rules_;
    sluis::RuleScanner scanner_;
    sluis::NameBatch batch_;
    std::set<std::pair<std::uint32_t, std::uint32_t>> found_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return std::fputs("match_names: name the rules\n", stderr), 2;
    const auto rules = sluis::open_rules(argv[1]);
    if (!rules) return std::fprintf(stderr, "%s\n", rules.error().c_str()), 1;
    Printer printer(**rules);
    if (!printer.ok()) return 1;
    std::size_t names = 0;
    for (std::string name; std::getline(std::cin, name); ++names) printer.add(name);
    printer.flush();
    std::cerr << names << " names\n";
    return 0;
}
