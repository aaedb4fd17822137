import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRelease, loadCatalogue } from '../../src/release/catalogue.ts';
import { clientSteps } from '../../src/steps/client.ts';
import { configureSteps } from '../../src/steps/configure.ts';
import type { Making } from '../../src/steps/making.ts';
import { repository, sandbox, type Sandbox } from '../rig/world.ts';
import { makingIn, perform } from './making.ts';

const release = findRelease(await loadCatalogue(repository), '21.09');

describe('configuration', () => {
  let box: Sandbox;
  let making: Making;
  const at = (...path: readonly string[]): string => join(making.spec.installPath, ...path);
  const everything = async (): Promise<string[]> => {
    const outcomes: string[] = [];
    for (const step of [...configureSteps(making), ...clientSteps(making)]) {
      outcomes.push(`${step.id} ${await perform(making, step)}`);
    }
    return outcomes;
  };

  beforeEach(() => {
    box = sandbox();
    making = makingIn(box, (spec) => ({ ...spec, release }));
    for (const { folder } of Object.values(release.trees)) mkdirSync(at(folder), { recursive: true });
  });
  afterEach(() => box.remove());

  it('is a step for every tree that has something to configure', async () => {
    expect(await everything()).toEqual([
      'configure:manager done',
      'configure:agent done',
      'configure:storage-proxy done',
      'configure:webserver done',
      'client:environment done',
    ]);
    for (const { tree, path } of release.files) expect(existsSync(at(tree ?? '', path))).toBe(true);
    expect(existsSync(at('agent', 'scratches'))).toBe(true);
  });

  it('is written for the eyes of its owner only', async () => {
    await everything();
    const files = making.resources().flatMap((one) => (one.kind === 'file' ? [one.path] : []));
    expect(files.length).toBe(release.files.length + 2);
    for (const file of files) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('holds the secrets that two components share', async () => {
    await everything();
    const storage = readFileSync(at('storage-proxy', 'storage-proxy.toml'), 'utf8');
    expect(storage).toContain(`"${making.secrets.storageManagerKey}"`);
    expect(readFileSync(at('storage-proxy', release.certificate.key), 'utf8')).toBe(
      making.secrets.certificateKey,
    );
    expect(readFileSync(at('manager', 'alembic.ini'), 'utf8')).toContain(making.secrets.databasePassword);
  });

  it('is kept as a whole the second time', async () => {
    await everything();
    for (const outcome of await everything()) expect(outcome).toMatch(/ kept$/);
  });

  it.each([
    ['a file', 'agent.toml'],
    ['a folder', 'scratches'],
  ])('makes again %s that is missing', async (_what, name) => {
    await everything();
    rmSync(at('agent', name), { recursive: true });
    expect(await everything()).toContain('configure:agent done');
    expect(existsSync(at('agent', name))).toBe(true);
  });

  it("leaves somebody's edit alone and says so", async () => {
    await everything();
    const file = at('manager', 'manager.toml');
    const edited = `${readFileSync(file, 'utf8')}# mine\n`;
    writeFileSync(file, edited);
    rmSync(at('manager', 'alembic.ini'));
    expect(await everything()).toContain('configure:manager done');
    expect(readFileSync(file, 'utf8')).toBe(edited);
    expect(box.events).toContainEqual(expect.objectContaining({ kind: 'note', severity: 'warning' }));
  });

  it('gives the client files that a shell can take in', async () => {
    await everything();
    for (const name of ['env-local-admin-api.sh', 'env-local-user-session.sh']) {
      const script = `. ./${name} >/dev/null && env`;
      const { status, stdout } = spawnSync('sh', ['-euc', script], {
        cwd: at('client-py'),
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] ?? '', BACKEND_SECRET_KEY: 'of another environment' },
      });
      expect(status).toBe(0);
      const api = name.includes('api');
      expect(stdout).toContain(`BACKEND_ENDPOINT_TYPE=${api ? 'api' : 'session'}\n`);
      expect(stdout).toContain(`:${making.spec.ports[api ? 'manager' : 'webserver']}\n`);
      expect(stdout).not.toContain('of another environment');
      expect(stdout.includes('BACKEND_SECRET_KEY')).toBe(api);
    }
  });

  it('fails with the path where it cannot write', async () => {
    const file = at('webserver', 'webserver.conf');
    rmSync(dirname(file), { recursive: true });
    writeFileSync(dirname(file), 'a file in the way');
    chmodSync(dirname(file), 0o644);
    await expect(everything()).rejects.toMatchObject({ code: 'BAI-FILESYSTEM' });
  });
});
