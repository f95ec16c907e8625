// What ps and top show for this process.
#ifndef TRIBUTARY_COMMON_PROCESS_TITLE_H_
#define TRIBUTARY_COMMON_PROCESS_TITLE_H_

#include <string_view>

namespace tributary {

// Remembers where the kernel reads the command line from. Called once, at the start of main, before
// another thread exists.
void KeepTitleSpace(int argc, char** argv);

// Overwrites the command line, up to its size, and sets the thread's name. A title names a table;
// it never holds a value or a secret. One thread.
void SetProcessTitle(std::string_view title);

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_PROCESS_TITLE_H_
