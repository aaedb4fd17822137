// Kills the program at an exact point of its work, as a power cut or `kill -9` would. Given to Node by
// NODE_OPTIONS=--import; BAI_DEV_TEST_KILL says where:
//
//   <step>:started   the record that marks the step as started has just got its name
//   <step>:child     a child process that the step (or one beside it) started has just begun its work;
//                    for a step that starts none: in the midst of it
//   <step>:effect    the step's work is done; the record that says so is written but has not got its name
//   record:<n>       right before the record gets its name for the nth time
//   switch:<n>       right after the journal of a switch got its name for the nth time
//   switch:end       right before that journal is removed
//   restore:<n>, restore:end   the same of the journal of a restore
//   manifest:<n>     right after the list of a snapshot's files got its name for the nth time
import childProcess from 'node:child_process';
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

/** Milliseconds that a child is given to begin its work. */
const childBegins = 30;
/** Milliseconds after which a step is taken for one that starts no child. */
const noChild = 250;

const where = process.env.BAI_DEV_TEST_KILL ?? '';
const step = where.slice(0, where.lastIndexOf(':'));
const point = where.slice(where.lastIndexOf(':') + 1);

const journals = ['switch', 'restore', 'manifest'];

let running = false;
let renames = 0;

if (where !== '' && basename(process.argv[1] ?? '') === 'bin.js') {
  if (!['record', ...journals].includes(step) && !['started', 'child', 'effect'].includes(point)) {
    throw new Error(`BAI_DEV_TEST_KILL=${where}: no such point`);
  }
  if (journals.includes(step)) watchJournal(`${step}.json`);
  else watchRecord();
  if (point === 'child') watchChildren();
}

function die() {
  process.kill(process.pid, 'SIGKILL');
  // the signal is on its way; nothing more may happen here
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
}

function watchRecord() {
  const rename = promises.rename;
  promises.rename = async function (from, to) {
    if (basename(String(to)) !== 'record.json') return rename(from, to);
    renames += 1;
    if (step === 'record') {
      if (renames === Number(point)) die();
      return rename(from, to);
    }
    const state = JSON.parse(fs.readFileSync(from, 'utf8')).marks?.[step]?.state;
    const starts = state === 'started' && !running;
    if (state === 'done' && running && point !== 'started') die();
    await rename(from, to);
    if (!starts) return;
    running = true;
    if (point === 'started') die();
    if (point === 'child') setTimeout(die, noChild);
  };
  syncBuiltinESMExports();
}

function watchJournal(name) {
  const { rename, unlink } = promises;
  const isJournal = (path) => basename(String(path)) === name;
  promises.rename = async function (from, to) {
    await rename(from, to);
    if (isJournal(to)) renames += 1;
    if (isJournal(to) && renames === Number(point)) die();
  };
  promises.unlink = async function (path) {
    if (isJournal(path) && point === 'end') die();
    return unlink(path);
  };
  syncBuiltinESMExports();
}

function watchChildren() {
  const spawn = childProcess.ChildProcess.prototype.spawn;
  childProcess.ChildProcess.prototype.spawn = function (...options) {
    const result = spawn.apply(this, options);
    if (running) setTimeout(die, childBegins);
    return result;
  };
}
