// What is wrong with a command line, in one line, for the programs that CLI11 reads it for.
#pragma once

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace sluis {

/// Has CLI11 refuse an empty text where an option, of `app` or a command below it, needs a value. Call it when all
/// options are there.
void refuse_empty_values(CLI::App& app);

/// Prints the help that was asked for, or what is wrong, of several things the one that stands there (an option that is
/// not known) before what does not. Returns whether it was help.
bool report_usage(const CLI::App& app, const CLI::ParseError& error);

}  // namespace sluis
