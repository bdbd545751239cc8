// Asks who sits here; anybody may be anybody in a demo.

import { NameForm } from './name-form.jsx';

const SUGGESTED = ['ann', 'bob', 'carol'];

export function Picker() {
  return (
    <main class="picker">
      <h1>FOQ chat demo</h1>
      <p>Who are you? Open this page in two windows and be somebody else in each.</p>
      <nav aria-label="Suggested users">
        {SUGGESTED.map((name) => (
          <a key={name} class="action" href={addressOf(name)}>
            {name}
          </a>
        ))}
      </nav>
      <NameForm
        label="Another name"
        action="Enter"
        take={(name) => location.assign(addressOf(name))}
      />
      <p class="hint">A second tab of the same user is a second device, with its own cursor.</p>
    </main>
  );
}

function addressOf(name: string): string {
  return `?${new URLSearchParams({ user: name })}`;
}
