import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { freePort } from './hub';

const ROOT = resolve(import.meta.dirname, '../../..');
const WEB = resolve(import.meta.dirname, '../..');
const READY_WITHIN_MS = 20_000;

/** Mock airports and a hub that replay the day of the blizzard, as `make run` does, so many times as fast. */
export class ReplayedDay {
  readonly #folder = mkdtempSync(join(tmpdir(), 'gatecall-day-'));
  readonly #children: ChildProcess[] = [];
  #log = '';
  url = '';

  static async start(from: string, speed: number): Promise<ReplayedDay> {
    const day = new ReplayedDay();
    try {
      await day.#run(`${from}@${speed}/${Date.now() / 1000}`);
    } catch (fault) {
      day.stop();
      throw fault;
    }
    return day;
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #run(clock: string): Promise<void> {
    const hub = resolve(WEB, process.env['GATECALL_BIN'] ?? '../target/debug/gatecall');
    const mock = join(dirname(hub), 'mock-feeds');
    for (const program of [hub, mock]) {
      if (!existsSync(program)) throw new Error(`there is no ${program}; build it or set GATECALL_BIN`);
    }
    const [api, web, airports] = [await freePort(), await freePort(), await freePort()].map(
      (port) => `127.0.0.1:${port}`,
    );
    const key = join(this.#folder, 'keys', 'jfk');
    mkdirSync(dirname(key));
    const ewrKey = join(dirname(key), 'ewr');
    writeFileSync(ewrKey, 'demo\n');
    const operatorKey = join(dirname(key), 'operator');
    writeFileSync(operatorKey, `${randomBytes(32).toString('hex')}\n`);
    const env = {
      ...process.env,
      GATECALL__SERVER__API: api,
      GATECALL__SERVER__WEB: web,
      GATECALL__SERVER__WEB_ROOT: join(WEB, 'dist'),
      GATECALL__STORE__FOLDER: this.#folder,
      GATECALL__FEEDS__JFK__KEY_FILE: key,
      GATECALL__FEEDS__LGA__URL: `http://${airports}/lga/aidx`,
      GATECALL__FEEDS__EWR__URL: `http://${airports}/ewr/flights?page=0`,
      GATECALL__SERVER__OPERATOR_KEY_FILE: operatorKey,
      GATECALL__FEEDS__EWR__HEADERS__APP_KEY__FILE: ewrKey,
      GATECALL__LOG__FILTER: 'warn',
    };
    const config = join(ROOT, 'config/demo.toml');
    execFileSync(hub, ['feed-key', 'jfk', '--config', config], { cwd: ROOT, env });
    const day = ['--day', 'blizzard', '--hub', `http://${api}`, '--jfk-key-file', key];
    this.#start(mock, ['replay', ...day, '--clock', clock, '--listen', airports ?? ''], env);
    this.#start(hub, ['serve', '--config', config, '--clock', clock], env);
    this.url = `http://${api}`;
    const until_ms = Date.now() + READY_WITHIN_MS;
    while (!(await isReady(this.url))) {
      const isOver = this.#children.some((child) => child.exitCode !== null);
      if (isOver || Date.now() > until_ms) throw new Error(`the day did not start:\n${this.#log}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  #start(program: string, args: string[], env: NodeJS.ProcessEnv): void {
    const child = spawn(program, args, { cwd: ROOT, env });
    const keep = (part: Buffer) => (this.#log = (this.#log + part.toString()).slice(-10_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#children.push(child);
  }
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    (answer) => answer.ok,
    () => false,
  );
