// An SVG plot of a few lines over steps that grow by a factor.
#ifndef TRIBUTARY_TESTS_BENCH_PLOT_H_
#define TRIBUTARY_TESTS_BENCH_PLOT_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tributary::bench {

struct Panel {
  struct Line {
    std::string name;
    // One value for each step.
    std::vector<double> values;
  };
  std::string title;
  std::string steps_name;
  // Drawn at equal distances.
  std::vector<std::uint64_t> steps;
  std::string unit;
  std::vector<Line> lines;
};

// Panels side by side; each begins at 0.
std::string PlotSvg(const std::vector<Panel>& panels);

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_PLOT_H_
