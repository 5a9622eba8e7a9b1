import { h } from './dom.js';

const $ = (id) => document.getElementById(id);
let submit;

/** Asks before something is done. It stays open, with the guard's words, when the guard refuses. */
export function ask({ title, text, fields, ok, danger = false, run }) {
  $('dialog-title').textContent = title;
  $('dialog-body').replaceChildren(h('p', {}, text), ...fields.map(field));
  $('dialog-ok').textContent = ok;
  $('dialog-ok').className = danger ? 'danger' : 'primary';
  $('dialog-problem').hidden = true;
  submit = run;
  $('dialog').showModal();
}

function field({ name, label, options, check = false, required = false, max = 2000, value }) {
  const id = `field-${name}`;
  if (check)
    return h(
      'label',
      { class: 'check' },
      h('input', { id, name, type: 'checkbox', checked: value === true }),
      ` ${label}`,
    );
  const input = options
    ? h(
        'select',
        { id, name },
        options.map(([key, words]) => h('option', { value: key, selected: key === value }, words)),
      )
    : h('input', { id, name, type: 'text', required, maxlength: max });
  return h('p', { class: 'field' }, h('label', { for: id }, label), input);
}

$('dialog-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const inputs = [...$('dialog-body').querySelectorAll('input, select')];
  const values = Object.fromEntries(
    inputs.map((input) => [input.name, input.type === 'checkbox' ? input.checked : input.value.trim()]),
  );
  $('dialog-ok').disabled = true;
  try {
    await submit(values);
    $('dialog').close();
  } catch (error) {
    $('dialog-problem').textContent = error.message;
    $('dialog-problem').hidden = false;
  } finally {
    $('dialog-ok').disabled = false;
  }
});
$('dialog-cancel').addEventListener('click', () => $('dialog').close());
