// Every option is complete: a flag, a variable, a key of the config file, and words.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { portFlags } from '../../src/environment/ports.ts';
import { flagOf, optionNames, optionWords, variableOf, type OptionName } from '../../src/cli/options.ts';
import { commands, parse } from '../../src/cli/program.ts';
import { readSettings } from '../../src/cli/settings.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

/** A value that each option takes, and what it is then. */
const samples: Readonly<Record<OptionName, readonly [text: string, value: unknown]>> = {
  environment: ['dev2109', 'dev2109'],
  release: ['21.10', '21.10'],
  'python-version': ['3.10', '3.10'],
  engine: ['docker', 'docker'],
  source: ['git agent=pypi', { general: 'git', trees: { agent: 'pypi' } }],
  'server-branch': ['21.03', '21.03'],
  'client-branch': ['feature/x', 'feature/x'],
  ref: ['agent=21.03.9, common=6eb0661', { agent: '21.03.9', common: '6eb0661' }],
  repositories: ['/srv/it\'s "here"', "file:///srv/it's%20%22here%22"],
  repository: ['agent=git@host:me/agent', { agent: 'git@host:me/agent' }],
  'enable-cuda': ['true', true],
  'enable-cuda-mock': ['true', true],
  'no-cuda': ['true', true],
  'cuda-branch': ['main', 'main'],
  'no-kernel-images': ['true', true],
  'download-big-images': ['true', true],
  'install-path': ['/work/dev', '/work/dev'],
  index: ['https://host/simple/', 'https://host/simple'],
  ports: ['12000', 12000],
  'postgres-port': ['5432', 5432],
  'redis-port': ['6379', 6379],
  'etcd-port': ['2379', 2379],
  'manager-port': ['9001', 9001],
  'webserver-port': ['9002', 9002],
  'agent-rpc-port': ['9003', 9003],
  'agent-watcher-port': ['9004', 9004],
  as: ['user@lablup.com', 'user@lablup.com'],
  only: ['manager,agent', ['manager', 'agent']],
  'halfstack-only': ['true', true],
  all: ['true', true],
  'skip-containers': ['true', true],
  'skip-venvs': ['true', true],
  'skip-source': ['true', true],
  'no-snapshot': ['true', true],
  into: ['dev2103', 'dev2103'],
  keep: ['2', 2],
  lines: ['20', 20],
  quiet: ['true', true],
  follow: ['true', true],
  start: ['true', true],
  tmux: ['true', true],
  force: ['true', true],
  timeout: ['300', 300],
  yes: ['true', true],
  change: ['true', true],
  'adopt-data': ['true', true],
  'dry-run': ['yes', true],
  json: ['1', true],
  verbose: ['on', true],
  'no-color': ['TRUE', true],
};

let box: Sandbox | undefined;
afterEach(() => box?.remove());

describe.each(optionNames)('--%s', (name) => {
  const [text, value] = samples[name];

  it('is an option of some command', () => {
    expect(commands.filter(({ options }) => options.includes(name))).not.toEqual([]);
  });

  it('is a flag', () => {
    const command = commands.find(({ options }) => options.includes(name))!;
    const words = optionWords(name).value === undefined ? [flagOf(name)] : [flagOf(name), text];
    expect(parse([command.name, ...words], { version: '0', width: 80 })).toMatchObject({
      kind: 'call',
      typed: { [name]: words[1] ?? 'true' },
    });
  });

  it('is a variable', async () => {
    box = sandbox({ variables: { [variableOf(name)]: text } });
    const settings = await readSettings(box.world.host, {}, { variables: optionNames, readsConfig: true });
    expect(settings).toEqual({ wishes: {}, defaults: { [name]: value } });
  });

  it('is a key of the config file', async () => {
    box = sandbox();
    const { config } = box.world.host.folders;
    mkdirSync(config, { recursive: true });
    writeFileSync(join(config, 'config.yaml'), `# mine\n${name}: ${text}\n`);
    const settings = await readSettings(box.world.host, {}, { variables: optionNames, readsConfig: true });
    expect(settings).toEqual({ wishes: {}, defaults: { [name]: value } });
  });
});

describe('the ports', () => {
  it('have the flags that the rest of the program names', () => {
    expect(optionNames.map(flagOf)).toEqual(expect.arrayContaining(Object.values(portFlags)));
  });
});

describe('variables', () => {
  it('are the flags, upper case', () => {
    expect(variableOf('install-path')).toBe('BAI_DEV_INSTALL_PATH');
  });
});
