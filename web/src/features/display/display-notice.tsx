import { AHEAD_HOURS } from '@/features/display/select-for-display';
import styles from '@/features/display/display-page.module.css';
import { useLink } from '@/lib/services/use-link';
import type { BoardAge } from '@/lib/services/use-staleness';
import type { Direction } from '@/lib/store/topic-match';
import type { TopicView } from '@/lib/store/topic-view';

type Props = { view: TopicView; age: BoardAge; direction: Direction };

const ELSEWHERE = 'Please look at another screen and listen to announcements.';

/** Explains why there are no flights, in their place: an empty board must not look like a quiet day. */
export function DisplayNotice({ view, age, direction }: Props) {
  const link = useLink();
  const { title, words } = noticeOf(view, age, direction, link.message);
  return (
    <div role="row" className={styles['notice']}>
      <div role="cell" aria-colspan={6}>
        <strong>{title}</strong>
        {words.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
    </div>
  );
}

function noticeOf(view: TopicView, age: BoardAge, direction: Direction, refusal: string | null) {
  if (!view.known) {
    const reason = view.failure ?? (age.state === 'refused' ? refusal : null);
    if (reason !== null) return { title: 'This board cannot be shown', words: [reason, ELSEWHERE] };
    return { title: 'Waiting for the board', words: ['No flight can be shown yet.', ELSEWHERE] };
  }
  if (age.state === 'live') return { title: `No ${direction} in the next ${AHEAD_HOURS} hours`, words: [] };
  return { title: `No ${direction} can be shown`, words: [ELSEWHERE] };
}
