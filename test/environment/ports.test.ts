import { expect, test } from 'vitest';
import {
  blockBases,
  blockPorts,
  blockSize,
  portFlags,
  portsSchema,
  singlePorts,
  upstreamPorts,
} from '../../src/environment/ports.ts';

test("upstream's own numbers are a valid set", () => {
  expect(portsSchema.parse(upstreamPorts)).toEqual(upstreamPorts);
});

test('a set gives no port to two', () => {
  for (const ports of [upstreamPorts, ...blockBases.map(blockPorts)]) {
    const all = singlePorts(ports).map(([, port]) => port);
    expect(new Set(all).size).toBe(14);
    for (const port of all) expect(port < ports.kernelFirst || port > ports.kernelLast).toBe(true);
  }
});

test('blocks are valid, lie within their size and overlap neither each other nor upstream', () => {
  let last = 0;
  const upstream = singlePorts(upstreamPorts).map(([, port]) => port);
  for (const base of blockBases) {
    const ports = portsSchema.parse(blockPorts(base));
    expect(Object.keys(ports).sort()).toEqual(Object.keys(upstreamPorts).sort());
    for (const port of Object.values(ports)) {
      expect(port).toBeGreaterThanOrEqual(base);
      expect(port).toBeLessThan(base + blockSize);
    }
    expect(base).toBeGreaterThan(last);
    last = base + blockSize - 1;
    expect(upstream.filter((port) => port >= base && port <= last)).toEqual([]);
    expect(ports.kernelLast).toBe(last);
    expect(last).toBeLessThan(upstreamPorts.kernelFirst);
  }
});

test("the flags are the script's seven", () => {
  expect(Object.values(portFlags)).toHaveLength(7);
  expect(new Set(Object.values(portFlags)).size).toBe(7);
});
