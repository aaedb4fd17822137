// Makes, continues or repairs an environment: decide, check, show, agree, then walk the plan.
import { defined } from '../defined.ts';
import { acquireLock } from '../environment/lock.ts';
import { openJournal } from '../environment/journal.ts';
import { statePaths } from '../environment/names.ts';
import { blockSize } from '../environment/ports.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { sourceWord } from '../environment/spec.ts';
import { readRecord } from '../environment/store.ts';
import { Failure } from '../failure.ts';
import { isProgram } from '../host/path.ts';
import { isKept } from '../plan/run.ts';
import type { Step } from '../plan/step.ts';
import { checkAgent, type Unavailable } from '../prechecks/agent.ts';
import { survey } from '../prechecks/survey.ts';
import { loadCatalogue } from '../release/catalogue.ts';
import { isPastSupport } from '../release/release.ts';
import type { Difference, PlanFact, PlannedStep } from '../report/events.ts';
import type { Resource } from '../resources/resource.ts';
import { forEnvironment, type World } from '../world.ts';
import { assertNoBlocker } from './blockers.ts';
import { changeOf, type Change } from './change.ts';
import { claim, draftRecord } from './claim.ts';
import { consent } from './consent.ts';
import { startAgain } from './pause.ts';
import { removeEnvironment, wholeRemoval } from './removal.ts';
import { completeRelease, draftOf, idRemark, specOf } from './decide.ts';
import { engineOf, engineRemark } from './engine.ts';
import { leaveFormer, leaveSaved } from './leaving.ts';
import { stepsOfRecord } from './making.ts';
import { planFacts } from './plan-facts.ts';
import type { InstallRequest } from './request.ts';
import type { SnapshotRow } from './snapshot.ts';
import { sourcesOf, substitutes } from './sources.ts';
import { stopwatch } from './stopwatch.ts';
import { walk } from './walk.ts';

export interface InstallResult {
  readonly outcome: 'made' | 'continued' | 'repaired' | 'changed' | 'unchanged' | 'planned';
  readonly id: string;
  readonly release: string;
  readonly installPath: string;
  readonly seconds: number;
  readonly webUrl: string;
  readonly account: { readonly email: string; readonly password: string };
  readonly ports: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  /** Daemons that cannot run on this machine, for want of Docker. */
  readonly unavailable?: Unavailable;
  /** Only of a change. */
  readonly differences?: readonly Difference[];
  /** What the data was saved as before a change. */
  readonly saved?: SnapshotRow;
  /** Only for a dry run. */
  readonly plan?: readonly PlannedStep[];
  readonly facts?: readonly PlanFact[];
}

/** How often the plan is made again because somebody else was quicker, before giving up. */
const patience = 5;

/**
 * Brings an environment to the state its spec describes, from any state it is in. Writes nothing when there is
 * nothing to do, when a precheck finds a blocker (`BAI-PRECHECK`), for a dry run, and before consent.
 */
export async function install(world: World, request: InstallRequest): Promise<InstallResult> {
  const watch = stopwatch(world);
  for (let attempt = 0; attempt < patience; attempt += 1) {
    const result = await attemptInstall(forEnvironment(watch.world, request.id), request, watch.seconds);
    if (result !== 'again') return result;
  }
  throw new Failure(
    'BAI-LOCKED',
    `Other runs of bai-dev changed what ${request.id} was planned on, several times in a row.`,
    {
      next: [{ purpose: 'try again', command: `bai-dev install -e ${request.id}` }],
    },
  );
}

async function attemptInstall(
  world: World,
  request: InstallRequest,
  seconds: () => number,
): Promise<InstallResult | 'again'> {
  const { host } = world;
  const { adopt = false } = request;
  const recorded = await readRecord(host, request.id);
  if (recorded?.phase === 'deleting') {
    if (request.dryRun) {
      throw new Failure(
        'BAI-CONFLICT-PHASE',
        `${request.id} is half deleted; an install would first finish that.`,
        {
          next: [{ purpose: 'finish it', command: `bai-dev delete -e ${request.id}` }],
        },
      );
    }
    await removeEnvironment(world, request.id, wholeRemoval);
    return 'again';
  }
  const catalogue = await loadCatalogue(host.assets);
  const change =
    recorded && request.change ? await changeOf(world, request, { record: recorded, catalogue }) : undefined;
  const record = change?.record ?? recorded;
  const release = record?.spec.release ?? completeRelease(request, catalogue);
  const former = record?.spec ?? request.like;
  const [{ engine, reason }, sources] = await Promise.all([
    engineOf(world, request, { release, ...(record && { record }) }),
    sourcesOf(world, request, { release, ...(former && { trees: former.trees }) }),
  ]);
  const draft = draftOf(world, request, { catalogue, engine, sources, ...(record && { record }) });
  world.report.emit({
    kind: 'environment',
    command: 'install',
    id: draft.id,
    title: draft.release.title,
    engine,
    ...(reason === undefined ? {} : { engineReason: reason }),
    source: sourceWord(sources.flatMap(({ source }) => source ?? [])),
    path: draft.installPath,
    ...(request.randomId ? { random: true } : {}),
  });
  for (const message of substitutes(sources)) world.report.emit({ kind: 'note', severity: 'note', message });
  const remark = record === undefined ? idRemark(request, catalogue) : undefined;
  if (remark !== undefined) world.report.emit({ kind: 'note', severity: 'warning', message: remark });
  if (record === undefined && isPastSupport(draft.release, world.now())) {
    const message = `${draft.release.title} is past its support, which ended on ${draft.release.supportEnds}.`;
    world.report.emit({ kind: 'note', severity: 'note', message });
  }
  const finish = (
    outcome: InstallResult['outcome'],
    { spec: { ports } }: EnvironmentRecord,
    more: Partial<InstallResult> = {},
  ) => {
    const [account] = draft.release.accounts;
    return {
      outcome,
      id: draft.id,
      release: draft.release.version,
      installPath: draft.installPath,
      seconds: seconds(),
      webUrl: `http://127.0.0.1:${ports.webserver}`,
      account: { email: account?.email ?? '', password: account?.password ?? '' },
      ports,
      warnings: [],
      ...more,
    };
  };

  // A run with nothing to do asks the machine nothing that could stop it, and takes no lock.
  const known = record && (await plannedSteps(world, record, { now: recorded, adopt }));
  if (change !== undefined) {
    const { differences, stops, removes } = change;
    world.report.emit({ kind: 'change', differences, stops, removes });
  }
  if (record?.phase === 'ready' && known?.every(({ outlook }) => outlook === 'keep') === true) {
    const { facts: unavailable } = await checkAgent(world, draft);
    return finish('unchanged', record, defined({ unavailable }));
  }

  const [found, engineNote] = await Promise.all([
    survey(world, draft),
    record === undefined ? undefined : engineRemark(world, request, record),
  ]);
  if (engineNote !== undefined) {
    world.report.emit({ kind: 'note', severity: 'note', message: engineNote });
  }
  world.report.emit({ kind: 'prechecks', findings: found.findings, seconds: found.seconds });
  const warnings = found.findings.filter(({ severity }) => severity === 'warning').map(({ title }) => title);
  assertNoBlocker(draft.id, found.findings);

  const planned =
    record === undefined
      ? await draftRecord(world, specOf(draft, found))
      : await withInterpreter(record, found.python);
  const steps = planned === record && known ? known : await plannedSteps(world, planned, { adopt });
  const { unavailable } = found;
  const facts = planFacts(planned.spec, unavailable);
  const cost = { seconds: sum(steps, 'seconds'), bytes: sum(steps, 'bytes') };
  world.report.emit({ kind: 'plan', steps, facts, ...cost });
  const more = { warnings, ...defined({ unavailable, differences: change?.differences }) };
  if (request.dryRun) return finish('planned', planned, { plan: steps, facts, ...more });
  if (change !== undefined) await agree(world, request, change);
  else if (
    world.ask.available &&
    !request.yes &&
    !(await world.ask.confirm({ message: `Make ${draft.id} like this?`, initial: true }))
  ) {
    throw new Failure('BAI-DECLINED', 'Nothing has been changed.');
  }

  const lock = await acquireLock(world, statePaths(host, draft.id).lock, {
    command: `install -e ${draft.id}`,
  });
  try {
    if (!sameRecord(await readRecord(host, draft.id), recorded)) return 'again';
    const left = recorded && change && (await leaveSaved(world, recorded, { change, request }));
    const wish = recorded === undefined ? draft.ports : change?.ports;
    const claimed = wish === undefined ? planned : await claim(world, planned, wish);
    if (claimed === undefined) return 'again';
    if (claimed.spec.portBase !== planned.spec.portBase) {
      const message = `Another environment took these ports meanwhile; ${draft.id} gets ${claimed.spec.portBase} to ${claimed.spec.portBase + blockSize - 1}.`;
      world.report.emit({ kind: 'note', severity: 'note', message });
    }
    // before the walk, which changes the record's phase
    const outcome = change !== undefined ? 'changed' : outcomeOf(recorded);
    world.report.emit({ kind: 'log-opened', path: statePaths(host, draft.id).log });
    const journal = openJournal(world, claimed);
    await leaveFormer(world, claimed, journal);
    await walk(world, { record: claimed, steps: stepsOfRecord(world, claimed, { adopt }), journal });
    await journal.setPhase('ready');
    if (left !== undefined) await startAgain(world, claimed, left.running);
    return finish(outcome, claimed, { ...more, ...defined({ saved: left?.saved }) });
  } finally {
    await lock.release();
  }
}

/** The same record, unless its interpreter is gone: then that which the machine has now, for the same packages. */
async function withInterpreter(
  record: EnvironmentRecord,
  python: EnvironmentRecord['spec']['python'] | undefined,
): Promise<EnvironmentRecord> {
  const { spec } = record;
  const { path, managed } = spec.python;
  if (python === undefined || managed !== undefined || (await isProgram(path))) return record;
  return { ...record, spec: { ...spec, python } };
}

const outcomeOf = (before: EnvironmentRecord | undefined): InstallResult['outcome'] =>
  before === undefined ? 'made' : before.phase === 'ready' ? 'repaired' : 'continued';

function agree(world: World, { id, yes }: InstallRequest, { stops }: Change): Promise<void> {
  const [is, it] = stops.length === 1 ? ['is', 'it is'] : ['are', 'they are'];
  const first =
    stops.length === 0 ? '' : ` ${stops.join(', ')} ${is} stopped meanwhile; ${it} started again afterwards.`;
  return consent(world, {
    yes,
    question: `Change ${id} like this?${first}`,
    act: `Changing ${id}`,
    command: `bai-dev install -e ${id} --change --yes`,
    declined: 'Nothing has been changed.',
  });
}

/**
 * The plan, with what is found done already: each step is looked at once. What stays the same in a change is looked at
 * where it is now, as servers do not answer yet where they will.
 */
async function plannedSteps(
  world: World,
  record: EnvironmentRecord,
  { now = record, adopt }: { readonly now?: EnvironmentRecord | undefined; readonly adopt: boolean },
): Promise<PlannedStep[]> {
  const journal = { mark: (id: string) => record.marks[id] };
  const there = new Map(stepsOfRecord(world, now, { adopt }).map((step) => [step.id, step]));
  const looked = (step: Step<Resource>): Step<Resource> => {
    const before = there.get(step.id);
    return before?.check === undefined
      ? step
      : { ...step, check: () => before.check?.() ?? Promise.resolve(false) };
  };
  return Promise.all(
    stepsOfRecord(world, record, { adopt }).map(async (step) => ({
      id: step.id,
      title: step.title,
      group: step.group,
      outlook: (await isKept(looked(step), journal).catch(unlessForeign))
        ? ('keep' as const)
        : ('make' as const),
      ...step.cost,
    })),
  );
}

/** Data that would be overwritten stop the command before it asks; whatever else cannot be looked at is made. */
function unlessForeign(error: unknown): false {
  if (error instanceof Failure && error.code === 'BAI-CONFLICT-DATA') throw error;
  return false;
}

const sameRecord = (a: EnvironmentRecord | undefined, b: EnvironmentRecord | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

const sum = (steps: readonly PlannedStep[], what: 'seconds' | 'bytes'): number =>
  steps.reduce((total, step) => total + (step.outlook === 'make' ? (step[what] ?? 0) : 0), 0);
