// What every engine of a halfstack promises, shown with real servers: one suite, run against each.
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HalfstackEngine, ServiceRole, Stack } from '../../src/halfstack/engine.ts';
import { etcdRange, etcdTransaction } from '../../src/halfstack/etcd.ts';
import { withPostgres } from '../../src/halfstack/postgres.ts';
import { pingRedis } from '../../src/halfstack/redis.ts';
import { askSocket } from '../../src/host/socket.ts';
import type { StepControl } from '../../src/plan/step.ts';
import { removeResource, resourceExists } from '../../src/resources/inventory.ts';
import type { World } from '../../src/world.ts';
import type { Needed } from '../rig/require.ts';

/** A halfstack of which nothing exists yet, and what only its engine's tests can do to it. */
export interface Subject {
  readonly world: World;
  readonly stack: Stack;
  readonly engine: HalfstackEngine;
  readonly control: StepControl;
  /** Text that changes when a server is started anew. */
  readonly identity: (role: ServiceRole) => Promise<string>;
  /** Ends a server as a crash would. */
  readonly kill: (role: ServiceRole) => Promise<void>;
  /** Removes whatever a failed test left. */
  readonly remove: () => Promise<void>;
}

export interface Contender {
  readonly name: string;
  readonly needed: Needed;
  readonly make: () => Promise<Subject>;
}

const roles = ['postgres', 'redis', 'etcd'] as const;
const all = <T>(value: T): T[] => roles.map(() => value);

export function engineContract({ name, needed, make }: Contender): void {
  describe.skipIf(needed.skip)(needed.title(`the ${name} engine`), { timeout: 120_000 }, () => {
    let subject: Subject;
    const signal = new AbortController().signal;
    const up = () => subject.engine.up(subject.stack, subject.control);
    const stop = () => subject.engine.stop(subject.stack);
    const states = async () => (await subject.engine.status(subject.stack)).map(({ state }) => state);
    const identities = () => Promise.all(roles.map((role) => subject.identity(role)));
    const data = () => contentOf(subject.stack, signal);

    beforeAll(async () => {
      subject = await make();
    }, 120_000);
    afterAll(() => subject.remove());

    test('brings what it needs, once', async () => {
      await subject.engine.prepare(subject.stack, subject.control);
      expect(await subject.engine.prepared(subject.stack)).toBe(true);
      await subject.engine.prepare(subject.stack, subject.control);
      expect(await states()).toEqual(all('absent'));
    });

    test('comes up from nothing, and every server answers at its endpoint', async () => {
      await up();
      const found = await subject.engine.status(subject.stack);
      expect(found.map(({ role, state }) => [role, state])).toEqual(roles.map((role) => [role, 'healthy']));
      for (const { since } of found) {
        expect(Date.now() - Date.parse(since!)).toBeLessThan(120_000);
        expect(Date.parse(since!) - Date.now()).toBeLessThan(2000);
      }
      await fill(subject.stack, signal);
      expect(await data()).toEqual(filled);
    });

    test('up on a running halfstack changes nothing', async () => {
      const before = await identities();
      await up();
      expect(await identities()).toEqual(before);
    });

    test('lets nobody in without the password', async () => {
      const { postgres, redis } = subject.stack.endpoints;
      await expect(
        withPostgres({ ...postgres, password: 'wrong' }, signal, () => Promise.resolve()),
      ).rejects.toMatchObject({ code: 'BAI-DATABASE' });
      if (redis.password === undefined) return;
      const { host, port } = redis;
      expect(await pingRedis({ host, port }, signal)).toMatchObject({ ready: false, final: true });
    });

    test('gives as many connections as the release asks for, and its extensions', async () => {
      const rows = await withPostgres(subject.stack.endpoints.postgres, signal, async (client) => {
        await client.query('create extension if not exists "uuid-ossp"');
        const { rows: found } = await client.query<object>(
          `select current_setting('max_connections') as connections, uuid_generate_v4() is not null as uuid,
            split_part(version(), ' ', 2) = current_setting('server_version') as plain`,
        );
        return found;
      });
      expect(rows).toEqual([{ connections: '256', uuid: true, plain: true }]);
    });

    test('tells what its servers wrote, and goes on telling', async () => {
      for (const role of roles) {
        const lines: string[] = [];
        const wanted = { lines: 5, follow: false, signal };
        for await (const line of subject.engine.logs(subject.stack, role, wanted)) lines.push(line);
        expect(lines.length, role).toBeGreaterThan(0);
        expect(lines.length, role).toBeLessThanOrEqual(5);
      }
      const controller = new AbortController();
      const wanted = { lines: 0, follow: true, signal: controller.signal };
      const word = 'is-not-a-thing';
      setTimeout(() => {
        void withPostgres(subject.stack.endpoints.postgres, signal, (client) =>
          client.query(`select "${word}"`),
        ).catch(() => undefined);
      }, 300);
      let heard = false;
      for await (const line of subject.engine.logs(subject.stack, 'postgres', wanted)) {
        if (!line.includes(word)) continue;
        heard = true;
        controller.abort();
      }
      expect(heard).toBe(true);
    });

    test('a stop keeps the data, and a second one has nothing to do', async () => {
      await stop();
      expect(await states()).toEqual(all('stopped'));
      await stop();
      await up();
      expect(await data()).toEqual(filled);
    });

    test.each(roles)('a killed %s comes back with its data, the others stay', async (role) => {
      const before = await identities();
      await subject.kill(role);
      await up();
      const after = await identities();
      for (const [at, other] of roles.entries()) {
        if (other === role) expect(after[at], other).not.toBe(before[at]);
        else expect(after[at], other).toBe(before[at]);
      }
      expect(await data()).toEqual(filled);
    });

    test('all killed at once, as when the machine loses its power, come back with their data', async () => {
      await Promise.all(roles.map((role) => subject.kill(role)));
      expect(await states()).not.toContain('healthy');
      await up();
      expect(await data()).toEqual(filled);
    });

    test('a port that a stranger took is told, and nothing of the halfstack suffers', async () => {
      await stop();
      const { port } = subject.stack.endpoints.redis;
      const stranger = createServer();
      await new Promise<void>((resolve) => stranger.listen(port, '127.0.0.1', resolve));
      const failure: unknown = await up().catch((error: unknown) => error);
      expect(failure).toMatchObject({ message: expect.stringContaining(String(port)) as string });
      expect(stranger.listening).toBe(true);
      await new Promise((resolve) => stranger.close(resolve));
      await up();
      expect(await data()).toEqual(filled);
    });

    test('being interrupted it stops waiting, and the next time all is well', async () => {
      await stop();
      const controller = new AbortController();
      const reason = new Error('interrupted');
      setTimeout(() => controller.abort(reason), 5);
      const interrupted = subject.engine.up(subject.stack, { ...subject.control, signal: controller.signal });
      // quick servers may have answered before
      expect([undefined, reason]).toContain(await interrupted.catch((error: unknown) => error));
      await up();
      expect(await data()).toEqual(filled);
    });

    test('when its resources are removed, newest first, nothing is left', async () => {
      const resources = subject.engine.resources(subject.stack);
      for (const resource of [...resources].reverse()) await removeResource(subject.world, resource);
      expect(await states()).toEqual(all('absent'));
      const shared = ({ kind, ...one }: (typeof resources)[number]) =>
        kind === 'folder' && 'own' in one && !one.own;
      for (const resource of resources.filter((one) => !shared(one))) {
        expect(await resourceExists(subject.world, resource), JSON.stringify(resource)).toBe(false);
      }
      for (const resource of [...resources].reverse()) {
        expect(['absent', 'kept']).toContain(await removeResource(subject.world, resource));
      }
    });

    test('and it can be made anew, empty', async () => {
      await up();
      expect(await data()).toEqual({ postgres: undefined, redis: undefined, etcd: [] });
    });
  });
}

const filled = { postgres: 42, redis: '42', etcd: [{ key: '/kept', value: '42' }] };

async function fill({ endpoints }: Stack, signal: AbortSignal): Promise<void> {
  await withPostgres(endpoints.postgres, signal, (client) =>
    client.query('create table kept (n int); insert into kept values (42)'),
  );
  expect(await askRedis(endpoints.redis, 'SET kept 42', signal)).toBe('+OK');
  await etcdTransaction(endpoints.etcd, { absent: ['/kept'], put: [{ key: '/kept', value: '42' }] });
}

async function contentOf({ endpoints }: Stack, signal: AbortSignal): Promise<object> {
  const rows = await withPostgres(endpoints.postgres, signal, async (client) => {
    const { rows: there } = await client.query(`select to_regclass('kept') is not null as "there"`);
    if (!(there as { there: boolean }[])[0]!.there) return [];
    return (await client.query<{ n: number }>('select n from kept')).rows;
  });
  const told = await askRedis(endpoints.redis, 'GET kept', signal);
  return {
    postgres: rows[0]?.n,
    redis: told === '$-1' ? undefined : told,
    etcd: await etcdRange(endpoints.etcd, '/kept'),
  };
}

/** The last line that is answered to one command. */
async function askRedis(
  { host, port, password }: Stack['endpoints']['redis'],
  command: string,
  signal: AbortSignal,
): Promise<string> {
  const send = `${password === undefined ? '' : `AUTH ${password}\r\n`}${command}\r\nECHO end\r\n`;
  const whole = (text: string): boolean => text.endsWith('$3\r\nend\r\n');
  const answer = await askSocket({ host, port, send, whole, limit: 2000, signal });
  return answer.split('\r\n').at(-4) ?? '';
}
