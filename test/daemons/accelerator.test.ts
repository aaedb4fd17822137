// What an agent offers of its accelerator, and why it offers nothing.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { offers, pluginComplaint } from '../../src/daemons/accelerator.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let log: string;
beforeEach(() => {
  box = sandbox();
  log = join(box.folder, 'agent.log');
});
afterEach(() => box.remove());

it.each([
  [{ cpu: '2', 'cuda.device': '4' }, true],
  [{ cpu: '2', 'cuda.device': '0', 'cuda.shares': '54.00' }, true],
  [{ cpu: '2', 'cuda.device': '0' }, false],
  [{ cpu: '2', cudalike: '3' }, false],
])('of %j an agent offers some: %s', (available, offered) => {
  expect(offers({ available }, { slot: 'cuda.device' })).toBe(offered);
});

const line = (level: string, logger: string, words: string): string =>
  `2026-11-25 00:10:11.123 \u001b[32m${level}\u001b[0m ${logger} [4711] ${words}`;
const plugin = 'ai.backend.accelerator.cuda';

it.each([
  [
    'a plugin that turns itself off',
    [
      line('WARNING', plugin, 'nvidia-docker is not installed.'),
      line('INFO', plugin, 'CUDA acceleration is disabled.'),
      line('WARNING', 'ai.backend.agent.server', 'something else'),
    ],
    'nvidia-docker is not installed',
  ],
  [
    'one whose settings are gone',
    [
      line('ERROR', 'ai.backend.common.plugin', 'error during initialization of plugin: cuda'),
      'Traceback (most recent call last):',
      "ai.backend.common.config.ConfigurationError: {'read_from_file()': 'Could not read config from: /a/cuda-mock.toml,/etc/b.toml'}",
    ],
    'Could not read config from: /a/cuda-mock.toml,/etc/b.toml',
  ],
  ['one that is content', [line('INFO', plugin, 'CUDA acceleration is enabled.')], undefined],
])('%s says so in the log', async (_what, lines, words) => {
  writeFileSync(log, `${lines.join('\n')}\n`);
  expect(await pluginComplaint(log)).toBe(words);
});

it('has nothing to say without a log', async () => {
  expect(await pluginComplaint(log)).toBeUndefined();
});
