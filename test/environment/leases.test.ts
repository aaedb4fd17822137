import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { choosePorts } from '../../src/environment/leases.ts';
import { blockPorts, singlePorts, upstreamPorts, type Ports } from '../../src/environment/ports.ts';
import { Failure } from '../../src/failure.ts';
import { isTaken } from '../../src/host/net.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { sampleRecord } from './sample.ts';

let box: Sandbox;
const servers: Server[] = [];
beforeEach(() => {
  box = sandbox();
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  box.remove();
});

/** Makes this process listen on a port until the test's end. */
async function occupy(port: number, host = '127.0.0.1'): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  server.listen({ host, port });
  await once(server, 'listening');
  servers.push(server);
  return port;
}

const choose = (
  wish: Parameters<typeof choosePorts>[1]['wish'],
  records: ReturnType<typeof sampleRecord>[] = [],
) => choosePorts(box.world, { id: 'mine', wish, records });
const none = { single: {} };
/** High enough that no test and no server of this machine is near; below the range of outgoing connections. */
const quiet = 25_000;

const numbers = (ports: Ports): number[] => singlePorts(ports).map(([, port]) => port);

describe('without a wish', () => {
  test('the first environment gets numbers of upstream, if it can have them all, else a block', async () => {
    const { base, ports, passed } = await choose(none);
    if (base === 0) expect(ports).toEqual({ ...upstreamPorts, etcdPeer: ports.etcdPeer });
    else expect({ ports, reason: passed !== undefined }).toEqual({ ports: blockPorts(base), reason: true });
    for (const port of numbers(ports)) expect(await isTaken(port)).toBe(false);
  });

  test("a stranger on one of upstream's numbers means a block, and is named", async () => {
    const { base } = await choose(none);
    if (base === 0) await occupy(upstreamPorts.agentSocket);
    const choice = await choose(none);
    expect(choice.base).toBeGreaterThanOrEqual(10_000);
    expect(choice.ports).toEqual(blockPorts(choice.base));
    expect(choice.blocked).toEqual([]);
    if (base === 0) {
      expect(choice.passed).toMatchObject({
        name: 'agentSocket',
        port: upstreamPorts.agentSocket,
        holder: { pid: process.pid },
      });
    }
  });

  test('further environments get further blocks, and none that another has leased', async () => {
    const records = [sampleRecord('first')];
    for (const id of ['second', 'third', 'fourth']) {
      const choice = await choosePorts(box.world, { id, wish: none, records });
      expect(choice.passed).toMatchObject({ environment: 'first' });
      records.push(sampleRecord(id, { base: choice.base, ports: choice.ports }));
    }
    const all = records.flatMap(({ spec }) => numbers(spec.ports));
    expect(new Set(all).size).toBe(all.length);
    const bases = records.slice(1).map(({ spec }) => spec.portBase);
    expect(bases).toEqual([...new Set(bases)].sort((a, b) => a - b));
  });

  test('a block is passed over in whose kernel range somebody listens', async () => {
    const first = sampleRecord('first');
    const { base } = await choose(none, [first]);
    await occupy(base + 150, '::1');
    expect((await choose(none, [first])).base).toBeGreaterThan(base);
  });

  test("the environment's own record is no obstacle", async () => {
    const other = sampleRecord('other');
    const { base, ports } = await choose(none, [other]);
    const mine = sampleRecord('mine', { base, ports });
    expect((await choose(none, [other, mine])).base).toBe(base);
  });

  test('ports that Docker has published without a socket are taken', async () => {
    const other = sampleRecord('other');
    const { base } = await choose(none, [other]);
    const request = { id: 'mine', wish: none, records: [other], published: [base + 3] };
    expect((await choosePorts(box.world, request)).base).toBeGreaterThan(base);
  });
});

describe('with a wish', () => {
  test('a base is taken as it is, with single ports instead of its own', async () => {
    const choice = await choose({ base: quiet, single: { manager: quiet + 1000 } });
    expect(choice).toEqual({
      base: quiet,
      ports: { ...blockPorts(quiet), manager: quiet + 1000 },
      blocked: [],
    });
  });

  test('a base of which a port is taken is blocked, by the flag', async () => {
    await occupy(quiet + 2);
    const { blocked } = await choose({ base: quiet, single: {} });
    expect(blocked).toMatchObject([
      { name: 'etcd', port: quiet + 2, flag: '--ports', holder: { pid: process.pid } },
    ]);
  });

  test('a single port that is taken is blocked, by its flag, also by an environment that does not run', async () => {
    const theirs = sampleRecord('theirs', { base: quiet, ports: blockPorts(quiet) });
    await occupy(quiet + 500);
    const wish = { single: { manager: quiet + 500, redis: quiet + 1, webserver: quiet + 77 } };
    const { blocked } = await choose(wish, [theirs]);
    expect(blocked).toMatchObject([
      { name: 'manager', flag: '--manager-port', holder: { pid: process.pid } },
      { name: 'redis', flag: '--redis-port', environment: 'theirs' },
      { name: 'webserver', flag: '--webserver-port', environment: 'theirs' },
    ]);
  });

  test('a single port holds in every block, and never twice', async () => {
    const other = sampleRecord('other');
    const { ports } = await choose({ single: { manager: quiet } }, [other]);
    expect(ports.manager).toBe(quiet);
    // upstream's own number for another server: the rest has to go elsewhere
    const odd = await choose({ single: { manager: upstreamPorts.kernelFirst + 5 } });
    expect(odd.base).toBeGreaterThan(0);
    expect(odd.ports.manager).toBe(upstreamPorts.kernelFirst + 5);
  });

  test.each([
    [{ base: 0, single: {} }, '--ports 0'],
    [{ base: 65_400, single: {} }, '--ports 65400'],
    [{ base: 1.5, single: {} }, '--ports 1.5'],
    [{ single: { manager: 65_536 } }, '--manager-port 65536'],
    [{ single: { postgres: -1 } }, '--postgres-port -1'],
    [{ single: { etcd: Number.NaN } }, '--etcd-port NaN'],
    [{ single: { redis: 7000, etcd: 7000 } }, '--redis-port and --etcd-port are both 7000'],
    [{ base: 20_000, single: { redis: 20_000 } }, '--redis-port 20000'],
    [{ base: 20_000, single: { agentRpc: 20_050 } }, '--agent-rpc-port 20050'],
  ])('%j is no wish that a machine could grant', async (wish, words) => {
    const error: unknown = await choose(wish).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Failure);
    expect((error as Failure).code).toBe('BAI-USAGE');
    expect((error as Failure).message).toContain(words);
  });

  test('a port below 1024 is one for root only', async () => {
    const { host } = box.world;
    const world = { ...box.world, host: { ...host, user: { ...host.user, uid: 1000 } } };
    const request = { id: 'mine', wish: { single: { manager: 80 } }, records: [] };
    await expect(choosePorts(world, request)).rejects.toMatchObject({ code: 'BAI-USAGE' });
  });
});

test('whatever others have leased, a choice overlaps with none of it and gives no port to two', async () => {
  const leased = fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { maxLength: 12 });
  const wished = fc.record(
    { manager: fc.integer({ min: 20_000, max: 20_400 }), redis: fc.integer({ min: 20_401, max: 20_800 }) },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(leased, wished, async (blocks, single) => {
      const records = blocks.map((n) => {
        const base = 10_000 + 200 * n;
        return sampleRecord(`e${n}`, { base, ports: blockPorts(base) });
      });
      const { ports, blocked } = await choose({ single }, records);
      expect(blocked).toEqual([]);
      expect(ports).toMatchObject(single);
      const all = numbers(ports);
      expect(new Set(all).size).toBe(all.length);
      for (const { spec } of records) {
        const { kernelFirst, kernelLast } = spec.ports;
        for (const port of all) expect(port < spec.portBase || port > kernelLast).toBe(true);
        expect(ports.kernelLast < kernelFirst || ports.kernelFirst > kernelLast).toBe(true);
      }
    }),
    { numRuns: 25 },
  );
});

describe('of an environment that is there', () => {
  const own = { base: quiet, ports: blockPorts(quiet) };
  const change = (wish: Parameters<typeof choosePorts>[1]['wish']) =>
    choosePorts(box.world, { id: 'mine', wish, records: [], own });

  test('what is not named stays, and its own servers are in nobody’s way', async () => {
    await occupy(own.ports.postgres);
    const { base, ports, blocked } = await change({ single: { manager: quiet + 15 } });
    expect({ base, ports }).toEqual({ base: quiet, ports: { ...own.ports, manager: quiet + 15 } });
    expect(blocked).toEqual([]);
    expect(await change({ base: quiet, single: {} })).toMatchObject({ ...own, blocked: [] });
  });

  test('a block may overlap with the one that it has, but with no stranger', async () => {
    await occupy(own.ports.redis);
    expect(await change({ base: quiet + 1, single: {} })).toMatchObject({
      ports: blockPorts(quiet + 1),
      blocked: [],
    });
    const stranger = await occupy(quiet + 17);
    expect((await change({ base: quiet + 17, single: {} })).blocked).toMatchObject([{ port: stranger }]);
  });

  test('one port for two servers is a usage error', async () => {
    await expect(change({ single: { redis: own.ports.postgres } })).rejects.toMatchObject({
      code: 'BAI-USAGE',
    });
  });
});
