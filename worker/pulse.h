// A worker's sign of life.
#ifndef TRIBUTARY_WORKER_PULSE_H_
#define TRIBUTARY_WORKER_PULSE_H_

namespace tributary {

// Shows the supervisor that the worker is working: a worker without a beat for
// limits::kSilentPulseLooks seconds is killed. Cheap enough for every few thousand rows and every
// wait of up to a second. Main thread only.
class Pulse {
 public:
  virtual ~Pulse() = default;
  virtual void Beat() = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_PULSE_H_
