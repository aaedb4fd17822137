// The last screen of each command, word by word.
import { describe, expect, it } from 'vitest';
import { parse } from '../../../src/cli/program.ts';
import type { Guide } from '../../../src/operations/guide.ts';
import type { InstallResult } from '../../../src/operations/install.ts';
import { widthOf } from '../../../src/report/layout.ts';
import { lookOf, noPaint } from '../../../src/report/style.ts';
import { resultScreen } from '../../../src/report/words/result.ts';

const look = (width = 80) =>
  lookOf({ color: false, unicode: true, live: true }, { paint: noPaint, width, home: '/home/you' });

const installed: InstallResult = {
  outcome: 'made',
  id: 'dev2109',
  release: '21.09',
  installPath: '/home/you/work/dev2109',
  seconds: 41,
  webUrl: 'http://127.0.0.1:8090',
  account: { email: 'admin@lablup.com', password: 'wJalrXUt' },
  ports: { webserver: 8090 },
  warnings: [],
};

const install = (change: Partial<InstallResult> = {}, width = 80) =>
  resultScreen({ command: 'install', value: { ...installed, ...change } }, look(width));

describe('install', () => {
  it('ends with what to do next, in at most seven lines', () => {
    expect(install()).toEqual([
      'dev2109 is ready.                                                        in 41 s',
      '',
      '  Start the daemons      bai-dev start dev2109',
      '  Web UI                 http://127.0.0.1:8090   after start',
      '  Log in as              admin@lablup.com · wJalrXUt',
      '  Folder                 ~/work/dev2109',
      '  Remove it              bai-dev delete -e dev2109',
    ]);
  });

  it('adds remarks where there is room', () => {
    expect(install({}, 120)[4]).toBe(
      "  Log in as              admin@lablup.com · wJalrXUt   upstream's public example account",
    );
  });

  it('says that there will be no sessions where the agent cannot run', () => {
    const unavailable = { daemons: ['agent'], reason: 'this user may not use Docker' };
    expect(install({ unavailable })).toContain(
      '  No sessions            agent cannot run: this user may not use Docker',
    );
  });

  it.each([
    ['continued', /^dev2109 is ready\. +in 41 s$/],
    ['repaired', /^dev2109 is repaired\. +in 41 s$/],
    ['unchanged', /^dev2109 is ready\. +nothing had to be done$/],
  ] as const)('%s', (outcome, head) => {
    expect(install({ outcome })[0]).toMatch(head);
  });

  it('shows the plan of a dry run', () => {
    const plan = [{ id: 'a', title: 'manager', group: 'Sources', outlook: 'make' as const }];
    expect(install({ outcome: 'planned', plan })).toEqual([
      'dev2109 would be made like this:',
      '',
      '  Sources  manager',
      '',
      '  1 step',
      '  Nothing has been written.',
    ]);
  });

  it('names only commands that this program has', () => {
    const commands = install().flatMap((line) => /bai-dev [\w -]+?(?= {2,}|$)/.exec(line)?.[0] ?? []);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) {
      expect(parse(command.trim().split(' ').slice(1), { version: '1', width: 80 }).kind).toBe('call');
    }
  });

  it('fits 40 columns', () => {
    for (const line of install({}, 40).slice(0, 2)) expect(widthOf(line)).toBeLessThanOrEqual(40);
  });
});

describe('releases', () => {
  it('is a table with the default and what is past its support', () => {
    const row = { title: 'x', python: '3.9', released: '2021-03-29', components: {} };
    const value = [
      { ...row, version: '21.03', supportEnds: '2022-03-31', ended: true, default: false },
      { ...row, version: '99.09', supportEnds: '2099-11-30', ended: false, default: true },
    ];
    expect(resultScreen({ command: 'releases', value }, look())).toEqual([
      'RELEASE  PYTHON  RELEASED    SUPPORTED UNTIL',
      '21.03    3.9     2021-03-29  2022-03-31       support has ended',
      '99.09    3.9     2021-03-29  2099-11-30       default',
      '',
      'Install one with   bai-dev install --release RELEASE',
    ]);
  });
});

describe('explain', () => {
  it('is what the code means', () => {
    const about = 'Another bai-dev works.';
    const explanation = 'It holds the lock. Wait until it has ended.';
    const value = { code: 'BAI-LOCKED', exit: 5, retryable: true, about, explanation } as const;
    expect(resultScreen({ command: 'explain', value: [value] }, look())[1]).toBe(
      'BAI-LOCKED  5     Another bai-dev works.',
    );
    expect(resultScreen({ command: 'explain', value }, look())).toEqual([
      'BAI-LOCKED  Another bai-dev works.',
      '',
      '  It holds the lock. Wait until it has ended.',
      '',
      '  Exit status   5',
      '  Trying again  may help, with nothing changed',
    ]);
  });
});

describe('guide', () => {
  it('gives every command in a form that can be copied', () => {
    const account = {
      email: 'admin@lablup.com',
      password: 'secret',
      role: 'superadmin',
      accessKey: '',
      secretKey: '',
    };
    const value: Guide = {
      id: 'dev2109',
      release: '21.09',
      title: 'Backend.AI 21.09',
      phase: 'ready',
      installPath: '/home/you/dev',
      daemons: [
        {
          component: 'manager',
          folder: '/home/you/dev/manager',
          virtualenv: 'venv-dev2109-manager',
          command: ['python', '-m', 'ai.backend.manager.server', '--log-level', 'a b'],
          python: '/home/you/.pyenv/versions/venv-dev2109-manager/bin/python',
          variables: {},
        },
        {
          component: 'agent',
          folder: '/home/you/dev/agent',
          virtualenv: 'venv-dev2109-agent',
          command: ['python', '-m', 'ai.backend.agent.server'],
          python: '/home/you/.pyenv/versions/venv-dev2109-agent/bin/python',
          variables: {},
          unavailable: 'this user may not use Docker',
        },
      ],
      urls: { web: 'http://127.0.0.1:8090', manager: 'http://127.0.0.1:8091' },
      halfstack: {
        file: '/home/you/dev/docker-compose.yml',
        start: ['docker', 'compose', '-p', 'dev2109', 'start'],
        ports: { postgres: 8101, redis: 8111, etcd: 8121 },
      },
      sources: [{ tree: 'manager', source: 'pypi', ref: '21.9.1', address: 'backend.ai-manager' }],
      accounts: [account],
      client: {
        folder: '/home/you/my dev/client-py',
        program: '/home/you/my dev/client-py/.venv/bin/backend.ai',
        files: ['env-local-admin-api.sh', 'env-local-user-api.sh'],
        users: ['admin', 'users'],
        agents: ['admin', 'agents'],
      },
      log: '/home/you/.local/state/bai-dev/environments/dev2109/install.log',
    };
    const lines = resultScreen({ command: 'guide', value }, look());
    expect(lines).toEqual(
      expect.arrayContaining([
        'dev2109 · Backend.AI 21.09',
        '    cd ~/dev/manager',
        '    ~/.pyenv/versions/venv-dev2109-manager/bin/python \\',
        "      -m ai.backend.manager.server --log-level 'a b'",
        '  agent cannot run: this user may not use Docker',
        '    docker compose -p dev2109 start',
        "    cd ~/'my dev/client-py'",
        '    source env-local-admin-api.sh   # as admin@lablup.com',
        "    ~/'my dev/client-py/.venv/bin/backend.ai' admin users",
        '  admin@lablup.com  secret  superadmin',
      ]),
    );
    expect(lines.join('\n')).not.toContain('agent.server');
    for (const line of lines) expect(widthOf(line), line).toBeLessThan(80);
  });
});
