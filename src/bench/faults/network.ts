/** The network of a run with faults: one proxy between every two of its processes. */
import { randomInt } from 'node:crypto';
import { type Address, TcpProxy } from './tcp-proxy.ts';

/** Below the ports that systems give to outgoing connections. */
const FIRST_PORT = 20_000;

/** One worker's links: its own to the coordinator, and those from all its peers to it. */
export interface WorkerLinks {
  readonly control: TcpProxy;
  readonly data: TcpProxy;
}

/** All proxies of one run. */
export class FaultyNetwork {
  /** The links, by slot. */
  readonly links: readonly WorkerLinks[];
  /** Addresses at which the workers listen, by slot. */
  readonly #addresses: readonly Address[];

  private constructor(links: readonly WorkerLinks[], addresses: readonly Address[]) {
    this.links = links;
    this.#addresses = addresses;
  }

  static async open(workers: number): Promise<FaultyNetwork> {
    // A random address of this host (127.0.0.0/8 is all local), so that nobody else uses its fixed ports.
    const host = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    const addresses = Array.from({ length: workers }, (_, slot) => ({
      host,
      port: FIRST_PORT + slot,
    }));
    const links = await Promise.all(
      addresses.map(async (address) => ({
        control: await TcpProxy.open(),
        data: await TcpProxy.open(address),
      })),
    );
    return new FaultyNetwork(links, addresses);
  }

  /** Variables that give each worker the proxies' addresses instead of the true ones, by slot. */
  get environments(): readonly Readonly<Record<string, string>>[] {
    return this.links.map(({ control, data }, slot) => {
      const { host, port } = this.#addresses[slot]!;
      return {
        LOCKSTEP_COORDINATOR: control.endpoint,
        LOCKSTEP_DATA_ADDRESS: `tcp://${host}:${port}`,
        LOCKSTEP_DATA_REACHED_AT: data.endpoint,
      };
    });
  }

  /** Where the coordinator listens: "tcp://127.0.0.1:5555". */
  leadToCoordinator(endpoint: string): void {
    const { hostname: host, port } = new URL(endpoint);
    for (const { control } of this.links) control.leadTo({ host, port: Number(port) });
  }

  async close(): Promise<void> {
    await Promise.all(this.links.flatMap(({ control, data }) => [control.close(), data.close()]));
  }
}
