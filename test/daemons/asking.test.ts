// The signed question: what Backend.AI's own rule of signing makes of it, and what is read out of the answer.
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { agentsOf } from '../../src/daemons/asking.ts';
import { sampleRecord } from '../environment/sample.ts';

let server: Server | undefined;
afterEach(() => server?.close());

const limits = { limit: 2000, signal: new AbortController().signal };

/** Answers like a manager; `heard` are the requests that it got. */
async function manager(status: number, body: unknown): Promise<{ port: number; heard: IncomingMessage[] }> {
  const heard: IncomingMessage[] = [];
  server = createServer((request, response) => {
    heard.push(request);
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, heard };
}

function specAt(port: number) {
  const { spec } = sampleRecord('dev');
  return { ...spec, ports: { ...spec.ports, manager: port } };
}

const item = { id: 'i-here', addr: 'tcp://127.0.0.1:6011', version: '21.09.9' };

it('is signed as the manager checks it: an empty body, a key of the day and the host', async () => {
  const { port, heard } = await manager(200, { data: { agent_list: { items: [] } } });
  expect(await agentsOf(specAt(port), limits)).toEqual([]);
  const { headers, method, url } = heard[0]!;
  const account = specAt(port).release.accounts.find(({ role }) => role === 'superadmin')!;
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text);
  const lines = [method, url, headers['date'], `host:${headers['host']}`];
  lines.push(
    'content-type:application/json',
    `x-backendai-version:${String(headers['x-backendai-version'])}`,
  );
  lines.push(createHash('sha256').update('').digest('hex'));
  const day = hmac(account.secretKey, headers['date']!.slice(0, 10).replaceAll('-', '')).digest();
  const signed = hmac(hmac(day, `127.0.0.1:${port}`).digest(), lines.join('\n')).digest('hex');
  expect(headers['authorization']).toBe(
    `BackendAI signMethod=HMAC-SHA256, credential=${account.accessKey}:${signed}`,
  );
});

it('reads status, address and slots', async () => {
  const { port } = await manager(200, {
    data: {
      agent_list: {
        items: [
          { ...item, status: 'ALIVE', available_slots: '{"cpu": "2", "mem": 1024}', occupied_slots: '{}' },
          { ...item, id: 'i-gone', status: 'LOST', available_slots: null, occupied_slots: null },
        ],
      },
    },
  });
  expect(await agentsOf(specAt(port), limits)).toEqual([
    {
      id: 'i-here',
      status: 'ALIVE',
      address: item.addr,
      version: item.version,
      available: { cpu: '2', mem: '1024' },
      occupied: {},
    },
    { id: 'i-gone', status: 'LOST', address: item.addr, version: item.version, available: {}, occupied: {} },
  ]);
});

it('rejects when the manager says no, or nonsense, or nothing', async () => {
  const { port } = await manager(401, { title: 'no' });
  await expect(agentsOf(specAt(port), limits)).rejects.toThrow('status 401');
  server?.close();
  const other = await manager(200, { data: null });
  await expect(agentsOf(specAt(other.port), limits)).rejects.toThrow();
  server?.close();
  await expect(agentsOf(specAt(1), limits)).rejects.toThrow('ECONNREFUSED');
});
