import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../src/host/proxy.ts';

const to = (address: string, variables: Record<string, string>) => proxyFor(variables, new URL(address));

describe('the proxy for an address', () => {
  it('is the one of its scheme, in small or capital letters, with or without http://', () => {
    expect(to('https://a.test/', { https_proxy: 'http://p:1' })).toBe('http://p:1');
    expect(to('https://a.test/', { HTTPS_PROXY: 'p:1' })).toBe('http://p:1');
    expect(to('http://a.test/', { https_proxy: 'http://p:1' })).toBeUndefined();
    expect(to('http://a.test/', { all_proxy: 'http://p:2' })).toBe('http://p:2');
    expect(to('http://a.test/', { http_proxy: '', all_proxy: '' })).toBeUndefined();
  });

  it('is none for what no_proxy lists', () => {
    const through = (no_proxy: string, address: string) =>
      to(address, { http_proxy: 'http://p:1', no_proxy });
    expect(through('*', 'http://a.test/')).toBeUndefined();
    expect(through('b.test, a.test', 'http://a.test/')).toBeUndefined();
    expect(through('.a.test', 'http://x.a.test/')).toBeUndefined();
    expect(through('a.test', 'http://nota.test/')).toBe('http://p:1');
    expect(through('127.0.0.1:80', 'http://127.0.0.1/')).toBeUndefined();
    expect(through('127.0.0.1:81', 'http://127.0.0.1/')).toBe('http://p:1');
    expect(through('[::1]', 'http://[::1]:8080/')).toBeUndefined();
  });
});
