// One field for the id of a user.

import { useId, useState } from 'preact/hooks';

export interface NameFormProps {
  readonly label: string;
  readonly action: string;
  readonly take: (name: string) => void;
}

/** Of a user id, as the wire has it. */
const ID = '[A-Za-z0-9_.~:@\\-]{1,63}';

export function NameForm({ label, action, take }: NameFormProps) {
  const [name, setName] = useState('');
  const id = useId();
  const submit = (event: Event) => {
    event.preventDefault();
    if (name === '') return;
    setName('');
    take(name);
  };
  return (
    <form class="name-form" onSubmit={submit}>
      <label for={id}>{label}</label>
      <input
        id={id}
        value={name}
        pattern={ID}
        title="1 to 63 of A-Z a-z 0-9 _ . ~ : @ -"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        onInput={(event) => setName(event.currentTarget.value)}
      />
      <button type="submit" class="action">
        {action}
      </button>
    </form>
  );
}
