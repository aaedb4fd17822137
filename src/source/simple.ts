// Asks a package index by the JSON form of its simple API (PEP 691), the only one that has upload times.
import * as z from 'zod';
import { defined } from '../defined.ts';
import { Failure, type NextCommand } from '../failure.ts';
import { get, withoutCredentials, type Answer } from '../host/http.ts';
import type { World } from '../world.ts';

export interface IndexFile {
  readonly file: string;
  /** Absolute; holds the index's credentials if it lies on the same server. */
  readonly url: string;
  readonly sha256?: string;
  readonly bytes?: number;
  /** ISO 8601; some mirrors leave it out. */
  readonly uploaded?: string;
}

export interface IndexPage {
  /** The base address of a simple index, with or without a slash at its end. */
  readonly index: string;
  /** The name of a package, spelt in any way. */
  readonly name: string;
  /** Seconds in which the answer must begin. */
  readonly limit?: number;
  readonly retries?: number;
}

/**
 * All files of a package. Per-version pages are not asked: mirrors lack them (facts 13.10 T12). Throws
 * `BAI-INDEX` for an answer that is not a page of a simple index, `BAI-NETWORK` for no answer.
 */
export async function indexFiles(world: World, page: IndexPage): Promise<readonly IndexFile[]> {
  const url = pageAddress(page.index, page.name);
  const answer = await get(world, {
    url,
    // an index without JSON would answer 406 to anything less, and say nothing of what it has
    headers: { accept: 'application/vnd.pypi.simple.v1+json, text/html;q=0.01' },
    ...(page.limit === undefined ? {} : { limit: page.limit }),
    ...(page.retries === undefined ? {} : { retries: page.retries }),
  });
  if (answer.status === 406) throw withoutJson(page);
  if (answer.status !== 200) throw refusal(page, answer.status);
  if (!/[/+]json\b/.test(answer.type)) throw withoutJson(page);
  return fromJson(answer, page, sameServer(answer.url, url));
}

/** The address of a package's page; its name is normalised as PEP 503 says. */
export function pageAddress(index: string, name: string): string {
  const normal = name.toLowerCase().replace(/[-_.]+/g, '-');
  return `${index.replace(/\/+$/, '')}/${normal}/`;
}

const jsonPage = z.object({
  files: z.array(
    z.object({
      filename: z.string(),
      url: z.string(),
      hashes: z.record(z.string(), z.string()).default({}),
      size: z.int().positive().nullish().catch(undefined),
      'upload-time': z.string().nullish(),
    }),
  ),
});

function fromJson(answer: Answer, page: IndexPage, base: string): IndexFile[] {
  const parsed = jsonPage.safeParse(parseJson(answer.text));
  if (!parsed.success) throw notAnIndex(page, 'its JSON is not that of a simple index');
  return parsed.data.files.flatMap(({ filename, url, hashes, size, 'upload-time': uploaded }) => {
    // a link that leads nowhere is of no use, and the others still are
    if (!URL.canParse(url, base)) return [];
    return {
      file: filename,
      url: sameServer(new URL(url, base).href, base),
      ...defined({ sha256: hashes['sha256'], bytes: size ?? undefined, uploaded: uploaded ?? undefined }),
    };
  });
}

/** Carries the credentials of one address over to another on the same server, and to no other. */
function sameServer(url: string, given: string): string {
  const target = new URL(url);
  const source = new URL(given);
  if (target.host !== source.host || target.protocol !== source.protocol) return target.href;
  target.username = source.username;
  target.password = source.password;
  return target.href;
}

function refusal({ index, name }: IndexPage, status: number): Failure {
  const shown = withoutCredentials(pageAddress(index, name));
  const facts = { address: shown, status };
  if (status === 401 || status === 403 || status === 407) {
    return new Failure('BAI-INDEX', `The package index does not let us in: ${shown} answers ${status}.`, {
      facts,
      next: [
        {
          purpose: 'name one that does',
          command: 'bai-dev install --index https://USER:PASSWORD@HOST/simple',
        },
      ],
    });
  }
  return new Failure('BAI-INDEX', `The package index has no page for ${name}: ${shown} answers ${status}.`, {
    facts,
  });
}

/** Its files would have no upload times, by which packages are chosen as they were on the release's day. */
function withoutJson({ index, name }: IndexPage): Failure {
  const shown = withoutCredentials(pageAddress(index, name));
  return new Failure(
    'BAI-INDEX',
    `${shown} did not answer in JSON. Either the index offers only HTML and not the JSON of PEP 691, which bai-dev needs, or a login page or proxy answered in its place.`,
    { facts: { address: shown }, next: otherIndex(index) },
  );
}

/** The public index, unless it is the one that failed. */
export const otherIndex = (index: string): readonly NextCommand[] =>
  URL.canParse(index) && new URL(index).host === 'pypi.org'
    ? []
    : [{ purpose: 'use the public index', command: 'bai-dev install --index https://pypi.org/simple' }];

function notAnIndex({ index, name }: IndexPage, why: string): Failure {
  const shown = withoutCredentials(pageAddress(index, name));
  return new Failure('BAI-INDEX', `${shown} is not a page of a package index: ${why}.`, {
    facts: { address: shown },
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
