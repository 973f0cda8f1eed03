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

/** A server on a free port, and what tests say to it. */
export class Scene {
  readonly server: Server;
  readonly reported: string[] = [];
  url = '';
  site: Site | undefined;

  constructor(
    options: Partial<Omit<ServerOptions, 'open' | 'report'>> & {
      site?: Partial<Site>;
      entriesMax?: number;
    } = {},
  ) {
    const { site = {}, entriesMax, ...rest } = options;
    const kept = entriesMax === undefined ? {} : { entriesMax };
    this.server = new Server({
      seed: 1,
      clock: { kind: 'virtual', speed: 1 },
      ...rest,
      open: (seed) => {
        this.site = { account: new Account({ seed, ...kept }), ...site };
        return this.site;
      },
      report: (line) => this.reported.push(line),
    });
  }

  static async open(options: ConstructorParameters<typeof Scene>[0] = {}): Promise<Scene> {
    const scene = new Scene(options);
    scene.url = await scene.server.start(0);
    return scene;
  }

  get account(): Account {
    return (this.site as Site).account;
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
