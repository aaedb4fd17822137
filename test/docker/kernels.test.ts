import { describe, expect, it } from 'vitest';
import { imageKeys } from '../../src/docker/kernels.ts';

const labels = {
  'ai.backend.kernelspec': '1',
  'ai.backend.resource.min.cpu': '1',
  'ai.backend.accelerators': 'cuda',
};
const image = (tag: string, more: Readonly<Record<string, string>> = labels) => ({
  ...{ id: 'sha256:1234', bytes: 5, labels: more },
  name: `cr.backend.ai/stable/python:${tag}`,
});

describe('keys of a kernel image', () => {
  it('are what a scan of the registry would enter', () => {
    expect(imageKeys(image('3.9-ubuntu20.04'))).toEqual({
      'images/cr.backend.ai/stable%2Fpython': '1',
      'images/cr.backend.ai/stable%2Fpython/3.9-ubuntu20.04': 'sha256:1234',
      'images/cr.backend.ai/stable%2Fpython/3.9-ubuntu20.04/size_bytes': '5',
      'images/cr.backend.ai/stable%2Fpython/3.9-ubuntu20.04/accels': 'cuda',
      'images/cr.backend.ai/stable%2Fpython/3.9-ubuntu20.04/resource/cpu/min': '1',
      ...Object.fromEntries(
        Object.entries(labels).map(([label, value]) => [
          `images/cr.backend.ai/stable%2Fpython/3.9-ubuntu20.04/labels/${label}`,
          value,
        ]),
      ),
    });
  });

  it.each(['3.9', 'latest', '3.8-ubuntu18.04', '2.5-py38-cuda11.1', '20.09-alpine'])(
    'are made for %s',
    (tag) => {
      expect(imageKeys(image(tag))).toBeDefined();
    },
  );

  // the manager of 21.09 fails on its whole list of images over one of these
  it.each(['3.9-5x', '3.9-', '3.9--x', '3.9-ubuntu20.04-ubuntu18.04', '3.9-20.04', '3.9-py_3'])(
    'are not made for the tag %s, which no manager reads',
    (tag) => {
      expect(imageKeys(image(tag))).toBeUndefined();
    },
  );

  it('are not made for another specification, or without limits', () => {
    expect(imageKeys(image('3.9', { ...labels, 'ai.backend.kernelspec': '9' }))).toBeUndefined();
    expect(imageKeys(image('3.9', { 'ai.backend.kernelspec': '1' }))).toBeUndefined();
  });
});
