// The screens of what runs and what can be connected to, at 80 columns.
import { describe, expect, it } from 'vitest';
import type { Description } from '../../../src/operations/describe.ts';
import type { StatusResult } from '../../../src/operations/status.ts';
import { upstreamPorts } from '../../../src/environment/ports.ts';
import { widthOf } from '../../../src/report/layout.ts';
import { lookOf, noPaint } from '../../../src/report/style.ts';
import { descriptionScreen, statusScreen } from '../../../src/report/words/run.ts';

const look = lookOf(
  { color: false, unicode: true, live: true },
  { paint: noPaint, width: 80, home: '/home/you' },
);

describe('status', () => {
  const row = (since: string) =>
    ({
      name: 'storage-proxy',
      kind: 'daemon',
      state: 'ready',
      address: 'https://127.0.0.1:27010',
      pid: 1234567,
      since,
    }) as const;
  const result: StatusResult = {
    ...{ id: 'dev2109', release: '21.09', title: 'Backend.AI 21.09', phase: 'ready', engine: 'docker' },
    ...{ installPath: '/home/you/dev', at: '2026-11-27T20:05:00.000Z', healthy: true },
    rows: [
      row('2026-11-27T20:04:30.000Z'),
      row('2026-11-27T20:00:50.000Z'),
      row('2026-11-27T14:00:00.000Z'),
      row('2026-11-20T14:00:00.000Z'),
    ],
  };

  it('says since how long, in words that fit', () => {
    const lines = statusScreen(result, look).filter((line) => line.includes('storage-proxy'));
    expect(lines.map((line) => line.split('  ').at(-1))).toEqual(['30 s', '4 min', '6 h', '7 d']);
    for (const line of lines) expect(widthOf(line)).toBeLessThan(80);
  });
});

describe('describe', () => {
  const folder = '/home/you/backend.ai-dev/dev2109/storage-proxy';
  const described: Description = {
    ...{ id: 'dev2109', release: '21.09', title: 'Backend.AI 21.09', phase: 'ready', engine: 'docker' },
    createdAt: '2026-11-27T20:05:00.000Z',
    python: { version: '3.9.18', path: '/home/you/.pyenv/versions/3.9.18/bin/python3.9' },
    endpoints: {
      webserver: 'http://127.0.0.1:8090',
      postgres: `postgresql://postgres:${'a'.repeat(32)}@127.0.0.1:27000/backend`,
    },
    ports: upstreamPorts,
    tunnel: ['ssh', '-L', '8090:127.0.0.1:8090', '-L', '6021:127.0.0.1:6021', 'you@HOST'],
    accounts: [
      {
        ...{ email: 'domain-admin@lablup.com', password: 'cWbsM_vB', role: 'superadmin' },
        ...{ accessKey: 'A'.repeat(20), secretKey: 'S'.repeat(40) },
      },
    ],
    components: [
      {
        ...{ name: 'storage-proxy', version: '21.9.4', source: 'pypi', folder },
        virtualenv: '/home/you/.pyenv/versions/3.9.18/envs/venv-dev2109-storage-proxy',
      },
    ],
    folders: { install: '/home/you/dev', state: '/home/you/state', logs: '/home/you/logs' },
  };

  it('fits 80 columns, with all that there is', () => {
    const lines = descriptionScreen(described, look);
    for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(80);
    expect(lines.join('\n')).toContain('S'.repeat(40));
  });

  it('has the line by which a browser elsewhere reaches the web UI', () => {
    expect(descriptionScreen(described, look)).toContain(
      '  ssh -L 8090:127.0.0.1:8090 -L 6021:127.0.0.1:6021 you@HOST',
    );
  });
});
