// `npm run bench [ROW …]`: bai-dev beside what it replaces, in one run on one machine; prints a table for the README.
import { cpus, release as kernel, totalmem } from 'node:os';
import { commandRows } from './commands.ts';
import { daemonRows } from './daemons.ts';
import { halfstackRows } from './halfstack.ts';
import { installRows } from './install.ts';
import type { Row } from './row.ts';
import { sourceRows } from './sources.ts';
import { switchRows } from './switch.ts';

const groups: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  commands: commandRows,
  halfstack: halfstackRows,
  daemons: daemonRows,
  install: installRows,
  sources: sourceRows,
  switch: switchRows,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in groups));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(', ')}; there are ${Object.keys(groups).join(', ')}\n`);
  process.exit(2);
}

const memory = (totalmem() / 1024 ** 3).toFixed(0);
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${memory} GiB, ${process.platform} ${kernel()}, Node ${process.version}`;
const rows: Row[] = [];
for (const [name, measure] of Object.entries(groups)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stderr.write(`measuring ${name}\n`);
  rows.push(...(await measure()));
}

process.stdout.write(`${machine}\n\n`);
process.stdout.write('| what | bai-dev | beside it | ratio | wanted |\n| --- | ---: | ---: | ---: | --- |\n');
for (const { what, ours, theirs, wanted: limit } of rows) {
  const ratio = theirs === undefined ? '' : (ours / theirs.seconds).toFixed(2);
  const beside = theirs === undefined ? '' : `${duration(theirs.seconds)} (${theirs.name})`;
  process.stdout.write(`| ${what} | ${duration(ours)} | ${beside} | ${ratio} | ${limit} |\n`);
}

function duration(seconds: number): string {
  return seconds < 1 ? `${(seconds * 1000).toFixed(0)} ms` : `${seconds.toFixed(1)} s`;
}
