// The page's files, as they are in page/: put into the program when it is built.
#ifndef TRIBUTARY_SUPERVISOR_WEB_PAGE_TEXT_H_
#define TRIBUTARY_SUPERVISOR_WEB_PAGE_TEXT_H_

namespace tributary {

// Style and script stand where the page says <!--style--> and <!--script-->.
extern const char kPageHtml[];
extern const char kPageCss[];
extern const char kPageJs[];

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_WEB_PAGE_TEXT_H_
