import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { TcpProxy } from '../../../../src/bench/faults/tcp-proxy.ts';

/** What has come at one end of a connection. */
class End {
  readonly socket: Socket;
  got = '';
  error: string | null = null;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.got += chunk.toString();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
  }

  async has(text: string): Promise<void> {
    while (this.got !== text) await setImmediate();
  }

  async closed(): Promise<void> {
    while (!this.socket.closed) await setImmediate();
  }
}

describe('TcpProxy', () => {
  let server: Server;
  let proxy: TcpProxy;
  const ends: End[] = [];

  beforeEach(async () => {
    server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await TcpProxy.open({ host: '127.0.0.1', port: portOf(server) });
  });

  afterEach(async () => {
    for (const { socket } of ends.splice(0)) socket.destroy();
    await proxy.close();
    server.close();
  });

  const portOf = (listening: Server) => (listening.address() as AddressInfo).port;

  const client = (): End => {
    const end = new End(connect(Number(new URL(proxy.endpoint).port), '127.0.0.1'));
    ends.push(end);
    return end;
  };

  async function connected(): Promise<{ near: End; far: End }> {
    const came = once(server, 'connection');
    const near = client();
    const [socket] = (await came) as [Socket];
    const far = new End(socket);
    ends.push(far);
    return { near, far };
  }

  test('passes bytes on both ways, and the end of a connection after them', async () => {
    const { near, far } = await connected();
    near.socket.write('a');
    far.socket.write('b');
    await Promise.all([far.has('a'), near.has('b')]);
    near.socket.end('last');
    await far.has('alast');
    await far.closed();
    assert.equal(far.error, null);
  });

  test('passes a reset on', async () => {
    const { near, far } = await connected();
    near.socket.resetAndDestroy();
    await far.closed();
    assert.equal(far.error, 'ECONNRESET');
  });

  test('holds back what comes in a silence, on new connections too, and lets it pass after it', async () => {
    const { near, far } = await connected();
    proxy.silence('there');
    near.socket.write('a');
    far.socket.write('b');
    await near.has('b');
    const later = await connected();
    later.near.socket.write('c');
    assert.equal(far.got + later.far.got, '');
    proxy.heal();
    await Promise.all([far.has('a'), later.far.has('c')]);
  });

  test('leaves connections half-open: they carry nothing, healed or not, and nobody hears of their end', async () => {
    const { near, far } = await connected();
    proxy.halfOpen('there', 'back');
    near.socket.write('a');
    proxy.heal();
    const later = await connected();
    later.near.socket.write('c');
    await later.far.has('c');
    near.socket.destroy();
    await near.closed();
    later.near.socket.write('d');
    await later.far.has('cd');
    assert.equal(far.got, '');
    assert.equal(far.socket.closed, false);
  });

  test('cuts connections with a reset at both ends; new ones are sound', async () => {
    const { near, far } = await connected();
    proxy.cut();
    await Promise.all([near.closed(), far.closed()]);
    assert.deepEqual([near.error, far.error], ['ECONNRESET', 'ECONNRESET']);
    const later = await connected();
    later.near.socket.write('c');
    await later.far.has('c');
  });

  test('refuses new connections until it is healed', async () => {
    proxy.refuse();
    const refused = client();
    await refused.closed();
    assert.equal(refused.error, 'ECONNRESET');
    proxy.heal();
    await connected();
  });

  test('delays what comes, in order', async () => {
    const { near, far } = await connected();
    proxy.delay(30);
    near.socket.write('a');
    await setImmediate();
    assert.equal(far.got, '');
    near.socket.write('b');
    await far.has('ab');
  });

  test('keeps connections waiting until it leads somewhere', async () => {
    const waiting = await TcpProxy.open();
    const near = new End(connect(Number(new URL(waiting.endpoint).port), '127.0.0.1'));
    near.socket.write('a');
    const came = once(server, 'connection');
    waiting.leadTo({ host: '127.0.0.1', port: portOf(server) });
    const [socket] = (await came) as [Socket];
    const far = new End(socket);
    await far.has('a');
    near.socket.destroy();
    await waiting.close();
  });
});
