// bai-dev stop: daemons and halfstack; data stay. Inside the install path it needs no ID.
import { Failure } from '../failure.ts';
import type { Command } from './command.ts';
import { meantId } from './named.ts';

export const stopCommand: Command = {
  name: 'stop',
  group: 'Run',
  about: 'stop daemons and halfstack; data stay',
  argument: { name: 'id', about: 'name of the environment; not needed inside its folder' },
  options: ['environment', 'only', 'halfstack-only', 'json', 'verbose', 'no-color'],
  typedOnly: ['only', 'halfstack-only'],
  examples: ['bai-dev stop dev2109', 'bai-dev stop dev2109 --only agent'],
  async perform(world, call) {
    const { only, 'halfstack-only': halfstackOnly = false } = call.wishes;
    if (only !== undefined && halfstackOnly) {
      throw new Failure('BAI-USAGE', '--only names daemons, and --halfstack-only leaves them all.');
    }
    const id = await meantId(world.host, call, 'stop');
    const { stop } = await import('../operations/stop.ts');
    return {
      command: 'stop',
      value: await stop(world, { id, halfstackOnly, ...(only === undefined ? {} : { only }) }),
    };
  },
};
