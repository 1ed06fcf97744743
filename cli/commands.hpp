// The commands: each takes its options and returns the exit status. They print
// for themselves; errors go to standard error as "assay: ...".
#pragma once

#include <string>

#include "cli/options.hpp"

namespace assay::cli {

int execute(const TextOptions&, const std::string& server);
int execute(const UpOptions&, const std::string& server);
int execute(const RunOptions&, const std::string& server);
int execute(const WatchOptions&, const std::string& server);
int execute(const RunsOptions&, const std::string& server);
int execute(const ShowOptions&, const std::string& server);
int execute(const LogOptions&, const std::string& server);
int execute(const WhyOptions&, const std::string& server);
int execute(const CancelOptions&, const std::string& server);
int execute(const RetestOptions&, const std::string& server);
int execute(const ReportOptions&, const std::string& server);
int execute(const BoardsOptions&, const std::string& server);
int execute(const LabCheckOptions&, const std::string& server);
int execute(const BoardOptions&, const std::string& server);
int execute(const PowerOptions&, const std::string& server);
int execute(const FlashOptions&, const std::string& server);
int execute(const ConsoleOptions&, const std::string& server);
int execute(const QuarantineOptions&, const std::string& server);
int execute(const LeaseOptions&, const std::string& server);
int execute(const ExtendOptions&, const std::string& server);
int execute(const ReleaseOptions&, const std::string& server);
int execute(const AgentsOptions&, const std::string& server);
int execute(const PlanCheckOptions&, const std::string& server);
int execute(const PlanSchemaOptions&, const std::string& server);
int execute(const PlanListOptions&, const std::string& server);
int execute(const ImageShowOptions&, const std::string& server);
int execute(const ArtifactPutOptions&, const std::string& server);
int execute(const ArtifactGetOptions&, const std::string& server);
int execute(const WordsOptions&, const std::string& server);

// Parses and executes; argv without the program's name.
int run_command_line(std::vector<std::string> words);

}  // namespace assay::cli
