// Checks the deployment files against the code: every Gatecall metric in a query of the dashboard or the alerts
// must be registered in the Rust sources, and docs/OPERATING.md must list every registered metric. The Ingress
// must have a path for every page of the web, and Argo CD's waves must follow the dependencies. `make lint` and
// `make test` run it.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Suffixes that the exposition adds to a registered name: the unit, then the type of the value. */
const ENDINGS = /_(total|info|bucket|count|sum|seconds|bytes|records)$/;
const OURS = /\b(?:gatecall|process)_[a-z0-9_]+\b/g;

const rustFiles = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name === 'tests' || name === 'tests.rs') return [];
    if (statSync(path).isDirectory()) return rustFiles(path);
    return name.endsWith('.rs') ? [path] : [];
  });

const adapters = readdirSync(join(root, 'adapters'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => `adapters/${entry.name}/src`);

/** Metric names: whole string literals outside of tests. */
const registered = new Set(
  ['src', 'actors/src', ...adapters].flatMap((folder) =>
    rustFiles(join(root, folder)).flatMap((path) => {
      const code = readFileSync(path, 'utf8').split('#[cfg(test)]')[0];
      return [...code.matchAll(/"((?:gatecall|process)_[a-z0-9_]+)"/g)].map((found) => found[1]);
    }),
  ),
);

/** The registered name of an exposed metric, which lacks the suffixes; undefined if there is none. */
function registeredName(stored) {
  for (let name = stored; ; name = name.replace(ENDINGS, '')) {
    if (registered.has(name)) return name;
    if (!ENDINGS.test(name)) return undefined;
  }
}

/** All queries of a dashboard's panels and variables. */
function queries(part) {
  if (Array.isArray(part)) return part.flatMap(queries);
  if (part === null || typeof part !== 'object') return [];
  return Object.entries(part).flatMap(([key, value]) =>
    (key === 'expr' || key === 'definition') && typeof value === 'string' ? [value] : queries(value),
  );
}

const dashboard = JSON.parse(readFileSync(join(root, 'deploy/grafana/gatecall.json'), 'utf8'));
const alerts = readFileSync(join(root, 'deploy/prometheus/alerts.yaml'), 'utf8');
// A folded expression continues over lines that are indented deeper than its key.
const rules = [...alerts.matchAll(/^ {8}expr:(?: >-)?((?:.*\n)(?: {10}.*\n)*)/gm)].map((found) => found[1]);
const operating = readFileSync(join(root, 'docs/OPERATING.md'), 'utf8');

const faults = [];
const mentioned = new Set();
function check(where, texts) {
  if (texts.length === 0) faults.push(`${where}: no query found; does this check still parse it?`);
  for (const name of texts.flatMap((text) => text.match(OURS) ?? [])) {
    if (!registeredName(name)) faults.push(`${where}: no Rust source registers ${name}`);
    mentioned.add(name);
  }
}
check('deploy/grafana/gatecall.json', queries(dashboard));
check('deploy/prometheus/alerts.yaml', rules);
check('docs/OPERATING.md', [operating]);

const alertCount = (alerts.match(/^ {6}- alert:/gm) ?? []).length;
const runbookCount = (alerts.match(/^ {10}runbook:/gm) ?? []).length;
if (alertCount !== rules.length || alertCount !== runbookCount) {
  faults.push(`alerts.yaml: ${alertCount} alerts, ${rules.length} expressions, ${runbookCount} runbook lines`);
}
for (const name of registered) {
  if (![...mentioned].some((used) => registeredName(used) === name)) {
    faults.push(`docs/OPERATING.md does not mention ${name}`);
  }
}

/** Pages of the web; the Ingress needs a path for each. */
const pages = readFileSync(join(root, 'web/src/app/app.tsx'), 'utf8').matchAll(/path="(\/[a-z]*)/g);
const ingressPaths = readFileSync(join(root, 'deploy/kubernetes/base/ingress.yaml'), 'utf8');
for (const page of new Set([...pages].map((found) => found[1]).concat('/api', '/ws', '/assets'))) {
  if (!ingressPaths.includes(`- path: ${page}\n`)) faults.push(`ingress.yaml has no path for ${page}`);
}
if (/- path: \/(metrics|readyz|healthz)?\n +pathType: Prefix/.test(ingressPaths)) {
  faults.push('ingress.yaml exposes /metrics, /readyz or /healthz to the public');
}

/** Argo CD's waves: the migration's dependencies, the migration, the hubs, the objects that need hubs. */
const ORDER = { Job: 1, Deployment: 2, HorizontalPodAutoscaler: 3, Ingress: 3 };
const base = join(root, 'deploy/kubernetes/base');
for (const name of readdirSync(base).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')) {
  for (const object of readFileSync(join(base, name), 'utf8').split(/^---$/m)) {
    const kind = /^kind: (\w+)$/m.exec(object)?.[1];
    const wave = Number(/argocd\.argoproj\.io\/sync-wave: "(\d+)"/.exec(object)?.[1] ?? 0);
    if (wave !== (ORDER[kind] ?? 0)) faults.push(`${name}: ${kind} is in wave ${wave}, not ${ORDER[kind] ?? 0}`);
    if (/hook: (Pre|Post)Sync/.test(object)) faults.push(`${name}: ${kind} is a hook outside the waves`);
  }
}

const ids = dashboard.panels.map((panel) => panel.id);
if (new Set(ids).size !== ids.length) faults.push('deploy/grafana/gatecall.json: two panels have the same id');

for (const fault of new Set(faults)) console.error(`deploy/check: ${fault}`);
if (faults.length > 0) process.exit(1);
console.log(
  `${mentioned.size} metrics in ${ids.length} panels, ${alertCount} alerts and docs/OPERATING.md are all registered in the code.`,
);
