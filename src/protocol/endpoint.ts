/** How addresses are written: IPv6 ones stand in brackets where a port follows (RFC 3986, section 3.2.2). */
import { isIPv6 } from 'node:net';

/** "10.0.0.1:29400", "h0:29400" or "[fd00::1]:29400". @param port `*`: any free one */
export function hostAndPort(host: string, port: number | '*'): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** As ZeroMQ takes it: "tcp://10.0.0.1:29400". */
export function tcpEndpoint(host: string, port: number | '*'): string {
  return `tcp://${hostAndPort(host, port)}`;
}

/** Takes "10.0.0.1:29400", or the same with `tcp://` before it, apart. */
export function splitHostAndPort(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] =
    /^(?:tcp:\/\/)?(?:\[([^\]]+)\]|([^:/[\]]+)):(\d+)$/.exec(text) ?? [];
  return { host: bracketed ?? plain ?? '', port: Number(port) };
}

/** ZeroMQ's sockets are of one family; those of IPv6 are asked for. */
export const isIPv6Endpoint = (endpoint: string): boolean => endpoint.startsWith('tcp://[');
