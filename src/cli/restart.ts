// bai-dev restart: daemons, after a change of their code or settings.
import type { Command } from './command.ts';
import { meantId } from './named.ts';
import { startWishes } from './start.ts';

export const restartCommand: Command = {
  name: 'restart',
  group: 'Run',
  about: 'restart daemons; the halfstack stays up',
  argument: { name: 'id', about: 'name of the environment; not needed inside its folder' },
  words: { name: 'name', about: 'daemons; all of them without', many: true },
  options: ['environment', 'tmux', 'force', 'timeout', 'json', 'verbose', 'no-color'],
  meanings: { force: 'also a second agent on one Docker engine' },
  typedOnly: ['force'],
  examples: ['bai-dev restart dev2109', 'bai-dev restart dev2109 manager'],
  async perform(world, call) {
    const { tmux, force, limit } = startWishes(call);
    const names = call.words.length === 0 ? {} : { names: call.words };
    const id = await meantId(world, call, 'restart');
    const { restart } = await import('../operations/restart.ts');
    return { command: 'restart', value: await restart(world, { id, tmux, force, limit, ...names }) };
  },
};
