import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dockerCandidates, localAddress } from '../../src/docker/address.ts';
import { connectTo } from '../../src/docker/client.ts';
import { allContainers } from '../../src/docker/containers.ts';
import { isAtLeast, minimumApi, probeDocker } from '../../src/docker/probe.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { faultyEngine, replies, version, type FaultyEngine } from './engine.ts';

const nobody = 65_534;
let box: Sandbox;
let socket: string;
const open: { close(): Promise<void> | void }[] = [];
beforeEach(() => {
  box = sandbox();
  socket = join(box.folder, 'docker.sock');
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  box.remove();
});

const probe = () => probeDocker(box.world, `unix://${socket}`);
async function engine(...args: Parameters<typeof faultyEngine>): Promise<FaultyEngine> {
  const made = await faultyEngine(...args);
  open.push(made);
  return made;
}

test('an answer without end is ended at its limit', async () => {
  const { address } = await engine(socket, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = (): void => {
      if (response.destroyed) return;
      if (response.write('x'.repeat(100_000))) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  });
  await expect(allContainers(connectTo(box.world, address))).rejects.toMatchObject({
    code: 'BAI-ENGINE',
    message: expect.stringContaining('the answer has more than 64 MiB') as string,
  });
});

describe('how an engine stands', () => {
  test('no socket', async () => {
    expect(await probe()).toEqual({
      state: 'no-socket',
      address: `unix://${socket}`,
      tried: [`unix://${socket}`],
    });
  });

  test('a socket without a daemon behind it', async () => {
    // a process that is gone leaves its socket: listening and being killed is how that comes about
    const code = `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', code], { timeout: 10_000 });
    expect(await probe()).toMatchObject({
      state: 'down',
      why: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  test('a daemon that answers with an error', async () => {
    await engine(socket, replies({ '/version': [500, { message: 'containerd is gone' }] }));
    expect(await probe()).toMatchObject({
      state: 'down',
      why: expect.stringContaining('containerd is gone') as string,
    });
  });

  test('something else behind the socket', async () => {
    await engine(socket, replies({ '/version': [200, { hello: 'there' }] }));
    expect(await probe()).toMatchObject({ state: 'down', why: 'what listens there is no Docker engine' });
  });

  test(
    'something that takes the question and never answers ends with the limit',
    { timeout: 15_000 },
    async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(socket, resolve));
      open.push({ close: () => void server.close() });
      expect(await probe()).toMatchObject({ state: 'down', why: 'no answer within 5 s' });
    },
  );

  test('an answer that breaks off ends with the limit', { timeout: 15_000 }, async () => {
    await engine(socket, (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"Api');
      setTimeout(() => response.destroy(), 50);
    });
    expect((await probe()).state).toBe('down');
  });

  test('an API that is too old, and one that just is not', async () => {
    const old = await engine(socket, replies({ '/version': version('1.40') }));
    expect(await probe()).toMatchObject({ state: 'too-old', apiVersion: '1.40', serverVersion: '99.0.0' });
    await old.close();
    await engine(socket, replies({ '/version': version(minimumApi) }));
    expect(await probe()).toMatchObject({ state: 'ok', apiVersion: minimumApi });
  });

  test('a socket that this user may not use', async () => {
    await engine(socket, replies({ '/version': version('1.41') }), 0o600);
    chmodSync(box.folder, 0o711);
    // so that all is loaded before this process is somebody who may not be able to read it; the socket's own
    // connection would be kept and used again
    const another = join(box.folder, 'another.sock');
    await engine(another, replies({ '/version': version('1.41') }));
    await probeDocker(box.world, `unix://${another}`);
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(nobody);
    else chmodSync(socket, 0);
    try {
      expect(await probe()).toEqual({ state: 'no-permission', address: `unix://${socket}` });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  test('an interrupt is not a finding', async () => {
    await engine(socket, () => setTimeout(() => box.abort(new Error('stop')), 20));
    await expect(probe()).rejects.toThrow('stop');
  });

  test('of the usual places the first that answers is taken', async () => {
    box.remove();
    box = sandbox({ variables: { DOCKER_HOST: undefined, DOCKER_CONTEXT: undefined } });
    const desktop = join(box.world.host.home, '.docker/run/docker.sock');
    mkdirSync(dirname(desktop), { recursive: true });
    await engine(desktop, replies({ '/version': version('1.45') }));
    const { addresses } = await dockerCandidates(box.world.host);
    expect(addresses.slice(0, 2)).toEqual(['unix:///var/run/docker.sock', 'unix:///run/docker.sock']);
    expect(addresses).toContain(`unix://${desktop}`);
  });
});

describe('where it is looked for', () => {
  const home = (variables: Record<string, string | undefined>): Sandbox => {
    box.remove();
    box = sandbox({
      variables: {
        DOCKER_HOST: undefined,
        DOCKER_CONTEXT: undefined,
        DOCKER_CONFIG: undefined,
        ...variables,
      },
    });
    return box;
  };
  const putContext = (name: string, host: string): void => {
    const hash = createHash('sha256').update(name).digest('hex');
    const folder = join(box.world.host.home, '.docker/contexts/meta', hash);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'meta.json'),
      JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
    );
  };

  test('DOCKER_HOST is asked alone', async () => {
    home({ DOCKER_HOST: 'unix:///nowhere/docker.sock', DOCKER_CONTEXT: 'colima' });
    expect(await dockerCandidates(box.world.host)).toEqual({
      addresses: ['unix:///nowhere/docker.sock'],
      chosen: 'DOCKER_HOST',
    });
    expect(await probeDocker(box.world)).toMatchObject({ state: 'no-socket', chosen: 'DOCKER_HOST' });
  });

  test('DOCKER_CONTEXT, then the current context of the config file', async () => {
    home({ DOCKER_CONTEXT: 'colima' });
    putContext('colima', 'unix:///c.sock');
    putContext('desktop', 'unix:///d.sock');
    writeFileSync(
      join(box.world.host.home, '.docker/config.json'),
      '{"currentContext":"desktop","auths":{}}',
    );
    expect((await dockerCandidates(box.world.host)).addresses).toEqual(['unix:///c.sock']);
    const without = {
      ...box.world.host,
      variables: { ...box.world.host.variables, DOCKER_CONTEXT: undefined },
    };
    expect((await dockerCandidates(without)).addresses).toEqual(['unix:///d.sock']);
  });

  test('a context that is not there leaves no place', async () => {
    home({ DOCKER_CONTEXT: 'gone' });
    expect(await probeDocker(box.world)).toMatchObject({
      state: 'no-socket',
      tried: [],
      chosen: 'DOCKER_CONTEXT=gone',
    });
  });

  test('the default context and a broken config file mean the usual places', async () => {
    home({});
    mkdirSync(join(box.world.host.home, '.docker'));
    for (const text of ['{"currentContext":"default"}', '{ broken']) {
      writeFileSync(join(box.world.host.home, '.docker/config.json'), text);
      expect((await dockerCandidates(box.world.host)).chosen).toBeUndefined();
    }
  });

  test('an engine elsewhere is told, not tried', async () => {
    for (const address of [
      'ssh://me@server',
      'tcp://10.0.0.1:2375',
      'tcp://localhost:2376',
      'npipe:////./pipe/x',
    ]) {
      home({ DOCKER_HOST: address });
      expect(await probeDocker(box.world)).toEqual({ state: 'not-local', address, chosen: 'DOCKER_HOST' });
    }
  });

  test('addresses of this machine', () => {
    expect(localAddress('unix:///var/run/docker.sock')).toEqual({ socketPath: '/var/run/docker.sock' });
    expect(localAddress('tcp://127.0.0.1')).toEqual({ host: '127.0.0.1', port: 2375 });
    expect(localAddress('tcp://[::1]:1234')).toEqual({ host: '::1', port: 1234 });
    expect(localAddress('not an address')).toBeUndefined();
  });

  test('versions compare as numbers', () => {
    expect(isAtLeast('1.100', '1.41')).toBe(true);
    expect(isAtLeast('1.5', '1.41')).toBe(false);
    expect(isAtLeast('2.0', '1.41')).toBe(true);
  });
});

/** Runs a script that imports our sources; the event loop stays free, because the engine lives in this process. */
