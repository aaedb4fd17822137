// What the machine tells of its NVIDIA GPUs, by the driver's own program.
import { execute } from '../host/exec.ts';
import { programsNamed } from '../host/path.ts';
import type { World } from '../world.ts';

/** How driver and GPUs stand; `why` is the program's own word. */
export type GpuFacts =
  | {
      readonly state: 'ok';
      readonly driver: string;
      readonly gpus: readonly string[];
      readonly slices: number;
    }
  /** There is no `nvidia-smi`, and so no driver. */
  | { readonly state: 'absent' }
  | { readonly state: 'silent' }
  | {
      readonly state: 'not-loaded' | 'mismatch' | 'library' | 'forbidden' | 'no-devices' | 'lost' | 'failed';
      readonly why: string;
    }
  | { readonly state: 'unreadable'; readonly why: string };

/** Seconds; a driver that wakes its GPUs first takes some. */
const patience = 15;

/** Asks the driver. Throws only when interrupted. */
export async function lookAtGpus(world: World): Promise<GpuFacts> {
  const [asked, listed] = await Promise.all([
    answerOf(world, 'nvidia-smi', ['--query-gpu=driver_version,name', '--format=csv,noheader']),
    answerOf(world, 'nvidia-smi', ['-L']),
  ]);
  if (asked.state !== 'said') return asked;
  const why = firstLine(asked.text);
  if (asked.exit !== 0) return { state: troubleOf(asked.text), why };
  if (/no devices were found/i.test(asked.text)) return { state: 'no-devices', why };
  const rows = asked.text.split('\n').map((line) => /^(\d+(?:\.\d+)+), (.+)$/.exec(line.trim()));
  const gpus = rows.flatMap((row) => row?.[2] ?? []);
  const driver = rows.find((row) => row !== null)?.[1];
  if (driver === undefined) return { state: 'unreadable', why };
  const slices = listed.state === 'said' ? (listed.text.match(/^\s+MIG /gm) ?? []).length : 0;
  return { state: 'ok', driver, gpus, slices };
}

/** A program's answer: absent if there is none of that name, silent if it does not end by itself in time. */
export type Answer =
  | { readonly state: 'absent' }
  | { readonly state: 'silent' }
  | { readonly state: 'said'; readonly exit: number; readonly text: string };

/** Runs a program that only tells something. Throws only when interrupted. */
export async function answerOf(world: World, name: string, args: readonly string[]): Promise<Answer> {
  const [file] = await programsNamed(world.host, name);
  if (file === undefined) return { state: 'absent' };
  const { exit, stdout, stderr } = await execute(world, {
    file,
    args,
    cwd: '/',
    limit: patience,
    allow: Array.from({ length: 255 }, (_, n) => n + 1),
    quiet: true,
  });
  // what a signal ended gave no answer
  return exit === 128 ? { state: 'silent' } : { state: 'said', exit, text: `${stdout}\n${stderr}`.trim() };
}

/** The last line with words in it, without its full stop: what a program says in the end. */
export function lastLine(text: string): string {
  return words(lines(text).at(-1));
}

/** nvidia-smi says first what is wrong; advice and versions come below. */
function firstLine(text: string): string {
  return words(lines(text)[0]);
}

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '');

const words = (line = 'it says nothing'): string => line.trim().replace(/\.$/, '');

function troubleOf(
  text: string,
): 'not-loaded' | 'mismatch' | 'library' | 'forbidden' | 'no-devices' | 'lost' | 'failed' {
  if (/version mismatch/i.test(text)) return 'mismatch';
  if (/couldn't communicate with the NVIDIA driver|driver not loaded/i.test(text)) return 'not-loaded';
  if (/libnvidia-ml|couldn't find .*library/i.test(text)) return 'library';
  if (/insufficient permissions|access blocked/i.test(text)) return 'forbidden';
  if (/no devices were found/i.test(text)) return 'no-devices';
  if (/is lost|fallen off the bus/i.test(text)) return 'lost';
  return 'failed';
}
