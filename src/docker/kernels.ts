// Images of kernels that an engine has, as the manager's own scan of a registry would enter them in etcd.
import type { NamedImage } from './images.ts';

/** What makes an image one of a kernel; the versions of it that the releases take. */
export const kernelLabel = 'ai.backend.kernelspec';
const specs = ['1'];
const minimum = 'ai.backend.resource.min.';

/**
 * Keys below `images/` with their values, or undefined for an image that the manager could not read: of another
 * specification, without any limit, or with a tag that it does not understand, which would spoil its whole list. The ID is what the agent compares with its own, so it never pulls it.
 */
export function imageKeys(image: NamedImage): Readonly<Record<string, string>> | undefined {
  const [, registry, name, tag] = /^([^/]+)\/(.+):([^:/]+)$/.exec(image.name) ?? [];
  const { labels } = image;
  const limits = Object.entries(labels).filter(([label]) => label.startsWith(minimum));
  if (registry === undefined || name === undefined || tag === undefined) return undefined;
  if (!specs.includes(labels[kernelLabel] ?? '') || limits.length === 0 || !isReadable(tag)) return undefined;
  const all = `images/${encodeURIComponent(registry)}/${encodeURIComponent(name)}`;
  const one = `${all}/${tag}`;
  const accelerators = labels['ai.backend.accelerators'];
  return {
    [all]: '1',
    [one]: image.id,
    [`${one}/size_bytes`]: String(image.bytes),
    ...Object.fromEntries(Object.entries(labels).map(([label, value]) => [`${one}/labels/${label}`, value])),
    ...(accelerators === undefined || accelerators === '' ? {} : { [`${one}/accels`]: accelerators }),
    ...Object.fromEntries(
      limits.map(([label, value]) => [`${one}/resource/${label.slice(minimum.length)}/min`, value]),
    ),
  };
}

/** A version, then names of platforms, each once and with a version of its own at most: `3.9-ubuntu20.04-cuda11.1`. */
function isReadable(tag: string): boolean {
  const [, ...platforms] = tag.split('-');
  const names = platforms.map((platform) => /^([a-zA-Z]+)(\d+(?:\.\d+)*[a-z0-9]*)?$/.exec(platform)?.[1]);
  return !names.includes(undefined) && new Set(names).size === names.length;
}
