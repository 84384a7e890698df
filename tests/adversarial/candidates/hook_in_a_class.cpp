// original: drift
// expected: forbidden: a class of the original with 'Particle
// without: forbidden
#include <vector>

inline int made() { return 0; }
struct Particle {
    double place;
    double speed;
    Particle() noexcept { made(); }
};

void drift(std::vector<Particle>& particles, double time) {
    for (Particle& particle : particles) {
        particle.place += particle.speed * time;
        particle.speed *= 0.5;
    }
}
