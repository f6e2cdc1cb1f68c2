/** A description from the hub: text between backticks is code. */
export function Prose({ text }: { text: string | null | undefined }) {
  return (text ?? '')
    .split('`')
    .map((part, index) =>
      index % 2 === 1 ? <code key={index}>{part}</code> : <span key={index}>{part}</span>,
    );
}
