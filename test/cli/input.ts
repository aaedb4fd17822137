// A process for tests: streams in memory, signals on demand.
import { PassThrough } from 'node:stream';
import type { Input } from '../../src/cli/input.ts';
import { repository } from '../rig/world.ts';

export interface MemoryInput {
  readonly input: Input;
  stdout(): string;
  stderr(): string;
  /** What the process would have heard: a signal, or an error that nothing caught. */
  end(reason: NodeJS.Signals | Error): void;
}

/** Streams that are no terminals, and nobody's variables. */
export function memoryInput(change: Partial<Input> = {}): MemoryInput {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const written = { stdout: '', stderr: '' };
  stdout.on('data', (piece: Buffer) => (written.stdout += piece.toString()));
  stderr.on('data', (piece: Buffer) => (written.stderr += piece.toString()));
  const controller = new AbortController();
  for (const stream of [stdin, stdout, stderr]) Object.assign(stream, { isTTY: false });
  return {
    input: {
      argv: [],
      variables: {},
      cwd: '/',
      platform: 'linux',
      architecture: 'x64',
      node: 'v20.0.0',
      user: { uid: 1000, gid: 1000, name: 'you' },
      cpus: 2,
      stdin: stdin as unknown as NodeJS.ReadStream,
      stdout: stdout as unknown as NodeJS.WriteStream,
      stderr: stderr as unknown as NodeJS.WriteStream,
      ended: controller.signal,
      assets: repository,
      version: '1.2.3',
      handOver: () => undefined,
      forbidColor: () => undefined,
      ...change,
    },
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    end: (reason) => controller.abort(reason),
  };
}
