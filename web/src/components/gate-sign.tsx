import styles from '@/components/gate-sign.module.css';

/** A gate in the style of an airport sign. Muted once the gate is no longer useful. */
export function GateSign({ gate, muted }: { gate: string; muted: boolean }) {
  return <span className={`${styles['sign'] ?? ''} ${muted ? (styles['muted'] ?? '') : ''}`}>{gate}</span>;
}
