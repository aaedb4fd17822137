// Makes an environment again as a spec describes it, by the same operation that makes a new one.
import { choosePorts } from '../environment/leases.ts';
import { blockPorts, singlePorts, upstreamPorts } from '../environment/ports.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { listIds, readRecord } from '../environment/store.ts';
import type { PortWish } from '../prechecks/draft.ts';
import type { World } from '../world.ts';
import { install } from './install.ts';
import { removeEnvironment, wholeRemoval } from './removal.ts';

/**
 * The environment is ready afterwards: one that is partly deleted is first removed, one that is partly installed is
 * continued, one that is gone is made with the same release, folder, engine, sources, Python and accelerator, and with
 * the same ports if they are free. For whoever has agreed to it; prechecks stop it as they stop an install.
 */
export async function remake(world: World, spec: EnvironmentSpec): Promise<void> {
  const { id } = spec;
  const recorded = await readRecord(world.host, id);
  if (recorded?.phase === 'ready') return;
  if (recorded?.phase === 'deleting') await removeEnvironment(world, id, wholeRemoval);
  const fresh = recorded === undefined || recorded.phase === 'deleting';
  const none = { ports: { single: {} } };
  await install(world, {
    ...{ id, randomId: false, yes: true, dryRun: false, change: false, defaults: none },
    // what is recorded decides by itself
    ...(fresh ? { like: spec, wishes: await wishesOf(world, spec) } : { wishes: none }),
  });
}

async function wishesOf(world: World, spec: EnvironmentSpec) {
  const { installPath, python, engine, index, accelerator } = spec;
  return {
    ...{ installPath, pythonVersion: python.version, engine, index, accelerator: accelerator.kind },
    ports: await portsOf(world, spec),
  };
}

/** Its former ports, or none if somebody has one of them. */
async function portsOf(world: World, { id, portBase: base, ports }: EnvironmentSpec): Promise<PortWish> {
  const usual = base === 0 ? upstreamPorts : blockPorts(base);
  const own = singlePorts(ports).filter(([name, port]) => usual[name] !== port && name !== 'etcdPeer');
  const wish: PortWish = { ...(base === 0 ? {} : { base }), single: Object.fromEntries(own) };
  const ids = (await listIds(world.host)).filter((other) => other !== id);
  const records = await Promise.all(ids.map((other) => readRecord(world.host, other).catch(() => undefined)));
  const there = records.filter((record) => record !== undefined);
  const { blocked } = await choosePorts(world, { id, wish, records: there });
  return blocked.length === 0 ? wish : { single: {} };
}
