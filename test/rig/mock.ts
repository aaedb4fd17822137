// A small repository of a plugin that makes GPUs up, and a release that takes it for Backend.AI's own.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Program } from './program.ts';
import { repository } from './world.ts';

const upstream = 'https://github.com/lablup/backend.ai-accelerator-cuda-mock';

const setup = `[metadata]
name = standin-accelerator-cuda
version = 1.0
[options]
package_dir =
    = src
packages = find:
[options.packages.find]
where = src
[options.extras_require]
build =
test =
lint =
typecheck =
dev =
[options.entry_points]
backendai_accelerator_v20 =
    cuda = standin_cuda:Plugin
`;

/** Makes it, and the program's release of that name clone it. */
export function mockPlugin(program: Program, release: string): { readonly address: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'bai-dev-plugin-'));
  mkdirSync(join(folder, 'src/standin_cuda'), { recursive: true });
  writeFileSync(join(folder, 'setup.cfg'), setup);
  writeFileSync(join(folder, 'setup.py'), 'from setuptools import setup\nsetup()\n');
  const plugin = readFileSync(join(repository, 'test/rig/standin/cuda_mock.py'));
  writeFileSync(join(folder, 'src/standin_cuda/__init__.py'), plugin);
  const person = ['-c', 'user.name=tester', '-c', 'user.email=tester@example.com'];
  for (const args of [
    ['init', '--quiet', '--initial-branch=main'],
    ['add', '--all'],
    [...person, 'commit', '--quiet', '-m', 'a plugin'],
  ]) {
    execFileSync('git', args, { cwd: folder, stdio: 'ignore', timeout: 30_000 });
  }
  const address = `file://${folder}`;
  const path = `templates/releases/${release}.yaml`;
  program.put(path, readFileSync(join(program.folder, path), 'utf8').replace(upstream, address));
  return { address, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
