// Asks a package index by its simple API: JSON (PEP 691) where it is served, else HTML (PEP 503).
import * as z from 'zod';
import { Failure } from '../failure.ts';
import { get, withoutCredentials, type Answer } from '../host/http.ts';
import type { World } from '../world.ts';

export interface IndexFile {
  readonly file: string;
  /** Absolute; holds the index's credentials if it lies on the same server. */
  readonly url: string;
  readonly sha256?: string;
  /** ISO 8601; an index in HTML has none, and some mirrors leave it out. */
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
    headers: {
      accept:
        'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1',
    },
    ...(page.limit === undefined ? {} : { limit: page.limit }),
    ...(page.retries === undefined ? {} : { retries: page.retries }),
  });
  if (answer.status !== 200) throw refusal(page, answer.status);
  const base = sameServer(answer.url, url);
  return /[/+]json\b/.test(answer.type) ? fromJson(answer, page, base) : fromHtml(answer, page, base);
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
      'upload-time': z.string().nullish(),
    }),
  ),
});

function fromJson(answer: Answer, page: IndexPage, base: string): IndexFile[] {
  const parsed = jsonPage.safeParse(parseJson(answer.text));
  if (!parsed.success) throw notAnIndex(page, 'its JSON is not that of a simple index');
  return parsed.data.files.map(({ filename, url, hashes, 'upload-time': uploaded }) => ({
    file: filename,
    url: sameServer(new URL(url, base).href, base),
    ...(hashes['sha256'] === undefined ? {} : { sha256: hashes['sha256'] }),
    ...(uploaded == null ? {} : { uploaded }),
  }));
}

function fromHtml(answer: Answer, page: IndexPage, base: string): IndexFile[] {
  const links = [...answer.text.matchAll(/<a\s[^>]*?href\s*=\s*["']([^"']*)["'][^>]*>/gi)];
  const files = links.flatMap(([, href = '']) => {
    const text = href.replaceAll('&amp;', '&');
    if (!URL.canParse(text, base)) return [];
    const url = new URL(text, base);
    const sha256 = /^#sha256=([0-9a-f]{64})$/.exec(url.hash)?.[1];
    url.hash = '';
    const file = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));
    if (!/\.(whl|tar\.gz|zip|tar\.bz2|egg|exe|tgz)$/.test(file)) return [];
    return [{ file, url: sameServer(url.href, base), ...(sha256 === undefined ? {} : { sha256 }) }];
  });
  // a page to log in with is HTML as well, and so is a proxy's refusal
  if (files.length === 0)
    throw notAnIndex(page, 'it answers with a page that lists no files, as a login page does');
  return files;
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
