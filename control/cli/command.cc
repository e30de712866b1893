#include "control/cli/command.h"

#include <CLI/CLI.hpp>
#include <utility>

namespace sluis {

Option Option::required() const { return Option(option_->required()); }
Option Option::takes(const std::string& what) const { return Option(option_->option_text(what)); }
Option Option::expected(int least, int most) const { return Option(option_->expected(least, most)); }
Option Option::repeated() const { return Option(option_->allow_extra_args(false)); }

Option Option::one_of(const std::vector<std::string>& words) const {
    return Option(option_->check(CLI::IsMember(words)));
}
Option Option::between(int least, int most) const { return Option(option_->check(CLI::Range(least, most))); }
Option Option::between(std::uint32_t least, std::uint32_t most) const {
    return Option(option_->check(CLI::Range(least, most)));
}
Option Option::between(double least, double most) const { return Option(option_->check(CLI::Range(least, most))); }
Option Option::check(const std::function<std::string(const std::string&)>& check) const {
    return Option(option_->check(CLI::Validator(check, "")));
}

Command Command::add_group(const char* name, const std::string& help) const {
    CLI::App* group = app_->add_subcommand(name, help);
    group->require_subcommand(1);
    return {*group, *status_};
}

Command Command::find(const char* name) const { return {*app_->get_subcommand(name), *status_}; }

Command Command::add_command(const char* name, const std::string& help, std::function<int()> run) const {
    CLI::App* command = app_->add_subcommand(name, help);
    command->callback([run = std::move(run), status = status_] { *status = run(); });
    return {*command, *status_};
}

Command Command::add_options_together(const std::string& help, std::size_t least, std::size_t most) const {
    CLI::Option_group* group = app_->add_option_group(help);
    group->require_option(least, most);
    return {*group, *status_};
}

Option Command::add_option(const char* name, std::string& value, const std::string& help) const {
    return Option(app_->add_option(name, value, help));
}
Option Command::add_option(const char* name, std::vector<std::string>& values, const std::string& help) const {
    return Option(app_->add_option(name, values, help));
}
Option Command::add_option(const char* name, std::vector<std::uint16_t>& values, const std::string& help) const {
    return Option(app_->add_option(name, values, help));
}
Option Command::add_option(const char* name, std::uint32_t& value, const std::string& help) const {
    return Option(app_->add_option(name, value, help));
}
Option Command::add_option(const char* name, std::uint64_t& value, const std::string& help) const {
    return Option(app_->add_option(name, value, help));
}
Option Command::add_option(const char* name, double& value, const std::string& help) const {
    return Option(app_->add_option(name, value, help));
}
Option Command::add_option(const char* name, const std::function<void(const std::string&)>& set,
                           const std::string& help) const {
    return Option(app_->add_option_function<std::string>(name, set, help));
}

void Command::add_flag(const char* name, bool& given, const std::string& help) const {
    app_->add_flag(name, given, help);
}

}  // namespace sluis
