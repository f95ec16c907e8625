// The files in page/, built into the program.
#ifndef TRIBUTARY_SUPERVISOR_WEB_PAGE_TEXT_H_
#define TRIBUTARY_SUPERVISOR_WEB_PAGE_TEXT_H_

namespace tributary {

// Style and script replace <!--style--> and <!--script--> in the page.
extern const char kPageHtml[];
extern const char kPageCss[];
extern const char kPageJs[];

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_WEB_PAGE_TEXT_H_
