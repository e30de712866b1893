#include "control/bundle/bundle_clock.h"
#include "control/main/sluis_control.h"

int main(int argc, char** argv) {
    return sluis::run_control(argc, argv, {sluis::read_system_clock, sluis::build_time()});
}
