#include "escape.hpp"
#include <arpa/inet.h>
#include <cstddef>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

ESCAPE(tcp) {
    const sockaddr_in address = loopback(number("tcp_port"));
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// A question sent and answered, as a name server would.
ESCAPE(udp) {
    const sockaddr_in address = loopback(number("udp_port"));
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const timeval patience{0, 300000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char answer[64];
    return sendto(fd, "?", 1, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 1 &&
           recv(fd, answer, sizeof answer, 0) > 0;
}

static bool connects(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0;
}

ESCAPE(unix_socket) { return connects(argument("unix_path")); }
ESCAPE(abstract_socket) { return connects(std::string(1, '\0') + argument("abstract_name")); }
ESCAPE(raw_socket) { return socket(AF_PACKET, SOCK_RAW, 0) >= 0; }
ESCAPE(netlink) { return socket(AF_NETLINK, SOCK_RAW, 0) >= 0; }
ESCAPE(vsock) { return socket(40, SOCK_STREAM, 0) >= 0; }
