/** Asks for what only a simulator can do. Rejects unless it is answered. */
export async function post(endpointUrl: string, path: string, body: unknown): Promise<void> {
  const request = { method: 'POST', body: JSON.stringify(body) };
  await ask(`${endpointUrl}/_simulator/${path}`, request);
}

/** The operations that each service answers. Rejects when nothing of ours is there. */
export async function servedOperations(
  endpointUrl: string,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const response = await ask(`${endpointUrl}/_simulator/operations`);
  return (await response.json()) as Record<string, string[]>;
}

async function ask(url: string, request: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, request).catch((cause: unknown) => {
    throw new Error(`Nothing answers at ${url}`, { cause });
  });
  if (response.ok) return response;
  throw new Error(`${url}: ${response.status} ${await response.text()}`);
}
