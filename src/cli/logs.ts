// bai-dev logs: what daemons and servers wrote, line by line on stdout.
import { Failure } from '../failure.ts';
import type { Command } from './command.ts';
import { meantId } from './named.ts';

/** Lines of each source when nobody says how many. */
const usualLines = 100;

export const logsCommand: Command = {
  name: 'logs',
  group: 'Run',
  about: 'what daemons and servers wrote, and write',
  argument: { name: 'id', about: 'name of the environment; not needed inside its folder' },
  words: { name: 'name', about: 'a daemon or service; all of them without', many: false },
  options: ['environment', 'lines', 'follow', 'json', 'verbose', 'no-color'],
  typedOnly: ['lines', 'follow'],
  examples: [
    'bai-dev logs dev2109 manager',
    'bai-dev logs dev2109 -f',
    'bai-dev logs dev2109 postgres -n 20',
  ],
  async perform(world, call) {
    const { wishes, defaults, words, terminal } = call;
    const [name] = words;
    const id = await meantId(world, call, 'logs');
    const { logs } = await import('../operations/logs.ts');
    const gone = new AbortController();
    const watched = { ...world, signal: AbortSignal.any([world.signal, gone.signal]) };
    const json = wishes.json ?? defaults.json ?? false;
    // the width of the longest name, so that the lines of all sources stand under each other
    const told = (line: { name: string; line: string }): string =>
      json
        ? JSON.stringify({ kind: 'log-line', ...line })
        : name === undefined
          ? `${line.name.padEnd(13)} | ${line.line}`
          : line.line;
    const request = {
      id,
      lines: wishes.lines ?? usualLines,
      follow: wishes.follow ?? false,
      ...(name === undefined ? {} : { name }),
    };
    const { lines } = await logs(watched, request, (line) => {
      if (!terminal.print(told(line))) gone.abort(new Error('nobody reads any more'));
    });
    const reason: unknown = world.signal.reason;
    // for a follower an interruption is the usual end, so nothing is said of it
    return { command: 'logs', value: { lines, exit: reason instanceof Failure ? reason.exit : 0 } };
  },
};
