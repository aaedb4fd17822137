// What was unpacked into a folder, written down beside it: so that later a damaged file is found without reading all of them.
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { filesBelow, hashOfFile } from './copy.ts';
import { filesystemFailure, writeWhole } from './files.ts';

/** Lies in the folder that it describes, so that both appear and go together. */
export const manifestName = '.bai-dev-manifest.json';

const manifestSchema = z.strictObject({
  schema: z.literal(1),
  /** Size in bytes, time of change in milliseconds, and SHA-256 of each file. */
  files: z.record(z.string(), z.tuple([z.number(), z.number(), z.string()])),
  links: z.record(z.string(), z.string()),
});

/** `unlisted`: there is no manifest, as an older bai-dev unpacked it. */
export type FolderState = 'whole' | 'damaged' | 'unlisted';

/** What a program writes itself while it runs: such a file may change, and be gone. */
const written = /(^|\/)__pycache__\/|\.pyc$/;

/** Reads every file below a folder and writes the manifest. Throws `BAI-FILESYSTEM`. */
export async function writeManifest(folder: string): Promise<void> {
  const files: z.infer<typeof manifestSchema>['files'] = {};
  const links: Record<string, string> = {};
  for (const path of await filesBelow(folder)) {
    if (path === manifestName || written.test(path)) continue;
    const full = join(folder, path);
    try {
      const found = await lstat(full);
      if (found.isSymbolicLink()) links[path] = await readlink(full);
      else if (found.isFile()) files[path] = [found.size, Math.trunc(found.mtimeMs), await hashOfFile(full)];
    } catch (error) {
      throw filesystemFailure('read', full, error);
    }
  }
  const content: z.infer<typeof manifestSchema> = { schema: 1, files, links };
  await writeWhole(join(folder, manifestName), JSON.stringify(content), 0o644);
}

/**
 * Compares a folder with its manifest: sizes and times of all files, and the content of those of another time. Read at
 * once, as many small files are in a tenth of the time. Further files are ignored.
 */
export function folderState(folder: string): FolderState {
  let text: string;
  try {
    text = readFileSync(join(folder, manifestName), 'utf8');
  } catch {
    return 'unlisted';
  }
  try {
    const { files, links } = manifestSchema.parse(JSON.parse(text));
    const same =
      Object.entries(files).every(([path, file]) => isSame(join(folder, path), file)) &&
      Object.entries(links).every(([path, target]) => readlinkSync(join(folder, path)) === target);
    return same ? 'whole' : 'damaged';
  } catch {
    // not JSON, or something that it names is gone
    return 'damaged';
  }
}

function isSame(path: string, [size, time, sha256]: readonly [number, number, string]): boolean {
  const found = lstatSync(path);
  if (!found.isFile() || found.size !== size) return false;
  if (Math.trunc(found.mtimeMs) === time) return true;
  return createHash('sha256').update(readFileSync(path)).digest('hex') === sha256;
}
