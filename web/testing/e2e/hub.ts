import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { BoardBody } from '@/wire/types';

const WEB = resolve(import.meta.dirname, '../..');
const CLOCK = '2013-02-08T15:00:00-05:00';
const KEY = 'a-key-for-the-browser-specs-only';
const READY_WITHIN_MS = 20_000;

/** `jfk` is an address where JFK is asked each second. */
type Setting = { ping_s?: number; jfk?: string };

/**
 * A hub of its own for one spec: free ports, a fresh data folder, one pushed feed named `desk`.
 * GATECALL_BIN names the binary; FAKE_HUB=1 takes the stand-in of the development folder instead.
 */
export class Hub {
  readonly #folder = mkdtempSync(join(tmpdir(), 'gatecall-e2e-'));
  /** The hub's time goes on over a restart, as a real one does: it is bound to the moment this began. */
  readonly #anchor_s = Date.now() / 1000;
  readonly #port: number;
  readonly #webPort: number;
  #process: ChildProcess | null = null;
  #log = '';

  readonly #setting: Setting;

  private constructor(port: number, webPort: number, setting: Setting) {
    this.#port = port;
    this.#webPort = webPort;
    this.#setting = setting;
  }

  static async start(setting: Setting = {}): Promise<Hub> {
    const hub = new Hub(await freePort(), await freePort(), setting);
    await hub.run();
    return hub;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts the process and waits until it says that it is ready. */
  async run(): Promise<void> {
    const [program, ...args] = this.#command();
    const child = spawn(program ?? '', args, {
      cwd: this.#folder,
      env: {
        ...process.env,
        PORT: String(this.#port),
        CLOCK,
        DATA: join(this.#folder, 'flights.json'),
        DESK_KEY: KEY,
        PING_S: String(this.#setting.ping_s ?? ''),
      },
    });
    child.stdout.on('data', (part: Buffer) => (this.#log += part.toString()));
    child.stderr.on('data', (part: Buffer) => (this.#log += part.toString()));
    this.#process = child;
    const until_ms = Date.now() + READY_WITHIN_MS;
    while (!(await this.#isReady())) {
      if (Date.now() > until_ms || child.exitCode !== null)
        throw new Error(`the hub did not start:\n${this.#log}`);
      await pause(50);
    }
  }

  /** Kills the hub: nothing is flushed, clients are not notified. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
    this.#process = null;
  }

  /** It holds its connections and says nothing. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async report(...reports: object[]): Promise<void> {
    const answer = await fetch(`${this.url}/api/v1/feeds/desk/reports`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
      body: JSON.stringify(reports),
    });
    const body = (await answer.json()) as { rejected?: unknown[] };
    if (answer.status !== 202 || (body.rejected?.length ?? 0) > 0) {
      throw new Error(`reports were not taken: ${answer.status} ${JSON.stringify(body)}`);
    }
  }

  async board(iata: string, direction: string): Promise<BoardBody> {
    const answer = await fetch(`${this.url}/api/v1/boards/${iata}/${direction}`);
    return (await answer.json()) as BoardBody;
  }

  /** The leg of one of the flights that leave JFK. */
  async leg(number: string): Promise<string> {
    const { flights } = await this.board('JFK', 'departures');
    const found = flights.find((flight) => flight.number === number);
    if (!found) throw new Error(`no flight ${number} leaves JFK`);
    return found.leg;
  }

  async #isReady(): Promise<boolean> {
    return fetch(`${this.url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
  }

  #command(): string[] {
    if (process.env['FAKE_HUB']) return [process.execPath, join(WEB, 'testing/fake-hub/serve-for-specs.mjs')];
    const binary = resolve(WEB, process.env['GATECALL_BIN'] ?? '../target/debug/gatecall');
    if (!existsSync(binary)) throw new Error(`there is no hub at ${binary}; build it or set GATECALL_BIN`);
    const config = join(this.#folder, 'gatecall.toml');
    writeFileSync(
      config,
      `[server]
api = "127.0.0.1:${this.#port}"
web = "127.0.0.1:${this.#webPort}"
web_root = "${join(WEB, 'dist')}"
[store]
folder = "${join(this.#folder, 'data')}"
[feeds.desk]
speaks_for = "all"
kind = "push"
format = "json"
key_env = "DESK_KEY"
${this.#setting.ping_s === undefined ? '' : `[sockets]\nping_s = ${this.#setting.ping_s}\n`}${
        this.#setting.jfk === undefined
          ? ''
          : `[feeds.jfk]\nairport = "JFK"\nkind = "pull"\nformat = "json"\nurl = "${this.#setting.jfk}"\ninterval_s = 1\n`
      }`,
    );
    return [binary, 'serve', '--config', config, '--clock', `${CLOCK}@1/${this.#anchor_s}`];
  }
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/**
 * Below the ports that systems give to outgoing connections: of those, any client may take one while a killed
 * hub is down, even the page that tries to reach it.
 */
const FIRST_PORT = 11_000;
const PORT_COUNT = 8_000;
let given = process.pid * 97;

/** A port that is free and that no other hub of these specs was given. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < PORT_COUNT; tried += 1) {
    given += 1;
    const port = FIRST_PORT + (given % PORT_COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`none of the ports from ${FIRST_PORT} on is free`);
}

const isFree = (port: number) =>
  new Promise<boolean>((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
