// Which images of kernels are meant by what was said of them.
import type { Release } from '../release/release.ts';
import type { KernelImageWish } from './request.ts';

/** Names of the images; the usual ones if nothing was said. */
export function kernelImagesOf(
  { kernelImages }: Release,
  wish: KernelImageWish = 'usual',
): readonly string[] {
  if (wish === 'none') return [];
  return kernelImages.filter(({ big }) => !big || wish === 'big').map(({ image }) => image);
}
