#include "worker/encoder/log_writer.h"

namespace tributary {

void LogWriter::Snapshot(const tributary::Snapshot& snapshot, std::string_view life) {
  LogReport report;
  SetSeen(snapshot, *report.mutable_snapshot()->mutable_snapshot());
  report.mutable_snapshot()->set_life(life.data(), life.size());
  Send(report);
}

void LogWriter::Transaction(std::uint64_t transaction) {
  LogReport report;
  report.set_transaction(transaction);
  Send(report);
}

void LogWriter::Position(const LogPosition& position) {
  LogReport report;
  LogPlace& place = *report.mutable_position();
  place.set_commit(position.commit);
  place.set_final(position.final);
  place.set_change(position.change);
  place.set_ordinal(position.ordinal);
  Send(report);
}

void LogWriter::Joined(const tributary::Joined& joined) {
  LogReport report;
  *report.mutable_joined() = joined;
  Send(report);
}

void LogWriter::Changed(const TableChanged& changed) {
  LogReport report;
  *report.mutable_changed() = changed;
  Send(report);
}

void LogWriter::Lost(std::uint32_t table) {
  LogReport report;
  report.set_lost(table);
  Send(report);
}

void LogWriter::Remarks(const TableRemarks& remarks) {
  LogReport report;
  *report.mutable_remarks() = remarks;
  Send(report);
}

void LogWriter::Remark(std::string_view text) {
  LogReport report;
  report.set_remark(text.data(), text.size());
  Send(report);
}

void LogWriter::Standing(const LogStanding& standing) {
  LogReport report;
  *report.mutable_standing() = standing;
  Send(report);
}

void LogWriter::Send(const LogReport& report) {
  rows_.Flush();
  ring_.Send(FrameType::kLog, assignment_, report.SerializeAsString());
}

}  // namespace tributary
