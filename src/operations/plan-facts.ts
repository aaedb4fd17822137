// What the plan of an install shows besides its steps: what was decided that a person may want otherwise.
import { blockPorts, singlePorts, upstreamPorts, type Ports } from '../environment/ports.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import type { Unavailable } from '../prechecks/agent.ts';
import type { PlanFact } from '../report/events.ts';

/** Folder and Python always, ports only where they are not the usual ones. */
export function planFacts(spec: EnvironmentSpec, unavailable: Unavailable | undefined): readonly PlanFact[] {
  const { installPath, python, ports } = spec;
  const portWords = unusualPorts(ports);
  return [
    { what: 'Folder', is: '', path: installPath },
    { what: 'Python', is: python.version, path: python.path },
    ...(portWords === undefined ? [] : [{ what: 'Ports', is: portWords }]),
    ...(unavailable === undefined
      ? []
      : [{ what: 'No sessions', is: `${unavailable.daemons.join(', ')} cannot run: ${unavailable.reason}` }]),
  ];
}

/** `27000-27013, kernels 27020-27199` for a block, else those that differ from upstream's; undefined if none does. */
function unusualPorts(ports: Ports): string | undefined {
  const base = ports.postgres;
  const block = blockPorts(base);
  const kernels = `kernels ${ports.kernelFirst}-${ports.kernelLast}`;
  if (singlePorts(block).every(([name, port]) => ports[name] === port)) {
    return `${base}-${Math.max(...singlePorts(block).map(([, port]) => port))}, ${kernels}`;
  }
  const unusual = singlePorts(ports).filter(([name, port]) => upstreamPorts[name] !== port);
  const words = unusual.map(([name, port]) => `${name} ${port}`);
  if (ports.kernelFirst !== upstreamPorts.kernelFirst) words.push(kernels);
  return words.length === 0 ? undefined : words.join(', ');
}
