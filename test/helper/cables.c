/*
 * Cables in user space: cables MBIT DELAY_US LOSS_PPM NAMESPACE...
 *
 * Each namespace gets a TAP device eth0, the end of a cable to one switch. A cable carries MBIT in each direction; a
 * packet is DELAY_US on its way from host to host, besides the time that its bytes take. MBIT counts what Ethernet puts on the wire: 1538 bytes for each 1500
 * of a full packet, so a TCP stream gets 94 % of it. Packets that would wait longer than a switch has memory for are
 * dropped, and LOSS_PPM in a million besides.
 *
 * Segments of TCP pass whole, up to 64 KiB (virtio header, TSO): so a Gbit/s costs few calls. With losses each packet
 * travels alone, so that one loss is one packet's.
 *
 * Prints "up" once all devices are there. Reads lines "down N" and "up N": pulls the cable of the N-th host out, or puts
 * it in. Ends when its input ends; the devices end with it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MOST_HOSTS 16
#define MOST_WAITING 8192
/* Preamble, frame check sequence and the gap between frames. */
#define FRAMING_BYTES 24
#define HEADER sizeof(struct virtio_net_hdr)
/* What a switch holds back for one cable: 20 ms and what is on its way, or this many bytes. */
#define QUEUE_NS 20000000L
#define SMALLEST_QUEUE (512 << 10)

struct packet {
  long at;
  int size;
  char *data;
};

/* A host's end of its cable, with the packets that are on their way to it, by time. */
struct port {
  int file, isDown;
  /* When the cable will have carried all that was sent so far: from the host, and to it. */
  long upFree, downFree;
  struct packet waiting[MOST_WAITING];
  unsigned head, tail;
};

static struct port ports[MOST_HOSTS];
static int hosts;
static double nsPerByte;
static long delay, loss, limit;

static long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static long later(long a, long b) { return a > b ? a : b; }

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int openTap(const char *space, int host) {
  char path[256];
  snprintf(path, sizeof path, "/run/netns/%s", space);
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = open(path, O_RDONLY | O_CLOEXEC);
  if (home < 0 || there < 0 || setns(there, CLONE_NEWNET)) fail(path);
  int file = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
  strcpy(request.ifr_name, "eth0");
  int offload = loss > 0 ? 0 : TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  if (file < 0 || ioctl(file, TUNSETIFF, &request) || ioctl(file, TUNSETOFFLOAD, offload)) fail("/dev/net/tun");
  /* The last byte of a host's address says where it is. */
  memset(&request.ifr_hwaddr, 0, sizeof request.ifr_hwaddr);
  request.ifr_hwaddr.sa_family = 1;
  request.ifr_hwaddr.sa_data[0] = 2;
  request.ifr_hwaddr.sa_data[5] = host + 1;
  if (ioctl(file, SIOCSIFHWADDR, &request)) fail("SIOCSIFHWADDR");
  if (setns(home, CLONE_NEWNET)) fail("/proc/self/ns/net");
  close(home);
  close(there);
  return file;
}

/* What Ethernet sends for a segment, which it would cut into packets. */
static int wireBytes(const struct virtio_net_hdr *header, int frame) {
  if (header->gso_type == VIRTIO_NET_HDR_GSO_NONE || header->gso_size == 0) return frame + FRAMING_BYTES;
  int packets = (frame - header->hdr_len + header->gso_size - 1) / header->gso_size;
  return frame + (packets - 1) * header->hdr_len + packets * FRAMING_BYTES;
}

static void put(struct port *to, const char *data, int size, long at) {
  if (to->head - to->tail == MOST_WAITING) return;
  struct packet *packet = &to->waiting[to->head++ % MOST_WAITING];
  *packet = (struct packet){.at = at + delay, .size = size, .data = malloc(size)};
  if (packet->data == NULL) fail("malloc");
  memcpy(packet->data, data, size);
}

/* Takes what a host sends. It is known at once when each packet will be there. */
static void takeFrom(struct port *from) {
  static char data[70000];
  for (int n = 0; n < 64; n++) {
    int size = read(from->file, data, sizeof data);
    if (size <= (int)HEADER) return;
    const unsigned char *target = (unsigned char *)data + HEADER;
    long t = now(), takes = wireBytes((struct virtio_net_hdr *)data, size - HEADER) * nsPerByte;
    int isLost = from->isDown || from->upFree - t > limit || (loss > 0 && random() % 1000000 < loss);
    if (isLost) continue;
    from->upFree = later(from->upFree, t) + takes;
    for (int i = 0; i < hosts; i++) {
      struct port *to = &ports[i];
      int isMeant = to != from && ((target[0] & 1) || target[5] == i + 1);
      if (!isMeant || to->isDown || to->downFree - t > limit) continue;
      /* Both cables carry it at the same time, if the second one is free. */
      to->downFree = later(from->upFree, to->downFree + takes);
      put(to, data, size, to->downFree);
    }
  }
}

/* Gives a host what has arrived by now. @returns when the next packet will be there, or -1. */
static long giveTo(struct port *to) {
  long t = now();
  for (; to->tail != to->head; to->tail++) {
    struct packet *packet = &to->waiting[to->tail % MOST_WAITING];
    if (packet->at > t) return packet->at;
    /* A host that takes nothing loses it, as on a real cable. */
    if (!to->isDown && write(to->file, packet->data, packet->size) < 0) { /* lost */ }
    free(packet->data);
  }
  return -1;
}

/* @returns 0 at the end of the input. */
static int obey(void) {
  static FILE *orders;
  char word[8];
  int host;
  if (orders == NULL) {
    orders = fdopen(0, "r");
    /* Whether there is another line is asked of the pipe. */
    setvbuf(orders, NULL, _IONBF, 0);
  }
  if (fscanf(orders, "%7s %d", word, &host) != 2) return 0;
  if (host >= 1 && host <= hosts) ports[host - 1].isDown = strcmp(word, "down") == 0;
  return 1;
}

int main(int count, char **words) {
  hosts = count - 4;
  if (hosts < 2 || hosts > MOST_HOSTS) return 2;
  nsPerByte = 8000 / atof(words[1]);
  delay = atol(words[2]) * 1000;
  loss = atol(words[3]);
  limit = later(QUEUE_NS + 2 * delay, SMALLEST_QUEUE * nsPerByte);
  for (int i = 0; i < hosts; i++) ports[i].file = openTap(words[4 + i], i);
  prctl(PR_SET_TIMERSLACK, 1);
  /* It sleeps most of the time, but shall be on time on a busy machine; without the right it is as others. */
  if (setpriority(PRIO_PROCESS, 0, -15)) { /* no matter */ }
  puts("up");
  fflush(stdout);
  for (;;) {
    long next = -1;
    struct pollfd polled[MOST_HOSTS + 1];
    for (int i = 0; i < hosts; i++) {
      long at = giveTo(&ports[i]);
      if (at >= 0 && (next < 0 || at < next)) next = at;
      polled[i] = (struct pollfd){.fd = ports[i].file, .events = POLLIN};
    }
    polled[hosts] = (struct pollfd){.fd = 0, .events = POLLIN};
    long ns = later(0, next - now());
    struct timespec wait = {ns / 1000000000L, ns % 1000000000L};
    if (ppoll(polled, hosts + 1, next < 0 ? NULL : &wait, NULL) < 0) fail("poll");
    if (polled[hosts].revents != 0 && !obey()) return 0;
    for (int i = 0; i < hosts; i++) takeFrom(&ports[i]);
  }
}
