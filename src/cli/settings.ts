// Values of options: what was typed, else the variables, else the config file; each checked and named by where it came from.
import { join, resolve } from 'node:path';
import { parseId } from '../environment/id.ts';
import { blockSize } from '../environment/ports.ts';
import { defined } from '../defined.ts';
import { Failure } from '../failure.ts';
import { readText } from '../host/files.ts';
import { fileSize } from '../host/tail.ts';
import type { EngineWish } from '../operations/engine.ts';
import { suggestion } from '../operations/nearest.ts';
import type { Host } from '../world.ts';
import { flagOf, optionNames, variableOf, type OptionName } from './options.ts';
import type { Typed } from './program.ts';
import { branchValue, refValue, repositoriesValue, repositoryValue, sourceValue } from './sources.ts';

/** Options that have a value; names are those of the flags. */
export type Values = Readonly<{ [Name in OptionName]?: ReturnType<ReturnType<typeof readersFor>[Name]> }>;

export interface Settings {
  readonly wishes: Values;
  readonly defaults: Values;
}

/** `names` are the options that count here; `readsConfig` false leaves the config file alone. */
export async function readSettings(
  host: Host,
  typed: Typed,
  from: { variables: readonly OptionName[]; readsConfig: boolean },
): Promise<Settings> {
  const here = readersFor(host, host.cwd);
  const wishes: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(typed) as [OptionName, string][]) {
    wishes[name] = valueOf(here, name, { text, failure: (why) => usage(`${flagOf(name)}: ${why}`) });
  }
  const file = from.readsConfig ? await readConfig(host) : {};
  const defaults: Record<string, unknown> = {};
  for (const name of from.variables) {
    const text = host.variables[variableOf(name)];
    // an empty variable is how a shell takes one away for one command
    const said = text === undefined || text === '' ? undefined : text;
    const failure = (why: string): Failure => config(`${variableOf(name)}: ${why}`);
    defaults[name] = said === undefined ? file[name] : valueOf(here, name, { text: said, failure });
  }
  return { wishes: defined(wishes), defaults: defined(defaults) };
}

/** The values of the config file; none if there is no file. `BAI-CONFIG` names file, line and key. */
export async function readConfig(host: Host): Promise<Values> {
  const path = join(host.folders.config, 'config.yaml');
  if (((await fileSize(path)) ?? 0) > largest) throw config(`${path} is larger than ${largest / 1000} kB.`);
  const text = await readText(path);
  if (text === undefined) return {};
  // most have no such file, and need not wait for the parser; the bundle knows its names only by the default
  const { isMap, isScalar, LineCounter, parseDocument } = (await import('yaml')).default;
  const counter = new LineCounter();
  const parse = () => {
    try {
      return parseDocument(text, { lineCounter: counter, prettyErrors: false });
    } catch (error) {
      // the parser calls itself for every level
      if (error instanceof RangeError) throw config(`${path} is nested too deeply.`);
      throw error;
    }
  };
  const document = parse();
  const at = (offset: number | undefined): string => `${path}, line ${counter.linePos(offset ?? 0).line}`;
  const broken = document.errors[0];
  if (broken !== undefined) throw config(`${at(broken.pos[0])}: ${firstLine(broken.message)}`);
  if (document.contents === null) return {};
  if (!isMap(document.contents)) throw config(`${at(0)}: it must hold lines like "release: 21.09".`);

  const texts: Record<string, string> = {};
  const places: Record<string, number | undefined> = {};
  for (const { key, value } of document.contents.items) {
    const name = isScalar(key) ? String(key.value) : '';
    places[name] = isScalar(key) ? key.range[0] : undefined;
    if (!isScalar(value)) throw config(`${at(places[name])}: ${name} must have one value.`);
    // the text as it was written: 21.10 and 3.10 are no numbers
    texts[name] = value.source;
  }
  const values: Record<string, unknown> = {};
  const readers = readersFor(host, undefined);
  for (const [name, text] of Object.entries(texts)) {
    if (!Object.hasOwn(readers, name)) {
      throw config(`${at(places[name])}: there is no key ${name}.${suggestion(name, optionNames)}`);
    }
    const failure = (why: string): Failure => config(`${at(places[name])}: ${name}: ${why}`);
    values[name] = valueOf(readers, name as OptionName, { text, failure });
  }
  return defined(values);
}

/** Bytes of a config file; those of people have a few hundred. */
const largest = 100_000;

/** `base`: what relative paths are relative to; without one they are refused. */
function readersFor(host: Host, base: string | undefined) {
  return {
    environment: value((text) => parseId(text)),
    release: value(some),
    'python-version': value((text) =>
      /^3\.\d{1,2}(\.\d{1,2})?$/.test(text) ? text : bad(`${quote(text)} is no version like 3.9 or 3.9.18.`),
    ),
    engine: value<EngineWish>((text) => oneOf(text, ['docker', 'native', 'auto'])),
    source: value(sourceValue),
    'server-branch': value(branchValue),
    'client-branch': value(branchValue),
    ref: value(refValue),
    repository: value((text) => repositoryValue(text, { home: host.home, folder: base })),
    repositories: value((text) => repositoriesValue(text, { home: host.home, folder: base })),
    'enable-cuda': value(flag),
    'enable-cuda-mock': value(flag),
    'no-cuda': value(flag),
    'cuda-branch': value(branchValue),
    'no-kernel-images': value(flag),
    'download-big-images': value(flag),
    'install-path': value((text) => folder(text, host.home, base)),
    index: value(address),
    ports: value((text) => {
      const first = number(text, 1024, 65536 - blockSize);
      return first ?? bad(`${quote(text)} is no number from 1024 to ${65536 - blockSize}.`);
    }),
    'postgres-port': value(port),
    'redis-port': value(port),
    'etcd-port': value(port),
    'manager-port': value(port),
    'webserver-port': value(port),
    'agent-rpc-port': value(port),
    'agent-watcher-port': value(port),
    as: value(some),
    only: value((text) => some(text).split(/[\s,]+/)),
    'halfstack-only': value(flag),
    all: value(flag),
    'skip-containers': value(flag),
    'skip-venvs': value(flag),
    'skip-source': value(flag),
    'no-snapshot': value(flag),
    keep: value((text) => number(text, 1, 1000) ?? bad(`${quote(text)} is no number from 1 to 1000.`)),
    into: value((text) => parseId(text)),
    lines: value((text) => number(text, 0, 100_000) ?? bad(`${quote(text)} is no number up to 100000.`)),
    quiet: value(flag),
    follow: value(flag),
    start: value(flag),
    tmux: value(flag),
    force: value(flag),
    timeout: value(
      (text) => number(text, 1, 86_400) ?? bad(`${quote(text)} is no number of seconds from 1 to 86400.`),
    ),
    yes: value(flag),
    change: value(flag),
    'adopt-data': value(flag),
    'dry-run': value(flag),
    json: value(flag),
    verbose: value(flag),
    'no-color': value(flag),
  } satisfies Record<OptionName, (text: string) => unknown>;
}

/** How a text is turned into a value; a thrown `Failure` is what is wrong with it. */
const value = <T>(parse: (text: string) => T): ((text: string) => T) => parse;

function valueOf(
  readers: ReturnType<typeof readersFor>,
  name: OptionName,
  said: { readonly text: string; readonly failure: (why: string) => Failure },
): unknown {
  try {
    return readers[name](said.text);
  } catch (error) {
    throw error instanceof Failure ? said.failure(error.message) : error;
  }
}

const some = (text: string): string => (text.trim() === '' ? bad('a value is missing.') : text.trim());

function port(text: string): number {
  return number(text, 1, 65535) ?? bad(`${quote(text)} is no port from 1 to 65535.`);
}

function number(text: string, least: number, most: number): number | undefined {
  const read = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  return read >= least && read <= most ? read : undefined;
}

function oneOf<T extends string>(text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  return found ?? bad(`${quote(text)} is not offered; there is ${choices.join(', ')}.`);
}

function flag(text: string): boolean {
  if (/^(true|yes|on|1)$/i.test(text)) return true;
  return /^(false|no|off|0)$/i.test(text) ? false : bad(`${quote(text)} is neither true nor false.`);
}

function folder(text: string, home: string, base: string | undefined): string {
  if (text.trim() === '' || text.includes('\0')) return bad(`${quote(text)} is no path.`);
  const path = text.replace(/^~(?=\/|$)/, home);
  if (base === undefined && !path.startsWith('/')) return bad(`${quote(text)} must begin with / or ~/.`);
  return resolve(base ?? '/', path);
}

function address(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text.replace(/\/+$/, '');
  return bad('it must be an address that begins with http:// or https://.');
}

/** Thrown inside a transformation, where only its message counts. */
function bad(why: string): never {
  throw usage(why);
}

const quote = (text: string): string => JSON.stringify(text);
const firstLine = (text: string): string => (text.split('\n')[0] ?? '').replace(/\.?$/, '.');

const usage = (reason: string): Failure => new Failure('BAI-USAGE', reason);
const config = (reason: string): Failure => new Failure('BAI-CONFIG', reason);
