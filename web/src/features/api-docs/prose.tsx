/** A description as the hub writes it: what stands between backticks is code, all else is text. */
export function Prose({ text }: { text: string | null | undefined }) {
  return (text ?? '')
    .split('`')
    .map((part, index) =>
      index % 2 === 1 ? <code key={index}>{part}</code> : <span key={index}>{part}</span>,
    );
}
