#include <vector>

struct Particle {
    double place;
    double speed;
};

// Moves every particle on and slows it down.
void drift(std::vector<Particle>& particles, double time) {
    for (Particle& particle : particles) {
        particle.place += particle.speed * time;
        particle.speed *= 0.5;
    }
}
