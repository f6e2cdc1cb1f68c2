import styles from '@/components/notice.module.css';
import type { ReactNode } from 'react';

type Props = { title: string; level?: 1 | 2; children?: ReactNode; actions?: ReactNode };

/** Explains why there is no content, and what the user can do. */
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
