/* Dialogs of the page: are you sure, a new name, a picture large. */
(() => {
  'use strict';

  const petname = (window.petname = window.petname || { local: {}, refreshers: [] });

  function openDialog(title, content, actions) {
    const close = petname.make('button', { type: 'button', class: 'pn-dialog-close', 'aria-label': petname.say('close') }, '×');
    const heading = petname.make('h2', { id: 'pn-dialog-title' }, title);
    const dialog = petname.make('dialog', { class: 'pn-dialog', 'aria-labelledby': 'pn-dialog-title' },
      petname.make('div', { class: 'pn-dialog-head' }, heading, close), ...content,
      actions.length ? petname.make('div', { class: 'pn-actions' }, ...actions) : null);
    close.addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener('close', () => dialog.remove());
    (document.querySelector('.gradio-container') || document.body).append(dialog);
    dialog.showModal();
    return dialog;
  }

  const plainButton = (text, kind) =>
    petname.make('button', { type: 'button', class: `pn-button pn-button-${kind}` }, petname.make('span', {}, text));

  function confirmThen(question, yes, action) {
    const no = plainButton(petname.say('cancel'), 'quiet');
    const go = plainButton(yes, 'danger');
    const dialog = openDialog(petname.say('sure'), [petname.make('p', {}, question)], [no, go]);
    no.addEventListener('click', () => dialog.close());
    go.addEventListener('click', () => { dialog.close(); action(); });
    no.focus();
  }

  function renameDialog(source) {
    const input = petname.make('input', { type: 'text', maxlength: '60', id: 'pn-rename-input', value: source.dataset.name });
    const label = petname.make('label', { for: 'pn-rename-input' }, petname.say('rename_label'));
    const save = plainButton(petname.say('save'), 'primary');
    const dialog = openDialog(petname.say('rename_title'), [petname.make('div', { class: 'pn-field' }, label, input)], [save]);
    const finish = () => {
      const name = input.value.trim();
      dialog.close();
      if (name && name !== source.dataset.name) petname.send({ do: 'artifact.rename', id: source.dataset.id, name });
    };
    save.addEventListener('click', finish);
    input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault(); // or Enter presses the button that has the focus again
      finish();
    });
    input.select();
  }

  function enlarge(picture) {
    const image = petname.make('img', { src: picture.src, alt: picture.alt });
    openDialog(picture.title || picture.dataset.label || picture.alt, [image], [])
      .classList.add('pn-lightbox');
  }

  Object.assign(petname, { openDialog, plainButton, confirmThen });
  Object.assign(petname.local, { rename: renameDialog, enlarge });
})();
