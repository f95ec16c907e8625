// The connector: both roles with every engine.
#include "supervisor/main.h"
#include "worker/sources/engines.h"

int main(int argc, char** argv) { return tributary::Main(argc, argv, tributary::AllEngines()); }
