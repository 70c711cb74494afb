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
    closeFromOutside(dialog);
    dialog.addEventListener('close', () => dialog.remove());
    (document.querySelector('.gradio-container') || document.body).append(dialog);
    dialog.showModal();
    return dialog;
  }

  /* A press beside the dialog closes it; one on its edge does not, nor one that selects text and
     ends outside. */
  function closeFromOutside(dialog) {
    const isOutside = ({ clientX, clientY }) => {
      const { left, right, top, bottom } = dialog.getBoundingClientRect();
      return clientX < left || clientX > right || clientY < top || clientY > bottom;
    };
    let began = false;
    dialog.addEventListener('pointerdown', (event) => { began = isOutside(event); });
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog && event.detail < 2 && began && isOutside(event)) dialog.close();
    });
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

  /* ---- A dialog whose content the page draws: opened, drawn again in place and closed by it ---- */
  let drawn = null; // { dialog, body }
  let drawnNumber = '';

  function showDrawn() {
    const source = document.querySelector('.pn-dialog-source');
    if (source && source.dataset.number !== drawnNumber) {
      drawnNumber = source.dataset.number;
      drawInto(source);
    }
    if (drawn) drawn.body.querySelectorAll('[data-follow]').forEach(follow);
  }

  function drawInto(source) {
    if (!source.dataset.title) {
      if (drawn) drawn.dialog.close();
      return;
    }
    const secret = drawn && drawn.body.querySelector('input[type="password"]');
    if (!drawn) {
      const body = petname.make('div', { class: 'pn-dialog-drawn' });
      const dialog = openDialog(source.dataset.title, [body], []);
      dialog.addEventListener('close', () => { drawn = null; });
      drawn = { dialog, body };
    }
    // Python has built it, escaped by construction, like everything else the page draws; read as a
    // document of its own, where no script and no handler runs.
    const read = new DOMParser().parseFromString(source.textContent, 'text/html');
    drawn.body.replaceChildren(...read.body.childNodes);
    // Never sent to and fro: what was typed stays in the browser.
    const field = drawn.body.querySelector('input[type="password"]');
    if (secret && field) field.value = secret.value;
    drawn.dialog.scrollTo({ top: 0 });
    const form = drawn.body.querySelector('[data-at-fault]');
    const first = form ? document.getElementById(form.dataset.atFault) : drawn.body.querySelector('input:not([type="radio"])');
    if (first) first.focus();
  }

  /* Show in the dialog what the page shows of something that is under way. */
  function follow(holder) {
    const card = document.querySelector(`.pn-publications [data-publication="${CSS.escape(holder.dataset.follow)}"]`);
    if (!card) {
      if (holder.firstChild) drawn.dialog.close();
    } else if (holder.dataset.shown !== card.outerHTML) {
      const on = holder.contains(document.activeElement) ? document.activeElement.dataset.do : '';
      holder.dataset.shown = card.outerHTML;
      holder.replaceChildren(card.cloneNode(true));
      const again = on && holder.querySelector(`[data-do="${on}"]`);
      if (again) again.focus();
    }
  }

  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !event.target.matches('.pn-publish-form input:not([type="checkbox"])')) return;
    event.preventDefault();
    drawn.body.querySelector('[data-do="publish.start"]').click();
  });

  petname.refreshers.push(showDrawn);
  Object.assign(petname, { openDialog, plainButton, confirmThen });
  Object.assign(petname.local, { rename: renameDialog, enlarge });
})();
