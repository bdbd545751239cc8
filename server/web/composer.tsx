// Where a message is written. Enter sends, Shift and Enter begin a line.

import { useState } from 'preact/hooks';

const TEXT_MAX = 4_000;

export interface ComposerProps {
  readonly to: string;
  readonly send: (text: string) => void;
}

export function Composer({ to, send }: ComposerProps) {
  const [text, setText] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    send(text);
    setText('');
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event);
  };
  return (
    <form class="composer" onSubmit={submit}>
      <textarea
        aria-label={`Message to ${to}`}
        placeholder={`Message to ${to}`}
        rows={1}
        maxLength={TEXT_MAX}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={pressed}
      />
      <button type="submit" class="action" disabled={text.trim() === ''}>
        Send
      </button>
    </form>
  );
}
