// bai-dev exec: a command in a component's folder and virtualenv; what it ends with is what we end with.
import { defined } from '../defined.ts';
import { Failure } from '../failure.ts';
import type { Command } from './command.ts';
import { meantId } from './named.ts';

export const execCommand: Command = {
  name: 'exec',
  group: 'Use',
  about: "run a command in a component's folder and virtualenv",
  argument: { name: 'id', about: 'name of the environment; not needed inside its folder' },
  words: { name: 'component', about: 'a component, then -- and a command', many: true },
  options: ['environment', 'as'],
  typedOnly: ['as'],
  examples: [
    'bai-dev exec dev2109 manager -- python -m pytest tests',
    'bai-dev exec dev2109 client-py -- backend.ai admin users',
    'bai-dev exec dev2109 client-py --as user@lablup.com -- backend.ai ps',
  ],
  async perform(world, call) {
    const [component, ...command] = call.words;
    const id = await meantId(world, call, 'exec');
    if (component === undefined) {
      throw new Failure('BAI-USAGE', 'bai-dev exec needs a component and a command.', {
        next: [{ purpose: 'for example', command: `bai-dev exec ${id} manager -- python -V` }],
      });
    }
    const { exec } = await import('../operations/exec.ts');
    const { handOver } = call.terminal;
    return {
      command: 'exec',
      value: await exec(world, { id, component, command, handOver, ...defined({ account: call.wishes.as }) }),
    };
  },
};
