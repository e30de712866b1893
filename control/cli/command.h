// A command and its options, as each group of commands describes its own. CLI11 reads the command line by them; its
// headers take every file that includes them seconds to compile, so this one stands before them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace sluis {

/// An option, or an argument that stands without a name. As `Command`, it is copied as a pointer is.
class Option {
public:
    explicit Option(CLI::Option* option) : option_(option) {}

    Option required() const;
    /// What it takes, for people: "FILE", "FORMAT [table]". Of an argument, what is said behind its name; " ": nothing.
    Option takes(const std::string& what) const;
    /// How many values it takes at once; by default a list takes all that follow.
    Option expected(int least, int most) const;
    /// Of a list: one value each time that the option is given.
    Option repeated() const;

    Option one_of(const std::vector<std::string>& words) const;
    Option between(int least, int most) const;
    Option between(std::uint32_t least, std::uint32_t most) const;
    Option between(double least, double most) const;
    /// `check` says what is wrong with a value; an empty text: nothing is.
    Option check(const std::function<std::string(const std::string& value)>& check) const;

private:
    CLI::Option* option_;
};

/// The program, a group of commands or a command.
class Command {
public:
    /// `status`: where the command that ran leaves its exit status. REQUIRES: both outlive the parsing, as do the
    /// variables of all options.
    Command(CLI::App& app, int& status) : app_(&app), status_(&status) {}

    const CLI::App& app() const { return *app_; }

    Command add_group(const char* name, const std::string& help) const;
    /// A group, or command, that is there already.
    Command find(const char* name) const;
    /// `run` returns the exit status.
    Command add_command(const char* name, const std::string& help, std::function<int()> run) const;
    /// The same of a command that is carried out by what its options say.
    template <typename Options>
    Command add_command(const char* name, const std::string& help, int (*run)(const Options&),
                        const std::shared_ptr<Options>& options) const {
        return add_command(name, help, [run, options] { return run(*options); });
    }
    /// Options of which so many are given.
    Command add_options_together(const std::string& help, std::size_t least, std::size_t most) const;

    /// `name`: "-o,--output", or that of an argument: "FILE".
    Option add_option(const char* name, std::string& value, const std::string& help) const;
    Option add_option(const char* name, std::vector<std::string>& values, const std::string& help) const;
    Option add_option(const char* name, std::vector<std::uint16_t>& values, const std::string& help) const;
    Option add_option(const char* name, std::uint32_t& value, const std::string& help) const;
    Option add_option(const char* name, std::uint64_t& value, const std::string& help) const;
    Option add_option(const char* name, double& value, const std::string& help) const;
    /// What is given goes to `set`.
    Option add_option(const char* name, const std::function<void(const std::string& value)>& set,
                      const std::string& help) const;

    void add_flag(const char* name, bool& given, const std::string& help) const;

private:
    CLI::App* app_;
    int* status_;
};

}  // namespace sluis
