// Asks the machine everything at once, and gathers what the answers say and what the spec needs of them.
import { defined } from '../defined.ts';
import type { Ports } from '../environment/ports.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import { checkAgent, type Unavailable } from './agent.ts';
import { checkDocker } from './docker.ts';
import type { Checked, Draft } from './draft.ts';
import { checkGit } from './git.ts';
import { checkIndex } from './index.ts';
import { checkKernels } from './kernels.ts';
import { checkNative } from './native.ts';
import { checkLock, checkNames } from './names.ts';
import { checkAccelerator } from './nvidia.ts';
import { checkPath } from './path.ts';
import { checkPlatform } from './platform.ts';
import { checkPorts } from './ports.ts';
import { checkPython } from './python.ts';
import { checkRoom } from './room.ts';
import { checkShared } from './shared.ts';
import { checkSources } from './sources.ts';

/** All findings in the order of the list below, and the facts that they brought. */
export interface Survey {
  readonly findings: readonly Finding[];
  readonly seconds: number;
  readonly python?: EnvironmentSpec['python'];
  readonly engine?: EngineFacts;
  /** Daemons that cannot run here. */
  readonly unavailable?: Unavailable;
  readonly ports?: { readonly base: number; readonly ports: Ports };
}

/** What the spec keeps of the engine that was chosen: of docker its address, of native its servers. */
type EngineFacts = Pick<EnvironmentSpec, 'engine' | 'engineAddress' | 'servers'>;

/** Looks at the machine and changes nothing. Never throws for what it finds: a blocker is a finding. */
export async function survey(world: World, draft: Draft): Promise<Survey> {
  const began = performance.now();
  const python = checkPython(world, draft);
  const engine = checkEngine(world, draft);
  const ports = checkPorts(world, draft);
  const agent = checkAgent(world, draft);
  const answers: Checked<unknown>[] = await Promise.all([
    checkPlatform(world, draft),
    checkGit(world),
    Promise.resolve(checkSources(draft)),
    python,
    engine,
    agent,
    checkAccelerator(world, draft),
    checkKernels(world, draft),
    ports,
    checkRoom(world, draft),
    checkPath(world, draft),
    checkShared(world, draft),
    checkIndex(world, draft),
    checkNames(world, draft),
    checkLock(world, draft),
  ]);
  const found = defined({
    python: (await python).facts,
    engine: (await engine).facts,
    ports: (await ports).facts,
    unavailable: (await agent).facts,
  });
  return {
    findings: answers.flatMap((answer) => answer.findings),
    seconds: (performance.now() - began) / 1000,
    ...found,
  };
}

async function checkEngine(world: World, draft: Draft): Promise<Checked<EngineFacts>> {
  if (draft.engine === 'native') {
    const { findings, facts } = await checkNative(world, draft);
    return { findings, ...(facts && { facts: { engine: 'native', engineAddress: '', ...facts } }) };
  }
  const { findings, facts } = await checkDocker(world, draft);
  return { findings, ...(facts && { facts: { engine: 'docker', engineAddress: facts.address } }) };
}
