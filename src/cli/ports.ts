// The ports that were asked for: each its own, or no environment could have them.
import { blockPorts, portFlags, singlePorts, type SinglePort } from '../environment/ports.ts';
import { Failure } from '../failure.ts';
import type { PortWish } from '../prechecks/draft.ts';
import type { OptionName } from './options.ts';
import type { Values } from './settings.ts';

type PortFlag = (typeof portFlags)[keyof typeof portFlags];
type PortOption = PortFlag extends `--${infer Name}` ? Name & OptionName : never;

/** Fails with `code` where a port would serve two. */
export function portWish(values: Values, code: 'BAI-USAGE' | 'BAI-CONFIG'): PortWish {
  const base = values.ports;
  const single: Partial<Record<SinglePort, number>> = {};
  for (const [name, flag] of Object.entries(portFlags) as [keyof typeof portFlags, PortFlag][]) {
    const port = values[flag.slice(2) as PortOption];
    if (port === undefined) continue;
    const other = singlePorts({ ...blockPorts(0), ...single }).find(
      ([taken]) => taken in single && single[taken] === port,
    )?.[0];
    if (other !== undefined) {
      throw new Failure(code, `${sayer(other)} and ${flag} both say ${port}; each needs a port of its own.`);
    }
    single[name] = port;
  }
  if (base !== undefined) assertOutside(base, single, code);
  return { ...(base === undefined ? {} : { base }), single };
}

/** A named port may not be one that the block gives to something else. */
function assertOutside(base: number, single: PortWish['single'], code: 'BAI-USAGE' | 'BAI-CONFIG'): void {
  const block = blockPorts(base);
  for (const [name, port] of Object.entries(single) as [SinglePort, number][]) {
    const holder = singlePorts(block).find(
      ([other, taken]) => taken === port && other !== name && !(other in single),
    );
    const kernels = port >= block.kernelFirst && port <= block.kernelLast;
    if (holder === undefined && !kernels) continue;
    const whose = kernels ? 'the kernels' : (holder?.[0] ?? '');
    throw new Failure(
      code,
      `${sayer(name)} says ${port}, which the block of --ports ${base} gives to ${whose}.`,
    );
  }
}

const sayer = (name: SinglePort): string => (portFlags as Partial<Record<SinglePort, string>>)[name] ?? name;
