#include "tests/bench/plot.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tributary::bench {
namespace {

constexpr double kPanelWidth = 440;
constexpr double kPanelHeight = 330;
constexpr double kLeft = 55;
constexpr double kRight = 20;
constexpr double kTop = 45;
constexpr double kBottom = 55;
constexpr int kGridLines = 5;
constexpr const char* kColours[] = {"#1b6ca8", "#c8553d", "#588157", "#7b5ea7", "#c99700"};

// A round number that is at least `value`.
double RoundUp(double value) {
  const double unit = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 2.5, 5.0, 10.0}) {
    if (value <= step * unit) return step * unit;
  }
  return value;
}

std::string Text(double x, double y, const char* anchor, const std::string& text,
                 const char* more = "") {
  return absl::StrFormat("<text x='%.1f' y='%.1f' text-anchor='%s' %s>%s</text>\n", x, y, anchor,
                         more, text);
}

class PanelPlot {
 public:
  PanelPlot(const Panel& panel, double left) : panel_(panel), left_(left + kLeft) {
    double most = 0;
    for (const Panel::Line& line : panel.lines) {
      most = std::max(most, *std::max_element(line.values.begin(), line.values.end()));
    }
    most_ = RoundUp(std::max(most, 1e-9));
  }

  std::string Svg() const {
    std::string svg = Text(left_ + width() / 2, 20, "middle", panel_.title, "font-weight='bold'");
    for (int i = 0; i <= kGridLines; ++i) {
      const double value = most_ * i / kGridLines;
      absl::StrAppendFormat(&svg, "<line x1='%.1f' x2='%.1f' y1='%.1f' y2='%.1f' stroke='#ddd'/>\n",
                            left_, left_ + width(), Y(value), Y(value));
      svg += Text(left_ - 6, Y(value) + 4, "end", absl::StrFormat("%g", value));
    }
    svg += Text(left_ - 40, kTop - 12, "start", panel_.unit);
    for (std::size_t i = 0; i < panel_.steps.size(); ++i) {
      svg += Text(X(i), kPanelHeight - kBottom + 18, "middle", absl::StrCat(panel_.steps[i]));
    }
    svg += Text(left_ + width() / 2, kPanelHeight - kBottom + 40, "middle", panel_.steps_name);
    for (std::size_t i = 0; i < panel_.lines.size(); ++i) svg += Line(i);
    return svg;
  }

 private:
  double width() const { return kPanelWidth - kLeft - kRight; }
  double X(std::size_t step) const {
    const auto last = static_cast<double>(std::max<std::size_t>(panel_.steps.size() - 1, 1));
    return left_ + 15 + (width() - 30) * static_cast<double>(step) / last;
  }
  double Y(double value) const {
    return kPanelHeight - kBottom - (kPanelHeight - kBottom - kTop) * value / most_;
  }
  std::string Line(std::size_t number) const {
    const Panel::Line& line = panel_.lines[number];
    const char* const colour = kColours[number % std::size(kColours)];
    std::string points;
    std::string svg;
    for (std::size_t i = 0; i < line.values.size(); ++i) {
      absl::StrAppendFormat(&points, "%.1f,%.1f ", X(i), Y(line.values[i]));
      absl::StrAppendFormat(&svg, "<circle cx='%.1f' cy='%.1f' r='3' fill='%s'/>\n", X(i),
                            Y(line.values[i]), colour);
    }
    absl::StrAppendFormat(
        &svg, "<polyline points='%s' fill='none' stroke='%s' stroke-width='2'/>\n", points, colour);
    const std::string fill = absl::StrCat("fill='", colour, "'");
    svg += Text(left_ + 12, kTop + 14 + 16 * static_cast<double>(number), "start", line.name,
                fill.c_str());
    return svg;
  }

  const Panel& panel_;
  double left_;
  double most_ = 1;
};

}  // namespace

std::string PlotSvg(const std::vector<Panel>& panels) {
  std::string svg = absl::StrFormat(
      "<svg xmlns='http://www.w3.org/2000/svg' width='%.0f' height='%.0f' font-family='sans-serif' "
      "font-size='12'>\n<rect width='100%%' height='100%%' fill='white'/>\n",
      kPanelWidth * static_cast<double>(panels.size()), kPanelHeight);
  for (std::size_t i = 0; i < panels.size(); ++i) {
    svg += PanelPlot(panels[i], kPanelWidth * static_cast<double>(i)).Svg();
  }
  return svg + "</svg>\n";
}

}  // namespace tributary::bench
