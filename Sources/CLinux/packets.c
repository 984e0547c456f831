#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

int apus_packet_socket(const char *link) {
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    int one = 1, room = 8 << 20;
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(link)};
    int failure = 0;
    if (!address.sll_ifindex) failure = ENODEV;
    /* Beside each frame its unfinished checksums and segments, to be finished by whoever it is handed to. */
    if (!failure && setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one)) failure = errno;
    if (!failure && setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one)) failure = errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (!failure && bind(fd, (struct sockaddr *)&address, sizeof address)) failure = errno;
    if (!failure) return fd;
    close(fd);
    return -failure;
}
