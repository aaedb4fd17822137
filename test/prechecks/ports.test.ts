import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { statePaths } from '../../src/environment/names.ts';
import { blockPorts } from '../../src/environment/ports.ts';
import { writeRecord } from '../../src/environment/store.ts';
import type { Draft } from '../../src/prechecks/draft.ts';
import { checkPorts } from '../../src/prechecks/ports.ts';
import { sampleRecord } from '../environment/sample.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn, quiet, said } from './asking.ts';

let box: Sandbox;
let draft: Draft;
const servers: Server[] = [];
beforeEach(() => {
  box = sandbox();
  draft = draftIn(box);
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  box.remove();
});

describe('ports', () => {
  test('that were asked for and are free are facts', async () => {
    expect(await checkPorts(box.world, draft)).toMatchObject({
      findings: [{ id: 'ports.ok', severity: 'ok' }],
      facts: { base: quiet, ports: blockPorts(quiet) },
    });
  });

  test('that were asked for and are taken are blockers that name the flag and the holder', async () => {
    const server = createServer().listen({ host: '127.0.0.1', port: quiet + 900 });
    servers.push(server);
    await once(server, 'listening');
    const ports = { single: { postgres: quiet + 900 } };
    const { findings, facts } = await checkPorts(box.world, { ...draft, ports });
    expect(facts).toBeUndefined();
    expect(findings).toMatchObject([
      { id: 'ports.taken', severity: 'blocker', title: `--postgres-port ${quiet + 900} is taken` },
    ]);
    expect(findings[0]?.reason).toMatch(
      new RegExp(`\\(pid ${process.pid}\\) holds it, started by \\w+, .* ago|just now`),
    );
    await said(checkPorts(box.world, { ...draft, ports }));
  });

  test('a default that another environment has leased is a note that names the block', async () => {
    await writeRecord(box.world.host, sampleRecord('other'));
    const { findings, facts } = await checkPorts(box.world, { ...draft, ports: { single: {} } });
    expect(findings.map(({ id, severity }) => `${id} ${severity}`)).toEqual([
      'ports.leased note',
      'ports.ok ok',
    ]);
    expect(findings[0]?.title).toContain(String(facts?.base));
    expect(findings[0]?.reason).toContain('other');
  });

  test('of an existing environment stay what they are, whoever listens there', async () => {
    const record = sampleRecord('mine', { base: quiet, ports: blockPorts(quiet) });
    const server = createServer().listen({ host: '127.0.0.1', port: quiet });
    servers.push(server);
    await once(server, 'listening');
    const checked = await checkPorts(box.world, { ...draft, ports: { single: record.spec.ports }, record });
    expect(checked.facts).toEqual({ base: quiet, ports: record.spec.ports });
  });

  test('a broken record of another environment is no obstacle', async () => {
    await writeRecord(box.world.host, sampleRecord('other'));
    writeFileSync(statePaths(box.world.host, 'other').record, 'x');
    expect(await said(checkPorts(box.world, draft))).toEqual(['ports.ok ok']);
  });
});
