import styles from '@/components/changed.module.css';
import type { ReactNode } from 'react';

/** Marks a value that changed a moment ago by a frame and a corner, and says so to those who listen. */
export function Changed({ on, children }: { on: boolean; children: ReactNode }) {
  if (!on) return <>{children}</>;
  return (
    <span className={styles['changed']} data-changed="true">
      {children}
      <span className="sr-only"> (changed)</span>
    </span>
  );
}
