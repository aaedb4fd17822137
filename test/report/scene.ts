// A short install without an install: the events of one, told to whatever output fits the streams.
// Run by tty.test.ts on a terminal: SCENE=fail ends it with a failure, SCENE=hold stops in the middle.
import { chooseOutput } from '../../src/report/choose.ts';

const rest = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const output = await chooseOutput({
  stdout: process.stdout,
  stderr: process.stderr,
  variables: process.env,
  json: process.argv.includes('--json'),
  verbose: process.argv.includes('--verbose'),
  noColor: false,
  home: '/home/you',
  rewrite: (text) => text,
  forbidColor: () => {
    process.env['NO_COLOR'] = '1';
  },
});

const steps = [
  ['source:manager', 'manager', 'Sources'],
  ['source:agent', 'agent', 'Sources'],
  ['halfstack:up', 'start', 'Halfstack'],
  ['virtualenv:manager', 'manager', 'Virtualenvs'],
  ['virtualenv:agent', 'agent', 'Virtualenvs'],
  ['configure:manager', 'manager', 'Configuration'],
] as const;

output.emit({
  kind: 'environment',
  command: 'install',
  id: 'dev2109',
  title: 'Backend.AI 21.09',
  engine: 'docker',
  source: 'pypi',
  path: '/home/you/work/dev2109',
});
await rest(200);
output.emit({
  kind: 'prechecks',
  seconds: 0.4,
  findings: [
    { id: 'git.version', severity: 'ok', title: 'git 2.39' },
    { id: 'room.disk', severity: 'warning', title: '7.1 GB free in ~/work', reason: 'Kernels need more.' },
  ],
});
output.emit({
  kind: 'plan',
  seconds: 45,
  bytes: 1_200_000_000,
  steps: steps.map(([id, title, group]) => ({ id, title, group, outlook: 'make' as const })),
});
for (const [step, title, group] of steps.slice(0, 3))
  output.emit({ kind: 'step-started', step, title, group });
await rest(200);
for (const [step, title, group] of steps.slice(0, 3)) {
  const summary = step === 'halfstack:up' ? 'postgres 8101 · redis 8111 · etcd 8121' : title;
  output.emit({ kind: 'step-ended', step, title, group, outcome: 'done', seconds: 0.2, summary });
}
for (const [step, title, group] of steps.slice(3, 5))
  output.emit({ kind: 'step-started', step, title, group });
output.emit({ kind: 'step-progress', step: 'virtualenv:agent', detail: 'packages', done: 143, total: 187 });
await rest(process.env['SCENE'] === 'hold' ? 60_000 : 400);

if (process.env['SCENE'] === 'fail') {
  const step = { id: 'virtualenv:manager', title: 'manager', group: 'Virtualenvs' };
  output.emit({ kind: 'step-ended', step: step.id, ...step, outcome: 'failed', seconds: 0.4 });
  output.end(
    {
      ok: false,
      command: 'install',
      failure: {
        code: 'BAI-PYTHON-RESOLVE',
        reason: 'The packages of manager could not be resolved as of 2022-10-15.',
        exit: 6,
        retryable: false,
        next: [
          { purpose: 'use another index', command: 'bai-dev install -e dev2109 --index https://host/simple' },
        ],
        lines: ['× No solution found'],
        facts: {},
        step,
        log: '/home/you/.local/state/bai-dev/environments/dev2109/install.log',
      },
    },
    { line: 812 },
  );
} else {
  for (const [step, title, group] of steps.slice(3)) {
    output.emit({ kind: 'step-ended', step, title, group, outcome: 'done', seconds: 0.5 });
  }
  output.end(
    {
      ok: true,
      result: {
        command: 'install',
        value: {
          outcome: 'made',
          id: 'dev2109',
          release: '21.09',
          installPath: '/home/you/work/dev2109',
          seconds: 41,
          webUrl: 'http://127.0.0.1:8090',
          account: { email: 'admin@lablup.com', password: 'wJalrXUt' },
          ports: {},
          warnings: [],
        },
      },
    },
    {},
  );
}
