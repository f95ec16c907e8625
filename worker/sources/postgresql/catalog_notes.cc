#include "worker/sources/postgresql/catalog_notes.h"

#include "absl/strings/str_cat.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {
namespace {

std::string TextOf(Note note, const std::string& publication) {
  constexpr char kCompared[] = "read whole and compared in each sync, as ";
  constexpr char kSentAgain[] =
      "read whole in each sync, and sent again from TRUNCATE if anything in them has changed, as ";
  switch (note) {
    case Note::kView:
      return absl::StrCat(kCompared, "the log has no changes of views and foreign tables: ");
    case Note::kUnlogged:
      return absl::StrCat(kCompared,
                          "the log has no changes of unlogged tables: ALTER TABLE … SET LOGGED, "
                          "for ");
    case Note::kOtherPartitions:
      return absl::StrCat(kCompared,
                          "partitions of them are unlogged or have another replica identity than "
                          "they: ALTER TABLE … SET LOGGED, or REPLICA IDENTITY, on the partitions "
                          "of ");
    case Note::kGeneratedKey:
      return absl::StrCat(kCompared,
                          "the log has no generated columns, and their keys have some: another "
                          "PRIMARY KEY, or a REPLICA IDENTITY USING INDEX, for ");
    case Note::kNoIdentity:
      return absl::StrCat(kCompared,
                          "the log cannot name their rows without a primary key that is not "
                          "deferrable: ALTER TABLE … ADD PRIMARY KEY, for ");
    case Note::kUnsendableColumn:
      return absl::StrCat(kCompared,
                          "a column of them has a type that the server cannot send in binary form, "
                          "as an array of aclitem; a change of such a table would end the log, so "
                          "keep it out of publication ",
                          Quoted(publication), ", or ALTER TABLE … ALTER COLUMN … TYPE text: ");
    case Note::kPublishedInPart:
      return absl::StrCat(kCompared, "a row filter or a column list of publication ",
                          Quoted(publication), " holds back a part of ");
    case Note::kNotPublished:
      return absl::StrCat(kCompared,
                          "they are not in the publication and the role may not add them: ALTER "
                          "PUBLICATION ",
                          Quoted(publication), " ADD TABLE ");
    case Note::kKeyless:
      return absl::StrCat(kSentAgain,
                          "they have no key; equal rows of them are one row in the destination: "
                          "ALTER TABLE … ADD PRIMARY KEY, for ");
    case Note::kKeylessView:
      return absl::StrCat(kSentAgain,
                          "views and foreign tables have no key; equal rows of them are one row in "
                          "the destination: ");
    case Note::kNone:
      break;
  }
  return "";
}

}  // namespace

void AddNotes(const std::string& publication, Catalog& catalog) {
  for (std::uint32_t note = 1; note <= static_cast<std::uint32_t>(Note::kKeylessView); ++note) {
    catalog.add_notes(TextOf(static_cast<Note>(note), publication));
  }
}

}  // namespace tributary::postgresql
