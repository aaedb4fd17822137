// Which proxy an address is reached by, as the usual variables say.

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for an address, or undefined for the direct way. `https_proxy`, `http_proxy` and `all_proxy` name it,
 * in small or capital letters; `no_proxy` lists hosts (with all below them) and `host:port`, or `*`.
 */
export function proxyFor(variables: Variables, url: URL): string | undefined {
  if (isExempt(variable(variables, 'no_proxy'), url)) return undefined;
  const own = variable(variables, url.protocol === 'https:' ? 'https_proxy' : 'http_proxy');
  const proxy = own || variable(variables, 'all_proxy');
  if (proxy === '') return undefined;
  const address = proxy.includes('://') ? proxy : `http://${proxy}`;
  return URL.canParse(address) ? address : undefined;
}

function variable(variables: Variables, name: string): string {
  return variables[name] || variables[name.toUpperCase()] || '';
}

function isExempt(list: string, url: URL): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = entry, only] = /^([^:]+):(\d+)$/.exec(entry) ?? [];
      if (only !== undefined && only !== port) return false;
      const bare = name.replace(/^\*?\./, '').replace(/^\[|\]$/g, '');
      return host === bare || host.endsWith(`.${bare}`);
    });
}
