import { request as httpRequest } from 'node:http';
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SQSClient } from '@aws-sdk/client-sqs';
import { Account } from '../../../simulator/account.ts';
import { Server, type ServerOptions, type Site } from '../../../simulator/server.ts';

/** What came back over a socket. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** What a test wants of its server beside the usual. */
type Wish = Partial<Omit<ServerOptions, 'open' | 'report'>> & {
  readonly site?: Partial<Site>;
  readonly entriesMax?: number;
  /** Makes all of the site. */
  readonly openSite?: (seed: number, url: string) => Site;
};

/** A server on a free port, and what tests say to it. */
export class Scene {
  readonly server: Server;
  /** What the server had to say of itself. */
  readonly reported: readonly string[];
  private readonly site: () => Site;

  private constructor(server: Server, reported: readonly string[], site: () => Site) {
    this.server = server;
    this.reported = reported;
    this.site = site;
  }

  static async open({ site: more = {}, entriesMax, openSite, ...options }: Wish = {}): Promise<Scene> {
    const kept = entriesMax === undefined ? {} : { entriesMax };
    const reported: string[] = [];
    const sites: Site[] = [];
    const open = (seed: number, url: string) => {
      const site = openSite?.(seed, url) ?? { account: new Account({ seed, ...kept }), ...more };
      sites.push(site);
      return site;
    };
    const report = (line: string) => reported.push(line);
    const clock = { kind: 'virtual', speed: 1 } as const;
    const server = await Server.start({ seed: 1, clock, ...options, open, report }, 0);
    return new Scene(server, reported, () => sites.at(-1) as Site);
  }

  get url(): string {
    return this.server.url;
  }

  get account(): Account {
    return this.site().account;
  }

  /** What the settings of every SDK client are here. */
  client() {
    const credentials = { accessKeyId: 'operator', secretAccessKey: 'operator' };
    return { endpoint: this.url, region: 'eu-west-1', credentials, maxAttempts: 1 };
  }

  ecs(more: { credentials?: { accessKeyId: string; secretAccessKey: string } } = {}) {
    return new ECSClient({ ...this.client(), ...more });
  }

  autoscaling() {
    return new AutoScalingClient(this.client());
  }

  sqs() {
    return new SQSClient(this.client());
  }

  /** A control request; POST when there is a body. Fails unless it is answered with 200. */
  async control<T = { readonly time: string; readonly seed: number }>(
    path: string,
    body?: object,
  ): Promise<T> {
    const answered = await this.ask(`/_simulator/${path}`, body);
    if (answered.status !== 200) throw new Error(`${path}: ${answered.status} ${answered.text}`);
    return JSON.parse(answered.text);
  }

  /** A request whatever its answer. */
  ask(path: string, body?: object | string, method?: string, headers: Record<string, string> = {}) {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const options = { method: method ?? (body === undefined ? 'GET' : 'POST'), headers, agent: false };
    return new Promise<Answered>((done, failed) => {
      const sent = httpRequest(`${this.url}${path}`, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', failed);
        response.on('end', () =>
          done({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      sent.on('error', failed);
      sent.end(text);
    });
  }
}
