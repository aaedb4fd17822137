// bai-dev stop: daemons and halfstack; data stay. Inside the install path it needs no ID.
import { Failure } from '../failure.ts';
import type { Command } from './command.ts';
import { meantId, namedDaemons } from './named.ts';

export const stopCommand: Command = {
  name: 'stop',
  group: 'Run',
  about: 'stop daemons and halfstack; data stay',
  argument: { name: 'id', about: 'name of the environment; not needed inside its folder' },
  words: { name: 'name', about: 'Daemons to stop (default: all, and the halfstack)', many: true },
  options: ['environment', 'only', 'halfstack-only', 'force', 'json', 'verbose', 'no-color'],
  meanings: { force: 'Stop the halfstack even if daemons that bai-dev did not start use it' },
  typedOnly: ['only', 'halfstack-only', 'force'],
  examples: ['bai-dev stop dev2109', 'bai-dev stop dev2109 agent'],
  async perform(world, call) {
    const { 'halfstack-only': halfstackOnly = false, force = false } = call.wishes;
    const only = namedDaemons(call);
    if (only !== undefined && halfstackOnly) {
      throw new Failure('BAI-USAGE', '--halfstack-only leaves all daemons running, so none can be named.');
    }
    const id = await meantId(world, call, 'stop');
    const { stop } = await import('../operations/stop.ts');
    return {
      command: 'stop',
      value: await stop(world, { id, halfstackOnly, force, ...(only === undefined ? {} : { only }) }),
    };
  },
};
