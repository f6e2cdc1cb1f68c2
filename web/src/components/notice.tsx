import styles from '@/components/notice.module.css';
import type { ReactNode } from 'react';

type Props = { title: string; level?: 1 | 2; children?: ReactNode; actions?: ReactNode };

/** Says in words why there is nothing to see here, and what to do about it. */
export function Notice({ title, level = 2, children, actions }: Props) {
  const Heading = level === 1 ? 'h1' : 'h2';
  return (
    <div className={styles['notice']}>
      <Heading>{title}</Heading>
      {children}
      {actions ? <div className={styles['actions']}>{actions}</div> : null}
    </div>
  );
}
