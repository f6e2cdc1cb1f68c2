import styles from '@/components/gate-sign.module.css';

/** A gate as it looks over the gate. Muted once it is of no use to go there. */
export function GateSign({ gate, muted }: { gate: string; muted: boolean }) {
  return <span className={`${styles['sign'] ?? ''} ${muted ? (styles['muted'] ?? '') : ''}`}>{gate}</span>;
}
