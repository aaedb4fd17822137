// The lines of a repository's exclude file that bai-dev wrote, noted apart, so that those of its user are known.
import { dirname, join } from 'node:path';
import { makeFolder, readText, writeWhole } from '../host/files.ts';

/** Where a repository keeps that note. */
export const excludeNote = 'bai-dev/exclude';

/** Adds the lines that are missing to the exclude file in the folder of a repository; those that are there stay. */
export async function addExcluded(repository: string, lines: readonly string[]): Promise<void> {
  // the note first: lines that are only noted do no harm
  for (const file of [excludeNote, 'info/exclude']) {
    const path = join(repository, file);
    const text = (await readText(path)) ?? '';
    const known = new Set(text.split('\n'));
    const missing = lines.filter((line) => !known.has(line));
    if (missing.length === 0) continue;
    await makeFolder(dirname(path));
    const begun = text === '' || text.endsWith('\n') ? text : `${text}\n`;
    await writeWhole(path, `${begun}${missing.join('\n')}\n`, 0o644);
  }
}
