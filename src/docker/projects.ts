// Containers of all compose projects by one question. Asked without dockerode: loading that takes longer than the
// answer, and `list` is to be quick.
import * as z from 'zod';
import { Failure } from '../failure.ts';
import { askLoopback } from '../host/loopback.ts';
import { localAddress } from './address.ts';
import { projectLabel, type Labels } from './labels.ts';

export interface ProjectContainer {
  readonly project: string;
  /** Compose's name of the service. */
  readonly service: string;
  readonly labels: Labels;
  readonly running: boolean;
  /** What its healthcheck says while it runs; undefined without one. */
  readonly health?: 'healthy' | 'starting' | 'unhealthy';
  /** The folder in which compose was told to make it. */
  readonly folder?: string;
  /** Ports of this machine that lead to it; none while it does not run. */
  readonly ports: readonly number[];
}

/** Milliseconds in which an engine must answer. */
const limit = 5000;

const answerSchema = z.array(
  z.object({
    State: z.string(),
    /** `Up 3 minutes (healthy)` */
    Status: z.string(),
    Labels: z.record(z.string(), z.string()).nullable(),
    Ports: z.array(z.object({ PublicPort: z.number().optional() })).nullish(),
  }),
);

/** All of them, running or not. Throws `BAI-ENGINE` when the engine at this local address does not answer. */
export async function projectContainers(address: string, signal: AbortSignal): Promise<ProjectContainer[]> {
  const local = localAddress(address);
  if (local === undefined) throw new Error(`not an address of a local Docker engine: ${address}`);
  const filters = encodeURIComponent(JSON.stringify({ label: [projectLabel] }));
  const path = `/containers/json?all=1&filters=${filters}`;
  const where =
    'socketPath' in local
      ? { url: `http://localhost${path}`, socketPath: local.socketPath }
      : { url: `http://${local.host}:${local.port}${path}` };
  try {
    const { status, body } = await askLoopback({ ...where, limit, signal });
    if (status !== 200) throw new Error(`it answers with status ${status}`);
    return answerSchema.parse(JSON.parse(body)).map(containerOf);
  } catch (error) {
    signal.throwIfAborted();
    const why =
      error instanceof z.ZodError || error instanceof SyntaxError ? 'it is no Docker engine' : error;
    throw new Failure(
      'BAI-ENGINE',
      `Docker at ${address} does not answer: ${why instanceof Error ? why.message : String(why)}.`,
      { cause: error, facts: { engine: address } },
    );
  }
}

function containerOf({
  State,
  Status,
  Labels,
  Ports,
}: z.infer<typeof answerSchema>[number]): ProjectContainer {
  const labels = Labels ?? {};
  const folder = labels['com.docker.compose.project.working_dir'];
  const health = /\((?:health: )?(healthy|starting|unhealthy)\)$/.exec(Status)?.[1];
  const ports = (Ports ?? []).flatMap(({ PublicPort }) => (PublicPort === undefined ? [] : [PublicPort]));
  return {
    project: labels[projectLabel] ?? '',
    service: labels['com.docker.compose.service'] ?? '',
    labels,
    running: State === 'running',
    ...(health === undefined ? {} : { health: health as 'healthy' }),
    ...(folder === undefined ? {} : { folder }),
    ports: [...new Set(ports)].sort((a, b) => a - b),
  };
}
